//! Training with the default recipe: features, a head fitted on them, and fine-tuning where there is
//! time for it.

use std::fs;

use engine::{Cpu, Engine};
use ground::Digest;
use ground::files::FileError;
use ground::parallel;
use ground::progress::Progress;
use insight::{Fact, Protocol};
use network::Parameters;
use pictures::{Dataset, Known, Preprocess, dataset};
use training::Recipe;
use training::auto::{self, Auto, FineTune, Fitted, HeadKind, Tuner, TuningResult};
use training::features::{self, Cache, Features};

use super::event::{Event, Stopped};
use super::listener::{Listener, Stages};
use super::run::{Outcome, Run};
use super::unfinished::Unfinished;
use super::{Prepared, Trained};
use crate::Error;
use crate::text::thousands;

const UNTRIED: &str =
    "Fine-tuning was not tried. To allow half an hour for it, use `--minutes 30`.";

pub(super) fn run(
    prepared: Prepared,
    recipe: &Auto,
    listener: &mut Listener<'_>,
) -> Result<Trained, Error> {
    let architecture = recipe.architecture(prepared.folder.classes.len());
    let graph = architecture.graph();
    let parameters = prepared.start.parameters(&graph, recipe.seed)?;
    let mut engine = listener.engine(&graph, &parameters, recipe.precision)?;
    let preprocess = Preprocess::square(recipe.backbone.preprocessing(), recipe.size);
    let key = features::key(&graph, &parameters, &preprocess, recipe.looks());
    let cache = open_cache(&key, features::width(&graph), listener.progress);
    let data = decode(&prepared, recipe, &preprocess, &cache, listener)?;
    let recipe = &of_folds(recipe, &data);
    let mut run = prepared.into_run(Recipe::Auto(recipe.clone()), preprocess, data);
    run.introduce(listener);

    let fitted = fit(&run, recipe, &mut engine, parameters, cache, listener);
    let (features, fitted) = match fitted {
        Err(_) if listener.stop.asked() => {
            listener.tell(Event::Stopped(Stopped::WhileFitting));
            return Err(Error::Stopped);
        }
        other => other?,
    };
    note_what_was_spared(&mut run, &features, &fitted, listener);
    let outcome = outcome(&run, recipe, key, &features, &fitted)?;
    if outcome.architecture.head != architecture.head {
        let graph = outcome.architecture.graph();
        engine = listener.engine(&graph, &outcome.parameters, recipe.precision)?;
    }
    engine.set_parameters(&outcome.parameters)?;
    if wants_more(recipe) {
        return fine_tune(run, recipe, &features, &fitted, outcome, &mut engine, listener);
    }
    if recipe.fine_tune == FineTune::Auto {
        run.notes.push(UNTRIED.into());
    }
    let trained = run.save(outcome, &mut engine, listener)?;
    listener.tell_timings(&engine);
    Ok(trained)
}

/// The features kept from earlier runs of this network. Where they cannot be kept, a warning says so.
pub(crate) fn open_cache(key: &Digest, width: usize, progress: &dyn Progress) -> Cache {
    let parent = features::folder();
    ground::records::sweep(&parent);
    match Cache::open(&parent, key, width) {
        Ok(cache) => cache.tidy(),
        Err(error) => {
            progress.warn(&features::unkept(&error));
            Cache::nowhere(width)
        }
    }
}

/// The recipe with the folds of a table, if it has any.
fn of_folds(recipe: &Auto, data: &Dataset) -> Auto {
    let last = data.folds.iter().flatten().max();
    last.map_or_else(
        || recipe.clone(),
        |last| Auto { folds: last + 1, repeats: Some(1), ..recipe.clone() },
    )
}

/// What a cache knows of pictures whose features it has.
pub(crate) fn known_to(cache: &Cache) -> impl Fn(&Digest) -> Option<Known> + Sync {
    |digest| {
        let record = cache.find(digest)?;
        let (about, hash) = cache.about(record).ok()?;
        Some(Known { width: about.width, height: about.height, hash })
    }
}

/// Decodes the pictures; of those whose features are kept only what is not known.
fn decode(
    prepared: &Prepared,
    recipe: &Auto,
    preprocess: &Preprocess,
    cache: &Cache,
    listener: &Listener<'_>,
) -> Result<Dataset, Error> {
    let how = dataset::Settings {
        // Without a share to hold out, every picture is judged out of fold.
        valid_fraction: prepared.request.valid.unwrap_or(0.0),
        seed: recipe.seed,
        threads: parallel::threads(),
        // Features are of the middle; the body would train on every place.
        margin: wants_more(recipe),
        ..dataset::Settings::default()
    };
    let known = known_to(cache);
    let (folder, progress) = (&prepared.folder, listener.progress);
    let data = Dataset::prepare_new(folder, preprocess, &how, &known, progress, listener.stop)?;
    data.warnings.iter().skip(folder.warnings.len()).for_each(|warning| listener.warn(warning));
    Ok(data)
}

