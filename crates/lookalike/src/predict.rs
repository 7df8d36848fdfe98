//! What pictures show: answers one by one, a summary at the end and, if wanted, the pictures sorted
//! into folders and a page that shows them.

mod answers;
mod page;
mod parquet;
pub(crate) mod self_test;
mod sorted;
mod tally;

use std::io::{self, BufRead};
use std::path::{Path, PathBuf};

use classifier::{Explain, Picture, Prediction, Predictor, ranked};
use engine::Timing;
use ground::files::FileError;
use ground::progress::Progress;
use ground::{Precision, Stop};
use insight::{Promise, Verdict};
use labels::How;
use labels::megadetector::Answered;
use pictures::{Folder, Place};

pub use answers::{Form, Output, Sink};
pub use parquet::ParquetFile;
pub use sorted::Sorting;
pub use tally::Tally;

use crate::json::{Answer, Style};
use crate::{Error, Kind, NamedFolder, paths, pictures_in};
use answers::Answers;
use page::Page;
use sorted::Sorter;

/// A request to predict pictures. [`PredictRequest::new`] has every default.
#[derive(Clone, Debug)]
pub struct PredictRequest {
    /// The classifier's file.
    pub model: PathBuf,
    /// Pictures, folders of pictures, or `-` for the list of paths that comes with the request.
    pub paths: Vec<PathBuf>,
    /// What the network computes in. Default: fp32.
    pub precision: Precision,
    /// How an answer is put.
    pub style: Style,
    /// A new or empty folder for a heat map of each picture. Default: none.
    pub heat_maps: Option<PathBuf>,
    /// The least probability with which a class is named alone. Default: none.
    pub min_probability: Option<f32>,
    /// How often the classes named are to include the right one. Default: as the classifier has it.
    pub coverage: Option<f64>,
    /// How often a picture of a known class may be called not recognised. Default: as the
    /// classifier has it.
    pub false_alarms: Option<f64>,
    /// Where the pictures are sorted to, by their answers. Default: nowhere.
    pub sort: Option<Sorting>,
    /// Where a page that shows pictures by their answers goes. Default: nowhere.
    pub report: Option<PathBuf>,
    /// Whether to measure where the network's time goes. Default: false.
    pub timings: bool,
    /// How files with boxes are read.
    pub how: How,
    /// Where a MegaDetector file among the paths is written again, with the answers in it. Default:
    /// nowhere.
    pub detections: Option<PathBuf>,
}

impl PredictRequest {
    /// To predict these pictures with every default.
    #[must_use]
    pub fn new(model: impl Into<PathBuf>, paths: Vec<PathBuf>) -> Self {
        Self {
            model: model.into(),
            paths,
            precision: Precision::Fp32,
            style: Style::default(),
            heat_maps: None,
            min_probability: None,
            coverage: None,
            false_alarms: None,
            sort: None,
            report: None,
            timings: false,
            how: How::default(),
            detections: None,
        }
    }
}

/// What came of a request.
#[derive(Debug)]
pub struct Predicted {
    /// How many pictures got which answer.
    pub tally: Tally,
    /// Where the network's time went, if that was measured.
    pub timings: Vec<Timing>,
}

