//! Multinomial logistic regression, for several penalties, or several folds, at once.
//!
//! What is minimised for each `C` is scikit-learn's objective divided by `C·n`: the mean
//! cross-entropy plus `|W|² / (2·C·n)`, biases free. All walk in step, so that one pass over the
//! features, one matrix product each way, serves them all.

use engine::{matmul, matmul_transposed};
use ground::files::FileError;

use super::lbfgs::Lbfgs;
use super::scale::Scale;
use super::{BLOCK, Linear, Samples, transposed};

/// The gradient's length, relative to where it starts, at which a fit is done: scikit-learn's
/// optimum to within some 1e-3 of a logit.
const TOLERANCE: f64 = 1e-3;
/// Bytes of standardised features that all threads may hold in memory together, as each may be
/// fitting; where there are more, each pass makes them anew from the table.
const HELD: usize = 1 << 30;
/// Bytes that minimisations walking in step may take together.
const IN_STEP: usize = 1 << 29;
/// Vectors that a minimisation holds.
const VECTORS: usize = 24;

/// Fits one head for each `C`.
pub(super) fn fit(
    samples: Samples<'_>,
    scale: &Scale,
    cs: &[f64],
) -> Result<Vec<Linear>, FileError> {
    let classes = samples.classes;
    let data = Data::new(samples, scale, &[])?;
    let mut fits: Vec<Fit> = cs.iter().map(|&c| Fit::new(&data, c, None)).collect();
    data.minimise(&mut fits)?;
    let heads = fits.into_iter().map(|fit| {
        let mut weights = fit.search.point();
        let bias = weights.split_off(samples.width() * classes);
        Linear { classes, weights, bias }
    });
    Ok(heads.collect())
}

/// One head for each of the first folds, trained on the others, on the way from the smallest `C` upwards: each
/// starts where it was at the last one, which is near.
pub(super) struct Walk<'a> {
    data: Data<'a>,
    /// How many folds have one.
    asked: usize,
    fits: Vec<Fit>,
}

impl<'a> Walk<'a> {
    /// Nothing is fitted yet.
    pub(super) fn new(data: Data<'a>, asked: usize) -> Self {
        Self { data, asked, fits: vec![] }
    }

    /// Fits all heads anew for this `C`; the cross-entropy of those folds' rows, each predicted by
    /// the head that was not trained on its fold.
    pub(super) fn loss(&mut self, c: f64) -> Result<f64, FileError> {
        if self.fits.is_empty() {
            let fit = |fold| Fit::new(&self.data, c, Some(fold));
            self.fits = (0..self.asked).map(fit).collect();
        } else {
            self.fits.iter_mut().for_each(|fit| fit.resume(&self.data, c));
        }
        self.data.minimise(&mut self.fits)?;
        Ok(self.fits.iter().map(|fit| fit.outside).sum())
    }
}

/// A minimisation under way.
struct Fit {
    /// Half the weights' square counts so much.
    penalty: f64,
    /// The fold that it does not train on, and how many rows are left.
    without: Option<usize>,
    rows: f64,
    search: Lbfgs,
    /// The summed cross-entropy of the rows that it does not train on, at its best point.
    outside: f64,
}

impl Fit {
    fn new(data: &Data<'_>, c: f64, without: Option<usize>) -> Self {
        // No weights, and biases that say how common each class is.
        let mut counts = vec![1.0f32; data.samples.classes];
        let mut rows = 0.0;
        for (at, &row) in data.samples.rows.iter().enumerate() {
            if without.is_none_or(|fold| data.fold_of[at] != fold) {
                counts[data.samples.labels[row]] += 1.0;
                rows += 1.0;
            }
        }
        let rows = f64::max(rows, 1.0);
        let mut start = vec![0.0; data.samples.width() * data.samples.classes];
        start.extend(counts.iter().map(|count| count.ln()));
        let search = Lbfgs::new(start, TOLERANCE);
        Self { penalty: 1.0 / (c * rows), without, rows, search, outside: 0.0 }
    }

    /// Continues from where it is to the optimum of another `C`.
    fn resume(&mut self, data: &Data<'_>, c: f64) {
        let penalty = 1.0 / (c * self.rows);
        self.search.resume(data.samples.width() * data.samples.classes, penalty - self.penalty);
        self.penalty = penalty;
    }
}

/// Rows to train on.
pub(super) struct Data<'a> {
    samples: Samples<'a>,
    scale: &'a Scale,
    /// The fold of each row, where there are folds.
    fold_of: &'a [usize],
    /// The standardised features in blocks, where they fit.
    held: Vec<Vec<f32>>,
}

