//! Training with fastai's recipe: a frozen stage, then an unfrozen one.

use classifier::{ClassifierError, Views};
use engine::Cpu;
use ground::parallel;
use insight::{Fact, HeldOut, Place, Protocol, RunRecord};
use pictures::{Dataset, Preprocess, Side, dataset};
use training::{Classic, HeldOutLogits, Recipe, TrainingError};

use super::event::{Event, Stopped};
use super::features::TrainedFeatures;
use super::listener::{Listener, Stages};
use super::run::{Outcome, Run, Told};
use super::unfinished::Unfinished;
use super::{Prepared, Trained};
use crate::Error;
use crate::text::{count, thousands};

/// The share that is held out where nobody says.
const VALID: f64 = 0.2;

pub(super) fn run(
    prepared: Prepared,
    recipe: &Classic,
    listener: &mut Listener<'_>,
) -> Result<Trained, Error> {
    let valid = prepared.request.valid.unwrap_or(VALID);
    let graph = recipe.architecture.graph();
    let parameters = prepared.start.parameters(&graph, recipe.seed)?;
    let mut engine = listener.engine(&graph, &parameters, recipe.precision)?;
    let preprocess = Preprocess::square(recipe.architecture.backbone.preprocessing(), recipe.size);
    let folder = &prepared.folder;
    let given = folder.pictures.iter().any(|picture| picture.side == Some(Side::Valid));
    let protocol = Protocol::HeldOut { share: (!given).then_some(valid) };
    let how = dataset::Settings {
        valid_fraction: valid,
        seed: recipe.seed,
        threads: parallel::threads(),
        margin: recipe.augment,
        ..dataset::Settings::default()
    };
    let data = Dataset::prepare(folder, &preprocess, &how, listener.progress, listener.stop)?;
    data.warnings.iter().skip(folder.warnings.len()).for_each(|warning| listener.warn(warning));
    let mut run = prepared.into_run(Recipe::Classic(recipe.clone()), preprocess, data);
    run.introduce(listener);
    epochs(run, recipe, protocol, &mut engine, listener)
}

/// Trains, and saves what came of it, be it cut short.
fn epochs(
    mut run: Run,
    recipe: &Classic,
    protocol: Protocol,
    engine: &mut Cpu,
    listener: &mut Listener<'_>,
) -> Result<Trained, Error> {
    let request = &run.request;
    let unfinished = Unfinished::of(&run.output, request.checkpoint_every, request.fresh);
    let stop = listener.stop;
    let mut stages = Stages { listener, rates_found: false, notes: vec![] };
    let checkpoints = Some(unfinished.checkpoints());
    let (data, preprocess) = (&run.data, &run.preprocess);
    let made = training::run(engine, data, preprocess, recipe, checkpoints, &mut stages, stop);
    run.notes.append(&mut stages.notes);
    match made {
        Ok(made) if made.history.is_empty() => {
            // Half an epoch of training is no reason to replace a classifier.
            listener.tell(Event::Stopped(Stopped::InFirstEpoch));
            Unfinished::left(&made.kept, listener);
            Err(Error::Stopped)
        }
        Ok(made) => {
            let (kept, interrupted) = (made.kept.clone(), made.stopped);
            let trained = save(&mut run, protocol, made, engine, listener)?;
            match interrupted {
                true => Unfinished::left(&kept, listener),
                false => unfinished.done(&kept, &run.output, listener),
            }
            Ok(Trained { interrupted, ..trained })
        }
        Err(TrainingError::NotFinite(mut at)) => {
            match at.last_good.take() {
                Some(made) => drop(save(&mut run, protocol, made, engine, listener)?),
                None => listener.tell(Event::NothingToSave),
            }
            // They lead to the same end.
            unfinished.done(&at.kept, &run.output, listener);
            Err(TrainingError::NotFinite(at).into())
        }
        Err(error) => Err(error.into()),
    }
}

/// Saves what training made.
fn save(
    run: &mut Run,
    protocol: Protocol,
    made: training::Run,
    engine: &mut Cpu,
    listener: &mut Listener<'_>,
) -> Result<Trained, Error> {
    if made.stopped {
        let epochs = count(made.history.len(), "epoch");
        run.notes.push(format!("Training was stopped after {epochs}."));
    }
    let outcome = outcome(run, protocol, made, engine, listener)?;
    let trained = run.save(outcome, engine, Told::ALL, listener)?;
    listener.tell_timings(engine);
    Ok(trained)
}

fn outcome(
    run: &Run,
    protocol: Protocol,
    mut made: training::Run,
    engine: &mut Cpu,
    listener: &Listener<'_>,
) -> Result<Outcome, ClassifierError> {
    let data = &run.data;
    let part = run.part().filter(|part| part.of == made.held_out.len());
    if let Some(part) = part {
        made.held_out = part.places().map(|at| made.held_out[at].clone()).collect();
    }
    let seen = TrainedFeatures::of(run, &made.held_out, engine, listener)?;
    let pictures: Vec<usize> = made.held_out.iter().map(|held_out| held_out.picture).collect();
    let one = |(raw, (novelty, place)): (HeldOutLogits, (Option<f32>, Option<Place>))| HeldOut {
        actual: data.items[raw.picture].label,
        logits: raw.logits,
        group: data.groups[raw.picture],
        novelty,
        place,
        ..HeldOut::default()
    };
    let places = seen.novelties.into_iter().zip(seen.places);
    let record = RunRecord {
        classes: data.classes.clone(),
        protocol,
        part,
        held_out: made.held_out.into_iter().zip(places).map(one).collect(),
        history: made.history,
        map: seen.map,
        facts: vec![Fact { name: "steps".into(), value: thousands(made.steps) }],
        ..RunRecord::default()
    };
    Ok(Outcome {
        architecture: run.recipe.architecture(data.classes.len()),
        parameters: made.parameters,
        views: Views::default(),
        record,
        held_out: pictures,
        reference: seen.reference,
        fold_heads: vec![],
        kept: None,
        features: None,
    })
}
