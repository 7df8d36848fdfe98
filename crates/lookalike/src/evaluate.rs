//! How well a classifier does on labelled pictures that it was not trained on.

mod ask;
mod page;
mod words;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use classifier::{Classifier, Predictor};
use ground::Stop;
use ground::progress::Progress;
use ground::words::thousands;
use insight::stats::first_of_largest;
use insight::{BadPicture, Comparison, Fact, HeldOut, Insight, Proportion, Protocol, RunRecord};
use pictures::{Folder, Labelled, Place, Preprocess};

use crate::order::Order;
use crate::text::{count, date, listed};
use crate::{Error, Kind, Source};
use ask::{Asked, Said, ask};

/// A request to evaluate a classifier.
#[derive(Clone, Debug)]
pub struct EvaluateRequest {
    /// The classifier's file.
    pub model: PathBuf,
    /// The labelled pictures.
    pub source: Source,
    /// Another classifier, to be compared with the first on the same pictures. Default: none.
    pub against: Option<PathBuf>,
}

impl EvaluateRequest {
    /// To evaluate one classifier by itself.
    #[must_use]
    pub fn new(model: impl Into<PathBuf>, source: impl Into<Source>) -> Self {
        Self { model: model.into(), source: source.into(), against: None }
    }
}

/// How a classifier did.
#[derive(Debug)]
pub struct Evaluated {
    /// The pictures that count, with what the classifier put out; how a second classifier compares.
    pub record: RunRecord,
    /// The scores that follow, by the classifier's own calibration.
    pub insight: Insight,
    /// Pictures that it was trained on, which no score includes, and how many of them it is right
    /// on.
    pub trained_on: Proportion,
    /// Classes that it does not know.
    pub unknown: Vec<UnknownClass>,
    /// The request.
    pub request: EvaluateRequest,
    /// The file of each picture that counts.
    files: Vec<Place>,
    preprocess: Preprocess,
}

/// A class of pictures that the classifier does not know, so that no answer can be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownClass {
    /// Its name.
    pub class: String,
    /// Its pictures.
    pub pictures: usize,
    /// How many of these the classifier rightly does not recognise.
    pub not_recognised: usize,
}

/// Asks a classifier about labelled pictures and measures how often it is right. Pictures that it was
/// trained on are counted apart: by the content of the file, or by equal features.
///
/// # Errors
/// When the classifier is refused, no picture is left to evaluate it on, and [`Error::Stopped`] on a
/// stop.
pub fn evaluate(
    request: &EvaluateRequest,
    progress: &dyn Progress,
    stop: &Stop,
) -> Result<Evaluated, Error> {
    let source = &request.source;
    let folder = source.one_class_or_more()?;
    folder.read_as.iter().for_each(|line| progress.note(line));
    let mut predictor = Predictor::load(&request.model)?;
    let asked = ask(&mut predictor, &folder, progress, stop)?;
    let classifier = predictor.classifier();
    let names = Numbers::of(&folder, &classifier.classes)?;
    let mut parts = Parts::of(&folder, &asked, &names, source);
    if parts.record.held_out.is_empty() {
        return Err(nothing_left(&parts, asked.len()));
    }
    parts.record.classes.clone_from(&classifier.classes);
    parts.record.notes = parts.notes(&classifier.classes);
    parts.record.facts = facts(request, classifier);
    let (calibration, preprocess) = (classifier.calibration.clone(), classifier.preprocess.clone());
    if let Some(other) = &request.against {
        let compared = against(request, other, &folder, &parts, progress, stop)?;
        parts.record.comparisons.push(compared);
    }
    let insight = Insight::by(&parts.record, &calibration);
    let files = parts.kept.iter().map(|&at| folder.pictures[at].place.clone()).collect();
    let Parts { record, trained_on, unknown, .. } = parts;
    let request = request.clone();
    Ok(Evaluated { record, insight, trained_on, unknown, request, files, preprocess })
}