impl<'a> Data<'a> {
    /// `fold_of` lies beside the rows, or is empty where there are no folds.
    pub(super) fn new(
        samples: Samples<'a>,
        scale: &'a Scale,
        fold_of: &'a [usize],
    ) -> Result<Self, FileError> {
        let mut held = vec![];
        let bytes = samples.rows.len() * samples.width() * size_of::<f32>();
        if bytes <= HELD / ground::parallel::threads().max(1) {
            for rows in samples.rows.chunks(BLOCK) {
                let mut block = vec![];
                scale.read(samples.features, rows, &mut block)?;
                held.push(block);
            }
        }
        Ok(Self { samples, scale, fold_of, held })
    }

    /// Takes every fit to its optimum.
    fn minimise(&self, fits: &mut [Fit]) -> Result<(), FileError> {
        let numbers = (self.samples.width() + 1) * self.samples.classes;
        let in_step = (IN_STEP / (numbers * VECTORS * size_of::<f32>())).max(1);
        for fits in fits.chunks_mut(in_step) {
            while self.pass(fits)? {}
        }
        Ok(())
    }

    /// Evaluates each fit that is not done; returns whether there was any.
    fn pass(&self, fits: &mut [Fit]) -> Result<bool, FileError> {
        let (width, classes) = (self.samples.width(), self.samples.classes);
        let mut active: Vec<&mut Fit> =
            fits.iter_mut().filter(|fit| fit.search.wanted().is_some()).collect();
        if active.is_empty() {
            return Ok(false);
        }
        // The active heads beside one another: input × output, as a product takes it.
        let columns = active.len() * classes;
        let (mut rows_of_weights, mut bias) = (vec![], vec![]);
        for fit in &active {
            let point = fit.search.wanted().unwrap_or_default();
            rows_of_weights.extend_from_slice(&point[..width * classes]);
            bias.extend_from_slice(&point[width * classes..]);
        }
        let mut weights = vec![0.0; width * columns];
        transposed(&rows_of_weights, width, &mut weights);
        // Of rows that are trained on, and of the others.
        let mut sums = vec![(0.0f64, 0.0f64); active.len()];
        let mut bias_gradient = vec![0.0f64; columns];
        let mut gradient = vec![0.0f32; width * columns];
        let mut block = vec![];
        for (index, rows) in self.samples.rows.chunks(BLOCK).enumerate() {
            let x = match self.held.get(index) {
                Some(held) => held,
                None => {
                    self.scale.read(self.samples.features, rows, &mut block)?;
                    &block
                }
            };
            let mut out = matmul(x, &weights, width, Some(&bias));
            for ((&row, at), out) in
                rows.iter().zip(index * BLOCK..).zip(out.chunks_exact_mut(columns))
            {
                let each = active.iter().zip(&mut sums).zip(out.chunks_exact_mut(classes));
                for ((fit, (inside, outside)), logits) in each {
                    let loss = turn_into_gradient(logits, self.samples.labels[row]);
                    if fit.without.is_some_and(|fold| self.fold_of[at] == fold) {
                        *outside += loss;
                        logits.fill(0.0);
                    } else {
                        *inside += loss;
                    }
                }
                bias_gradient.iter_mut().zip(&*out).for_each(|(sum, &x)| *sum += f64::from(x));
            }
            let part = matmul_transposed(x, &out, rows.len());
            gradient.iter_mut().zip(&part).for_each(|(sum, x)| *sum += x);
        }
        for (place, (fit, (inside, outside))) in active.iter_mut().zip(sums).enumerate() {
            let point = fit.search.wanted().unwrap_or_default();
            let mut own = Vec::with_capacity(point.len());
            let mut squares = 0.0;
            for (class, row) in point[..width * classes].chunks_exact(width).enumerate() {
                for (input, &weight) in row.iter().enumerate() {
                    squares += f64::from(weight * weight);
                    let slope = f64::from(gradient[input * columns + place * classes + class]);
                    own.push((slope / fit.rows + fit.penalty * f64::from(weight)) as f32);
                }
            }
            let of_bias = &bias_gradient[place * classes..][..classes];
            own.extend(of_bias.iter().map(|sum| (sum / fit.rows) as f32));
            if fit.search.take(inside / fit.rows + 0.5 * fit.penalty * squares, own) {
                fit.outside = outside;
            }
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