/// Predicts pictures and writes the answers to `output`, each as soon as it is known. `list` has the
/// paths that `-` stands for.
///
/// # Errors
/// When the classifier is refused, there is no picture, or writing fails; and [`Error::Stopped`] on a
/// stop.
pub fn predict<L: BufRead + Send + 'static>(
    request: &PredictRequest,
    list: L,
    output: &mut Output<'_>,
    progress: &dyn Progress,
    stop: &Stop,
) -> Result<Predicted, Error> {
    let listed = request.paths.iter().any(|path| path.as_os_str() == "-");
    for folder in request.paths.iter().filter(|path| path.is_dir()) {
        let (_, passed_over) = Folder::pictures_below(folder)?;
        passed_over.iter().for_each(|line| progress.note(line));
    }
    let named = named(request, list, progress)?;
    let mut predictor = predictor(request)?;
    let mut heat_maps = request.heat_maps.as_deref().map(NamedFolder::new).transpose()?;
    let mut sorter = request.sort.as_ref().map(Sorter::new).transpose()?;
    let mut page = request.report.as_ref().map(|_| Page::new(predictor.classifier()));
    let classes = predictor.classifier().classes.clone();
    let mut detections = detections(request, &classes)?;
    let style = Style { top: request.style.top.min(classes.len()), ..request.style };
    let mut answers = Answers::new(output, style, &classes, heat_maps.is_some());
    answers.begin(&request.model, predictor.classifier())?;
    let mut tally = Tally::new(&classes);
    // A list is read as its paths are wanted, so that its length is not known.
    let (places, total): (Places, _) = match listed {
        true => (named, None),
        false => {
            let all: Vec<Place> = named.collect();
            let total = all.len() as u64;
            (Box::new(all.into_iter()), Some(total))
        }
    };
    let bar = progress.begin("Predicting", total);
    let mut failed = None;
    let pictures = places.map(|place| (place.clone(), Picture::At(place)));
    let ended = Stop::new();
    predictor.predict(pictures, explain(request), &ended, |place, mut result| {
        if failed.is_some() {
            return;
        }
        bar.advance(1);
        if let (Ok(said), Some(least)) = (&mut result, request.min_probability) {
            said.answer = said.answer.clone().at_least(least);
        }
        let path = place.name();
        let stray = !listed && tally::is_stray(path, &result, &request.paths);
        let mut tell = || -> Result<(), Error> {
            let heat_map = write_heat(&mut heat_maps, path, result.as_ref().ok())?;
            let answer = Answer::of(path, &result, &classes, answers.style(), heat_map.as_deref());
            answers.tell(&answer, stray, progress)?;
            tally.count(&answer, stray);
            if let Some(sorter) = &mut sorter {
                sorter.put(&place, &answer)?;
            }
            if let Some(page) = &mut page {
                page.add(&place, &answer, stray);
            }
            if let (Some(detections), Ok(said)) = (&mut detections, &result) {
                detections.answer(&place, &classified(said, request.style.always));
            }
            Ok(())
        };
        if let Err(error) = tell() {
            failed = Some(error);
        }
        if failed.is_some() || stop.asked() {
            ended.ask();
        }
    })?;
    drop(bar);
    if let Some(error) = failed {
        return Err(error);
    }
    if stop.asked() {
        return Err(Error::Stopped);
    }
    answers.end()?;
    if tally.files() == 0 {
        let error = Error::refused(Kind::Pictures, "there are no pictures in what you named");
        return Err(error.advise("name pictures, or folders that hold some"));
    }
    if let (Some(detections), Some(path)) = (detections, &request.detections) {
        let model = request.model.file_stem().unwrap_or_default().to_string_lossy();
        let by = format!("{model} (lookalike {})", env!("CARGO_PKG_VERSION"));
        ground::files::write(path, &detections.written(&by))?;
    }
    if let (Some(page), Some(path)) = (page, &request.report) {
        page.write(path, &request.model, predictor.classifier(), &tally, progress, stop)?;
    }
    Ok(Predicted { tally, timings: predictor.engine().timings() })
}

/// Pictures as they are wanted.
type Places = Box<dyn Iterator<Item = Place> + Send>;

/// The pictures that are named: files, all below folders, and what files of other programs name or hold.
fn named<L: BufRead + Send + 'static>(
    request: &PredictRequest,
    list: L,
    progress: &dyn Progress,
) -> Result<Places, Error> {
    let mut list = Some(list);
    let mut all: Vec<Places> = vec![];
    for path in &request.paths {
        if let Some((places, told)) = pictures_in(path, &request.how)? {
            progress.note(&told);
            if request.sort.is_some() && places.iter().any(|place| place.whole_file().is_none()) {
                let path = path.display();
                let what = format!("`--sort-into` copies whole files, and `{path}` names parts");
                let help = "`-o answers.csv` says which part is what";
                return Err(Error::refused(Kind::Usage, what).advise(help));
            }
            all.push(Box::new(places.into_iter()));
            continue;
        }
        // A list that is named twice is read once.
        let listed: Box<dyn BufRead + Send> = match path.as_os_str() == "-" {
            true => {
                list.take().map_or_else(|| Box::new(io::empty()) as _, |list| Box::new(list) as _)
            }
            false => Box::new(io::empty()),
        };
        let found = paths([path], listed)?;
        all.push(Box::new(found.map(|path| Place::named(&path))));
    }
    Ok(Box::new(all.into_iter().flatten()))
}

