//! The record of a training run: everything that is known of it but the weights. Training builds
//! one, a saved classifier carries it, and a report is drawn from it.

mod check;
mod part;
mod seen;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};

pub use self::check::RecordError;
pub use self::part::{Part, spread};
pub use self::seen::{Body, Heat, Map, Place, Reasons, Whose};
use crate::stats::{Difference, Estimate, Interval};

/// The record of one training run. Training builds it once and it moves on whole, into the
/// classifier's file and from there into reports. The thumbnails are small JPEGs in a list of their
/// own, which the record refers to by index.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunRecord {
    /// Names of the classes, in the order of the logits.
    pub classes: Vec<String>,
    /// How the pictures were held out.
    pub protocol: Protocol,
    /// How many pictures of each class there are to train on: all but those that the folder or table
    /// sets aside to evaluate. Files of earlier versions have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to_train: Vec<usize>,
    /// Every held-out picture, with the logits of a network that was not trained on it.
    pub held_out: Vec<HeldOut>,
    /// Where those are a part of the pictures that could be held out: which part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
    /// The training table, oldest epoch first.
    pub history: Vec<Epoch>,
    /// Kinds of head that were compared, each on the held-out pictures.
    pub candidates: Vec<Candidate>,
    /// Pairs of classifiers that predicted the same pictures; see [`crate::compare`].
    pub comparisons: Vec<Comparison>,
    /// The learning curve: scores with fewer training pictures, in the order of their number.
    pub curve: Vec<CurvePoint>,
    /// What can be guessed without looking at what a picture shows.
    pub shortcuts: Vec<Shortcut>,
    /// Files of earlier versions have a sweep over learning rates here.
    #[serde(default, skip_serializing)]
    pub finder: IgnoredAny,
    /// A few pictures of each class.
    pub samples: Vec<Sample>,
    /// Pictures that were left out, and why.
    pub bad: Vec<BadPicture>,
    /// What a reader should know, in plain words.
    pub notes: Vec<String>,
    /// What was done: recipe, seeds, versions, hashes, counts.
    pub facts: Vec<Fact>,
    /// Pictures that were trained on by features which an earlier classifier kept, as their files were
    /// gone: their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absent: Vec<String>,
    /// Labels that a table of fixes changed before training.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixes: Option<Fixes>,
    /// Whose reasons the predictions' heat shows, where there is any.
    pub reasons: Option<Reasons>,
    /// What the predictions' places are on, where there are any.
    pub map: Option<Map>,
}

/// How the pictures were held out that the scores come from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Protocol {
    /// Cross-validation: every picture was predicted by networks trained on other folds.
    OutOfFold {
        /// Into how many the pictures were cut; at least 2.
        folds: usize,
        /// How many times, each time anew; at least 1.
        repeats: usize,
    },
    /// Some pictures were held out.
    HeldOut {
        /// The share of all that was drawn at random; `None` where the folder or table said which.
        share: Option<f64>,
    },
    /// The pictures of a test folder, given as such.
    Test,
}

impl Default for Protocol {
    fn default() -> Self {
        Self::HeldOut { share: None }
    }
}

/// A held-out picture with the logits of a network that was not trained on it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldOut {
    /// Its path relative to the data folder.
    pub picture: String,
    /// The class that its label names.
    pub actual: usize,
    /// The class that its label named before a table of fixes changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<usize>,
    /// The uncalibrated logit of each class; the network's probabilities are their softmax. Of
    /// several repeats, the logarithm of the mean probability.
    pub logits: Vec<f32>,
    /// The fold that it was held out in; 0 of a single split.
    pub fold: usize,
    /// Pictures that are copies of one another, or of one group of the user's, share this number.
    /// Others are independent, and everything is resampled by it.
    pub group: usize,
    /// Mean cosine distance to its [`crate::NEIGHBOURS`] nearest among the pictures that the
    /// judging network trained on: the larger, the stranger.
    pub novelty: Option<f32>,
    /// Index of its thumbnail.
    pub thumbnail: Option<usize>,
    /// Where reasons were found for some classes, the one it was called first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heat: Vec<Heat>,
    /// Where it lies on the [`Map`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// What a table of fixes did to the labels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fixes {
    /// The table's name.
    pub table: String,
    /// How many pictures got another label.
    pub relabelled: usize,
    /// How many pictures were left out.
    pub left_out: usize,
    /// How many pictures there were.
    pub of: usize,
    /// Whether the other labels were proposed by a classifier, as in the table that a training
    /// writes.
    pub proposed: bool,
}

impl Fixes {
    /// Whether fixes from a file can be some.
    fn is_possible(&self) -> bool {
        self.relabelled.checked_add(self.left_out).is_some_and(|changed| changed <= self.of)
    }
}

