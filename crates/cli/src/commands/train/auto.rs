//! `lookalike train` with the default recipe.

use std::fs;

use engine::{Cpu, Engine};
use ground::files::FileError;
use ground::progress::Progress;
use ground::{Digest, Stop};
use insight::Protocol;
use pictures::{Dataset, Known, Preprocess, dataset};
use training::Recipe;
use training::auto::{self, Auto, FineTune, Fitted, Rival, Tuner};
use training::features::{self, Cache, Features};

use super::account::{Account, Outcome};
use super::table::Table;
use super::unfinished::Unfinished;
use super::{Exit, Prepared, Terminal};
use crate::commands::timings;
use crate::terminal::{clock, count, thousands};

pub(super) fn run(
    prepared: Prepared,
    recipe: &Auto,
    terminal: &Terminal,
    stop: &Stop,
) -> anyhow::Result<Exit> {
    let Prepared { settings, folder, grouped, start, began } = prepared;
    let classes = folder.classes.len();
    let graph = recipe.architecture(classes).graph();
    let parameters = start.parameters(&graph, recipe.seed)?;
    let mut engine = crate::commands::engine(&graph, &parameters, recipe.precision, terminal)?;
    let preprocess = Preprocess::square(recipe.backbone.preprocessing(), recipe.size);
    let parent = features::folder();
    ground::records::sweep(&parent);
    let key = features::key(&graph, &parameters, &preprocess, recipe.looks());
    let width = features::width(&graph);
    let cache = match Cache::open(&parent, &key, width) {
        Ok(cache) => cache.tidy(),
        Err(error) => {
            terminal.warn(&features::unkept(&error));
            Cache::nowhere(width)
        }
    };
    let how = dataset::Settings {
        // Without a share to hold out, every picture is judged out of fold.
        valid_fraction: settings.valid.unwrap_or(0.0),
        seed: recipe.seed,
        threads: kernels::threads::count(),
        // Features are of the middle; the body would learn from every place.
        margins: wants_more(recipe),
        ..dataset::Settings::default()
    };
    let known = |digest: &Digest| {
        let record = cache.find(digest)?;
        let (about, print) = cache.about(record).ok()?;
        Some(Known { width: about.width, height: about.height, print })
    };
    let data = Dataset::prepare_new(&folder, &preprocess, &how, &known, terminal, stop)?;
    data.warnings.iter().skip(folder.warnings.len()).for_each(|warning| terminal.warn(warning));
    let share = settings.valid;
    let recipe_of = Recipe::Auto(recipe.clone());
    let mut account = Account {
        settings,
        grouped,
        start,
        recipe: recipe_of,
        preprocess,
        data,
        began,
        notes: vec![],
    };
    account.introduce(terminal);

    let data = &account.data;
    let result = features::extract(
        &mut engine,
        data,
        &account.preprocess,
        recipe.looks(),
        cache,
        terminal,
        stop,
    )
    .map_err(anyhow::Error::from)
    .and_then(|features| {
        let size = |item: &pictures::Item| fs::metadata(&item.path).map_or(0, |file| file.len());
        let bytes: Vec<u64> = data.items.iter().map(size).collect();
        let fitted = auto::fit(recipe, data, &features, parameters, &bytes, terminal, stop)?;
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
    if !fitted.record.candidates.iter().any(|candidate| candidate.name == Rival::Hidden.to_string())
    {
        let most = thousands(Rival::MOST_FOR_HIDDEN as u64);
        let line = format!("{} was not tried: that is done up to {most} pictures", Rival::Hidden);
        terminal.note(&line);
        account.notes.push(format!("{line}."));
    }
    let architecture = fitted.architecture(recipe);
    let parameters = fitted.parameters(recipe);
    let mut record = fitted.record.clone();
    if let Protocol::HeldOut { share: drawn } = &mut record.protocol {
        *drawn = share;
    }
    let outcome = Outcome {
        architecture,
        parameters,
        views: recipe.looks(),
        record,
        held_out: fitted.held_out.clone(),
        reference: Some(fitted.reference.clone()),
        judges: fitted.judges.clone(),
        kept: Some((key, features.kept.clone())),
        features: Some(of_self_test(&features.table, data.items.len())?),
        facts: vec![("head", fitted.chosen.to_string())],
    };
    if architecture.head != recipe.architecture(classes).head {
        let (graph, values) = (architecture.graph(), &outcome.parameters);
        engine = crate::commands::engine(&graph, values, recipe.precision, terminal)?;
    }
    engine.set_parameters(&outcome.parameters)?;
    if !wants_more(recipe) {
        if recipe.fine_tune == FineTune::Auto {
            account.notes.push(UNTRIED.into());
        }
        account.save(outcome, &mut engine, terminal, stop)?;
        timings::say(&engine, terminal);
        return Ok(Exit::Done);
    }
    // What is done in a moment is saved before what takes long begins.
    account.save(outcome.clone(), &mut engine, terminal, stop)?;
    account.data.decode_rest(kernels::threads::count(), terminal, stop)?;
    fine_tune(account, recipe, &fitted, &features, outcome, &mut engine, terminal, stop)
}

/// The features of the pictures that the self-test is of.
fn of_self_test(table: &features::Table, pictures: usize) -> Result<Vec<Vec<f32>>, FileError> {
    let read = |picture| {
        let mut row = vec![0.0; table.width()];
        table.read(&[picture], &mut row).map(|()| row)
    };
    classifier::self_tested(pictures).into_iter().map(read).collect()
}

/// Tries whether teaching the body too makes `outcome` better, and saves what came of it.
#[allow(clippy::too_many_arguments, reason = "all that the first half of the run has made")]
fn fine_tune(
    mut account: Account,
    recipe: &Auto,
    fitted: &Fitted,
    features: &Features,
    outcome: Outcome,
    engine: &mut Cpu,
    terminal: &Terminal,
    stop: &Stop,
) -> anyhow::Result<Exit> {
    let unfinished = Unfinished::of(
        &account.settings.output,
        account.settings.checkpoint_every,
        account.settings.fresh,
    );
    let mut table = Table::of_found_rates(terminal);
    let mut tuner = Tuner {
        settings: recipe,
        engine,
        data: &mut account.data,
        preprocess: &account.preprocess,
        features: &features.table,
        fitted,
        checkpoints: unfinished.checkpoints(),
        observer: &mut table,
        progress: terminal,
        stop,
    };
    let (attempt, suffices) = tuner.attempt()?;
    let time = clock(attempt.time);
    if !suffices {
        let words = format!("fine-tuning was not tried: one fold of it takes about {time}");
        terminal.note(&words);
        return Ok(Exit::Done);
    }
    terminal.note(&format!(
        "\nfine-tuning: tried in {} of {}, then kept only if it is better; about {time} in all, \
         and Ctrl-C keeps what is saved",
        attempt.folds,
        count(attempt.of, "fold"),
    ));
    let tuned = match tuner.run(attempt) {
        Ok(tuned) => tuned,
        Err(_) if stop.asked() => {
            terminal.note(
                "stopped: the classifier with the fitted head stays; the same command goes on",
            );
            return Ok(Exit::Interrupted);
        }
        Err(error) => return Err(error.into()),
    };
    drop(table);
    let mut outcome = outcome;
    outcome.record.comparisons = vec![tuned.comparison];
    outcome.record.finder = Some(tuned.finder);
    match tuned.kept {
        Some(better) => {
            terminal.note("\nfine-tuning is kept");
            engine.set_parameters(&better.parameters)?;
            outcome.parameters = better.parameters;
            (outcome.held_out, outcome.record.held_out) = better.held_out;
            outcome.reference = Some(better.reference);
            outcome.record.history = better.history;
            // These speak of the fitted head.
            outcome.record.candidates.clear();
            outcome.record.curve.clear();
            (outcome.judges, outcome.kept, outcome.features) = (vec![], None, None);
        }
        None => {
            terminal.note("\nfine-tuning is not better beyond chance: the fitted head stays");
            engine.set_parameters(&outcome.parameters)?;
        }
    }
    let output = account.settings.output.clone();
    account.save(outcome, engine, terminal, stop)?;
    timings::say(engine, terminal);
    tuned.checkpoints.iter().for_each(|kept| unfinished.done(kept, &output, terminal));
    unfinished.remove();
    Ok(Exit::Done)
}

const UNTRIED: &str = "Fine-tuning the body was not tried; `--minutes 30` grants it the time.";

/// Whether fine-tuning is to be looked into.
fn wants_more(recipe: &Auto) -> bool {
    match recipe.fine_tune {
        FineTune::Never => false,
        FineTune::Always => true,
        FineTune::Auto => recipe.minutes.is_some(),
    }
}
