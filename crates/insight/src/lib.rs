//! What predictions mean: scores with intervals, confusion, the pictures that went wrong.
//!
//! Its three central types are [`Evidence`] (what a run leaves behind: labels, logits, the
//! training table; a saved classifier carries it), [`Insight`] (what follows from it) and
//! [`Estimate`] (a number that never goes without its interval and prints no more digits than that
//! supports). It knows labels, logits and rows of
//! numbers only ([`layout`] maps these), never an engine or a pixel.
//!
//! ```
//! use insight::{Evidence, Insight, Prediction};
//! let call = |group, actual, logits: [f32; 2]| Prediction {
//!     picture: "yard/1.jpg".into(),
//!     actual,
//!     logits: logits.to_vec(),
//!     group,
//!     ..Prediction::default()
//! };
//! let evidence = Evidence {
//!     classes: vec!["husky".into(), "malamute".into()],
//!     predictions: vec![call(0, 0, [2.0, 0.0]), call(1, 1, [1.0, 0.0]), call(2, 1, [0.0, 1.5])],
//!     ..Evidence::default()
//! };
//! let insight = Insight::of(&evidence);
//! assert_eq!(insight.accuracy.to_string(), "67 % (21 to 94)");
//! assert_eq!(
//!     insight.column_sentence(0).to_string(),
//!     "Of the 2 pictures called husky, 1 really is husky and 1 is malamute.",
//! );
//! ```

mod calibration;
mod colours;
mod compare;
mod evidence;
mod folds;
mod insight;
pub mod layout;
pub mod stats;
pub mod text;
mod words;

pub use calibration::{
    Answer, COVERAGE, Calibration, FALSE_ALARMS, NEIGHBOURS, Reason, Scaling, Verdict,
};
pub use colours::heat_colour;
pub use compare::{Comparison, compare, compete};
pub use evidence::{
    BadPicture, Body, Candidate, CurvePoint, Epoch, Evidence, EvidenceError, Fact, Finder, Heat,
    Map, Place, Prediction, Protocol, Reasons, Sample, Shortcut, Whose,
};
pub use insight::{
    ALARM, Answers, Baseline, Calibrated, ClassScores, Confused, Confusion, Guessed, Insight,
    Judged, Learning, Selected, Suspect, Suspects, guessed, suspects,
};
pub use stats::{Bin, Difference, Estimate, Interval, Proportion, Reliability};
pub use words::{Piece, Sentence, labels, visible};
