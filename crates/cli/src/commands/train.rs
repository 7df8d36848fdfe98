//! `lookalike train`: from labelled pictures to a classifier and a report.

mod account;
mod familiar;
mod table;

use std::path::Path;
use std::time::Instant;

use ground::Stop;
use ground::files::folder_of;
use ground::progress::Progress;
use insight::{Insight, Protocol, text};
use pictures::{Dataset, Folder, Preprocess, Side, dataset};
use training::TrainingError;

use crate::args::Train;
use crate::fault::{Exit, Fault};
use crate::settings::{Source, Training};
use crate::start::Start;
use crate::terminal::Terminal;
use account::Account;
use table::Table;

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
    let graph = recipe.architecture.graph();
    let mut engine = super::engine(&graph, &start.parameters(&graph, recipe.seed)?)?;
    let preprocess = Preprocess::imagenet(recipe.size);
    let how = dataset::Settings {
        valid_fraction: settings.valid,
        seed: recipe.seed,
        threads: kernels::threads::count(),
        ..dataset::Settings::default()
    };
    let given = folder.pictures.iter().any(|picture| picture.side == Some(Side::Valid));
    let judged = Protocol::HeldOut { share: (!given).then_some(settings.valid) };
    let data = Dataset::prepare(&folder, &preprocess, &how, terminal, stop)?;
    data.warnings.iter().skip(folder.warnings.len()).for_each(|warning| terminal.warn(warning));
    let mut account =
        Account { settings, start, recipe, preprocess, data, judged, began, notes: vec![] };
    account.introduce(terminal);

    let mut table = Table::new(terminal);
    let (data, recipe) = (&account.data, &account.recipe);
    let run = training::run(&mut engine, data, &account.preprocess, recipe, &mut table, stop);
    account.notes.append(&mut table.notes);
    drop(table);
    match run {
        Ok(run) if run.history.is_empty() => {
            // What half an epoch taught is no reason to replace a classifier.
            terminal.note("stopped before the first epoch was done: nothing is saved");
            Ok(Exit::Interrupted)
        }
        Ok(run) => {
            account.save(run, &mut engine, terminal, stop)?;
            Ok(if stop.asked() { Exit::Interrupted } else { Exit::Done })
        }
        Err(TrainingError::NotFinite(mut at)) => {
            match at.last_good.take() {
                Some(run) => account.save(run, &mut engine, terminal, stop)?,
                None => terminal.note("no epoch was done before that: nothing is saved"),
            }
            Err(TrainingError::NotFinite(at).into())
        }
        Err(error) => Err(error.into()),
    }
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
