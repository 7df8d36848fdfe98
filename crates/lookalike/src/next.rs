//! Which pictures to label next: those whose labels would teach a classifier most.

mod choice;

use std::path::{Path, PathBuf};

use classifier::{Predictor, ranked};
use ground::Stop;
use ground::progress::Progress;
use insight::{Reason, Verdict};
use pictures::Place;
use report::answers::{Card, Group, Kind as CardKind, Sheet, sheet};

use crate::squares::squares;
use crate::text::count;
use crate::{Error, Kind, Page, paths, prove_page, prove_writable};

pub use choice::{Candidate, choose};

/// A request for pictures to label. [`NextRequest::new`] has every default.
#[derive(Clone, Debug)]
pub struct NextRequest {
    /// The classifier's file.
    pub model: PathBuf,
    /// Pictures and folders of pictures that have no labels.
    pub paths: Vec<PathBuf>,
    /// How many to choose. Default: 50.
    pub count: usize,
    /// The seed of the choice. Default: 42.
    pub seed: u64,
    /// Where a page with the chosen pictures goes. Default: nowhere.
    pub report: Option<PathBuf>,
}

impl NextRequest {
    /// With every default.
    #[must_use]
    pub fn new(model: impl Into<PathBuf>, paths: Vec<PathBuf>) -> Self {
        Self { model: model.into(), paths, count: 50, seed: 42, report: None }
    }
}

/// The pictures to label next.
#[derive(Clone, Debug)]
pub struct Next {
    /// The pictures in the order in which they were chosen: the first few are the best few.
    pub pictures: Vec<ToLabel>,
    /// How many there were to choose from.
    pub of: usize,
    /// Pictures that the classifier was trained on, which have labels: none of them is chosen.
    pub known: usize,
    /// Files that could not be read.
    pub unread: usize,
}

/// A picture to label.
#[derive(Clone, Debug)]
pub struct ToLabel {
    /// Its file.
    pub path: PathBuf,
    /// The classes that it may be of, with their probabilities, the most probable first.
    pub guesses: Vec<(String, f32)>,
    /// Why the classifier is not sure, or that it is.
    pub reason: Reason,
    /// How unlike the training pictures it is.
    pub novelty: Option<f32>,
}

/// Guesses that are named with a picture.
const GUESSES: usize = 3;

/// Chooses the pictures whose labels would teach a classifier most: uncertain ones that are unlike one
/// another.
///
/// # Errors
/// When the classifier is refused, there is no picture, and [`Error::Stopped`] on a stop.
pub fn next(request: &NextRequest, progress: &dyn Progress, stop: &Stop) -> Result<Next, Error> {
    prove_page(request.report.as_deref(), Page::Answers)?;
    let files: Vec<PathBuf> = paths(&request.paths, std::io::empty())?.collect();
    let mut predictor = Predictor::load(&request.model)?;
    let classes = predictor.classifier().classes.clone();
    let bar = progress.begin("Predicting", Some(files.len() as u64));
    let (mut candidates, mut all, mut unread, mut known) = (vec![], vec![], 0, 0);
    let pictures = files.into_iter().map(|path| (path.clone(), path.into()));
    let pictures: Vec<_> = pictures.collect();
    predictor.examine(pictures, stop, |path, result| {
        bar.advance(1);
        let Ok((said, features)) = result else {
            unread += 1;
            return;
        };
        if said.answer.reason == Reason::Known {
            known += 1;
            return;
        }
        let odds = &said.answer.probabilities;
        let ranked = ranked(odds).into_iter().take(GUESSES);
        let reason = match said.answer.verdict {
            Verdict::Class(_) => Reason::Sure,
            _ => said.answer.reason,
        };
        all.push(ToLabel {
            path,
            guesses: ranked.map(|(class, odds)| (classes[class].clone(), odds)).collect(),
            reason,
            novelty: said.novelty,
        });
        candidates.push(Candidate { probabilities: odds.clone(), features });
    })?;
    drop(bar);
    if stop.asked() {
        return Err(Error::Stopped);
    }
    if all.is_empty() && known > 0 {
        let what = format!("the classifier was trained on all {} given", count(known, "picture"));
        return Err(Error::refused(Kind::Pictures, what).advise("name pictures without labels"));
    }
    if all.is_empty() {
        let error = Error::refused(Kind::Pictures, "there are no pictures in what you named");
        return Err(error.advise("name pictures, or folders that hold some"));
    }
    let chosen = choose(&candidates, request.count, request.seed);
    let of = all.len();
    let pictures: Vec<ToLabel> = chosen.into_iter().map(|at| all[at].clone()).collect();
    let next = Next { pictures, of, known, unread };
    if let Some(page) = &request.report {
        let html = next.page(request, &predictor, progress, stop)?;
        ground::files::write(page, html.as_bytes())?;
    }
    Ok(next)
}

