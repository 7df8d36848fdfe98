//! The saved thing: weights, class names, preprocessing and evidence, in one file that is checked
//! to the last byte before it is believed.
//!
//! Its three central types are [`Classifier`] (all of it; saved, loaded and verified whole),
//! [`Prediction`] (what it says of a picture) and [`Material`] (what a run of training hands over
//! for a new one). [`Limits`] is the one table of what a file may ask for. Loading runs no code: a
//! file names its network by [`network::Architecture`] and cannot describe one of its own.
//!
//! ```
//! let odds = classifier::softmax(&[1.0, 1.0, 1.0, 1.0]); // the logits of four classes
//! assert_eq!(odds, [0.25; 4]);
//! ```

mod build;
mod classifier;
mod error;
mod file;
mod limits;
mod predict;
mod softmax;
mod sound;
mod thumbnail;

pub use build::Material;
pub use classifier::{Classifier, Data, Made, SelfTest, TOLERANCE, Used};
pub use error::ClassifierError;
pub use limits::Limits;
pub use predict::{Prediction, predict, ranked};
pub use softmax::{loss, softmax};
pub use sound::check_classes;
pub use thumbnail::{THUMBNAIL_SIZE, thumbnail};

/// The version of the file format that this program reads and writes.
pub const VERSION: u64 = 2;
