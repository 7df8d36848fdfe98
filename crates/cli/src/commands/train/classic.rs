//! `lookalike train` with fastai's recipe: a frozen stage, then an unfrozen one.

use classifier::Views;
use engine::Cpu;
use ground::Stop;
use ground::progress::Progress;
use insight::{HeldOut, Place, Protocol, RunRecord};
use pictures::{Dataset, Preprocess, Side, dataset};
use training::{Classic, HeldOutLogits, Recipe, Run, TrainingError};

use super::account::{Account, Outcome};
use super::familiar::Familiar;
use super::table::Table;
use super::unfinished::Unfinished;
use super::{Exit, Prepared, Terminal, Training};
use crate::commands;
use crate::terminal::{count, thousands};

/// The share that is held out where nobody says.
const VALID: f64 = 0.2;

pub(super) fn run(
    prepared: Prepared,
    recipe: &Classic,
    terminal: &Terminal,
    stop: &Stop,
) -> anyhow::Result<Exit> {
    let Prepared { settings, folder, grouped, start, began } = prepared;
    let valid = settings.valid.unwrap_or(VALID);
    let graph = recipe.architecture.graph();
    let mut engine = commands::engine(
        &graph,
        &start.parameters(&graph, recipe.seed)?,
        recipe.precision,
        terminal,
    )?;
    let preprocess = Preprocess::square(recipe.architecture.backbone.preprocessing(), recipe.size);
    let how = dataset::Settings {
        valid_fraction: valid,
        seed: recipe.seed,
        threads: kernels::threads::count(),
        margins: recipe.augment,
        ..dataset::Settings::default()
    };
    let given = folder.pictures.iter().any(|picture| picture.side == Some(Side::Valid));
    let protocol = Protocol::HeldOut { share: (!given).then_some(valid) };
    let data = Dataset::prepare(&folder, &preprocess, &how, terminal, stop)?;
    data.warnings.iter().skip(folder.warnings.len()).for_each(|warning| terminal.warn(warning));
    let mut account = Account {
        settings,
        grouped,
        start,
        recipe: Recipe::Classic(recipe.clone()),
        preprocess,
        data,
        began,
        notes: vec![],
    };
    account.introduce(terminal);

    let Training { output, checkpoint_every, fresh, .. } = &account.settings;
    let output = output.clone();
    let unfinished = Unfinished::of(&output, *checkpoint_every, *fresh);
    let checkpoints = Some(unfinished.checkpoints());
    let mut table = Table::new(terminal);
    let data = &account.data;
    let run = training::run(
        &mut engine,
        data,
        &account.preprocess,
        recipe,
        checkpoints,
        &mut table,
        stop,
    );
    account.notes.append(&mut table.notes);
    drop(table);
    match run {
        Ok(run) if run.history.is_empty() => {
            // What half an epoch taught is no reason to replace a classifier.
            terminal.note("stopped before the first epoch was done: no classifier is saved");
            unfinished.left(&run.kept, terminal);
            Ok(Exit::Interrupted)
        }
        Ok(run) => {
            let (kept, stopped) = (run.kept.clone(), run.stopped);
            save(account, protocol, run, &mut engine, terminal, stop)?;
            if stopped {
                unfinished.left(&kept, terminal);
                return Ok(Exit::Interrupted);
            }
            unfinished.done(&kept, &output, terminal);
            Ok(Exit::Done)
        }
        Err(TrainingError::NotFinite(mut at)) => {
            match at.last_good.take() {
                Some(run) => save(account, protocol, run, &mut engine, terminal, stop)?,
                None => terminal.note("no epoch was done before that: nothing is saved"),
            }
            // They lead to the same end.
            unfinished.done(&at.kept, &output, terminal);
            Err(TrainingError::NotFinite(at).into())
        }
        Err(error) => Err(error.into()),
    }
}

/// Saves what a run made.
fn save(
    mut account: Account,
    protocol: Protocol,
    run: Run,
    engine: &mut Cpu,
    terminal: &Terminal,
    stop: &Stop,
) -> anyhow::Result<()> {
    if run.stopped {
        let epochs = count(run.history.len(), "epoch");
        account.notes.push(format!("Training was stopped after {epochs}."));
    }
    let Account { data, preprocess, .. } = &account;
    let pictures: Vec<usize> = run.held_out.iter().map(|held_out| held_out.picture).collect();
    let head = account.recipe.architecture(data.classes.len()).head;
    let called = |held_out: &HeldOutLogits| classifier::ranked(&held_out.logits)[0].0;
    let right: Vec<bool> =
        run.held_out.iter().map(|h| called(h) == data.items[h.picture].label).collect();
    let seed = account.recipe.seed();
    let familiar =
        Familiar::of(data, preprocess, head, &pictures, &right, seed, engine, terminal, stop)?;
    let seen = familiar.novelties.into_iter().zip(familiar.places);
    let judged = |(raw, (novelty, place)): (HeldOutLogits, (Option<f32>, Option<Place>))| HeldOut {
        actual: data.items[raw.picture].label,
        logits: raw.logits,
        group: data.groups[raw.picture],
        novelty,
        place,
        ..HeldOut::default()
    };
    let record = RunRecord {
        classes: data.classes.clone(),
        protocol,
        held_out: run.held_out.into_iter().zip(seen).map(judged).collect(),
        history: run.history,
        map: familiar.map,
        ..RunRecord::default()
    };
    let outcome = Outcome {
        architecture: account.recipe.architecture(data.classes.len()),
        parameters: run.parameters,
        views: Views::default(),
        record,
        held_out: pictures,
        reference: familiar.reference,
        judges: vec![],
        kept: None,
        features: None,
        facts: vec![("steps", thousands(run.steps))],
    };
    account.save(outcome, engine, terminal, stop)?;
    commands::timings::say(engine, terminal);
    Ok(())
}
