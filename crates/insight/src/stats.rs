//! Numbers with their intervals: the one place that knows how sure a figure is.
//!
//! Everything here is at 95 %, says which method it uses and where that comes from, and is held to
//! its promise by simulation (`tests/coverage.rs`).

mod linear;
mod paired;
mod proportion;
mod reliability;
mod resample;
mod scores;

pub(crate) use self::linear::solve;
pub use self::paired::{Difference, mcnemar, paired_difference};
pub use self::proportion::{Estimate, Proportion, f1, wilson};
pub use self::reliability::{Bin, Reliability, reliability};
pub use self::resample::{Units, mean, mean_loss};
pub use self::scores::{auroc, macro_f1};

/// The normal quantile that leaves 2.5 % on either side.
pub(crate) const Z: f64 = 1.959_963_984_540_054;

/// A range that holds the true value in 95 of 100 such experiments, within 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// The index of the largest number; of equals the first. 0 of an empty row.
#[must_use]
pub fn first_of_largest<T: PartialOrd>(row: &[T]) -> usize {
    (1..row.len()).fold(0, |best, c| if row[c] > row[best] { c } else { best })
}
