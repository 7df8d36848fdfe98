//! What more pictures would bring.

use serde::Serialize;

use crate::record::CurvePoint;
use crate::stats::{Estimate, Interval, Proportion, Z};

/// Points that a law is drawn through at least.
const POINTS: usize = 3;

/// Below this gain in accuracy no class is named.
const WORTH: f64 = 0.01;

/// A learning curve and where it leads.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Learning {
    /// Accuracy at each number of pictures, with the spread of its repetitions as interval where
    /// there are several.
    pub points: Vec<(usize, Estimate)>,
    /// The power law through them at the same numbers, and at twice the last: pictures, accuracy
    /// and its 95 % band.
    pub law: Vec<(usize, Estimate)>,
    /// The power of the number of pictures by which the error falls.
    pub power: f64,
    /// What to expect of twice as many pictures.
    pub doubled: Estimate,
    /// The class that gains most from twice as many, with its accuracy now and then; `None` where
    /// none gains a point.
    pub gains_most: Option<(usize, f64, f64)>,
}

/// A straight line through logarithms: error = exp(level) · (n / last)^−power.
struct Law {
    level: f64,
    power: f64,
    level_variance: f64,
    power_variance: f64,
    /// By how much the power falls where the last point's logarithm rises: the same pictures tell
    /// the level and, in part, the power.
    lean: f64,
}

impl Learning {
    /// Fits error = a · n^−b (J. Hestness et al.: *Deep learning scaling is predictable,
    /// empirically*, 2017) by weighted least squares of logarithms; `None` of fewer than three
    /// points. `accuracy` is what the finished head reaches: the law is hung up there, as the
    /// sentence speaks of it, and its band holds both what that accuracy leaves open and what the
    /// power does.
    pub(super) fn of(curve: &[CurvePoint], accuracy: &Proportion) -> Option<Self> {
        let all = |point: &CurvePoint| {
            let (right, of) = point.per_class.iter().fold((0, 0), |s, c| (s.0 + c.0, s.1 + c.1));
            (right, of)
        };
        let (now, judged) = (accuracy.estimate()?, accuracy.n as f64);
        let mut used: Vec<&CurvePoint> =
            curve.iter().filter(|p| p.pictures > 0 && !p.runs.is_empty()).collect();
        used.sort_by_key(|point| point.pictures);
        used.dedup_by_key(|point| point.pictures);
        let last = used.last()?.pictures;
        let counts: Vec<(f64, f64)> = used
            .iter()
            .map(|point| match all(point) {
                (_, 0) => {
                    let mean = point.runs.iter().sum::<f64>() / point.runs.len() as f64;
                    ((1.0 - mean) * judged, judged)
                }
                (right, of) => ((of - right) as f64, of as f64),
            })
            .collect();
        let sizes: Vec<f64> = used.iter().map(|p| p.pictures as f64 / last as f64).collect();
        let spreads: Vec<f64> = used.iter().map(|point| spread(&point.runs)).collect();
        let law = Law::fit(&sizes, &counts, &spreads)?;
        // Wilson's interval of the accuracy now, as an error of its logarithm.
        let error = (1.0 - now.value).max(0.5 / judged);
        let level = error.ln();
        let top = (1.0 - now.interval.low).max(error);
        let level_variance = ((top / error).ln() / Z).powi(2);
        let law = Law { level, level_variance, ..law };
        let doubled = law.at(2.0);
        Some(Self {
            points: used.iter().map(|point| (point.pictures, mean_of(&point.runs))).collect(),
            law: sizes
                .iter()
                .zip(&used)
                .map(|(&size, point)| (point.pictures, law.at(size)))
                .chain([(2 * last, doubled)])
                .collect(),
            power: law.power,
            doubled,
            gains_most: gains_most(&used, &sizes),
        })
    }
}

impl Law {
    /// Through error counts at relative sizes; `spreads` are standard errors of the repetitions'
    /// mean.
    fn fit(sizes: &[f64], counts: &[(f64, f64)], spreads: &[f64]) -> Option<Self> {
        if sizes.len() < POINTS {
            return None;
        }
        let points: Vec<[f64; 4]> = sizes
            .iter()
            .zip(counts)
            .zip(spreads)
            .map(|((size, &(wrong, of)), spread)| {
                // Half a picture more on either side: no error is not the logarithm of nothing.
                let share = (wrong + 0.5) / (of + 1.0);
                let weight = share / (1.0 - share).max(0.01);
                let drawn = (1.0 - share) / (share * of);
                [size.ln(), share.ln(), weight, (spread / share).powi(2).max(drawn)]
            })
            .collect();
        let weights: f64 = points.iter().map(|p| p[2]).sum();
        let centre = |k: usize| points.iter().map(|p| p[2] * p[k]).sum::<f64>() / weights;
        let (x, y) = (centre(0), centre(1));
        let square: f64 = points.iter().map(|p| p[2] * (p[0] - x).powi(2)).sum();
        let slope = points.iter().map(|p| p[2] * (p[0] - x) * (p[1] - y)).sum::<f64>() / square;
        if !slope.is_finite() {
            return None;
        }
        let residual = |p: &[f64; 4]| p[1] - y - slope * (p[0] - x);
        let scatter = points.iter().map(|p| p[2] * residual(p).powi(2)).sum::<f64>()
            / (points.len() - 2) as f64;
        // Whichever is largest at a point: what its repetitions show, what so many pictures leave
        // open, or how far off the law is.
        let power_variance = points
            .iter()
            .map(|p| (p[2] * (p[0] - x) / square).powi(2) * p[3].max(scatter / p[2]))
            .sum();
        let lean = points.last().map_or(0.0, |p| p[2] * (p[0] - x) / square);
        // More pictures do not harm.
        let power = (-slope).max(0.0);
        Some(Self {
            level: y - slope * x,
            power,
            level_variance: scatter / weights,
            power_variance,
            lean,
        })
    }

