//! Answers of a classifier as a table: the columns that the Python package's table has.

#[cfg(feature = "parquet")]
mod table;

#[cfg(feature = "parquet")]
pub use table::{Writer, batch, read, schema};

#[cfg(not(feature = "parquet"))]
pub use crate::without::answers::Writer;

/// What a classifier says of a picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// Its path.
    pub picture: String,
    /// What the answer comes to.
    pub verdict: String,
    /// The class that is named alone.
    pub class: Option<String>,
    /// How probable that is.
    pub probability: Option<f32>,
    /// The names of all classes that it may be of.
    pub answer: Vec<String>,
    /// Why the answer is as it is.
    pub reason: Option<String>,
    /// How unlike the training pictures it is.
    pub novelty: Option<f32>,
    /// The most similar of these.
    pub nearest: Option<String>,
    /// Why it cannot be read.
    pub error: Option<String>,
    /// The probability of each class, or none.
    pub probabilities: Vec<f32>,
}
