use std::fmt;

use engine::Engine;
use ground::Digest;
use insight::{Calibration, RunRecord};
use network::{Architecture, Graph, Parameters};
use pictures::{Preprocess, Side};
use serde::{Deserialize, Serialize};

use crate::answer::Answerer;
use crate::{ClassifierError, Reference, Views};

/// A trained network with all that is needed to use it, to explain it and to repeat it.
#[derive(Clone, PartialEq)]
pub struct Classifier {
    /// Its network, by name.
    pub architecture: Architecture,
    /// What its logits stand for, in their order.
    pub classes: Vec<String>,
    /// How a picture becomes its input.
    pub preprocess: Preprocess,
    /// The views of a picture whose features are averaged.
    pub views: Views,
    /// Its weights.
    pub parameters: Parameters,
    /// The settings it was trained with, as the recipe writes them.
    pub recipe: serde_json::Value,
    /// Which program and which pretrained weights made it.
    pub made: Made,
    /// The pictures it was trained and measured on, by content.
    pub data: Data,
    /// The record of the run that trained it: how it was trained and how well it does.
    pub record: RunRecord,
    /// What makes answers of its logits.
    pub calibration: Calibration,
    /// What new pictures are compared with; `None` where it can say of none that it is unfamiliar.
    pub reference: Option<Reference>,
    /// Small JPEGs that the record refers to by index.
    pub thumbnails: Vec<Vec<u8>>,
    /// Pictures on which its answers are known.
    pub self_test: Vec<SelfTest>,
}

/// What it is, without its millions of numbers.
impl fmt::Debug for Classifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Classifier")
            .field("architecture", &self.architecture)
            .field("classes", &self.classes)
            .field("made", &self.made)
            .finish_non_exhaustive()
    }
}

/// What made a classifier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Made {
    /// The program's version.
    pub program: String,
    /// The pretrained weights that it started from: their name and SHA-256.
    pub pretrained: Option<(String, String)>,
}

/// Which pictures were used, and what for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Data {
    /// Every picture, by its file's content.
    pub pictures: Vec<Used>,
}

impl Data {
    /// How many pictures were on a side.
    #[must_use]
    pub fn count(&self, side: Side) -> usize {
        self.pictures.iter().filter(|used| used.side == side).count()
    }
}

/// A picture that was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Used {
    /// The SHA-256 of its file.
    pub digest: Digest,
    /// Its class.
    pub label: usize,
    /// What it was used for.
    pub side: Side,
}

/// A picture and what was said of it when the classifier was saved.
#[derive(Clone, Debug, PartialEq)]
pub struct SelfTest {
    /// `size × size × 3` bytes.
    pub pixels: Vec<u8>,
    /// The calibrated probability of each class.
    pub probabilities: Vec<f32>,
    /// Its novelty, where there is a reference.
    pub novelty: Option<f32>,
}

/// How far a probability or novelty may be from what it was when the classifier was saved. Another
/// instruction set or engine adds in another order, which moves it by some 1e-5; a wrong weight
/// or another preprocessing moves it by far more.
pub const TOLERANCE: f32 = 1e-3;

impl Classifier {
    /// The graph of its network.
    #[must_use]
    pub fn graph(&self) -> Graph {
        self.architecture.graph()
    }

    /// Runs the self-test on an engine that holds its parameters. Returns the largest difference
    /// of a probability or novelty, at most [`TOLERANCE`].
    ///
    /// # Errors
    /// When one differs by more.
    pub fn verify(&self, engine: &mut dyn Engine) -> Result<f32, ClassifierError> {
        let pictures: Vec<&[u8]> = self.self_test.iter().map(|t| t.pixels.as_slice()).collect();
        let answers = Answerer::of(self)?.answers(self, engine, &pictures, &[])?;
        let mut largest = 0.0f32;
        let mut compare = |picture, what: &dyn Fn() -> String, expected: f32, found: f32| {
            let difference = (expected - found).abs();
            largest = largest.max(difference);
            if difference <= TOLERANCE {
                return Ok(());
            }
            Err(ClassifierError::SelfTest { picture, what: what(), expected, found })
        };
        for (picture, (test, now)) in self.self_test.iter().zip(&answers).enumerate() {
            let classes = self.classes.iter().zip(&test.probabilities);
            for ((class, &expected), &found) in classes.zip(&now.answer.probabilities) {
                compare(picture, &|| format!("`{class}`"), expected, found)?;
            }
            if let Some((expected, found)) = test.novelty.zip(now.novelty) {
                compare(picture, &|| "novelty".into(), expected, found)?;
            }
        }
        Ok(largest)
    }
}
