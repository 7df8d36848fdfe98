use kernels::{Conv, Epilogue, Pack, Precision, View};

/// The matrix product a · b, plus a bias: `a` has rows of `inner` numbers, `b` has `inner` rows, and
/// `bias` has one number for each column of `b`. The result has as many rows as `a` and as many
/// columns as `b`.
///
/// In `f32` and on all threads. A row of the result depends neither on the number of threads nor on
/// the other rows of `a`.
///
/// ```
/// let (a, b) = ([1.0, 2.0], [3.0, 4.0, 5.0, 6.0]); // 1 × 2 and 2 × 2
/// assert_eq!(engine::matmul(&a, &b, 2, Some(&[0.5, 0.0])), [13.5, 16.0]);
/// ```
///
/// # Panics
/// When there are no whole rows, or not as many numbers in the bias as columns.
#[must_use]
pub fn matmul(a: &[f32], b: &[f32], inner: usize, bias: Option<&[f32]>) -> Vec<f32> {
    assert!(a.len().is_multiple_of(inner) && b.len().is_multiple_of(inner), "rows of {inner}");
    let conv = Conv::linear(a.len() / inner, inner, b.len() / inner);
    let mut out = vec![0.0; conv.output_len()];
    let pack = Pack::forward(&conv, b, Precision::Fp32);
    conv.forward(View::plain(a), &pack, &mut out, Epilogue { bias, ..Epilogue::default() });
    out
}

/// The matrix product aᵀ · b of two matrices with `rows` rows each: as many rows as `a` has columns,
/// and as many columns as `b`. It is the gradient of `b` in [`matmul`], given that of the result.
///
/// ```
/// let (a, b) = ([1.0, 2.0], [3.0, 4.0, 5.0]); // 1 × 2 and 1 × 3
/// assert_eq!(engine::matmul_transposed(&a, &b, 1), [3.0, 4.0, 5.0, 6.0, 8.0, 10.0]);
/// ```
///
/// # Panics
/// When there are no whole rows.
#[must_use]
pub fn matmul_transposed(a: &[f32], b: &[f32], rows: usize) -> Vec<f32> {
    assert!(a.len().is_multiple_of(rows) && b.len().is_multiple_of(rows), "{rows} rows");
    let conv = Conv::linear(rows, a.len() / rows, b.len() / rows);
    let mut out = vec![0.0; conv.weight_len()];
    conv.backward_weights(View::plain(a), b, &mut out);
    out
}
