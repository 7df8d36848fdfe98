//! Whether probabilities mean what they say.

use ground::random::{Draws, Purpose};
use serde::Serialize;

use super::{Estimate, Interval, Proportion, Units};

/// Pictures that a bin has at least, unless there are fewer altogether.
const IN_BIN: usize = 25;

/// Bins at most.
const BINS: usize = 10;

/// How often the noise of the bins is drawn.
const ROUNDS: usize = 999;

/// Pictures of about the same confidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bin {
    /// Mean probability of the name given.
    pub confidence: f64,
    /// How often the name was right.
    pub right: Proportion,
}

/// Confidence beside accuracy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reliability {
    /// As many pictures in each, the least confident first.
    pub bins: Vec<Bin>,
    /// The expected calibration error, 0 to 1, freed of what chance alone adds to it.
    pub error: Estimate,
    /// The same as it is usually told: the mean distance between confidence and accuracy, which
    /// is never 0, however well calibrated, and the larger the fewer the pictures.
    pub plain: f64,
}

/// Compares the probability of the name given with how often it is right; `None` of nothing.
///
/// Bins of equal mass, as they are less biased than those of equal width (R. Roelofs et al.:
/// *Mitigating bias in calibration error estimation*, AISTATS 2022). The plain estimate is biased
/// upwards and its percentile bootstrap twice as much, so the interval inverts a test (T. J.
/// DiCiccio, J. P. Romano: *Nonparametric confidence limits by resampling methods and least
/// favorable families*, International Statistical Review 58, 1990): along the family of
/// miscalibrations that have the shape found (a parabola through the bins) and any size, those
/// sizes are kept for which the plain estimate lies within the central 95 % of its distribution,
/// in which each bin's right pictures are a binomial draw; the estimate is the size for which it is
/// the median. By simulation that covers 93 to 97 %, with three wrong pictures in a hundred as with
/// thirty; normal draws in their place covered 71 to 89 % where fewer than ten were wrong.
#[must_use]
pub fn reliability(confidence: &[f64], right: &[bool], units: &Units) -> Option<Reliability> {
    let n = confidence.len();
    if n == 0 {
        return None;
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| confidence[a].total_cmp(&confidence[b]));
    let count = (n / IN_BIN).clamp(1, BINS);
    let gaps: Vec<f64> = (0..n).map(|i| f64::from(right[i]) - confidence[i]).collect();
    let design = units.design_effect(&gaps);
    let (mut bins, mut distances, mut errors) = (vec![], vec![], vec![]);
    for bin in 0..count {
        let members = &order[bin * n / count..(bin + 1) * n / count];
        let m = members.len() as f64;
        let mean = members.iter().map(|&i| confidence[i]).sum::<f64>() / m;
        let hits = members.iter().filter(|&&i| right[i]).count();
        bins.push(Bin { confidence: mean, right: Proportion::new(hits, members.len()) });
        distances.push(hits as f64 / m - mean);
        // One picture more that is as often right as stated keeps a bin without mistakes uncertain.
        let share = (hits as f64 + mean) / (m + 1.0);
        errors.push((share * (1.0 - share) / m).sqrt());
    }
    let weights: Vec<f64> = bins.iter().map(|bin| bin.right.n as f64 / n as f64).collect();
    let plain = distances.iter().zip(&weights).map(|(d, weight)| d.abs() * weight).sum();
    let family = Family { bins: &bins, weights, shape: parabola(&distances, &errors), design };
    Some(Reliability { error: family.invert(plain), bins, plain })
}

/// Miscalibrations of one shape and any size.
struct Family<'a> {
    bins: &'a [Bin],
    /// The share of all pictures that lies in each bin.
    weights: Vec<f64>,
    /// Accuracy minus confidence in each bin, at size 1.
    shape: Vec<f64>,
    /// How many pictures tell as much as one independent one.
    design: f64,
}

