use std::sync::{Mutex, PoisonError};

use ground::files::FileError;
use ground::parallel;

use super::{BLOCK, Linear};
use crate::features::Table;

/// Rows that a thread reads at a time.
const PIECE: usize = 64;

/// Each column's mean and deviation over the rows that are trained on.
pub(super) struct Scale {
    mean: Vec<f32>,
    /// 1 / deviation; 0 for a column that never changes, which then says nothing.
    inverse: Vec<f32>,
}

impl Scale {
    pub(super) fn of(features: &Table, rows: &[usize]) -> Result<Self, FileError> {
        let width = features.width();
        // Around the first row, so that the squares lose no digits.
        let mut first = vec![0.0; if rows.is_empty() { 0 } else { width }];
        features.read(&rows[..rows.len().min(1)], &mut first)?;
        first.resize(width, 0.0);
        let (mut sums, mut squares) = (vec![0.0f64; width], vec![0.0f64; width]);
        let mut block = vec![];
        for rows in rows.chunks(BLOCK) {
            block.resize(rows.len() * width, 0.0);
            features.read(rows, &mut block)?;
            for row in block.chunks_exact(width) {
                for c in 0..width {
                    let x = f64::from(row[c] - first[c]);
                    sums[c] += x;
                    squares[c] += x * x;
                }
            }
        }
        let n = rows.len().max(1) as f64;
        let mut scale = Self { mean: vec![], inverse: vec![] };
        for c in 0..width {
            let mean = sums[c] / n;
            let deviation = (squares[c] / n - mean * mean).max(0.0).sqrt();
            scale.mean.push((mean + f64::from(first[c])) as f32);
            scale.inverse.push(if deviation > 1e-6 { (1.0 / deviation) as f32 } else { 0.0 });
        }
        Ok(scale)
    }

    /// Leaves everything as it is.
    pub(super) fn none(width: usize) -> Self {
        Self { mean: vec![0.0; width], inverse: vec![1.0; width] }
    }

    /// Reads rows, standardised.
    pub(super) fn read(
        &self,
        features: &Table,
        rows: &[usize],
        out: &mut Vec<f32>,
    ) -> Result<(), FileError> {
        let width = self.mean.len();
        out.resize(rows.len() * width, 0.0);
        let pieces: Vec<_> = rows
            .chunks(PIECE)
            .zip(out.chunks_mut(PIECE * width))
            .map(|(rows, out)| Mutex::new((rows, out, Ok(()))))
            .collect();
        parallel::each(pieces.len(), |at| {
            let mut piece = pieces[at].lock().unwrap_or_else(PoisonError::into_inner);
            let (rows, out, result) = &mut *piece;
            *result = features.read(rows, out);
            for row in out.chunks_exact_mut(width) {
                for ((x, mean), inverse) in row.iter_mut().zip(&self.mean).zip(&self.inverse) {
                    *x = (*x - mean) * inverse;
                }
            }
        });
        let mut results = pieces.into_iter();
        results.try_for_each(|piece| piece.into_inner().unwrap_or_else(PoisonError::into_inner).2)
    }

    /// The head on features as they are that says what `head` says of standardised ones.
    pub(super) fn fold_into(&self, mut head: Linear) -> Linear {
        for (row, bias) in head.weights.chunks_exact_mut(self.mean.len()).zip(&mut head.bias) {
            let mut shift = 0.0;
            for ((weight, mean), inverse) in row.iter_mut().zip(&self.mean).zip(&self.inverse) {
                *weight *= inverse;
                shift += f64::from(*weight) * f64::from(*mean);
            }
            *bias = (f64::from(*bias) - shift) as f32;
        }
        head
    }
}
