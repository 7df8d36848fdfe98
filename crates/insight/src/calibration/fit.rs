//! Temperature or vector scaling: fitted, and chosen by cross-validation (C. Guo, G. Pleiss, Y. Sun,
//! K. Weinberger: *On calibration of modern neural networks*, ICML 2017).

use super::scaling::Scaling;
use super::vector;
use crate::folds;

/// The variance of ln T before anything is known: it weighs as much as about one picture, and
/// keeps T finite where every picture is named right.
const PRIOR: f64 = 1.0;

/// Neither is ln T ever beyond this.
const FARTHEST: f64 = 4.0;

impl Scaling {
    /// The temperature of least log-loss.
    pub(crate) fn by_temperature(logits: &[&[f32]], labels: &[usize]) -> Self {
        Self::Temperature(temperature(logits, labels))
    }

    /// The better of the two by the log-loss on folds that it was not fitted on: the temperature,
    /// unless there are pictures enough for the other and it is better by more than a standard
    /// error (the rule of L. Breiman et al.: *Classification and regression trees*, 1984).
    pub(super) fn choose(
        logits: &[&[f32]],
        labels: &[usize],
        folds: &[usize],
        classes: usize,
    ) -> Self {
        let simple = Self::by_temperature(logits, labels);
        if !vector::allowed(labels, classes) {
            return simple;
        }
        let by_vector = |logits: &[&[f32]], labels: &[usize]| {
            vector::fit(logits, labels, classes, temperature(logits, labels))
        };
        let pairs = folds::cross(folds, |learn| {
            let rows: Vec<&[f32]> = learn.iter().map(|&i| logits[i]).collect();
            let labels: Vec<usize> = learn.iter().map(|&i| labels[i]).collect();
            (Self::by_temperature(&rows, &labels), by_vector(&rows, &labels))
        });
        let gains: Option<Vec<f64>> = (0..labels.len())
            .map(|i| {
                let (simple, vector) = &pairs[&folds[i]];
                let loss = |scaling: &Self| scaling.loss(logits[i], labels[i]);
                vector.as_ref().map(|vector| loss(simple) - loss(vector))
            })
            .collect();
        let clear = |gains: &Vec<f64>| {
            let n = gains.len() as f64;
            let mean = gains.iter().sum::<f64>() / n;
            let square: f64 = gains.iter().map(|gain| (gain - mean).powi(2)).sum();
            mean > (square / (n - 1.0) / n).sqrt()
        };
        let vector = gains.filter(|gains| clear(gains)).and_then(|_| by_vector(logits, labels));
        vector.unwrap_or(simple)
    }
}

/// The temperature of least log-loss, by Newton's steps on its logarithm, held within a bracket
/// that each step narrows.
fn temperature(logits: &[&[f32]], labels: &[usize]) -> f64 {
    let (mut low, mut high) = (-FARTHEST, FARTHEST);
    let mut at = 0.0;
    for _ in 0..60 {
        let (slope, curve) = slopes(logits, labels, at);
        if slope > 0.0 {
            high = at;
        } else {
            low = at;
        }
        let newton = at - slope / curve;
        let next =
            if curve > 0.0 && (low..=high).contains(&newton) { newton } else { (low + high) / 2.0 };
        let moved = (next - at).abs();
        at = next;
        if moved < 1e-7 {
            break;
        }
    }
    (-at).exp()
}

/// The first and second derivative of the penalised log-loss of all pictures by ln (1 / T).
fn slopes(logits: &[&[f32]], labels: &[usize], at: f64) -> (f64, f64) {
    let scale = at.exp();
    let (mut first, mut second) = (at / PRIOR, 1.0 / PRIOR);
    for (row, &label) in logits.iter().zip(labels) {
        let top = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let (mut sum, mut mean, mut square) = (0.0, 0.0, 0.0);
        for &x in *row {
            let x = f64::from(x - top);
            let weight = (scale * x).exp();
            sum += weight;
            mean += weight * x;
            square += weight * x * x;
        }
        let mean = mean / sum;
        let by_scale = mean - f64::from(row[label] - top);
        first += scale * by_scale;
        second += scale * by_scale + scale * scale * (square / sum - mean * mean);
    }
    (first, second)
}

#[cfg(test)]
mod tests {
    use super::{Scaling, temperature};

    #[test]
    fn doubled_logits_have_twice_the_temperature() {
        let row = |x: f32| vec![x, 0.0];
        let rows: Vec<Vec<f32>> = (0..4000).map(|i| row((i % 40) as f32 / 10.0 - 2.0)).collect();
        // As often right as the logits say, as near as whole pictures allow.
        let labels: Vec<usize> = (0..4000)
            .map(|i| {
                let odds = 1.0 / (1.0 + f64::from(-rows[i][0]).exp());
                usize::from((i / 40) as f64 / 100.0 + 0.005 > odds)
            })
            .collect();
        let views: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
        let fair = temperature(&views, &labels);
        assert!((fair - 1.0).abs() < 0.02, "{fair}");
        let twice: Vec<Vec<f32>> =
            rows.iter().map(|row| row.iter().map(|x| 2.0 * x).collect()).collect();
        let views: Vec<&[f32]> = twice.iter().map(Vec::as_slice).collect();
        let doubled = temperature(&views, &labels);
        assert!((doubled - 2.0 * fair).abs() < 0.01, "{doubled}");
    }

    #[test]
    fn a_class_that_is_favoured_takes_more_than_a_temperature() {
        use ground::random::{Draws, Purpose};
        let mut draws = Draws::new(1, Purpose::Synthetic, &[]);
        let mut rows = vec![];
        let mut labels = vec![];
        for i in 0..300 {
            let label = i % 3;
            // The first class's logit is too large by 1.5, whatever the picture shows.
            let logit = |c: usize, noise: f64| {
                let signal = if c == label { 1.5 } else { 0.0 };
                (1.5 * (noise + signal)) as f32 + if c == 0 { 1.5 } else { 0.0 }
            };
            rows.push((0..3).map(|c| logit(c, draws.normal())).collect::<Vec<f32>>());
            labels.push(label);
        }
        let folds: Vec<usize> = (0..300).map(|i| i / 3 % 5).collect();
        let views: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
        let Scaling::Vector { factors, shifts } = Scaling::choose(&views, &labels, &folds, 3)
        else {
            panic!("a temperature shifts nothing");
        };
        let favour = shifts[0] - (shifts[1] + shifts[2]) / 2.0;
        assert!((favour + 1.5).abs() < 0.5, "{shifts:?}");
        assert!(factors.iter().all(|f| (0.6..1.5).contains(f)), "{factors:?}");
        // With fewer than 50 of each it stays with the temperature.
        let few = Scaling::choose(&views[..120], &labels[..120], &folds[..120], 3);
        assert!(matches!(few, Scaling::Temperature(_)), "{few:?}");
    }

    #[test]
    fn pictures_all_right_and_none_at_all_give_a_finite_temperature() {
        let rows = [[2.0f32, 0.0], [3.0, -1.0]];
        let views: Vec<&[f32]> = rows.iter().map(<[f32; 2]>::as_slice).collect();
        let sure = temperature(&views, &[0, 0]);
        assert!(sure > 0.2 && sure < 1.0, "{sure}");
        assert_eq!(temperature(&[], &[]), 1.0);
        assert_eq!(Scaling::default().probabilities(&[1e30, -1e30]), [1.0, 0.0]);
    }
}
