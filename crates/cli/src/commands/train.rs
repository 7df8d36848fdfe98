//! `lookalike train`: from labelled pictures to a classifier and a report.

mod account;
mod auto;
mod classic;
mod familiar;
mod like;
mod suspects;
mod table;
mod unfinished;

use std::path::Path;
use std::time::Instant;

use doctor::{Checkup, Survey};
use ground::Stop;
use ground::files::folder_of;
use ground::progress::Progress;
use insight::{Insight, text};
use pictures::{Fixed, Folder, Grouped};
use training::{Recipe, TrainingError};

use crate::args::Train;
use crate::fault::{Exit, Fault};
use crate::settings::{Source, Training};
use crate::start::Start;
use crate::terminal::{Terminal, count};
use like::Like;

/// What a run has before its recipe begins.
struct Prepared {
    settings: Training,
    folder: Folder,
    /// What `--group-by` came to.
    grouped: Vec<Grouped>,
    start: Start,
    began: Instant,
}

pub(crate) fn run(typed: Train, terminal: &Terminal, stop: &Stop) -> anyhow::Result<Exit> {
    let mut settings = Training::of(typed)?;
    refuse_early(&settings.output)?;
    let began = Instant::now();
    let mut folder = settings.source.pictures()?;
    let fixed = match &settings.fixes {
        Some(fixes) => folder.fix(settings.source.folder(), fixes)?,
        None => Fixed::default(),
    };
    folder.warnings.iter().chain(&fixed.warnings).for_each(|warning| terminal.warn(warning));
    if settings.fixes.is_some() {
        let relabelled = count(fixed.relabelled, "picture");
        terminal.note(&format!("fixes: {relabelled} relabelled, {} left out", fixed.left_out));
    }
    let grouped = group(&mut folder, &settings, terminal, stop)?;
    classifier::check_classes(&folder.classes).map_err(TrainingError::ClassNames)?;
    let like = settings.like.as_deref().map(Like::of).transpose()?;
    if let Some(like) = &like {
        like.ask_for(&mut settings);
    }
    let start = Start::choose(&settings, terminal, stop)?;
    look_over(&settings, &folder, terminal, stop);
    let recipe = match like {
        Some(like) => like.recipe(&start, folder.classes.len(), terminal)?,
        None => settings.recipe(start.backbone, start.weights.is_some(), folder.classes.len()),
    };
    let prepared = Prepared { settings, folder, grouped, start, began };
    match recipe {
        Recipe::Auto(recipe) => auto::run(prepared, &recipe, terminal, stop),
        Recipe::Classic(recipe) => classic::run(prepared, &recipe, terminal, stop),
    }
}

/// Says in a line what a check would find fault with in single pictures. Copies, leaks and files
/// that cannot be used are told by the run itself.
fn look_over(settings: &Training, folder: &Folder, terminal: &Terminal, stop: &Stop) {
    let source = &settings.source;
    let how = doctor::Settings {
        threads: kernels::threads::count(),
        kept: Some(doctor::kept_folder()),
        ..doctor::Settings::default()
    };
    // Asked to stop, the run ends by itself.
    let Ok(survey) = Survey::of(source.folder(), folder, &how, terminal, stop) else { return };
    if let Some(brief) = Checkup::brief(survey) {
        terminal.note(&format!(
            "pictures that deserve a look: {brief}; `lookalike check {}{}` shows them",
            if matches!(source, Source::Table(_)) { "--labels " } else { "" },
            source.path().display()
        ));
    }
}

/// Groups the pictures as was asked, and says what came of it.
pub(crate) fn group(
    folder: &mut Folder,
    settings: &Training,
    terminal: &Terminal,
    stop: &Stop,
) -> anyhow::Result<Vec<Grouped>> {
    let (ways, base) = (&settings.group_by, settings.source.folder());
    let grouped = folder.group(ways, base, kernels::threads::count(), terminal, stop)?;
    for Grouped { way, pictures, groups } in &grouped {
        let (pictures, groups) = (count(*pictures, "picture"), count(*groups, "group"));
        terminal.note(&format!("grouped by {way}: {pictures} in {groups}, which stay together"));
    }
    Ok(grouped)
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
    terminal.account(&format!("\n{}\n", short.trim_end()));
    insight.honest_lines().iter().for_each(|line| terminal.account(line));
}
