//! What predictions mean: scores with intervals, confusion, the pictures that went wrong.
//!
//! Its three central types are [`RunRecord`] (everything known of a training run: labels, logits,
//! history; a saved classifier carries it), [`Insight`] (what follows from it) and
//! [`Estimate`] (a number that never goes without its interval and prints no more digits than that
//! supports). It knows labels, logits and rows of
//! numbers only ([`layout`] maps these), never an engine or a pixel.
//!
//! ```
//! use insight::{RunRecord, Insight, HeldOut};
//! let call = |group, actual, logits: [f32; 2]| HeldOut {
//!     picture: "yard/1.jpg".into(),
//!     actual,
//!     logits: logits.to_vec(),
//!     group,
//!     ..HeldOut::default()
//! };
//! let record = RunRecord {
//!     classes: vec!["husky".into(), "malamute".into()],
//!     held_out: vec![call(0, 0, [2.0, 0.0]), call(1, 1, [1.0, 0.0]), call(2, 1, [0.0, 1.5])],
//!     ..RunRecord::default()
//! };
//! let insight = Insight::of(&record);
//! assert_eq!(insight.accuracy.to_string(), "67% (21–94%)");
//! assert_eq!(
//!     insight.column_sentence(0).to_string(),
//!     "Of the 2 pictures predicted as husky, 1 really is husky and 1 is malamute.",
//! );
//! ```

mod calibration;
mod clusters;
mod colours;
mod compare;
mod folds;
mod insight;
mod labels;
pub mod layout;
mod record;
pub mod stats;
pub mod text;
mod words;

pub use calibration::{
    Answer, COVERAGE, Calibration, FALSE_ALARMS, NEIGHBOURS, Promise, Reason, Scaling, Verdict,
};
pub use clusters::{Clusters, Membership};
pub use colours::heat_colour;
pub use compare::{compare, compete};
pub use insight::{
    ALARM, Answers, Baseline, Calibrated, ClassScores, Confused, Confusion, FixedLabels, Guessed,
    Insight, Judged, Learning, Selected, Suspect, Suspects, guessed, suspects,
};
pub use labels::{labels, visible};
pub use record::{
    BadPicture, Body, Candidate, Comparison, CurvePoint, Epoch, Fact, Fixes, Heat, HeldOut, Map,
    Part, Place, Protocol, Reasons, RecordError, RunRecord, Sample, Shortcut, Whose, spread,
};
pub use stats::{Bin, Difference, Estimate, Interval, Proportion, Reliability};
pub use words::{COLUMNS, Paths, Piece, Sentence, Step, arguments, few_pictures, quoted};
