use serde::{Deserialize, Serialize};

/// The training loss as fastai shows it: an exponential average of the batches' losses, corrected
/// for having started at nothing, over a whole stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Smooth {
    sum: f64,
    count: i32,
}

/// fastai's `AvgSmoothLoss`.
const KEPT: f64 = 0.98;

impl Smooth {
    pub(crate) fn take(&mut self, loss: f32) {
        self.sum = KEPT * self.sum + (1.0 - KEPT) * f64::from(loss);
        self.count += 1;
    }

    /// The average; 0 before the first loss.
    pub(crate) fn value(self) -> f64 {
        if self.count == 0 { 0.0 } else { self.sum / (1.0 - KEPT.powi(self.count)) }
    }
}

#[cfg(test)]
mod tests {
    use super::Smooth;

    #[test]
    fn weights_fall_by_a_fiftieth() {
        let mut smooth = Smooth::default();
        assert_eq!(smooth.value(), 0.0);
        smooth.take(3.0);
        assert!((smooth.value() - 3.0).abs() < 1e-6);
        smooth.take(1.0);
        // (0.98·3 + 1) / (0.98 + 1)
        assert!((smooth.value() - 1.989_899).abs() < 1e-5, "{}", smooth.value());
    }
}
