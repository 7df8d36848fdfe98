//! What a classifier's answers are worth: probabilities that mean what they say, sets of classes
//! that hold the truth as often as stated, and a limit beyond which a picture is unlike anything
//! seen. All of it is fitted on pictures that the judging network had not trained on.

mod conformal;
mod fit;
mod scaling;
mod vector;

use serde::{Deserialize, Serialize};

pub use self::scaling::Scaling;
use crate::folds;
use crate::record::{HeldOut, RecordError, RunRecord};

/// How often a set of classes is to hold the true one.
pub const COVERAGE: f64 = 0.9;

/// How often a picture of a known class may be called unfamiliar.
pub const FALSE_ALARMS: f64 = 0.05;

/// Among how many nearest pictures [`HeldOut::novelty`] is measured.
pub const NEIGHBOURS: usize = 10;

/// Turns logits into answers. A classifier's file stores it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// What makes calibrated logits of logits.
    pub scaling: Scaling,
    /// How often a set of classes is to hold the true one: [`COVERAGE`] when it was fitted.
    pub coverage: f64,
    /// For each class the probability from which on it belongs to a picture's set.
    pub thresholds: Vec<f64>,
    /// Whether a class's threshold is its own, so that the coverage is promised for it alone too;
    /// the others, having too few pictures, share one.
    pub own_threshold: Vec<bool>,
    /// How often a picture of a known class may be called unfamiliar.
    pub false_alarms: f64,
    /// The novelty above which a picture is unfamiliar; `None` where it was not measured, or on
    /// too few pictures.
    pub novelty: Option<f64>,
    /// Among how many nearest pictures novelty is measured.
    pub neighbours: usize,
}

/// What answers promise of pictures like the training pictures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Promise {
    /// How often a set of classes is to hold the true one. Default: [`COVERAGE`].
    pub coverage: f64,
    /// How often a picture of a known class may be called unfamiliar. Default: [`FALSE_ALARMS`].
    pub false_alarms: f64,
}

impl Default for Promise {
    fn default() -> Self {
        Self { coverage: COVERAGE, false_alarms: FALSE_ALARMS }
    }
}

/// What is said of a picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It is of this class.
    Class(usize),
    /// It is one of these, the most probable first; at least two.
    Ambiguous(Vec<usize>),
    /// It is unlike anything trained on.
    Unfamiliar,
}

/// Why a verdict is what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Reason {
    /// One class alone is probable enough.
    Sure,
    /// Several are.
    Several,
    /// None is as probable as it is for most of its pictures.
    Unsure,
    /// The picture lies further from what was learned than nearly all known ones do.
    Far,
    /// The classifier was trained on this very picture.
    Known,
}

impl Reason {
    /// As a reader of the answer understands it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Sure => "one class alone is probable enough",
            Self::Several => "more than one class is probable enough",
            Self::Unsure => "no class is as probable as it is for most of its pictures",
            Self::Far => "unlike the training pictures",
            Self::Known => "one of the pictures that it was trained on",
        }
    }
}

/// The answer on one picture.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// One calibrated probability a class; they sum to 1.
    pub probabilities: Vec<f32>,
    /// What is said.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
}

impl Answer {
    /// The same, but that no class is named alone which is less probable than this: the two most
    /// probable are named instead.
    #[must_use]
    pub fn at_least(mut self, probability: f32) -> Self {
        let odds = &self.probabilities;
        if matches!(self.verdict, Verdict::Class(class) if odds[class] < probability) {
            let mut ranked: Vec<usize> = (0..odds.len()).collect();
            ranked.sort_by(|&a, &b| odds[b].total_cmp(&odds[a]));
            ranked.truncate(2);
            (self.verdict, self.reason) = (Verdict::Ambiguous(ranked), Reason::Unsure);
        }
        self
    }
}

impl Calibration {
    /// Fits all of it on the record's predictions; what does not fit the classes is passed over.
    #[must_use]
    pub fn of(record: &RunRecord) -> Self {
        Self::promising(record, &Promise::default())
    }

    /// Like [`Calibration::of`], with another promise.
    #[must_use]
    pub fn promising(record: &RunRecord, promise: &Promise) -> Self {
        let known = usable(record);
        let folds = folds::of(&known);
        Self::keeping(promise, &known, &folds, record.classes.len())
    }

    /// Like [`Calibration::of`] on some predictions, of which each belongs to a fold.
    pub(crate) fn fit(known: &[&HeldOut], folds: &[usize], classes: usize) -> Self {
        Self::keeping(&Promise::default(), known, folds, classes)
    }

