//! Training: from labelled pictures to a saved classifier and its report.

mod auto;
mod classic;
mod event;
mod features;
mod growth;
mod imported;
mod kept;
mod like;
mod listener;
mod lock;
mod log;
mod networks;
mod possible;
mod ready;
mod request;
mod run;
mod start;
mod suspects;
mod unfinished;

use std::path::PathBuf;
use std::time::Instant;

use classifier::Classifier;
use doctor::{Checkup, Survey};
use ground::Stop;
use ground::progress::Progress;
use insight::Insight;
use pictures::{Dataset, Fixed, Folder, Grouped, Preprocess};
use training::{Recipe, TrainingError};

pub use event::{Event, Planned, Stopped};
pub(crate) use listener::Listener;
pub(crate) use lock::Lock;
pub(crate) use networks::only_by_default;
pub(crate) use ready::{known_to, open_cache};
pub use request::{RecipeOptions, ReportFile, TrainRequest};
pub use start::Initial;
pub(crate) use start::Start;

use crate::text::count;
use crate::{Error, Kind, Page, Source, prove_page, prove_writable};
use growth::Growth;
use imported::Imported;
use like::Like;
use log::Log;
use run::Run;

/// A classifier that was trained and saved.
#[derive(Debug)]
pub struct Trained {
    /// The classifier; its `record` is all that is known of the run.
    pub classifier: Classifier,
    /// What follows from its held-out pictures.
    pub insight: Insight,
    /// Where the classifier was saved.
    pub path: PathBuf,
    /// Where its report was written, if one was wanted.
    pub report: Option<PathBuf>,
    /// Where the table of possible label errors was written, if there are any and a report was
    /// wanted.
    pub suspects: Option<PathBuf>,
    /// Whether the run was stopped on request; what was done until then is saved, and the same
    /// request resumes it.
    pub interrupted: bool,
}

/// What a run has before its recipe begins.
struct Prepared {
    request: TrainRequest,
    output: PathBuf,
    /// What it grows from, if anything.
    growth: Option<Growth>,
    folder: Folder,
    /// What grouping came to.
    grouped: Vec<Grouped>,
    fixes: Option<Fixed>,
    start: Start,
    /// What is known of the pictures, where features stand for them.
    imported: Option<Imported>,
    began: Instant,
}

/// Trains a classifier on labelled pictures and saves it with a report. `events` hears what happens
/// meanwhile; `progress` shows how far it is, and carries warnings.
///
/// A request that was interrupted is resumed where it left off.
///
/// # Errors
/// When the request makes no sense, pictures or weights cannot be used, the loss leaves the range
/// of numbers, or writing fails; and [`Error::Stopped`] on a stop before anything could be saved.
pub fn train(
    request: &TrainRequest,
    events: &mut dyn FnMut(Event<'_>),
    progress: &dyn Progress,
    stop: &Stop,
) -> Result<Trained, Error> {
    let mut request = request.clone();
    request.options.check()?;
    if matches!(request.source, Source::Features(..)) {
        imported::possible(&request)?;
    }
    let output = request.output()?;
    let page = request.page(&output);
    prove_writable([output.as_path()])?;
    prove_page(page.as_deref(), Page::Report)?;
    let _lock = Lock::take(&output)?;
    let Some(folder) = request.log.take() else {
        return trained(request, output, events, progress, stop);
    };
    let mut log = Log::create(&folder)?;
    let mut hear = |event: Event<'_>| {
        log.hear(&event, progress);
        events(event);
    };
    let trained = trained(request, output, &mut hear, progress, stop)?;
    log.close(&trained, progress)?;
    Ok(trained)
}

