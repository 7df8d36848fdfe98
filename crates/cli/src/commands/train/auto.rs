//! `lookalike train` with the default recipe.

use std::fs;

use engine::Engine;
use ground::progress::Progress;
use ground::{Digest, Stop};
use insight::Protocol;
use network::{Architecture, Head};
use pictures::{Dataset, Preprocess, dataset};
use training::Recipe;
use training::auto::{self, Auto};
use training::features::{self, Cache};

use super::account::{Account, Outcome};
use super::{Exit, Prepared, Terminal};
use crate::terminal::count;

pub(super) fn run(
    prepared: Prepared,
    recipe: Auto,
    terminal: &Terminal,
    stop: &Stop,
) -> anyhow::Result<Exit> {
    let Prepared { settings, folder, start, began } = prepared;
    let classes = folder.classes.len();
    // The body with the head that pools both the largest and the average.
    let both = Architecture { backbone: recipe.backbone, head: Head::Fastai { classes } };
    let graph = both.graph();
    let mut engine = crate::commands::engine(&graph, &start.parameters(&graph, recipe.seed)?)?;
    let preprocess = Preprocess::imagenet(recipe.size);
    let parent = features::folder();
    Cache::sweep(&parent);
    let cache =
        Cache::open(&parent, &features::key(&engine, &preprocess), features::width(&graph))?;
    let how = dataset::Settings {
        // Without a share to hold out, every picture is judged out of fold.
        valid_fraction: settings.valid.unwrap_or(0.0),
        seed: recipe.seed,
        threads: kernels::threads::count(),
        ..dataset::Settings::default()
    };
    let known = |digest: &Digest| {
        let about = cache.about(cache.find(digest)?);
        Some((about.width, about.height))
    };
    let data = Dataset::prepare_new(&folder, &preprocess, &how, &known, terminal, stop)?;
    data.warnings.iter().skip(folder.warnings.len()).for_each(|warning| terminal.warn(warning));
    let share = settings.valid;
    let recipe_of = Recipe::Auto(recipe.clone());
    let mut account =
        Account { settings, start, recipe: recipe_of, preprocess, data, began, notes: vec![] };
    account.introduce(terminal);

    let data = &account.data;
    let result = features::extract(&mut engine, data, &account.preprocess, cache, terminal, stop)
        .map_err(anyhow::Error::from)
        .and_then(|features| {
            let size =
                |item: &pictures::Item| fs::metadata(&item.path).map_or(0, |file| file.len());
            let bytes: Vec<u64> = data.items.iter().map(size).collect();
            let fitted = auto::fit(&recipe, data, &features, &bytes, terminal, stop)?;
            Ok((features, fitted))
        });
    let (features, fitted) = match result {
        Ok(done) => done,
        Err(_) if stop.asked() => {
            terminal
                .note("stopped: nothing is saved; what was looked at need not be looked at again");
            return Ok(Exit::Interrupted);
        }
        Err(error) => return Err(error),
    };
    let seen = data.items.len() - features.computed.min(data.items.len());
    if seen > 0 {
        terminal.note(&format!("{} had been looked at before", count(seen, "picture")));
    }
    let architecture = recipe.architecture(classes);
    let parameters = fitted.parameters(architecture, &engine.parameters());
    let protocol = match fitted.protocol {
        Protocol::HeldOut { .. } => Protocol::HeldOut { share },
        other => other,
    };
    let (kind, strength) = fitted.chosen;
    let outcome = Outcome {
        mirrored: true,
        candidates: fitted.candidates,
        curve: fitted.curve,
        shortcuts: fitted.shortcuts,
        reference: Some(fitted.reference),
        facts: vec![("head", format!("{kind}, strength {strength}"))],
        ..Outcome::new(parameters, protocol, fitted.judged)
    };
    let mut engine = crate::commands::engine(&architecture.graph(), &outcome.parameters)?;
    account.save(outcome, &mut engine, terminal)?;
    Ok(Exit::Done)
}