    fn keeping(promise: &Promise, known: &[&HeldOut], folds: &[usize], classes: usize) -> Self {
        let Promise { coverage, false_alarms } = *promise;
        let logits: Vec<&[f32]> = known.iter().map(|p| p.logits.as_slice()).collect();
        let labels: Vec<usize> = known.iter().map(|p| p.actual).collect();
        let scaling = Scaling::choose(&logits, &labels, folds, classes);
        // Of the true class; whoever of these is calibrated by pictures that include itself
        // flatters by a few parameters among hundreds of pictures, which cross-fitting shows.
        let truths: Vec<f64> =
            logits.iter().zip(&labels).map(|(row, &c)| scaling.probabilities(row)[c]).collect();
        let (thresholds, own_threshold) =
            conformal::thresholds(&truths, &labels, classes, coverage);
        let novelties: Option<Vec<f64>> = known.iter().map(|p| p.novelty.map(f64::from)).collect();
        Self {
            scaling,
            coverage,
            thresholds,
            own_threshold,
            false_alarms,
            novelty: novelties.and_then(|all| conformal::upper(all, false_alarms)),
            neighbours: NEIGHBOURS,
        }
    }

    /// The calibrated probabilities of a row of logits.
    ///
    /// # Panics
    /// When the row is not of the classifier's classes.
    #[must_use]
    pub fn probabilities(&self, logits: &[f32]) -> Vec<f64> {
        self.scaling.probabilities(logits)
    }

    /// The classes that are probable enough, the most probable first: the set that holds the true
    /// class as often as [`Calibration::coverage`] says. It can be empty.
    #[must_use]
    pub fn set(&self, probabilities: &[f64]) -> Vec<usize> {
        let mut set: Vec<usize> =
            (0..probabilities.len()).filter(|&c| probabilities[c] >= self.thresholds[c]).collect();
        set.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]));
        set
    }

    /// The answer on a picture.
    ///
    /// One class in its set is the answer, several are ambiguous. An empty set means that even the
    /// most probable class is less so than for nine of ten of its own pictures. Where its
    /// probability still reaches the stated coverage it is the answer, as the promise holds for it
    /// alone; otherwise the two most probable are named. A picture whose novelty lies beyond the
    /// limit is unfamiliar, whatever its probabilities.
    ///
    /// # Panics
    /// When the row is not of the classifier's classes.
    #[must_use]
    pub fn answer(&self, logits: &[f32], novelty: Option<f32>) -> Answer {
        let probabilities = self.probabilities(logits);
        let (verdict, reason) = self.verdict(&probabilities, novelty);
        let probabilities = probabilities.into_iter().map(|p| p as f32).collect();
        Answer { probabilities, verdict, reason }
    }

    pub(crate) fn is_far(&self, novelty: Option<f32>) -> bool {
        novelty.zip(self.novelty).is_some_and(|(novelty, most)| f64::from(novelty) > most)
    }

    pub(crate) fn verdict(&self, probabilities: &[f64], novelty: Option<f32>) -> (Verdict, Reason) {
        if self.is_far(novelty) {
            return (Verdict::Unfamiliar, Reason::Far);
        }
        match self.set(probabilities)[..] {
            [class] => (Verdict::Class(class), Reason::Sure),
            [] => {
                let mut ranked: Vec<usize> = (0..probabilities.len()).collect();
                ranked.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]));
                match ranked[..] {
                    [first] => (Verdict::Class(first), Reason::Sure),
                    [first, ..] if probabilities[first] >= self.coverage => {
                        (Verdict::Class(first), Reason::Sure)
                    }
                    _ => {
                        ranked.truncate(2);
                        (Verdict::Ambiguous(ranked), Reason::Unsure)
                    }
                }
            }
            ref several => (Verdict::Ambiguous(several.to_vec()), Reason::Several),
        }
    }

    /// Checks a calibration that comes from a file.
    ///
    /// # Errors
    /// When it is not of so many classes, or a number in it cannot be.
    pub fn check(&self, classes: usize) -> Result<(), RecordError> {
        let share = |share: &f64| (0.0..=1.0).contains(share);
        let possible = self.scaling.is_possible(classes)
            && self.thresholds.len() == classes
            && self.own_threshold.len() == classes
            && self.thresholds.iter().all(share)
            && [self.coverage, self.false_alarms].iter().all(share)
            && self.novelty.is_none_or(f64::is_finite)
            && (1..=1000).contains(&self.neighbours);
        let part = "the calibration";
        if possible { Ok(()) } else { Err(RecordError::Impossible { part }) }
    }
}

/// The predictions that fit the classes.
pub(crate) fn usable(record: &RunRecord) -> Vec<&HeldOut> {
    let classes = record.classes.len();
    let fits = |p: &&HeldOut| {
        p.actual < classes && p.logits.len() == classes && p.logits.iter().all(|x| x.is_finite())
    };
    record.held_out.iter().filter(fits).collect()
}
