//! Two classifiers, the same pictures.

use serde::{Deserialize, Serialize};

use super::{Estimate, Z};

/// A difference with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// The best guess.
    pub value: f64,
    /// The lower end of its interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl From<Estimate> for Difference {
    fn from(estimate: Estimate) -> Self {
        let Estimate { value, interval } = estimate;
        Self { value, low: interval.low, high: interval.high }
    }
}

impl Difference {
    /// The same of the second beside the first.
    #[must_use]
    pub fn reversed(self) -> Self {
        Self { value: -self.value, low: -self.high, high: -self.low }
    }

    /// Whether a difference from a file can be one.
    pub(crate) fn is_possible(&self) -> bool {
        let Self { value, low, high } = *self;
        [value, low, high].iter().all(|x| x.is_finite()) && low <= high
    }
}

/// How probable so unequal counts are if neither classifier is better: `only_a` and `only_b` are
/// the pictures that one of them alone names right.
///
/// McNemar's test with the mid-p value (M. W. Fagerland, S. Lydersen, P. Laake: *The McNemar test
/// for binary matched-pairs data: mid-p and asymptotic are better than exact conditional*, BMC
/// Medical Research Methodology 13, 2013): the exact binomial one is more timid than it says.
#[must_use]
pub fn mcnemar(only_a: usize, only_b: usize) -> f64 {
    let (n, fewer) = (only_a + only_b, only_a.min(only_b));
    // Binomial probabilities at one half, each from the one before, as logarithms.
    let mut log = -(n as f64) * std::f64::consts::LN_2;
    let mut below = 0.0;
    for hits in 0..fewer {
        below += log.exp();
        log += ((n - hits) as f64 / (hits + 1) as f64).ln();
    }
    (2.0 * below + log.exp()).min(1.0)
}

/// By how much the accuracy of b exceeds that of a, on `pictures` of which `only_a` and `only_b`
/// are named right by one of them alone. `design` (at least 1) says how many pictures tell as much
/// as one independent picture.
///
/// Wald's interval with one picture added to each of both counts (D. G. Bonett, R. M. Price:
/// *Adjusted Wald confidence interval for a difference of binomial proportions based on paired
/// data*, Journal of Educational and Behavioral Statistics 37, 2012).
#[must_use]
pub fn paired_difference(only_a: usize, only_b: usize, pictures: usize, design: f64) -> Difference {
    let scaled = |count: usize| count as f64 / design;
    let n = scaled(pictures) + 2.0;
    let (a, b) = ((scaled(only_a) + 1.0) / n, (scaled(only_b) + 1.0) / n);
    let half = Z * ((a + b - (b - a).powi(2)).max(0.0) / n).sqrt();
    let value = (only_b as f64 - only_a as f64) / pictures.max(1) as f64;
    // The centre is drawn towards 0, and must not leave the value outside.
    Difference {
        value,
        low: (b - a - half).max(-1.0).min(value),
        high: (b - a + half).min(1.0).max(value),
    }
}
