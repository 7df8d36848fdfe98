//! Principal components by subspace iteration.

use ground::random::{Draws, Purpose};

/// Rounds of subspace iteration: the share of a coordinate that is left undecided falls each time
/// by the ratio of its variance to that of the first coordinate beyond.
const ROUNDS: usize = 24;
/// Coordinates carried along beside those wanted, so that the last of these settle too.
const BESIDE: usize = 8;
/// Sums kept at a time, so that a processor adds several at once; their number decides the bits.
const LANES: usize = 8;

/// Rows by their principal components.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pca {
    /// A row of coordinates each, the one with most variance first. Of each coordinate the value
    /// farthest from 0 is positive, so that a map does not turn over by chance.
    pub(super) scores: Vec<f64>,
    /// The sum of squares of each coordinate.
    pub(super) variances: Vec<f64>,
    /// The sum of squares of all numbers around their means.
    pub(super) total: f64,
}

/// The first `most` principal components of rows of `width` numbers, by subspace iteration on the
/// products of rows with one another (Golub and Van Loan, *Matrix Computations*, section 8.2): rows
/// are few and wide. `None` for fewer than three rows, or where all are the same.
pub(super) fn pca(rows: &[f32], width: usize, most: usize, seed: u64) -> Option<Pca> {
    assert!(width > 0 && rows.len().is_multiple_of(width), "whole rows");
    let n = rows.len() / width;
    let products = products(&centred(rows, width), width);
    let total: f64 = (0..n).map(|i| products[i * n + i]).sum();
    // Beside this much, differences are rounding.
    let noise: f64 = rows.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>() * 1e-12;
    if n < 3 || !(total > noise && total.is_finite()) {
        return None;
    }
    let wanted = most.min(n - 1).min(width);
    let carried = (wanted + BESIDE).min(n);
    let mut draws = Draws::new(seed, Purpose::Layout, &[]);
    let start = (0..carried).map(|_| (0..n).map(|_| draws.normal()).collect());
    let mut basis: Vec<Vec<f64>> = start.collect();
    orthonormal(&mut basis);
    for _ in 0..ROUNDS {
        basis = basis.iter().map(|column| times(&products, column)).collect();
        orthonormal(&mut basis);
    }
    let turned: Vec<Vec<f64>> = basis.iter().map(|column| times(&products, column)).collect();
    let small = basis.iter().flat_map(|a| turned.iter().map(move |b| dot(a, b))).collect();
    let (values, vectors) = eigen(small, carried);
    let mut order: Vec<usize> = (0..carried).collect();
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
    order.truncate(wanted);
    let variances: Vec<f64> = order.iter().map(|&at| values[at].max(0.0)).collect();
    let mut scores = vec![0.0; n * wanted];
    for (to, (&at, variance)) in order.iter().zip(&variances).enumerate() {
        let mut column = vec![0.0; n];
        for (part, basis) in basis.iter().enumerate() {
            let share = vectors[part * carried + at];
            column.iter_mut().zip(basis).for_each(|(sum, x)| *sum += share * x);
        }
        let far = column
            .iter()
            .copied()
            .fold(0.0, |far: f64, x| if x.abs() > far.abs() { x } else { far });
        let scale = if far < 0.0 { -variance.sqrt() } else { variance.sqrt() };
        column.iter().enumerate().for_each(|(row, x)| scores[row * wanted + to] = scale * x);
    }
    Some(Pca { scores, variances, total })
}

fn centred(rows: &[f32], width: usize) -> Vec<f32> {
    let n = (rows.len() / width).max(1) as f64;
    let mut means = vec![0.0f64; width];
    for row in rows.chunks_exact(width) {
        means.iter_mut().zip(row).for_each(|(sum, &x)| *sum += f64::from(x) / n);
    }
    rows.iter().enumerate().map(|(at, &x)| (f64::from(x) - means[at % width]) as f32).collect()
}

/// Each row times each other.
fn products(rows: &[f32], width: usize) -> Vec<f64> {
    let rows: Vec<&[f32]> = rows.chunks_exact(width).collect();
    let n = rows.len();
    let mut products = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let mut sums = [0.0f32; LANES];
            let (a, b) = (rows[i].as_chunks::<LANES>(), rows[j].as_chunks::<LANES>());
            for (a, b) in a.0.iter().zip(b.0) {
                for lane in 0..LANES {
                    sums[lane] += a[lane] * b[lane];
                }
            }
            let rest = a.1.iter().zip(b.1).map(|(a, b)| f64::from(a * b)).sum::<f64>();
            let product = sums.iter().map(|&sum| f64::from(sum)).sum::<f64>() + rest;
            (products[i * n + j], products[j * n + i]) = (product, product);
        }
    }
    products
}

fn times(matrix: &[f64], column: &[f64]) -> Vec<f64> {
    matrix.chunks_exact(column.len()).map(|row| dot(row, column)).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [0.0; LANES];
    for (a, b) in a.0.iter().zip(b.0) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f64>() + a.1.iter().zip(b.1).map(|(a, b)| a * b).sum::<f64>()
}

/// Gram and Schmidt, twice, as once leaves rounding behind. What depends on the others becomes 0.
fn orthonormal(columns: &mut [Vec<f64>]) {
    for at in 0..columns.len() {
        let (before, rest) = columns.split_at_mut(at);
        let column = &mut rest[0];
        let whole = dot(column, column).sqrt();
        for _ in 0..2 {
            for other in before.iter() {
                let along = dot(column, other);
                column.iter_mut().zip(other).for_each(|(x, y)| *x -= along * y);
            }
        }
        let left = dot(column, column).sqrt();
        let scale = if left > 1e-10 * whole { 1.0 / left } else { 0.0 };
        column.iter_mut().for_each(|x| *x *= scale);
    }
}

/// Values and vectors (a column each) of a symmetric matrix, by Jacobi's rotations (Golub and Van
/// Loan, section 8.5).
fn eigen(mut matrix: Vec<f64>, n: usize) -> (Vec<f64>, Vec<f64>) {
    let mut vectors = vec![0.0; n * n];
    (0..n).for_each(|i| vectors[i * n + i] = 1.0);
    let all: f64 = matrix.iter().map(|x| x * x).sum();
    for _ in 0..60 {
        let beside = |(at, x): (usize, &f64)| if at / n == at % n { 0.0 } else { x * x };
        if matrix.iter().enumerate().map(beside).sum::<f64>() <= 1e-24 * all {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                let apq = matrix[p * n + q];
                if apq == 0.0 {
                    continue;
                }
                let theta = (matrix[q * n + q] - matrix[p * n + p]) / (2.0 * apq);
                let t = theta.signum() / (theta.abs() + theta.hypot(1.0));
                let c = 1.0 / t.hypot(1.0);
                let s = t * c;
                for k in 0..n {
                    let (a, b) = (matrix[k * n + p], matrix[k * n + q]);
                    (matrix[k * n + p], matrix[k * n + q]) = (c * a - s * b, s * a + c * b);
                    let (a, b) = (vectors[k * n + p], vectors[k * n + q]);
                    (vectors[k * n + p], vectors[k * n + q]) = (c * a - s * b, s * a + c * b);
                }
                for k in 0..n {
                    let (a, b) = (matrix[p * n + k], matrix[q * n + k]);
                    (matrix[p * n + k], matrix[q * n + k]) = (c * a - s * b, s * a + c * b);
                }
            }
        }
    }
    ((0..n).map(|i| matrix[i * n + i]).collect(), vectors)
}