/// The classifier's number of each class of a folder; `None` of one that it does not know.
struct Numbers(Vec<Option<usize>>);

impl Numbers {
    fn of(folder: &Folder, classes: &[String]) -> Result<Self, Error> {
        let number = |name: &String| classes.iter().position(|class| class == name);
        let numbers: Vec<Option<usize>> = folder.classes.iter().map(number).collect();
        if numbers.iter().any(Option::is_some) {
            return Ok(Self(numbers));
        }
        let (labels, known) = (listed(&folder.classes), listed(classes));
        let what = format!("no label is a class of the classifier: there are {labels}");
        Err(Error::refused(Kind::Pictures, what).advise(format!("its classes are {known}")))
    }
}

/// What became of the pictures.
struct Parts {
    record: RunRecord,
    /// Which pictures of the folder count, in the record's order.
    kept: Vec<usize>,
    trained_on: Proportion,
    unknown: Vec<UnknownClass>,
}

impl Parts {
    fn of(folder: &Folder, asked: &[Asked], names: &Numbers, source: &Source) -> Self {
        let mut record = RunRecord { protocol: Protocol::Test, ..RunRecord::default() };
        let (mut kept, mut trained, mut right) = (vec![], 0, 0);
        let mut unknown = vec![[0; 2]; folder.classes.len()];
        let mut groups = HashMap::new();
        for (at, (picture, asked)) in folder.pictures.iter().zip(asked).enumerate() {
            let name = source.name_of(picture.place.name());
            let said = match &asked.said {
                Ok(said) => said,
                Err(reason) => {
                    record.bad.push(BadPicture { picture: name, reason: reason.clone() });
                    continue;
                }
            };
            let Some(actual) = names.0[picture.label] else {
                let [pictures, far] = &mut unknown[picture.label];
                *pictures += 1;
                *far += usize::from(said.far);
                continue;
            };
            if asked.trained_on {
                trained += 1;
                right += usize::from(first_of_largest(&said.logits) == actual);
                continue;
            }
            let next = groups.len();
            let group = *groups.entry(group(picture, asked)).or_insert(next);
            kept.push(at);
            record.held_out.push(held_out(name, actual, said, group));
        }
        let of = folder.classes.iter().zip(unknown).filter(|(_, [pictures, _])| *pictures > 0);
        let unknown = of.map(|(class, [pictures, not_recognised])| UnknownClass {
            class: class.clone(),
            pictures,
            not_recognised,
        });
        let trained_on = Proportion::new(right, trained);
        Self { record, kept, trained_on, unknown: unknown.collect() }
    }

    /// What a reader of the scores should know.
    fn notes(&self, classes: &[String]) -> Vec<String> {
        let mut notes = vec![];
        let trained = &self.trained_on;
        if trained.n > 0 {
            notes.push(format!(
                "The classifier was trained on {} of these pictures. They are left out of every \
                 score; it is right on {} of them.",
                thousands(trained.n),
                thousands(trained.hits)
            ));
        }
        for UnknownClass { class, pictures, not_recognised } in &self.unknown {
            notes.push(format!(
                "The classifier does not know the class `{class}`. {} left out of every score; \
                 {not_recognised} of {pictures} {} rightly not recognised.",
                if *pictures == 1 {
                    "Its picture is".into()
                } else {
                    format!("Its {} are", count(*pictures, "picture"))
                },
                if *pictures == 1 { "was" } else { "were" },
            ));
        }
        let missing = |class: &usize| self.record.held_out.iter().all(|p| p.actual != *class);
        let missing: Vec<String> =
            (0..classes.len()).filter(missing).map(|class| classes[class].clone()).collect();
        if !missing.is_empty() {
            notes.push(format!("There is no picture to evaluate of {}.", listed(&missing)));
        }
        notes
    }
}

