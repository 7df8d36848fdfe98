//! What a run leaves behind, as a saved classifier carries it.

use serde::{Deserialize, Deserializer, Serialize};

/// Everything that a report is made of, except the thumbnails themselves: those are small JPEGs in
/// a list of their own, which this refers to by index.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Names of the classes, in the order of the probabilities.
    pub classes: Vec<String>,
    /// What was answered on each held-out picture.
    pub predictions: Vec<Prediction>,
    /// The training table, oldest epoch first.
    pub history: Vec<Epoch>,
    /// A few pictures of each class.
    pub samples: Vec<Sample>,
    /// Pictures that were left out, and why.
    pub bad: Vec<BadPicture>,
    /// What a reader should know, in plain words.
    pub notes: Vec<String>,
    /// What was done: recipe, seeds, versions, hashes, counts.
    pub facts: Vec<Fact>,
}

/// The answer on one picture that was not learnt from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prediction {
    /// Its path relative to the data folder.
    pub picture: String,
    /// The class that its label names.
    pub actual: usize,
    /// One probability a class.
    pub probabilities: Vec<f32>,
    /// Index of its thumbnail.
    pub thumbnail: Option<usize>,
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

/// Why evidence from a file cannot be believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// A class, thumbnail or count that does not exist.
    #[error("{what} {index} is named where there are {count}")]
    Index {
        /// What is counted.
        what: &'static str,
        /// Which was named.
        index: usize,
        /// How many there are.
        count: usize,
    },
    /// A prediction whose probabilities do not fit the classes.
    #[error("`{picture}` has {found} probabilities for {classes} classes")]
    Count {
        /// Of which picture.
        picture: String,
        /// How many probabilities.
        found: usize,
        /// How many classes.
        classes: usize,
    },
    /// A probability outside 0 to 1.
    #[error("`{picture}` has the probability {value}")]
    Probability {
        /// Of which picture.
        picture: String,
        /// The number, as text.
        value: String,
    },
    /// A time or count in the training table that cannot be.
    #[error("epoch {epoch} of stage `{stage}` has impossible numbers")]
    Epoch {
        /// Name of the stage.
        stage: String,
        /// Which epoch.
        epoch: usize,
    },
}

impl Evidence {
    /// Checks evidence that comes from a file: every index within its list (of `thumbnails`
    /// thumbnails), every probability within 0 to 1.
    ///
    /// # Errors
    /// The first thing found that cannot be.
    pub fn check(&self, thumbnails: usize) -> Result<(), EvidenceError> {
        let classes = self.classes.len();
        for p in &self.predictions {
            within("class", p.actual, classes)?;
            p.thumbnail.map_or(Ok(()), |index| within("thumbnail", index, thumbnails))?;
            let found = p.probabilities.len();
            if found != classes {
                return Err(EvidenceError::Count { picture: p.picture.clone(), found, classes });
            }
            // Rounding may carry a softmax a few ulps beyond 1.
            if let Some(value) = p.probabilities.iter().find(|p| !(0.0..=1.0001).contains(*p)) {
                let value = value.to_string();
                return Err(EvidenceError::Probability { picture: p.picture.clone(), value });
            }
        }
        for sample in &self.samples {
            within("class", sample.class, classes)?;
            within("thumbnail", sample.thumbnail, thumbnails)?;
        }
        for e in &self.history {
            let errors = e.errors.is_none_or(|(wrong, of)| wrong <= of);
            if !errors || !e.seconds.is_finite() || e.seconds < 0.0 {
                return Err(EvidenceError::Epoch { stage: e.stage.clone(), epoch: e.epoch });
            }
        }
        Ok(())
    }
}

fn within(what: &'static str, index: usize, count: usize) -> Result<(), EvidenceError> {
    if index < count { Ok(()) } else { Err(EvidenceError::Index { what, index, count }) }
}

fn null_is_nan<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or(f64::NAN))
}
