//! The saved thing: weights, class names, preprocessing and record, in one file that is checked
//! to the last byte before it is believed.
//!
//! Its three central types are [`Classifier`] (all of it; saved, loaded and verified whole),
//! [`Predictor`] (a classifier with its engine: pictures in, a [`Prediction`] of each out) and
//! [`Material`] (what a run of training hands over for a new one). [`Limits`] is the one table of what a file may ask for. Loading runs no code: a
//! file names its network by [`network::Architecture`] and cannot describe one of its own.
//!
//! A picture goes one way to its answer: the body's pooled [`features`], averaged with those of its
//! mirror image where the classifier was made so; the head, on that average; the calibration, on
//! its logits. The averages among the features are compared with those of known pictures, the
//! [`Reference`], so that a picture unlike all of them gets no class. With an
//! answer comes on request where in the picture the network found what speaks for a class, a
//! [`Heat`].
//!
//! ```
//! let odds = classifier::softmax(&[1.0, 1.0, 1.0, 1.0]); // the logits of four classes
//! assert_eq!(odds, [0.25; 4]);
//! ```

mod answer;
mod build;
mod classifier;
mod error;
mod features;
mod file;
mod heat;
mod id;
pub mod json;
mod limits;
mod neighbours;
mod predict;
mod predictor;
mod reference;
mod remembered;
mod room;
mod softmax;
mod sound;
mod thumbnail;
mod trained_on;

pub use build::{Material, self_tested};
pub use classifier::{Classifier, Data, Made, SelfTest, TOLERANCE, Used};
pub use error::ClassifierError;
pub use features::{Views, averages, features};
pub use heat::{Heat, heat_maps, overlay};
pub use limits::Limits;
pub use neighbours::{Neighbours, neighbours, neighbours_among};
pub use predict::{NEAREST, Near, Prediction, ranked};
pub use predictor::{Explain, Picture, Predictor, Square, extract, square};
pub use reference::{Known, Learned, Reference, evenly};
pub use remembered::Remembered;
pub use room::room;
pub use softmax::{loss, softmax};
pub use sound::check_classes;
pub use thumbnail::{THUMBNAIL_SIZE, thumbnail};
pub use trained_on::{SAME, TrainedOn};

/// The version of the file format that this program writes and reads.
pub const VERSION: u64 = 7;