    /// Accuracy at a multiple of the last number of pictures.
    fn at(&self, size: f64) -> Estimate {
        let steps = size.ln();
        let log = self.level - self.power * steps;
        let both = 2.0 * steps * self.lean * self.level_variance;
        let variance = self.level_variance + steps * steps * self.power_variance + both;
        let wide = Z * variance.max(0.0).sqrt();
        let accuracy = |log: f64| 1.0 - log.exp().min(1.0);
        let interval = Interval { low: accuracy(log + wide), high: accuracy(log - wide) };
        Estimate { value: accuracy(log), interval }
    }
}

fn gains_most(used: &[&CurvePoint], sizes: &[f64]) -> Option<(usize, f64, f64)> {
    let classes = used.iter().map(|point| point.per_class.len()).min()?;
    let gain = |class: usize| {
        let counts: Vec<(f64, f64)> = used
            .iter()
            .map(|point| point.per_class[class])
            .map(|(right, of)| ((of - right) as f64, of as f64))
            .collect();
        let (_, of) = *counts.last()?;
        let law = Law::fit(sizes, &counts, &vec![0.0; sizes.len()])?;
        (of > 0.0).then(|| (class, law.at(1.0).value, law.at(2.0).value))
    };
    let best = (0..classes).filter_map(gain).max_by(|a, b| (a.2 - a.1).total_cmp(&(b.2 - b.1)))?;
    (best.2 - best.1 >= WORTH).then_some(best)
}

/// The standard error of the mean of repetitions; 0 of a single one.
fn spread(runs: &[f64]) -> f64 {
    let n = runs.len() as f64;
    let mean = runs.iter().sum::<f64>() / n;
    let square: f64 = runs.iter().map(|run| (run - mean).powi(2)).sum();
    if n > 1.0 { (square / (n - 1.0) / n).sqrt() } else { 0.0 }
}

fn mean_of(runs: &[f64]) -> Estimate {
    let value = runs.iter().sum::<f64>() / runs.len() as f64;
    let low = runs.iter().copied().fold(value, f64::min);
    let high = runs.iter().copied().fold(value, f64::max);
    Estimate { value, interval: Interval { low, high } }
}

#[cfg(test)]
mod tests {
    use super::Learning;
    use crate::CurvePoint;
    use crate::stats::Proportion;
    use ground::random::{Draws, Purpose};

    const SETS: u64 = 2000;
    /// As `training` draws them.
    const SHARES: [f64; 6] = [0.1, 0.2, 0.35, 0.55, 0.75, 1.0];

    /// A set of `n` pictures whose error follows a power law, each judged by heads that learned
    /// from parts of the others. Some pictures are hard for all of them.
    fn band_holds(key: u64, n: usize, error: f64, power: f64) -> bool {
        let mut draws = Draws::new(11, Purpose::Synthetic, &[key, n as u64]);
        let hard: Vec<f64> = (0..n).map(|_| draws.normal()).collect();
        let limit = |error: f64| quantile(1.0 - error);
        let mut right_at = |share: f64| {
            let limit = limit(error * share.powf(-power));
            // Two thirds of what decides lie in the picture.
            let value = |hard: &f64| 0.8 * hard + 0.6 * draws.normal();
            hard.iter().map(value).filter(|value| *value < limit).count()
        };
        let mut last = 0;
        let mut point = |share: f64| {
            let runs = if share == 1.0 { 1 } else { 3 };
            let right: Vec<usize> = (0..runs).map(|_| right_at(share)).collect();
            last = right[0];
            CurvePoint {
                pictures: (share * 0.8 * n as f64).round() as usize,
                runs: right.iter().map(|&right| right as f64 / n as f64).collect(),
                per_class: vec![(right.iter().sum(), runs * n)],
            }
        };
        let curve: Vec<CurvePoint> = SHARES.into_iter().map(&mut point).collect();
        let learning = Learning::of(&curve, &Proportion::new(last, n)).unwrap();
        let truth = 1.0 - error * 2.0f64.powf(-power);
        let band = learning.doubled.interval;
        band.low <= truth && truth <= band.high
    }

    /// The normal distribution's, by halving.
    fn quantile(share: f64) -> f64 {
        let (mut low, mut high) = (-6.0, 6.0);
        for _ in 0..40 {
            let middle: f64 = (low + high) / 2.0;
            // Abramowitz, Stegun: Handbook of mathematical functions, 26.2.17.
            let t = 1.0 / (1.0 + 0.231_641_9 * middle.abs());
            let series =
                [1.330_274_429, -1.821_255_978, 1.781_477_937, -0.356_563_782, 0.319_381_53];
            let series = series.iter().fold(0.0, |sum, c| (sum + c) * t);
            let tail = (-0.5 * middle * middle).exp() / std::f64::consts::TAU.sqrt() * series;
            let below = if middle < 0.0 { tail } else { 1.0 - tail };
            if below < share { low = middle } else { high = middle }
        }
        low
    }

    #[test]
    fn the_band_at_twice_the_pictures_holds_the_truth() {
        for (n, error, power) in [(400, 0.3, 0.3), (400, 0.05, 0.5), (150, 0.3, 0.15)] {
            let covered = (0..SETS).filter(|&key| band_holds(key, n, error, power)).count();
            let covered = covered as f64 / SETS as f64;
            eprintln!("{n} pictures, error {error}, power {power}: {covered}");
            assert!((0.93..=0.97).contains(&covered), "{n}, {error}, {power}: {covered}");
        }
    }
}