/// A kind of head that was compared with others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Candidate {
    /// Such as `logistic regression`.
    pub name: String,
    /// Its log-loss, in nats a picture, calibrated as in [`crate::compete`].
    pub log_loss: f64,
    /// The interval of that; `None` where there are too few pictures for one.
    pub range: Option<Interval>,
    /// Its log-loss minus that of the chosen one on the same pictures; `None` of the chosen one.
    pub behind: Option<Difference>,
    /// How many pictures it named wrong, of how many.
    pub errors: (usize, usize),
    /// Whether it was chosen.
    pub chosen: bool,
}

impl Candidate {
    /// Its log-loss: `0.83 (0.71–0.97)`.
    #[must_use]
    pub fn told(&self) -> String {
        match self.range {
            Some(interval) => Estimate { value: self.log_loss, interval }.plain(),
            None => format!("{:.2}", self.log_loss),
        }
    }

    /// How much larger that is than the chosen one's, with a sign; empty of the chosen one.
    #[must_use]
    pub fn told_behind(&self) -> String {
        self.behind.map_or_else(String::new, |gap| {
            let [value, low, high] = [gap.value, gap.low, gap.high].map(|x| x + 0.0);
            format!("{value:+.3} ({low:+.3} to {high:+.3})")
        })
    }

    /// Whether a candidate from a file can be one.
    fn is_possible(&self) -> bool {
        let ordered = |range: Interval| range.low.is_finite() && range.low <= range.high;
        self.errors.0 <= self.errors.1
            && self.log_loss.is_finite()
            && self.log_loss >= 0.0
            && self.range.is_none_or(|range| ordered(range) && range.high.is_finite())
            && self.behind.is_none_or(|behind| behind.is_possible())
    }
}

/// Two classifiers on the same pictures, neither of which had trained on them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// What the first is called, as it stands in a sentence: `the fitted head`.
    pub a: String,
    /// And the second.
    pub b: String,
    /// How many pictures both were asked about.
    pub pictures: usize,
    /// How many both named right.
    pub both_right: usize,
    /// How many a alone named right.
    pub only_a: usize,
    /// How many b alone did.
    pub only_b: usize,
    /// Accuracy of b minus that of a, −1 to 1.
    pub accuracy_difference: Difference,
    /// How probable a difference as large is if neither is better.
    pub p_value: f64,
    /// Log-loss of b minus that of a, in nats a picture, each calibrated by its own temperature:
    /// below 0 where b is better.
    pub log_loss_difference: Difference,
    /// Whether b names more pictures right (`true`) or fewer (`false`), where that is beyond
    /// chance.
    pub better: Option<bool>,
}

impl Comparison {
    /// Whether a comparison from a file can be one.
    fn is_possible(&self) -> bool {
        let counted = self.both_right.checked_add(self.only_a);
        let counted = counted.and_then(|sum| sum.checked_add(self.only_b));
        counted.is_some_and(|sum| sum <= self.pictures)
            && self.accuracy_difference.is_possible()
            && self.log_loss_difference.is_possible()
            && (0.0..=1.0).contains(&self.p_value)
    }
}

/// A point of the learning curve: how well a head does that was trained on so many pictures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CurvePoint {
    /// How many it trained on, on average over the folds.
    pub pictures: usize,
    /// The accuracy of each repetition, 0 to 1.
    pub runs: Vec<f64>,
    /// For each class: how many pictures were named right, of how many, in all repetitions.
    pub per_class: Vec<(usize, usize)>,
}

/// What something that is no part of what a picture shows predicts of its class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shortcut {
    /// What it is, as it stands in a sentence: `the file's size`.
    pub what: String,
    /// How many pictures it alone names right, out of fold.
    pub right: usize,
    /// Of how many.
    pub of: usize,
}

/// An epoch: a row of the training table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Epoch {
    /// Name of the stage, such as `frozen`.
    pub stage: String,
    /// The epoch within its stage, from 1.
    pub epoch: usize,
    /// Smoothed training loss; NaN (in JSON `null`) where training broke down.
    #[serde(deserialize_with = "null_is_nan")]
    pub train_loss: f64,
    /// Loss on the held-out pictures.
    pub valid_loss: Option<f64>,
    /// How many held-out pictures were wrong, of how many.
    pub errors: Option<(usize, usize)>,
    /// How long it took.
    pub seconds: f64,
}

/// A picture that shows what a class looks like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// Its class.
    pub class: usize,
    /// Its path relative to the data folder.
    pub picture: String,
    /// Index of its thumbnail.
    pub thumbnail: usize,
}

/// A picture that could not be used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BadPicture {
    /// Its path relative to the data folder.
    pub picture: String,
    /// Why, in plain words.
    pub reason: String,
}

/// Something that was done or used, by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// What it is, such as `seed`.
    pub name: String,
    /// Its value as text.
    pub value: String,
}

fn null_is_nan<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or(f64::NAN))
}
