use std::f64::consts::PI;

use engine::GroupRates;

/// The one-cycle policy (Smith, arXiv 1803.09820) as fastai's `fit_one_cycle` sets it: rates rise
/// along a cosine from max / 25 over the first quarter, then fall to max / 100,000; momentum goes
/// 0.95, 0.85, 0.95 meanwhile.
#[derive(Clone, Debug, PartialEq)]
pub struct OneCycle {
    /// The largest rate of each parameter group.
    pub max_rates: Vec<f32>,
    /// Steps in the whole cycle.
    pub steps: usize,
}

/// Share of the steps in which the rates rise (`pct_start`).
const RISE: f64 = 0.25;
/// The largest rate over the first (`div`).
const DIV: f64 = 25.0;
/// The largest rate over the one the cycle falls to (`div_final`).
const DIV_FINAL: f64 = 1e5;
/// Momentum at the start, at the peak and at the end (`moms`).
const MOMENTA: [f64; 3] = [0.95, 0.85, 0.95];

/// From `start` (position 0) to `end` (position 1) along half a cosine.
fn cosine(start: f64, end: f64, position: f64) -> f64 {
    start + (1.0 + (PI * (1.0 - position)).cos()) * (end - start) / 2.0
}

/// Along half a cosine to the middle value, along another to the last.
fn two_cosines([start, middle, end]: [f64; 3], position: f64) -> f64 {
    if position < RISE {
        cosine(start, middle, position / RISE)
    } else {
        cosine(middle, end, (position - RISE) / (1.0 - RISE))
    }
}

impl OneCycle {
    /// What holds at a step, from 0. The first step stands at position 0, the last at 1 − 1/steps,
    /// as fastai sets its values before each batch and never after the last.
    #[must_use]
    pub fn at(&self, step: usize) -> Vec<GroupRates> {
        let position = (step as f64 / self.steps.max(1) as f64).min(1.0);
        let momentum = two_cosines(MOMENTA, position) as f32;
        let rate = |&max: &f32| {
            let max = f64::from(max);
            two_cosines([max / DIV, max, max / DIV_FINAL], position) as f32
        };
        self.max_rates.iter().map(|max| GroupRates { rate: rate(max), momentum }).collect()
    }

    /// The sum of each group's rates over all steps.
    #[must_use]
    pub fn sums(&self) -> Vec<f32> {
        let mut sums = vec![0.0; self.max_rates.len()];
        for step in 0..self.steps {
            for (sum, group) in sums.iter_mut().zip(self.at(step)) {
                *sum += f64::from(group.rate);
            }
        }
        sums.into_iter().map(|sum| sum as f32).collect()
    }
}
