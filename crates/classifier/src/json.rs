//! The answers on pictures, as JSON has them: what every door writes, the binary, the server and the
//! module in a web page. `docs/json.md` documents the fields.

use std::path::Path;

use insight::{Reason, Verdict};
use serde::Serialize;

use crate::{Classifier, Near, Prediction, ranked};

/// The answers on some pictures.
#[derive(Debug, Serialize)]
pub struct Predictions<'a> {
    /// The classifier's file, as it was named.
    pub model: String,
    /// Names of the classes.
    pub classes: &'a [String],
    /// The novelty above which a picture is not recognised; none where no picture is called so.
    pub novelty_limit: Option<f64>,
    /// One for each picture, in their order.
    pub predictions: Vec<Answer<'a>>,
}

/// The answer on a picture.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer<'a> {
    /// Of a picture that could be read.
    Read(Read<'a>),
    /// Of one that could not.
    Unread(Unread),
}

/// The answer on a picture that could be read.
#[derive(Debug, Serialize)]
pub struct Read<'a> {
    /// The picture, as it was named.
    pub picture: String,
    /// `class`, `ambiguous` or `unfamiliar`.
    pub verdict: &'static str,
    /// Why the verdict is what it is.
    pub reason: Reason,
    /// The classes that it may be of: one, several or none. They need not be the likeliest, as a
    /// class may have a threshold of its own.
    pub answer: Vec<Named<'a>>,
    /// The likeliest classes, whatever the verdict.
    pub top: Vec<Named<'a>>,
    /// The mean distance to the nearest training pictures.
    pub novelty: Option<f32>,
    /// The training pictures most like it.
    pub nearest: Vec<Nearest<'a>>,
    /// Where its heat map was written, if one was wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heat_map: Option<HeatMap<'a>>,
}

/// Why a picture has no answer.
#[derive(Debug, Serialize)]
pub struct Unread {
    /// The picture, as it was named.
    pub picture: String,
    /// Why it cannot be read.
    pub error: String,
}

/// A class and how probable it is.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Named<'a> {
    /// The class.
    pub class: &'a str,
    /// Calibrated, from 0 to 1.
    pub probability: f32,
}

/// A training picture that is like the one asked about.
#[derive(Debug, Serialize)]
pub struct Nearest<'a> {
    /// Its name.
    pub picture: &'a str,
    /// Its class.
    pub class: &'a str,
    /// The cosine of the angle between the two pictures' features.
    pub similarity: f32,
    /// The address of its thumbnail, where a server has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thumbnail: Option<String>,
}

/// A picture of where the network found what speaks for a class.
#[derive(Debug, Serialize)]
pub struct HeatMap<'a> {
    /// Its file, where it was written to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The picture itself as a `data:` address, where a server hands it over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The class.
    pub class: &'a str,
}

/// How an answer is put.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// The likeliest classes that are named, at most. Default: 3.
    pub top: usize,
    /// Whether the answer is the likeliest class alone, however unsure. Default: false.
    pub always: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self { top: 3, always: false }
    }
}

impl<'a> Predictions<'a> {
    /// No answers yet, of the classifier in the file `model`.
    #[must_use]
    pub fn of(model: &Path, classifier: &'a Classifier) -> Self {
        Self {
            model: model.to_string_lossy().into_owned(),
            classes: &classifier.classes,
            novelty_limit: classifier.calibration.novelty,
            predictions: vec![],
        }
    }
}

impl<'a> Answer<'a> {
    /// The answer on `picture` by a classifier of these classes, and where its heat map was written.
    #[must_use]
    pub fn of(
        picture: &Path,
        result: &Result<Prediction<'a>, pictures::Reason>,
        classes: &'a [String],
        style: Style,
        heat_map: Option<&Path>,
    ) -> Self {
        let picture = picture.to_string_lossy().into_owned();
        match result {
            Ok(said) => Self::Read(Read::of(picture, said, classes, style, heat_map)),
            Err(reason) => Self::Unread(Unread { picture, error: reason.to_string() }),
        }
    }
}

impl<'a> Read<'a> {
    fn of(
        picture: String,
        said: &Prediction<'a>,
        classes: &'a [String],
        Style { top, always }: Style,
        heat_map: Option<&Path>,
    ) -> Self {
        let odds = &said.answer.probabilities;
        let ranked: Vec<usize> = ranked(odds).into_iter().map(|(class, _)| class).collect();
        let (verdict, answer) = match &said.answer.verdict {
            Verdict::Class(class) => ("class", vec![*class]),
            Verdict::Ambiguous(several) => ("ambiguous", several.clone()),
            Verdict::Unfamiliar => ("unfamiliar", vec![]),
        };
        let answer = if always { vec![said.likeliest()] } else { answer };
        let named = |&class: &usize| Named { class: &classes[class], probability: odds[class] };
        let near = |near: &Near<'a>| Nearest {
            picture: &near.known.picture,
            class: &classes[near.known.label],
            similarity: near.similarity,
            thumbnail: None,
        };
        let heat_map = heat_map.zip(said.heat.as_ref()).map(|(file, heat)| HeatMap {
            file: Some(file.to_string_lossy().into_owned()),
            image: None,
            class: &classes[heat.class],
        });
        Self {
            picture,
            verdict,
            reason: said.answer.reason,
            answer: answer.iter().map(named).collect(),
            top: ranked.iter().take(top).map(named).collect(),
            novelty: said.novelty,
            nearest: said.nearest.iter().map(near).collect(),
            heat_map,
        }
    }
}
