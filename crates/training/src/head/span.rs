use ground::files::FileError;

use super::scale::Scale;
use super::{BLOCK, transposed};
use crate::features::Table;

/// Added to the products' diagonal, relative to its mean, as rows that are centred by their own
/// mean are never independent.
const RIDGE: f64 = 1e-6;

/// Standardised rows in as many coordinates as there are rows to train on: the learned ones, then
/// the asked ones.
///
/// Weights that a penalty on their square keeps small lie in the span of the rows they are learned
/// from, so that nothing else of a row is ever looked at, and with few pictures and many features a
/// head is fitted as exactly, but sooner, on coordinates in that span. They are the rows of the
/// Cholesky factor of the rows' products with one another. Distances to means of learned rows keep
/// their order too.
pub(crate) fn span(
    features: &Table,
    learned: &[usize],
    asked: &[usize],
) -> Result<Table, FileError> {
    let (n, width) = (learned.len(), features.width());
    let scale = Scale::of(features, learned)?;
    let mut basis = vec![];
    scale.read(features, learned, &mut basis)?;
    let mut weights = vec![0.0; width * n];
    transposed(&basis, width, &mut weights);
    let products = |rows: &[f32]| engine::matmul(rows, &weights, width, None);
    let mut factor: Vec<f64> = products(&basis).into_iter().map(f64::from).collect();
    let ridge = RIDGE * (0..n).map(|i| factor[i * n + i]).sum::<f64>() / n.max(1) as f64;
    for i in 0..n {
        let (above, row) = factor.split_at_mut(i * n);
        let row = &mut row[..n];
        row[i] += ridge;
        for j in 0..i {
            let other = &above[j * n..][..n];
            row[j] = (row[j] - dot(&row[..j], &other[..j])) / other[j];
        }
        row[i] = (row[i] - dot(&row[..i], &row[..i])).max(ridge).sqrt().max(f64::MIN_POSITIVE);
        row[i + 1..].fill(0.0);
    }
    let mut numbers: Vec<f32> = factor.iter().map(|&x| x as f32).collect();
    let mut block = vec![];
    for rows in asked.chunks(BLOCK) {
        scale.read(features, rows, &mut block)?;
        let mut coordinates = vec![0.0; n];
        for row in products(&block).chunks_exact(n.max(1)) {
            // Forward substitution.
            for j in 0..n {
                let other = &factor[j * n..][..n];
                coordinates[j] =
                    (f64::from(row[j]) - dot(&coordinates[..j], &other[..j])) / other[j];
            }
            numbers.extend(coordinates.iter().map(|&x| x as f32));
        }
    }
    Ok(Table::new(n, numbers))
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    // In four sums, so that the processor can work on several at a time.
    let mut sums = [0.0; 4];
    let (a, b) = (a.as_chunks::<4>(), b.as_chunks::<4>());
    for (a, b) in a.0.iter().zip(b.0) {
        for i in 0..4 {
            sums[i] += a[i] * b[i];
        }
    }
    let rest: f64 = a.1.iter().zip(b.1).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + rest
}
