//! Heads on features: linear ones that are fitted in one go, without epochs or learning rates, and a
//! small network that is trained.

mod hidden;
mod layers;
mod lbfgs;
mod logistic;
mod means;
mod regularisation;
mod samples;
mod scale;
mod span;

use ground::files::FileError;
use serde::{Deserialize, Serialize};

use crate::features::Table;
pub use hidden::fit as fit_hidden;
pub use layers::Layers;
pub use samples::Samples;
use scale::Scale;
pub(crate) use span::span;

/// A linear layer on features.
#[derive(Clone, Debug, PartialEq)]
pub struct Linear {
    /// The number of classes, each with a logit.
    pub classes: usize,
    /// A row of weights a class.
    pub weights: Vec<f32>,
    /// The bias of each class.
    pub bias: Vec<f32>,
}

/// A kind of linear head. Each has one number to choose, `C`: the larger, the less regularised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinearKind {
    /// Multinomial logistic regression with an L2 penalty on standardised features. `C` is
    /// scikit-learn's: the summed loss counts `C` times as much as half the weights' square.
    Logistic,
    /// The nearest class mean among standardised features (the classes as balls of one size).
    /// `C` scales the logits.
    Means,
}

/// Rows that are processed at a time.
pub(crate) const BLOCK: usize = 1024;

impl LinearKind {
    /// The values of `C` that are tried, the most regularised first.
    #[must_use]
    pub fn grid(self) -> &'static [f64] {
        match self {
            Self::Logistic => &[3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0],
            Self::Means => &[1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0],
        }
    }

    /// Fits one head for each `C` to these samples. The same numbers come out on any number of
    /// threads.
    ///
    /// # Errors
    /// When rows cannot be read back from a file.
    ///
    /// # Panics
    /// When a label of these rows is not below `classes`.
    pub fn fit(self, samples: Samples<'_>, cs: &[f64]) -> Result<Vec<Linear>, FileError> {
        let scale = Scale::of(samples.features, samples.rows)?;
        let scaled = self.fit_scaled(samples, &scale, cs)?;
        Ok(scaled.into_iter().map(|head| scale.fold_into(head)).collect())
    }

    /// Like [`LinearKind::fit`], on features that are on one scale already.
    ///
    /// # Errors
    /// See [`LinearKind::fit`].
    pub(crate) fn fit_plain(
        self,
        samples: Samples<'_>,
        cs: &[f64],
    ) -> Result<Vec<Linear>, FileError> {
        self.fit_scaled(samples, &Scale::none(samples.width()), cs)
    }

    fn fit_scaled(
        self,
        samples: Samples<'_>,
        scale: &Scale,
        cs: &[f64],
    ) -> Result<Vec<Linear>, FileError> {
        let Samples { rows, labels, classes, .. } = samples;
        assert!(rows.iter().all(|&row| labels[row] < classes), "labels of the classes");
        match self {
            Self::Logistic => logistic::fit(samples, scale, cs),
            Self::Means => means::fit(samples, scale, cs),
        }
    }
}

impl std::fmt::Display for LinearKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Logistic => "logistic regression",
            Self::Means => "nearest class mean",
        })
    }
}

impl Linear {
    /// The logits of some rows of a table, a row each.
    ///
    /// # Errors
    /// When they cannot be read back from a file.
    pub fn logits(&self, features: &Table, rows: &[usize]) -> Result<Vec<Vec<f32>>, FileError> {
        let all = logits(std::slice::from_ref(self), features, rows)?;
        Ok(all.into_iter().map(|mut heads| heads.swap_remove(0)).collect())
    }
}

/// Rows to columns: `rows` of `width` numbers each become `width` rows.
pub(crate) fn transposed(rows: &[f32], width: usize, out: &mut [f32]) {
    let count = rows.len() / width;
    for (at, row) in rows.chunks_exact(width).enumerate() {
        for (column, &x) in row.iter().enumerate() {
            out[column * count + at] = x;
        }
    }
}

/// The logits of several heads on some rows: `[row][head][class]`.
///
/// # Errors
/// When rows cannot be read back from a file.
fn logits(
    heads: &[Linear],
    features: &Table,
    rows: &[usize],
) -> Result<Vec<Vec<Vec<f32>>>, FileError> {
    let width = features.width();
    let columns: usize = heads.iter().map(|head| head.classes).sum();
    // All heads beside one another: input × output, as a product takes it.
    let mut weights = vec![0.0; width * columns];
    transposed(
        &heads.iter().flat_map(|head| head.weights.clone()).collect::<Vec<_>>(),
        width,
        &mut weights,
    );
    let bias: Vec<f32> = heads.iter().flat_map(|head| head.bias.clone()).collect();
    let mut all = Vec::with_capacity(rows.len());
    for rows in rows.chunks(BLOCK) {
        let mut block = vec![0.0; rows.len() * width];
        features.read(rows, &mut block)?;
        let out = engine::matmul(&block, &weights, width, Some(&bias));
        for mut row in out.chunks_exact(columns) {
            let of_head = |head: &Linear| {
                let (own, rest) = row.split_at(head.classes);
                row = rest;
                own.to_vec()
            };
            all.push(heads.iter().map(of_head).collect());
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests;
