//! What a network saw: where it found its reasons, and which pictures look alike to it.

use serde::{Deserialize, Serialize};

/// Whose reasons are shown, and how finely.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reasons {
    /// Who was asked.
    pub whose: Whose,
    /// Cells a side of every map.
    pub side: usize,
}

/// Who is asked for reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Whose {
    /// For each picture the network of its fold in the first round, which was not trained on it.
    Judge,
    /// The classifier that is saved. Where pictures were judged out of fold it has trained on
    /// them since.
    Saved,
}

/// Where in a picture a network found what speaks for a class (Grad-CAM).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heat {
    /// The class.
    pub class: usize,
    /// A cell each, row by row: 0 where nothing speaks for it, 255 where most in this picture
    /// speaks for any of the classes that were asked about.
    pub cells: Vec<u8>,
}

/// What places are on: pictures that look alike to a body lie side by side.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Map {
    /// Whose features they are.
    pub body: Body,
    /// The share of the features' variance that [`Place::linear`] shows, 0 to 1.
    pub explained: f64,
}

/// Whose features a map is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Body {
    /// A pretrained body, trained on none of the pictures.
    Pretrained,
    /// A body that was trained on the pictures that were not held out.
    Taught,
}

/// Where a picture lies on both maps, in thousandths of their width, from the left and the top.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Its place by the first two principal components.
    pub linear: [u16; 2],
    /// Its place by its neighbours (t-SNE).
    pub near: [u16; 2],
}