/// The file of a detector that the answers will be written into.
fn detections(request: &PredictRequest, classes: &[String]) -> Result<Option<Answered>, Error> {
    if request.detections.is_none() {
        return Ok(None);
    }
    let mut files = request.paths.iter().filter(|path| labels::is_megadetector(path));
    let (Some(file), None) = (files.next(), files.next()) else {
        let what = "`--detections` takes one MegaDetector file among the pictures";
        return Err(Error::refused(Kind::Usage, what).advise("pass its path"));
    };
    Ok(Some(Answered::of(file, &request.how, classes)?))
}

/// The classes of an answer with their probabilities, the most probable first; none where the picture
/// is not recognised.
fn classified(said: &Prediction<'_>, always: bool) -> Vec<(usize, f32)> {
    match said.answer.verdict {
        Verdict::Unfamiliar if !always => vec![],
        _ => ranked(&said.answer.probabilities),
    }
}

/// The classifier, ready to answer as was asked.
fn predictor(request: &PredictRequest) -> Result<Predictor, Error> {
    let explains = request.heat_maps.is_some();
    let mut predictor = Predictor::load_in(&request.model, request.precision, explains)?;
    if request.precision == Precision::Fp32 {
        self_test::once(&mut predictor, &request.model)?;
    }
    if request.timings {
        predictor.engine().measure();
    }
    if request.coverage.is_some() || request.false_alarms.is_some() {
        let known = &predictor.classifier().calibration;
        let (coverage, false_alarms) = (known.coverage, known.false_alarms);
        let promise = Promise {
            coverage: request.coverage.unwrap_or(coverage),
            false_alarms: request.false_alarms.unwrap_or(false_alarms),
        };
        promised(&predictor, request)?;
        predictor.promise(&promise);
    }
    Ok(predictor)
}

/// Refuses a promise that the held-out pictures are too few for.
fn promised(predictor: &Predictor, request: &PredictRequest) -> Result<(), Error> {
    let held_out = predictor.classifier().record.held_out.len();
    let needed = |share: f64| (1.0 / share).ceil() as usize - 1;
    let of = |what: &str, share: f64| -> Option<Error> {
        let needed = needed(share);
        let few = format!("{what} takes {needed} held-out pictures; the classifier has {held_out}");
        let help = "ask for less, or train on more pictures";
        (needed > held_out).then(|| Error::refused(Kind::Usage, few).advise(help))
    };
    let percent = |share: f64| format!("{}%", (1e4 * share).round() / 100.0);
    let coverage = |share| of(&format!("a coverage of {}", percent(share)), 1.0 - share);
    let alarms = |share| of(&format!("{} false alarms", percent(share)), share);
    let refused = request.coverage.and_then(coverage);
    refused.or_else(|| request.false_alarms.and_then(alarms)).map_or(Ok(()), Err)
}

fn explain(request: &PredictRequest) -> Explain {
    match (&request.heat_maps, request.style.always) {
        (None, _) => Explain::Nothing,
        (Some(_), false) => Explain::Named,
        (Some(_), true) => Explain::Likeliest,
    }
}

/// Writes a picture's heat map where that was asked for; returns where it lies.
fn write_heat(
    folder: &mut Option<NamedFolder>,
    picture: &Path,
    prediction: Option<&Prediction<'_>>,
) -> Result<Option<PathBuf>, Error> {
    let heat = prediction.and_then(|prediction| prediction.heat.as_ref());
    let Some((folder, heat)) = folder.as_mut().zip(heat) else { return Ok(None) };
    let name = picture.file_stem().unwrap_or_default().to_string_lossy();
    Ok(Some(folder.write(&name, "jpg", &heat.overlay())?))
}

/// An error of a file or of standard output.
pub(crate) fn unwritten(error: io::Error) -> Error {
    FileError::at("write", Path::new("standard output"))(error).into()
}