impl Family<'_> {
    /// How often the name is right in each bin, if the miscalibration is so many times the shape.
    fn shares(&self, scale: f64) -> impl Iterator<Item = f64> {
        let both = self.bins.iter().zip(&self.shape);
        both.map(move |(bin, gap)| (bin.confidence + scale * gap).clamp(0.0, 1.0))
    }

    /// The calibration error at this scale.
    fn size(&self, scale: f64) -> f64 {
        let gaps = self.shares(scale).zip(self.bins).map(|(share, bin)| share - bin.confidence);
        gaps.zip(&self.weights).map(|(gap, weight)| gap.abs() * weight).sum()
    }

    /// The sizes for which `observed` would be no surprise.
    fn invert(&self, observed: f64) -> Estimate {
        let chances: Vec<Vec<f64>> = (0..ROUNDS)
            .map(|round| {
                let mut draws = Draws::new(1, Purpose::Bootstrap, &[round as u64]);
                self.bins.iter().map(|_| draws.uniform()).collect()
            })
            .collect();
        // How often the plain estimate comes out at most as large as it did.
        let below = |scale: f64| {
            let shares: Vec<f64> = self.shares(scale).collect();
            let bins = self.bins.iter().zip(&shares);
            let tables: Vec<Vec<f64>> = bins
                .map(|(bin, &share)| {
                    let independent = (bin.right.n as f64 / self.design).round().max(1.0);
                    binomial(independent as usize, share)
                })
                .collect();
            let plain = |chances: &Vec<f64>| -> f64 {
                let one = |at: usize| {
                    let (table, most) = (&tables[at], tables[at].len() - 1);
                    let hits = table.partition_point(|&up_to| up_to < chances[at]).min(most);
                    let gap = hits as f64 / most as f64 - self.bins[at].confidence;
                    gap.abs() * self.weights[at]
                };
                (0..self.bins.len()).map(one).sum()
            };
            chances.iter().filter(|&chances| plain(chances) <= observed).count() as f64
                / ROUNDS as f64
        };
        let whole: f64 = self.shape.iter().zip(&self.weights).map(|(d, w)| d.abs() * w).sum();
        let largest = |share: f64| {
            if whole < 1e-12 || below(0.0) < share {
                return 0.0;
            }
            let (mut low, mut high) = (0.0, 1.0 / whole);
            for _ in 0..25 {
                let middle = (low + high) / 2.0;
                if below(middle) >= share {
                    low = middle;
                } else {
                    high = middle;
                }
            }
            self.size(low)
        };
        let value = largest(0.5);
        Estimate { value, interval: Interval { low: largest(0.975), high: largest(0.025) } }
    }
}

/// How probable it is that at most 0, 1 … of `n` happen, each with this probability.
fn binomial(n: usize, share: f64) -> Vec<f64> {
    let share = share.clamp(1e-9, 1.0 - 1e-9);
    let odds = (share / (1.0 - share)).ln();
    let (mut log, mut sum) = (n as f64 * (1.0 - share).ln(), 0.0);
    let up_to = |hits: usize| {
        sum += log.exp();
        log += ((n - hits) as f64 / (hits + 1) as f64).ln() + odds;
        sum
    };
    (0..=n).map(up_to).collect()
}

/// The values of a parabola through these by least squares, the surer weighing more; they
/// themselves where they are too few for one.
fn parabola(values: &[f64], errors: &[f64]) -> Vec<f64> {
    let n = values.len();
    if n < 4 {
        return values.to_vec();
    }
    let x = |i: usize| 2.0 * i as f64 / (n - 1) as f64 - 1.0;
    let powers = |i: usize| [1.0, x(i), x(i) * x(i)];
    let mut rows = vec![vec![0.0; 4]; 3];
    for (i, (value, error)) in values.iter().zip(errors).enumerate() {
        let weight = error.max(1e-12).powi(-1);
        let p = powers(i);
        for (row, &left) in rows.iter_mut().zip(&p) {
            for (entry, right) in row.iter_mut().zip(p.into_iter().chain([*value])) {
                *entry += weight * left * right;
            }
        }
    }
    match super::solve(rows) {
        Some(c) => (0..n).map(|i| powers(i).iter().zip(&c).map(|(p, c)| p * c).sum()).collect(),
        None => values.to_vec(),
    }
}