fn fit(
    run: &Run,
    recipe: &Auto,
    engine: &mut Cpu,
    parameters: Parameters,
    cache: Cache,
    listener: &Listener<'_>,
) -> Result<(Features, Fitted), Error> {
    let (data, progress, stop) = (&run.data, listener.progress, listener.stop);
    let views = recipe.looks();
    let features = features::extract(engine, data, &run.preprocess, views, cache, progress, stop)?;
    let size = |item: &pictures::Item| fs::metadata(&item.path).map_or(0, |file| file.len());
    let bytes: Vec<u64> = data.items.iter().map(size).collect();
    let fitted = auto::fit(recipe, data, &features, parameters, &bytes, progress, stop)?;
    Ok((features, fitted))
}

fn note_what_was_spared(
    run: &mut Run,
    features: &Features,
    fitted: &Fitted,
    listener: &mut Listener<'_>,
) {
    let pictures = run.data.items.len();
    let found = pictures - features.computed.min(pictures);
    if found > 0 {
        listener.tell(Event::FeaturesFound(found));
    }
    let hidden = HeadKind::Hidden.to_string();
    if !fitted.record.candidates.iter().any(|candidate| candidate.name == hidden) {
        let most = HeadKind::MOST_FOR_HIDDEN;
        listener.tell(Event::HiddenHeadSkipped { most });
        let up_to = thousands(most as u64);
        run.notes.push(format!("{hidden} was not tried: it is tried on up to {up_to} pictures."));
    }
}

/// The classifier with the fitted head.
fn outcome(
    run: &Run,
    recipe: &Auto,
    key: Digest,
    features: &Features,
    fitted: &Fitted,
) -> Result<Outcome, Error> {
    let mut record = fitted.record.clone();
    if let Protocol::HeldOut { share } = &mut record.protocol {
        *share = run.request.valid;
    }
    record.facts = vec![Fact { name: "head".into(), value: fitted.chosen.to_string() }];
    Ok(Outcome {
        architecture: fitted.architecture(recipe),
        parameters: fitted.parameters(recipe),
        views: recipe.looks(),
        record,
        held_out: fitted.held_out.clone(),
        reference: Some(fitted.reference.clone()),
        fold_heads: fitted.fold_heads.clone(),
        kept: Some((key, features.kept.clone())),
        features: Some(of_self_test(&features.table, run.data.items.len())?),
    })
}

/// The features of the pictures that the self-test is of.
fn of_self_test(table: &features::Table, pictures: usize) -> Result<Vec<Vec<f32>>, FileError> {
    let read = |picture| {
        let mut row = vec![0.0; table.width()];
        table.read(&[picture], &mut row).map(|()| row)
    };
    classifier::self_tested(pictures).into_iter().map(read).collect()
}

/// Saves `outcome`, then tries whether training the body too makes it better, and saves that.
fn fine_tune(
    mut run: Run,
    recipe: &Auto,
    features: &Features,
    fitted: &Fitted,
    outcome: Outcome,
    engine: &mut Cpu,
    listener: &mut Listener<'_>,
) -> Result<Trained, Error> {
    // What is done in a moment is saved before what takes long begins.
    let first = run.save(outcome.clone(), engine, listener)?;
    run.data.decode_rest(parallel::threads(), listener.progress, listener.stop)?;
    let request = &run.request;
    let unfinished = Unfinished::of(&run.output, request.checkpoint_every, request.fresh);
    let (progress, stop) = (listener.progress, listener.stop);
    let mut stages = Stages { listener, rates_found: true, notes: vec![] };
    let tuner = Tuner {
        settings: recipe,
        engine,
        data: &mut run.data,
        preprocess: &run.preprocess,
        features: &features.table,
        fitted,
        checkpoints: unfinished.checkpoints(),
        observer: &mut stages,
        progress,
        stop,
    };
    let tuned = match tuner.run() {
        Ok(Some(tuned)) => tuned,
        Ok(None) => return Ok(first),
        Err(_) if stop.asked() => {
            listener.tell(Event::Stopped(Stopped::WhileFineTuning));
            return Ok(Trained { interrupted: true, ..first });
        }
        Err(error) => return Err(error.into()),
    };
    drop(first);
    let checkpoints = tuned.checkpoints.clone();
    let outcome = better_of(outcome, tuned, listener);
    engine.set_parameters(&outcome.parameters)?;
    let trained = run.save(outcome, engine, listener)?;
    listener.tell_timings(engine);
    checkpoints.iter().for_each(|kept| unfinished.done(kept, &run.output, listener));
    unfinished.remove();
    Ok(trained)
}

/// The outcome with what the comparison showed: the fine-tuned network, or the fitted head still.
fn better_of(mut outcome: Outcome, tuned: TuningResult, listener: &mut Listener<'_>) -> Outcome {
    listener.tell(Event::FineTuned { kept: tuned.kept.is_some() });
    let record = &mut outcome.record;
    record.comparisons = vec![tuned.comparison];
    record.finder = Some(tuned.finder);
    let Some(better) = tuned.kept else { return outcome };
    (outcome.held_out, record.held_out) = better.held_out;
    record.history = better.history;
    // These speak of the fitted head.
    record.candidates.clear();
    record.curve.clear();
    outcome.parameters = better.parameters;
    outcome.reference = Some(better.reference);
    (outcome.fold_heads, outcome.kept, outcome.features) = (vec![], None, None);
    outcome
}

/// Whether fine-tuning is to be looked into.
fn wants_more(recipe: &Auto) -> bool {
    match recipe.fine_tune {
        FineTune::Never => false,
        FineTune::Always => true,
        FineTune::Auto => recipe.minutes.is_some(),
    }
}