/// Pictures with the same text here are no independent evidence.
fn group(picture: &Labelled, asked: &Asked) -> String {
    let own = || match picture.place.photograph() {
        Some(photograph) => format!("boxes of {}", photograph.name().display()),
        None => asked.digest.map_or_else(String::new, |digest| digest.to_string()),
    };
    picture.group.as_ref().map_or_else(own, |group| format!("group {group}"))
}

fn held_out(picture: String, actual: usize, said: &Said, group: usize) -> HeldOut {
    HeldOut {
        picture,
        actual,
        logits: said.logits.clone(),
        novelty: said.novelty,
        group,
        ..HeldOut::default()
    }
}

/// Why there is nothing to evaluate.
fn nothing_left(parts: &Parts, all: usize) -> Error {
    let bad = parts.record.bad.len();
    let what = match parts.trained_on.n {
        0 => format!("{bad} of {} cannot be read", count(all, "picture")),
        n if n + bad == all => {
            format!("the classifier was trained on all {} given", count(n, "picture"))
        }
        n => {
            let unknown: usize = parts.unknown.iter().map(|class| class.pictures).sum();
            let others = match unknown {
                0 => String::new(),
                unknown => format!(", and does not know the class of {unknown}"),
            };
            format!("no picture is left: the classifier was trained on {n} of {all}{others}")
        }
    };
    let help = "pass pictures that it was not trained on; `lookalike report` shows its own scores, \
                from pictures that were held out";
    Error::refused(Kind::Pictures, what).advise(help)
}

/// How another classifier does on the same pictures, but for those that it was trained on or whose
/// class it does not know.
fn against(
    request: &EvaluateRequest,
    other: &Path,
    folder: &Folder,
    parts: &Parts,
    progress: &dyn Progress,
    stop: &Stop,
) -> Result<Comparison, Error> {
    let mut predictor = Predictor::load(other)?;
    let pictures = parts.kept.iter().map(|&at| folder.pictures[at].clone()).collect();
    let same = Folder { pictures, ..Folder::default() };
    let asked = ask(&mut predictor, &same, progress, stop)?;
    let order = Order::of(&parts.record.classes, &predictor.classifier().classes);
    let (mut a, mut b, mut labels, mut groups) = (vec![], vec![], vec![], vec![]);
    for (held_out, asked) in parts.record.held_out.iter().zip(&asked) {
        let knows = order.knows(held_out.actual);
        if let (Ok(said), true, false) = (&asked.said, knows, asked.trained_on) {
            a.push(held_out.logits.clone());
            b.push(order.row(&said.logits));
            labels.push(held_out.actual);
            groups.push(held_out.group);
        }
    }
    if labels.is_empty() {
        let what = format!("no picture is left to compare with `{}`", other.display());
        let help = "it must know the classes, and not have been trained on all of the pictures";
        return Err(Error::refused(Kind::Pictures, what).advise(help));
    }
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut names = [name(&request.model), name(other)];
    if names[0] == names[1] {
        names = [&request.model, other].map(|path: &Path| path.display().to_string());
    }
    // The first is the one that is asked about, so it is b: "b is better than a".
    Ok(insight::compare(&names[1], &b, &names[0], &a, &labels, &groups))
}

/// What was done, for the page.
fn facts(request: &EvaluateRequest, classifier: &Classifier) -> Vec<Fact> {
    let trained = classifier.record.facts.iter().find(|fact| fact.name == "date");
    let facts = [
        ("classifier", Some(request.model.display().to_string())),
        ("trained", trained.map(|fact| fact.value.clone())),
        ("pictures", Some(request.source.path().display().to_string())),
        ("compared with", request.against.as_ref().map(|other| other.display().to_string())),
        ("date", Some(date(SystemTime::now()))),
        ("program", Some(format!("lookalike {}", env!("CARGO_PKG_VERSION")))),
    ];
    let fact =
        |(name, value): (&str, Option<String>)| Some(Fact { name: name.into(), value: value? });
    facts.into_iter().filter_map(fact).collect()
}
