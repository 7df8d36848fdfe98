//! What predictions mean: scores with intervals, confusion, the pictures that went wrong.
//!
//! Its three central types are [`Evidence`] (what a run leaves behind: labels, probabilities, the
//! training table; a saved classifier carries it), [`Insight`] (what follows from it) and
//! [`Estimate`] (a number that never goes without its interval and prints no more digits than that
//! supports). It knows labels and probabilities only, never an engine or a pixel.
//!
//! ```
//! use insight::{Evidence, Insight, Prediction};
//! let call = |actual, p: [f32; 2]| Prediction {
//!     picture: "yard/1.jpg".into(),
//!     actual,
//!     probabilities: p.to_vec(),
//!     thumbnail: None,
//! };
//! let evidence = Evidence {
//!     classes: vec!["husky".into(), "malamute".into()],
//!     predictions: vec![call(0, [0.9, 0.1]), call(1, [0.7, 0.3]), call(1, [0.2, 0.8])],
//!     ..Evidence::default()
//! };
//! let insight = Insight::of(&evidence);
//! assert_eq!(insight.accuracy.to_string(), "67 % (21 to 94)");
//! assert_eq!(
//!     insight.column_sentence(0).to_string(),
//!     "Of the 2 pictures called husky, 1 really is husky and 1 is malamute.",
//! );
//! ```

mod evidence;
mod insight;
pub mod stats;
pub mod text;
mod words;

pub use evidence::{BadPicture, Epoch, Evidence, EvidenceError, Fact, Prediction, Sample};
pub use insight::{Baseline, ClassScores, Confused, Confusion, Insight, Judged};
pub use stats::{Estimate, Interval, Proportion};
pub use words::{Piece, Sentence, labels, visible};
