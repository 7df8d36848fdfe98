/// The solution of a small system of equations, each a row with its right side last, by
/// elimination with pivots; `None` where it has none.
pub(crate) fn solve(mut rows: Vec<Vec<f64>>) -> Option<Vec<f64>> {
    let n = rows.len();
    for column in 0..n {
        let pivot =
            (column..n).max_by(|&a, &b| rows[a][column].abs().total_cmp(&rows[b][column].abs()))?;
        rows.swap(column, pivot);
        let (above, below) = rows.split_at_mut(column + 1);
        let pivot = &above[column];
        if pivot[column].is_nan() || pivot[column].abs() < 1e-300 {
            return None;
        }
        for row in below {
            let factor = row[column] / pivot[column];
            row[column..].iter_mut().zip(&pivot[column..]).for_each(|(x, p)| *x -= factor * p);
        }
    }
    let mut found = vec![0.0; n];
    for column in (0..n).rev() {
        let row = &rows[column];
        let known: f64 = (column + 1..n).map(|c| row[c] * found[c]).sum();
        found[column] = (row[n] - known) / row[column];
    }
    Some(found)
}
