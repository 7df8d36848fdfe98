//! Training with the default recipe: features, a head fitted on them, and fine-tuning where there is
//! time for it.

use std::time::Duration;

use engine::{Cpu, Engine};
use ground::Digest;
use ground::files::FileError;
use ground::parallel;
use insight::{Fact, Protocol};
use pictures::Dataset;
use training::auto::{self, Auto, FineTune, Fitted, HeadKind, Tuner, TuningResult};
use training::features::{self, Features};
use training::{FineTuning, Recipe, TuningPlan};

use super::event::{Event, Stopped};
use super::imported::Imported;
use super::listener::{Listener, Stages};
use super::networks::Choice;
use super::ready::{Ready, wants_more};
use super::run::{Outcome, Run, Told};
use super::unfinished::Unfinished;
use super::{Prepared, Trained};
use crate::Error;
use crate::text::{clock, thousands};

const UNTRIED: &str =
    "Fine-tuning was not tried. To allow half an hour for it, use `--minutes 30`.";

pub(super) fn run(
    prepared: Prepared,
    recipe: &Auto,
    choice: Option<Choice>,
    listener: &mut Listener<'_>,
) -> Result<Trained, Error> {
    let mut prepared = prepared;
    let imported = prepared.imported.take();
    let Prepared { request, folder, start, .. } = &prepared;
    let (mut ready, data) = Ready::new(request, folder, start, recipe, imported, listener)?;
    // Not before, as what is lent says nothing of the pictures but their features.
    prepared.growth.iter().for_each(|growth| growth.kept.lend(&mut ready.cache));
    let (recipe, key) = (ready.recipe.clone(), ready.key);
    let imported = ready.imported.as_ref().map(Imported::notes);
    let mut run = prepared.into_run(Recipe::Auto(recipe.clone()), ready.preprocess.clone(), data);
    run.notes.extend(imported.into_iter().flatten());
    run.introduce(listener);
    let comparisons = choice.map(|choice| {
        run.notes.push(choice.note);
        choice.comparisons
    });

    let head = ready.architecture.head;
    let (features, fitted, mut engine) = match ready.fit(&mut run.data, listener) {
        Err(_) if listener.stop.asked() => {
            listener.tell(Event::Stopped(Stopped::WhileFitting));
            return Err(Error::Stopped);
        }
        other => other?,
    };
    note_what_was_spared(&mut run, &features, &fitted, listener);
    let mut outcome = outcome(&run, &recipe, key, &features, &fitted)?;
    outcome.record.comparisons.extend(comparisons.into_iter().flatten());
    if outcome.architecture.head != head {
        let graph = outcome.architecture.graph();
        engine = listener.engine(&graph, &outcome.parameters, recipe.precision)?;
    }
    engine.set_parameters(&outcome.parameters)?;
    let plan = match wants_more(&recipe) {
        true => plan(&mut run, &recipe, &fitted, &mut engine, listener)?,
        false => None,
    };
    if let Some(plan) = plan {
        return fine_tune(run, &recipe, plan, &features, &fitted, outcome, &mut engine, listener);
    }
    if recipe.fine_tune == FineTune::Auto && recipe.minutes.is_none() && !run.is_of_features() {
        run.notes.push(UNTRIED.into());
    }
    let trained = run.save(outcome, &mut engine, Told::ALL, listener)?;
    listener.tell_timings(&engine);
    Ok(trained)
}

/// How much fine-tuning there is time for; nothing, and a note that says so, where there is too little.
fn plan(
    run: &mut Run,
    recipe: &Auto,
    fitted: &Fitted,
    engine: &mut Cpu,
    listener: &mut Listener<'_>,
) -> Result<Option<TuningPlan>, Error> {
    let minutes = recipe.minutes.map(|minutes| Duration::from_secs_f64(60.0 * minutes));
    let granted = minutes.map(|granted| granted.saturating_sub(run.began.elapsed()));
    let pictures = run.data.items.len();
    let plan = auto::plan(recipe, engine, pictures, fitted.folds(), granted)?;
    if granted.is_some_and(|granted| granted < plan.time) {
        listener.tell(Event::FineTuning(FineTuning::Skipped { time: plan.time }));
        let takes = clock(plan.time);
        run.notes.push(format!(
            "Fine-tuning was not tried: the time that was left did not suffice for one fold and a \
             last training on all pictures, about {takes}."
        ));
        return Ok(None);
    }
    if plan.folds < plan.of {
        run.notes.push(format!(
            "Fine-tuning was tried in {} of {} folds, as many as there was time for.",
            plan.folds, plan.of,
        ));
    }
    Ok(Some(plan))
}

fn note_what_was_spared(
    run: &mut Run,
    features: &Features,
    fitted: &Fitted,
    listener: &mut Listener<'_>,
) {
    let pictures = run.data.items.len();
    let found = pictures - features.computed.min(pictures);
    if found > 0 && !run.is_of_features() {
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
        features: Some(of_self_test(&features.table, &run.data)?),
    })
}

/// The features of the pictures that the self-test is of.
fn of_self_test(table: &features::Table, data: &Dataset) -> Result<Vec<Vec<f32>>, FileError> {
    let read = |picture| {
        let mut row = vec![0.0; table.width()];
        table.read(&[picture], &mut row).map(|()| row)
    };
    classifier::self_tested(data).into_iter().map(read).collect()
}

/// Saves `outcome`, then tries whether training the body too makes it better, and saves that.
#[expect(clippy::too_many_arguments, reason = "all that a run has by then")]
fn fine_tune(
    mut run: Run,
    recipe: &Auto,
    plan: TuningPlan,
    features: &Features,
    fitted: &Fitted,
    outcome: Outcome,
    engine: &mut Cpu,
    listener: &mut Listener<'_>,
) -> Result<Trained, Error> {
    // What is done in a moment is saved before what takes long begins.
    let first = run.save(outcome.clone(), engine, Told { next: false, ..Told::ALL }, listener)?;
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
    let tuned = match tuner.run(plan) {
        Ok(tuned) => tuned,
        Err(_) if stop.asked() => {
            listener.tell(Event::Stopped(Stopped::WhileFineTuning));
            return Ok(Trained { interrupted: true, ..first });
        }
        Err(error) => return Err(error.into()),
    };
    drop(first);
    let checkpoints = tuned.checkpoints.clone();
    // The fitted head's scores were told.
    let told = Told { scores: tuned.kept.is_some(), ..Told::ALL };
    let outcome = better_of(outcome, tuned, listener);
    engine.set_parameters(&outcome.parameters)?;
    let trained = run.save(outcome, engine, told, listener)?;
    listener.tell_timings(engine);
    checkpoints.iter().for_each(|kept| unfinished.done(kept, &run.output, listener));
    unfinished.remove();
    Ok(trained)
}

/// The outcome with what the comparison showed: the fine-tuned network, or the fitted head still.
fn better_of(mut outcome: Outcome, tuned: TuningResult, listener: &mut Listener<'_>) -> Outcome {
    let (kept, comparison) = (tuned.kept.is_some(), &tuned.comparison);
    listener.tell(Event::FineTuned { kept, comparison });
    let record = &mut outcome.record;
    record.comparisons.push(tuned.comparison);
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
