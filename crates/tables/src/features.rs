//! Features of pictures as a data set: a row a picture, what they are features of in the footer.

#[cfg(feature = "parquet")]
mod read;
#[cfg(feature = "parquet")]
mod write;

use std::path::PathBuf;

use ground::Digest;
use serde::{Deserialize, Serialize};

#[cfg(feature = "parquet")]
pub use read::{read, read_names, settings};
#[cfg(feature = "parquet")]
pub use write::Writer;

#[cfg(not(feature = "parquet"))]
pub use crate::without::features::{Writer, read, read_names, settings};

/// Under which name the footer has the [`Settings`].
#[cfg(feature = "parquet")]
const NOTE: &str = "lookalike.features";

/// What a file's features are features of: JSON in its footer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// The version of the columns; 1.
    pub format: u32,
    /// The network without its last layers.
    pub backbone: String,
    /// What its weights are called.
    pub weights: String,
    /// The SHA-256 of the file of its weights.
    pub weights_sha256: String,
    /// How a picture became the network's input.
    pub preprocess: Preprocess,
    /// Views of each picture whose features are averaged.
    pub views: usize,
    /// Numbers in a row of features.
    pub dim: usize,
    /// The version of the code that extracts features.
    pub code: String,
    /// The instruction set that they were computed with; another one rounds otherwise, by 1e-5.
    pub isa: String,
    /// Whether they are stored in 16 bits.
    pub half: bool,
    /// Whether rows are in the order of a table of labels; else they belong in the order of names.
    pub table: bool,
    /// The place of the first row among all that were named.
    pub first: u64,
}

/// How a picture becomes a network's input: a central crop, resized, then normalised.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Preprocess {
    /// The shorter side is resized to this many pixels …
    pub short_side: usize,
    /// … and the centre of this many pixels a side is kept.
    pub size: usize,
    /// Taken from red, green and blue, on a scale of 0 to 1.
    pub mean: [f32; 3],
    /// What they are divided by afterwards.
    pub std: [f32; 3],
}

impl Settings {
    /// In what two files' features differ, so that they cannot be used together; `None` where they can.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Option<&'static str> {
        let differ = [
            (self.format != other.format, "format"),
            (self.backbone != other.backbone, "backbone"),
            (self.weights_sha256 != other.weights_sha256, "weights"),
            (self.preprocess != other.preprocess, "preprocessing"),
            (self.views != other.views, "views"),
            (self.dim != other.dim, "number of features"),
            (self.code != other.code, "version of the code"),
            (self.half != other.half, "precision"),
        ];
        differ.into_iter().find(|(differ, _)| *differ).map(|(_, what)| what)
    }
}

/// What is known of a picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// Its path or address, as it was named.
    pub id: String,
    /// The SHA-256 of its file, where that could be read.
    pub sha256: Option<Digest>,
    /// Its class.
    pub label: Option<String>,
    /// Pictures of one group stay on one side.
    pub group: Option<String>,
    /// What it is used for: `train`, `valid` or `test`.
    pub split: Option<String>,
    /// The fold in which it is held out.
    pub fold: Option<String>,
    /// Width of the whole picture, upright, in pixels.
    pub width: u32,
    /// Height of the whole picture, upright, in pixels.
    pub height: u32,
    /// The length of its file, in bytes.
    pub bytes: u64,
    /// Its mean red, green and blue, 0 to 255.
    pub colour: Option<[f32; 3]>,
    /// Its perceptual hash, by which near duplicates are found.
    pub print: Option<Vec<u8>>,
    /// Its features; none where it cannot be read.
    pub features: Option<Vec<f32>>,
    /// Why it cannot be read.
    pub error: Option<String>,
}

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Where it lies.
    pub path: PathBuf,
    /// Its rows.
    pub rows: u64,
    /// Its length, in bytes.
    pub bytes: u64,
}
