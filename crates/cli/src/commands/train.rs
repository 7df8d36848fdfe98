//! `lookalike train`: from labelled pictures to a classifier and a report.

mod account;
mod auto;
mod table;

use std::path::Path;
use std::time::Instant;

use classifier::Judged;
use engine::Cpu;
use ground::Stop;
use ground::files::folder_of;
use ground::progress::Progress;
use insight::{Insight, Protocol, text};
use pictures::{Dataset, Folder, Preprocess, Side, dataset};
use training::{Recipe, Run, TrainingError};

use crate::args::Train;
use crate::fault::{Exit, Fault};
use crate::settings::{Source, Training};
use crate::start::Start;
use crate::terminal::{Terminal, count, thousands};
use account::{Account, Outcome};
use table::Table;

/// The share that the classic recipe holds out where nobody says.
const VALID: f64 = 0.2;

/// What a run has before its recipe begins.
struct Prepared {
    settings: Training,
    folder: Folder,
    start: Start,
    began: Instant,
}

pub(crate) fn run(typed: Train, terminal: &Terminal, stop: &Stop) -> anyhow::Result<Exit> {
    let settings = Training::of(typed)?;
    refuse_early(&settings.output)?;
    let began = Instant::now();
    let folder = match &settings.source {
        Source::Folder(dir) => Folder::scan(dir)?,
        Source::Table(table) => Folder::from_csv(table)?,
    };
    folder.warnings.iter().for_each(|warning| terminal.warn(warning));
    classifier::check_classes(&folder.classes).map_err(TrainingError::ClassNames)?;
    let start = Start::choose(&settings, terminal, stop)?;
    let recipe = settings.recipe(start.backbone, start.weights.is_some(), folder.classes.len());
    let recipe = match recipe {
        Recipe::Auto(recipe) => {
            let prepared = Prepared { settings, folder, start, began };
            return auto::run(prepared, recipe, terminal, stop);
        }
        Recipe::Classic(recipe) => recipe,
    };
    let valid = settings.valid.unwrap_or(VALID);
    let graph = recipe.architecture.graph();
    let mut engine = super::engine(&graph, &start.parameters(&graph, recipe.seed)?)?;
    let preprocess = Preprocess::imagenet(recipe.size);
    let how = dataset::Settings {
        valid_fraction: valid,
        seed: recipe.seed,
        threads: kernels::threads::count(),
        ..dataset::Settings::default()
    };
    let given = folder.pictures.iter().any(|picture| picture.side == Some(Side::Valid));
    let judged = Protocol::HeldOut { share: (!given).then_some(valid) };
    let data = Dataset::prepare(&folder, &preprocess, &how, terminal, stop)?;
    data.warnings.iter().skip(folder.warnings.len()).for_each(|warning| terminal.warn(warning));
    let mut account = Account {
        settings,
        start,
        recipe: Recipe::Classic(recipe.clone()),
        preprocess,
        data,
        began,
        notes: vec![],
    };
    account.introduce(terminal);

    let mut table = Table::new(terminal);
    let data = &account.data;
    let run = training::run(&mut engine, data, &account.preprocess, &recipe, &mut table, stop);
    account.notes.append(&mut table.notes);
    drop(table);
    match run {
        Ok(run) if run.history.is_empty() => {
            // What half an epoch taught is no reason to replace a classifier.
            terminal.note("stopped before the first epoch was done: nothing is saved");
            Ok(Exit::Interrupted)
        }
        Ok(run) => {
            let exit = if run.stopped { Exit::Interrupted } else { Exit::Done };
            save(account, judged, run, &mut engine, terminal)?;
            Ok(exit)
        }
        Err(TrainingError::NotFinite(mut at)) => {
            match at.last_good.take() {
                Some(run) => save(account, judged, run, &mut engine, terminal)?,
                None => terminal.note("no epoch was done before that: nothing is saved"),
            }
            Err(TrainingError::NotFinite(at).into())
        }
        Err(error) => Err(error.into()),
    }
}

/// Saves what a run of the classic recipe made.
fn save(
    mut account: Account,
    judged: Protocol,
    run: Run,
    engine: &mut Cpu,
    terminal: &Terminal,
) -> anyhow::Result<()> {
    if run.stopped {
        let epochs = count(run.history.len(), "epoch");
        account.notes.push(format!("Training was stopped after {epochs}."));
    }
    let groups = &account.data.groups;
    let predictions = run.held_out.into_iter().map(|held_out| Judged {
        picture: held_out.picture,
        logits: held_out.logits,
        fold: 0,
        group: groups[held_out.picture],
        novelty: None,
    });
    let predictions = predictions.collect();
    let outcome = Outcome {
        history: run.history,
        facts: vec![("steps", thousands(run.steps))],
        ..Outcome::new(run.parameters, judged, predictions)
    };
    account.save(outcome, engine, terminal)
}

/// A run of an hour should not find at its end that it cannot be saved.
fn refuse_early(output: &Path) -> anyhow::Result<()> {
    let folder = folder_of(output);
    let what = if output.is_dir() {
        format!("cannot write `{}`: it is a folder", output.display())
    } else if !folder.is_dir() {
        format!("cannot write `{}`: there is no folder `{}`", output.display(), folder.display())
    } else {
        return Ok(());
    };
    Err(Fault::new(Exit::Failed, what).help("name another file with `-o`").into())
}

/// The short form of a report, where somebody reads along.
fn summarise(insight: &Insight, terminal: &Terminal) {
    const WIDTH: usize = 80;
    let short = text::short(insight, WIDTH, terminal.colours_results());
    terminal.account(&format!("\n{}", short.trim_end()));
}