/// Trains with the output's lock in hand.
fn trained(
    mut request: TrainRequest,
    output: PathBuf,
    events: &mut dyn FnMut(Event<'_>),
    progress: &dyn Progress,
    stop: &Stop,
) -> Result<Trained, Error> {
    let began = Instant::now();
    let add_to = request.add_to.clone();
    let growth = add_to.map(|old| Growth::of(&old, &request.source, &output)).transpose()?;
    if let Some(growth) = &growth {
        request.source = Source::table(growth.table.clone());
        request.like = request.add_to.clone();
    }
    let mut listener = Listener { events, progress, stop, timings: request.timings };
    let (named, imported) = match &request.source {
        Source::Features(files, labels) => {
            let (folder, mut imported) = Imported::read(files, labels.as_ref(), progress, stop)?;
            imported.remember(&folder, request.fixes.is_some());
            imported.amend(&mut request.initial, &mut request.options)?;
            (Some(folder), Some(imported))
        }
        _ => (None, None),
    };
    let (folder, grouped, fixes) = labelled(&request, named, growth.as_ref(), &mut listener)?;
    let like = request.like.as_deref().map(Like::of).transpose()?;
    if let Some(like) = &like {
        like.amend(&mut request);
    }
    let gone = growth.as_ref().is_some_and(|growth| !growth.kept.is_empty());
    if gone && (request.initial.weights.is_some() || !request.initial.others.is_empty()) {
        let what = "the old pictures are gone, and their features are those of one network";
        return Err(
            Error::refused(Kind::Usage, what).advise("leave out `--weights` and `--backbone`")
        );
    }
    let choice = networks::choose(&request, &folder, &mut listener)?;
    if let Some(network) = choice.as_ref().and_then(|choice| choice.network) {
        request.initial.network = Some(network);
    }
    let own = request.initial.weights.is_none() && choice.is_none();
    let start = match like.as_ref().filter(|_| own).and_then(Like::backbone) {
        Some(backbone) => backbone,
        None => Start::choose(&request.initial, progress, stop)?,
    };
    match &imported {
        Some(imported) => imported.check(&start)?,
        None => look_over(&request, &folder, &mut listener),
    }
    let recipe = match like {
        Some(like) => like.recipe(&start, folder.classes.len(), progress)?,
        None => request.options.recipe(&start, folder.classes.len()),
    };
    possible::check(&recipe)?;
    possible::check_folds(&recipe, &folder, request.valid, progress)?;
    let prepared =
        Prepared { request, output, growth, folder, grouped, fixes, start, imported, began };
    match recipe {
        Recipe::Classic(_) if prepared.imported.is_some() => Err(imported::only_heads()),
        Recipe::Auto(recipe) => auto::run(prepared, &recipe, choice, &mut listener),
        Recipe::Classic(recipe) => classic::run(prepared, &recipe, &mut listener),
    }
}

impl Prepared {
    fn into_run(self, recipe: Recipe, preprocess: Preprocess, data: Dataset) -> Run {
        let Self { request, output, growth, grouped, fixes, start, began, .. } = self;
        let notes = growth.iter().flat_map(|growth| growth.notes(&data)).collect();
        Run {
            request,
            output,
            growth,
            grouped,
            fixes,
            start,
            recipe,
            preprocess,
            data,
            began,
            notes,
        }
    }
}

/// The pictures with their labels, corrected and grouped as was asked.
fn labelled(
    request: &TrainRequest,
    named: Option<Folder>,
    growth: Option<&Growth>,
    listener: &mut Listener<'_>,
) -> Result<(Folder, Vec<Grouped>, Option<Fixed>), Error> {
    let source = &request.source;
    let mut folder = match growth.filter(|growth| !growth.kept.is_empty()) {
        // The files that are there may be of one class, as the others' are gone.
        Some(growth) => {
            let mut folder = source.any_pictures()?;
            folder.add_absent(&growth.old.classes, growth.kept.absent.iter().cloned());
            folder
        }
        None => named.map_or_else(|| source.pictures(), Ok)?,
    };
    folder.read_as.iter().for_each(|line| listener.progress.note(line));
    folder.warnings.iter().for_each(|warning| listener.warn(warning));
    let mut made = None;
    if let Some(fixes) = &request.fixes {
        let fixed = folder.fix(source.folder(), fixes)?;
        fixed.warnings.iter().for_each(|warning| listener.warn(warning));
        let (relabelled, left_out) = (fixed.relabelled.len(), fixed.left_out);
        listener.tell(Event::Fixed { relabelled, left_out });
        made = Some(fixed);
    }
    let (ways, threads) = (&request.group_by, ground::parallel::threads());
    let (progress, stop) = (listener.progress, listener.stop);
    let grouped = folder.group(ways, source.folder(), threads, progress, stop)?;
    grouped.iter().for_each(|grouped| listener.tell(Event::Grouped(grouped)));
    classifier::check_classes(&folder.classes).map_err(TrainingError::ClassNames)?;
    check_room(&folder)?;
    Ok((folder, grouped, made))
}

/// Held-out pictures that scores should come from at least, where there are more.
const LEAST_HELD_OUT: usize = 1000;

/// Refuses what no classifier's file has room for, as training would be in vain.
fn check_room(folder: &Folder) -> Result<(), Error> {
    let (classes, pictures) = (folder.classes.len(), folder.pictures.len());
    let room = classifier::room(classes, folder.pictures.iter().map(|one| one.place.name()));
    if room >= LEAST_HELD_OUT.min(pictures) {
        return Ok(());
    }
    let (pictures, classes) = (count(pictures, "picture"), count(classes, "class"));
    let what = format!("a classifier's file has no room for {pictures} in {classes}");
    let help = "train on a part of them: more than a million seldom make it better";
    Err(Error::refused(Kind::Pictures, what).advise(help))
}

/// Reports what a check would find fault with in single pictures. Copies, leaks and files that
/// cannot be used are reported by the run itself.
fn look_over(request: &TrainRequest, folder: &Folder, listener: &mut Listener<'_>) {
    let how = doctor::Settings {
        threads: ground::parallel::threads(),
        kept: Some(doctor::kept_folder()),
        ..doctor::Settings::default()
    };
    let base = request.source.folder();
    // Asked to stop, the run ends by itself.
    let survey = Survey::of(base, folder, &how, listener.progress, listener.stop);
    if let Some(brief) = survey.ok().and_then(Checkup::brief) {
        listener.tell(Event::Suspicious(&brief));
    }
}
