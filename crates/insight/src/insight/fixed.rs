//! Labels that a table of fixes changed, and the score against the labels as they were.

use serde::Serialize;

use crate::record::{Fixes, HeldOut, RunRecord};
use crate::stats::Proportion;

/// What a table of fixes did to the labels, and what it does to the score.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FixedLabels {
    /// What the table did.
    #[serde(flatten)]
    pub fixes: Fixes,
    /// How many held-out pictures are named right by the labels as they were before.
    pub accuracy_before: Proportion,
}

impl FixedLabels {
    pub(super) fn of(
        record: &RunRecord,
        known: &[&HeldOut],
        predicted: &[usize],
        design: f64,
    ) -> Option<Self> {
        let fixes = record.fixes.clone()?;
        let right = known.iter().zip(predicted);
        let right = right.filter(|(p, named)| p.was.unwrap_or(p.actual) == **named).count();
        Some(Self { fixes, accuracy_before: Proportion::of_groups(right, known.len(), design) })
    }

    /// The share of all pictures whose label was changed or that were left out, 0 to 1.
    #[must_use]
    pub fn share(&self) -> f64 {
        (self.fixes.relabelled + self.fixes.left_out) as f64 / self.fixes.of.max(1) as f64
    }
}
