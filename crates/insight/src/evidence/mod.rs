//! What a run leaves behind, as a saved classifier carries it.

mod check;
mod seen;

use serde::{Deserialize, Deserializer, Serialize};

pub use self::check::EvidenceError;
pub use self::seen::{Body, Heat, Map, Place, Reasons, Whose};
use crate::compare::Comparison;
use crate::stats::{Difference, Estimate, Interval};

/// Everything that a report is made of, except the thumbnails themselves: those are small JPEGs in
/// a list of their own, which this refers to by index.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Names of the classes, in the order of the logits.
    pub classes: Vec<String>,
    /// How the predictions came about.
    pub judged: Protocol,
    /// What was answered on each picture by a network that had not learned from it.
    pub predictions: Vec<Prediction>,
    /// The training table, oldest epoch first.
    pub history: Vec<Epoch>,
    /// Heads that competed, each judged as the predictions were.
    pub candidates: Vec<Candidate>,
    /// Pairs of classifiers that were asked about the same pictures; see [`crate::compare`].
    pub comparisons: Vec<Comparison>,
    /// How well it does when it learns from fewer pictures, in the order of their number.
    pub curve: Vec<CurvePoint>,
    /// What can be guessed without looking at what a picture shows.
    pub shortcuts: Vec<Shortcut>,
    /// The rate finder's sweep, where one was made.
    pub finder: Option<Finder>,
    /// A few pictures of each class.
    pub samples: Vec<Sample>,
    /// Pictures that were left out, and why.
    pub bad: Vec<BadPicture>,
    /// What a reader should know, in plain words.
    pub notes: Vec<String>,
    /// What was done: recipe, seeds, versions, hashes, counts.
    pub facts: Vec<Fact>,
    /// Whose reasons the predictions' heat shows, where there is any.
    #[serde(default)]
    pub reasons: Option<Reasons>,
    /// What the predictions' places are on, where there are any.
    #[serde(default)]
    pub map: Option<Map>,
}

/// How predictions came about.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Protocol {
    /// Every picture was judged by networks that learned from other folds.
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

/// The answer on one picture that was not learned from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prediction {
    /// Its path relative to the data folder.
    pub picture: String,
    /// The class that its label names.
    pub actual: usize,
    /// One a class, not calibrated: their softmax is what the network says. Of several repeats,
    /// the logarithm of the mean probability.
    pub logits: Vec<f32>,
    /// The fold that it was held out in; 0 of a single split.
    pub fold: usize,
    /// Pictures that are copies of one another, or of one group of the user's, share this number.
    /// Others are independent, and everything is resampled by it.
    pub group: usize,
    /// Mean cosine distance to its [`crate::NEIGHBOURS`] nearest among the pictures that the
    /// judging network learned from: the larger, the stranger.
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

/// A head that competed to be chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Candidate {
    /// Such as `logistic regression`.
    pub name: String,
    /// Its log-loss, in nats a picture, calibrated as in [`crate::compete`].
    pub log_loss: f64,
    /// The interval of that; `None` in files from before it was measured.
    #[serde(default)]
    pub range: Option<Interval>,
    /// Its log-loss minus that of the chosen one on the same pictures; `None` of the chosen one.
    #[serde(default)]
    pub behind: Option<Difference>,
    /// How many pictures it named wrong, of how many.
    pub errors: (usize, usize),
    /// Whether it was chosen.
    pub chosen: bool,
}

impl Candidate {
    /// Its log-loss: "0.83 (0.71 to 0.97)".
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

/// How well a head does that learned from so many pictures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CurvePoint {
    /// How many it learned from, on average over the folds.
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
    /// It, as it stands in a sentence: `the file's size`.
    pub what: String,
    /// How many pictures it alone names right, out of fold.
    pub right: usize,
    /// Of how many.
    pub of: usize,
}

/// A sweep over learning rates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finder {
    /// The rates that were tried, in order.
    pub rates: Vec<f32>,
    /// The smoothed training loss at each; finite.
    pub losses: Vec<f32>,
    /// The rate that it suggests.
    pub suggested: Option<f32>,
}

/// One line of the training table.
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