/// Makes sure that a new table of [`Next::table`] replaces none with labels that somebody typed in.
///
/// # Errors
/// When it cannot be written, or the table that is there has labels.
pub fn prove_table(table: Option<&Path>) -> Result<(), Error> {
    let Some(table) = table else { return Ok(()) };
    prove_writable([table])?;
    let is_labelled = || -> Option<bool> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(table).ok()?;
        let label = reader.headers().ok()?.iter().position(|name| name == "label")?;
        let labels = |row: csv::StringRecord| row.get(label).is_some_and(|text| !text.is_empty());
        Some(reader.records().flatten().any(labels))
    };
    if table.is_file() && is_labelled() == Some(true) {
        let what = format!("`{}` exists, and has labels", table.display());
        return Err(Error::refused(Kind::Usage, what).advise("name another file, or move it away"));
    }
    Ok(())
}

impl Next {
    /// A table with a row for each picture and an empty label to fill in, which `train --labels`
    /// reads; its paths are as they were named.
    ///
    /// # Errors
    /// Never, as all of it is written to memory.
    pub fn table(&self) -> Result<Vec<u8>, Error> {
        let mut writer = csv::Writer::from_writer(vec![]);
        let failed = |error: csv::Error| crate::predict::unwritten(error.into());
        writer.write_record(["path", "label", "guess", "probability"]).map_err(failed)?;
        for picture in &self.pictures {
            let (guess, odds) = picture.guesses.first().cloned().unwrap_or_default();
            let path = picture.path.to_string_lossy().into_owned();
            writer.write_record([path, String::new(), guess, odds.to_string()]).map_err(failed)?;
        }
        writer.into_inner().map_err(|error| crate::predict::unwritten(error.into_error()))
    }

    /// The chosen pictures as a contact sheet.
    fn page(
        &self,
        request: &NextRequest,
        predictor: &Predictor,
        progress: &dyn Progress,
        stop: &Stop,
    ) -> Result<String, Error> {
        let places: Vec<Place> =
            self.pictures.iter().map(|picture| picture.path.as_path().into()).collect();
        let files: Vec<&Place> = places.iter().collect();
        let preprocess = &predictor.classifier().preprocess;
        let drawn = squares(&files, preprocess, progress, stop).ok_or(Error::Stopped)?;
        let card = |(picture, thumbnail): (&ToLabel, Option<Vec<u8>>)| Card {
            file: picture.path.to_string_lossy().into_owned(),
            thumbnail,
            shares: picture.guesses.clone(),
            sure: picture.guesses.first().map_or(0.0, |(_, odds)| *odds),
            nearest: None,
        };
        let cards: Vec<Card> = self.pictures.iter().zip(drawn).map(card).collect();
        let (name, all) = ("Label these next".to_owned(), cards.len());
        Ok(sheet(&Sheet {
            title: request.model.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            summary: format!(
                "{} of {}, the most useful ones first",
                all,
                count(self.of, "picture")
            ),
            program: format!("lookalike {}", env!("CARGO_PKG_VERSION")),
            groups: vec![Group { name, kind: CardKind::Ambiguous, all, cards }],
            unread: vec![],
        }))
    }
}
