//! What calibration makes of logits: one factor for all, or a factor and a shift per class.

use serde::{Deserialize, Serialize};

/// What makes calibrated logits of logits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Scaling {
    /// All are divided by one number, which changes no ranking.
    Temperature(f64),
    /// Each class's is multiplied by its factor, and its shift added.
    Vector {
        /// The factor of each class.
        factors: Vec<f64>,
        /// The shift of each class.
        shifts: Vec<f64>,
    },
}

impl Default for Scaling {
    fn default() -> Self {
        Self::Temperature(1.0)
    }
}

impl Scaling {
    /// The calibrated ones of a row of logits.
    fn logits(&self, logits: &[f32]) -> Vec<f64> {
        match self {
            Self::Temperature(t) => logits.iter().map(|&x| f64::from(x) / t).collect(),
            Self::Vector { factors, shifts } => {
                assert_eq!(logits.len(), factors.len(), "one logit a class");
                let scaled = logits.iter().zip(factors).zip(shifts);
                scaled.map(|((&x, factor), shift)| f64::from(x) * factor + shift).collect()
            }
        }
    }

    /// The calibrated probabilities of a row of logits; they sum to 1.
    pub(crate) fn probabilities(&self, logits: &[f32]) -> Vec<f64> {
        let mut row = self.logits(logits);
        let log_sum = log_sum_exp(&row);
        row.iter_mut().for_each(|x| *x = (*x - log_sum).exp());
        row
    }

    /// −ln of the calibrated probability of a class, exact also where that is very small.
    pub(crate) fn loss(&self, logits: &[f32], class: usize) -> f64 {
        let row = self.logits(logits);
        log_sum_exp(&row) - row[class]
    }

    pub(super) fn is_possible(&self, classes: usize) -> bool {
        match self {
            Self::Temperature(t) => t.is_finite() && *t > 0.0,
            Self::Vector { factors, shifts } => {
                factors.len() == classes
                    && shifts.len() == classes
                    && factors.iter().chain(shifts).all(|x| x.is_finite())
            }
        }
    }
}

fn log_sum_exp(row: &[f64]) -> f64 {
    let top = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    top + row.iter().map(|x| (x - top).exp()).sum::<f64>().ln()
}
