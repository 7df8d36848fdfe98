//! Multinomial logistic regression, for several strengths of its penalty at once.
//!
//! What is minimised for each strength `C` is scikit-learn's objective divided by `C·n`: the mean
//! cross-entropy plus `|W|² / (2·C·n)`, biases free. All strengths walk in step, so that one pass
//! over the features, one matrix product each way, serves them all.

use ground::files::FileError;
use kernels::{Conv, Epilogue, Pack, Precision, View};

use super::lbfgs::Lbfgs;
use super::scale::Scale;
use super::{BLOCK, Linear, transposed};
use crate::features::Table;

/// The gradient's length, relative to where it starts, at which a fit is done: scikit-learn's
/// optimum to within some 1e-3 of a logit.
const TOLERANCE: f64 = 1e-3;
/// Bytes of standardised features to hold in memory; where there are more, each pass makes them
/// anew from the table.
const HELD: usize = 1 << 30;
/// Bytes that minimisations walking in step may take together.
const IN_STEP: usize = 1 << 29;
/// Vectors that a minimisation holds.
const VECTORS: usize = 24;

pub(super) fn fit(
    features: &Table,
    scale: &Scale,
    rows: &[usize],
    labels: &[usize],
    classes: usize,
    strengths: &[f64],
) -> Result<Vec<Linear>, FileError> {
    let width = features.width();
    let numbers = (width + 1) * classes;
    let in_step =
        (IN_STEP / (numbers * VECTORS * size_of::<f32>())).clamp(1, strengths.len().max(1));
    let mut data = Data { features, scale, rows, labels, classes, held: vec![] };
    if rows.len() * width * size_of::<f32>() <= HELD {
        for rows in rows.chunks(BLOCK) {
            let mut block = vec![];
            scale.read(features, rows, &mut block)?;
            data.held.push(block);
        }
    }
    let mut heads = vec![];
    for strengths in strengths.chunks(in_step) {
        let start = data.start();
        let mut searches: Vec<Lbfgs> =
            strengths.iter().map(|_| Lbfgs::new(start.clone(), TOLERANCE)).collect();
        while data.pass(strengths, &mut searches)? {}
        heads.extend(searches.into_iter().map(|search| {
            let mut weights = search.point();
            let bias = weights.split_off(width * classes);
            Linear { classes, weights, bias }
        }));
    }
    Ok(heads)
}

struct Data<'a> {
    features: &'a Table,
    scale: &'a Scale,
    rows: &'a [usize],
    labels: &'a [usize],
    classes: usize,
    /// The standardised features in blocks, where they fit.
    held: Vec<Vec<f32>>,
}

impl Data<'_> {
    /// No weights, and biases that say how common each class is: `classes × width`, then biases.
    fn start(&self) -> Vec<f32> {
        let mut counts = vec![1.0f32; self.classes];
        self.rows.iter().for_each(|&row| counts[self.labels[row]] += 1.0);
        let mut start = vec![0.0; self.features.width() * self.classes];
        start.extend(counts.iter().map(|count| count.ln()));
        start
    }

    /// One evaluation for each search that wants one; whether there was any.
    fn pass(&self, strengths: &[f64], searches: &mut [Lbfgs]) -> Result<bool, FileError> {
        let (width, classes) = (self.features.width(), self.classes);
        let active: Vec<usize> =
            (0..searches.len()).filter(|&at| searches[at].wanted().is_some()).collect();
        if active.is_empty() {
            return Ok(false);
        }
        // The active heads beside one another: input × output, as the kernels take it.
        let columns = active.len() * classes;
        let (mut rows_of_weights, mut bias) = (vec![], vec![]);
        for &at in &active {
            let point = searches[at].wanted().unwrap_or_default();
            rows_of_weights.extend_from_slice(&point[..width * classes]);
            bias.extend_from_slice(&point[width * classes..]);
        }
        let mut weights = vec![0.0; width * columns];
        transposed(&rows_of_weights, width, &mut weights);
        let mut sums = vec![0.0f64; active.len()];
        let mut bias_gradient = vec![0.0f64; columns];
        let mut gradient = vec![0.0f32; width * columns];
        let mut part = vec![0.0f32; width * columns];
        let (mut block, mut out) = (vec![], vec![]);
        for (index, rows) in self.rows.chunks(BLOCK).enumerate() {
            let x = match self.held.get(index) {
                Some(held) => held,
                None => {
                    self.scale.read(self.features, rows, &mut block)?;
                    &block
                }
            };
            let conv = Conv::linear(rows.len(), width, columns);
            out.resize(rows.len() * columns, 0.0);
            let epilogue = Epilogue { bias: Some(&bias), ..Epilogue::default() };
            conv.forward(
                View::plain(x),
                &Pack::forward(&conv, &weights, Precision::Fp32),
                &mut out,
                epilogue,
            );
            for (&row, out) in rows.iter().zip(out.chunks_exact_mut(columns)) {
                for (sum, logits) in sums.iter_mut().zip(out.chunks_exact_mut(classes)) {
                    *sum += turn_into_gradient(logits, self.labels[row]);
                }
                bias_gradient.iter_mut().zip(&*out).for_each(|(sum, &x)| *sum += f64::from(x));
            }
            conv.backward_weights(View::plain(x), &out, &mut part);
            gradient.iter_mut().zip(&part).for_each(|(sum, x)| *sum += x);
        }
        let n = self.rows.len().max(1) as f64;
        for (place, &at) in active.iter().enumerate() {
            let penalty = 1.0 / (strengths[at] * n);
            let point = searches[at].wanted().unwrap_or_default();
            let mut own = Vec::with_capacity(point.len());
            let mut squares = 0.0;
            for (class, row) in point[..width * classes].chunks_exact(width).enumerate() {
                for (input, &weight) in row.iter().enumerate() {
                    squares += f64::from(weight * weight);
                    let slope = gradient[input * columns + place * classes + class];
                    own.push((f64::from(slope) / n + penalty * f64::from(weight)) as f32);
                }
            }
            let of_bias = &bias_gradient[place * classes..][..classes];
            own.extend(of_bias.iter().map(|sum| (sum / n) as f32));
            searches[at].take(sums[place] / n + 0.5 * penalty * squares, own);
        }
        Ok(true)
    }
}

/// Turns logits into the cross-entropy's gradient, and returns the cross-entropy.
fn turn_into_gradient(logits: &mut [f32], label: usize) -> f64 {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let own = logits[label];
    let mut sum = 0.0;
    for x in &mut *logits {
        *x = (*x - top).exp();
        sum += *x;
    }
    logits.iter_mut().for_each(|x| *x /= sum);
    logits[label] -= 1.0;
    f64::from(sum).ln() + f64::from(top - own)
}
