//! The nearest known pictures by the cosine of their features, and the novelty that follows.

use engine::matmul;

/// The nearest of some rows to one, by cosine distance.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Neighbours {
    /// Which row, and its distance (0: the same direction, 1: none in common, 2: the opposite);
    /// the nearest first, of equally near ones the earlier.
    pub nearest: Vec<(usize, f32)>,
}

impl Neighbours {
    /// The mean distance, as in [`insight::HeldOut::novelty`]; `None` without any neighbour.
    #[must_use]
    pub fn novelty(&self) -> Option<f32> {
        let sum: f64 = self.nearest.iter().map(|&(_, distance)| f64::from(distance)).sum();
        (!self.nearest.is_empty()).then(|| (sum / self.nearest.len() as f64) as f32)
    }
}

/// Queries compared at a time: their products with 4,096 references are 2 MiB.
const BLOCK: usize = 128;

/// The `k` references nearest to each query, or all where there are fewer; both in rows of `width`
/// numbers. A row without a direction (all zeros, or with a number that is not finite) is at a
/// distance of 1 from every other.
///
/// Exact, by a matrix product. The result depends neither on the number of threads nor on which
/// queries are asked about together.
///
/// # Panics
/// When there are no whole rows.
#[must_use]
pub fn neighbours(queries: &[f32], references: &[f32], width: usize, k: usize) -> Vec<Neighbours> {
    neighbours_among(queries, references, width, k, |_, _| true)
}

/// Like [`neighbours`], for each query among those references alone for which `may(query,
/// reference)`: such as those of other folds.
///
/// # Panics
/// When there are no whole rows.
#[must_use]
pub fn neighbours_among(
    queries: &[f32],
    references: &[f32],
    width: usize,
    k: usize,
    may: impl Fn(usize, usize) -> bool,
) -> Vec<Neighbours> {
    let whole = |rows: &[f32]| rows.len().is_multiple_of(width);
    assert!(width > 0 && whole(queries) && whole(references), "rows of {width} numbers");
    let count = references.len() / width;
    let lengths: Vec<f32> = references.chunks_exact(width).map(inverse_length).collect();
    let mut all = vec![Neighbours::default(); queries.len() / width];
    if count == 0 || k == 0 {
        return all;
    }
    for (block, rows) in queries.chunks(BLOCK * width).enumerate() {
        let asked = rows.len() / width;
        let products = matmul(references, &directions(rows, width), width, None);
        let found = &mut all[block * BLOCK..][..asked];
        for (reference, (row, length)) in products.chunks_exact(asked).zip(&lengths).enumerate() {
            for (query, (found, product)) in found.iter_mut().zip(row).enumerate() {
                let near = product * length;
                // What has no direction, and what is too large to be multiplied.
                let near = if *length > 0.0 && near.is_finite() { near } else { 0.0 };
                let distance = (1.0 - near).clamp(0.0, 2.0);
                let last = found.nearest.last();
                let closer = found.nearest.len() < k || last.is_some_and(|&(_, d)| distance < d);
                if closer && may(block * BLOCK + query, reference) {
                    let place = found.nearest.partition_point(|&(_, d)| d <= distance);
                    found.nearest.truncate(k - 1);
                    found.nearest.insert(place, (reference, distance));
                }
            }
        }
    }
    all
}

/// 1 / the length of a row; 0 where it has no direction, or is too short to be divided by.
fn inverse_length(row: &[f32]) -> f32 {
    let square: f64 = row.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
    let inverse = square.sqrt().recip() as f32;
    if inverse.is_finite() { inverse } else { 0.0 }
}

/// Rows at length 1, as the weights of a linear layer: a column for each.
fn directions(rows: &[f32], width: usize) -> Vec<f32> {
    // In strips, so that the lines written stay in the cache.
    const STRIP: usize = 16;
    let count = rows.len() / width;
    let mut columns = vec![0.0; rows.len()];
    for (strip, rows) in rows.chunks(STRIP * width).enumerate() {
        let lengths: Vec<f32> = rows.chunks_exact(width).map(inverse_length).collect();
        for (channel, column) in columns.chunks_exact_mut(count).enumerate() {
            for ((row, length), out) in
                rows.chunks_exact(width).zip(&lengths).zip(&mut column[strip * STRIP..])
            {
                // Not NaN · 0: a row without a direction is a row of zeros.
                *out = if *length > 0.0 { row[channel] * length } else { 0.0 };
            }
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use ground::random::{Draws, Purpose};

    use super::{Neighbours, neighbours, neighbours_among};

    fn rows(count: usize, width: usize, salt: u64) -> Vec<f32> {
        let mut draws = Draws::new(7, Purpose::Init, &[salt]);
        (0..count * width).map(|_| (draws.normal() as f32).max(0.0)).collect()
    }

    /// All distances in f64, sorted.
    fn plain(query: &[f32], references: &[f32]) -> Vec<(usize, f64)> {
        let dot = |a: &[f32], b: &[f32]| -> f64 {
            a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
        };
        let distance = |row: &[f32]| {
            let lengths = dot(query, query).sqrt() * dot(row, row).sqrt();
            1.0 - if lengths > 0.0 { dot(query, row) / lengths } else { 0.0 }
        };
        let mut all: Vec<(usize, f64)> =
            references.chunks_exact(query.len()).map(distance).enumerate().collect();
        all.sort_by(|a, b| a.1.total_cmp(&b.1));
        all
    }

    #[test]
    fn they_are_those_of_a_plain_search() {
        for (queries, references, width, k) in
            [(1, 5, 3, 2), (130, 300, 64, 10), (7, 3, 512, 10), (129, 129, 17, 1)]
        {
            let (asked, known) = (rows(queries, width, 1), rows(references, width, 2));
            let found = neighbours(&asked, &known, width, k);
            assert_eq!(found.len(), queries);
            for (found, query) in found.iter().zip(asked.chunks_exact(width)) {
                let expected = plain(query, &known);
                assert_eq!(found.nearest.len(), k.min(references));
                let mean = expected[..k.min(references)].iter().map(|(_, d)| d).sum::<f64>()
                    / k.min(references) as f64;
                assert!((f64::from(found.novelty().unwrap()) - mean).abs() < 1e-6);
                for ((index, distance), (_, by_rank)) in found.nearest.iter().zip(&expected) {
                    let (_, by_index) = expected.iter().find(|(i, _)| i == index).unwrap();
                    assert!((f64::from(*distance) - by_rank).abs() < 1e-6, "{found:?}");
                    assert!((f64::from(*distance) - by_index).abs() < 1e-6, "{found:?}");
                }
            }
        }
    }

    #[test]
    fn neither_threads_nor_company_change_a_bit() {
        let (width, k) = (100, 5);
        let (asked, known) = (rows(200, width, 1), rows(1000, width, 2));
        let search = |threads| {
            ground::parallel::with_threads(threads, || neighbours(&asked, &known, width, k))
        };
        let all = search(1);
        assert_eq!(all, search(3));
        for (query, together) in asked.chunks_exact(width).zip(&all) {
            assert_eq!(&neighbours(query, &known, width, k)[0], together);
        }
    }

    #[test]
    fn rows_without_a_direction_are_as_far_as_those_with_nothing_in_common() {
        let known = [1.0, 0.0, 0.0, 0.0, f32::NAN, 1.0, -2.0, 0.0, f32::MAX, f32::MAX];
        let near = |query: [f32; 2]| neighbours(&query, &known, 2, 9).remove(0).nearest;
        let to_x = near([3.0, 0.0]);
        assert_eq!(to_x[0], (0, 0.0));
        assert!(to_x[1].0 == 4 && (to_x[1].1 - 0.292_893).abs() < 1e-6, "{to_x:?}");
        assert_eq!(to_x[2..], [(1, 1.0), (2, 1.0), (3, 2.0)]);
        for nowhere in [[0.0, 0.0], [f32::NAN, 1.0], [f32::INFINITY, 1.0]] {
            assert_eq!(near(nowhere), [0, 1, 2, 3, 4].map(|i| (i, 1.0)));
        }
    }

    #[test]
    fn where_there_are_none_novelty_is_unknown() {
        assert_eq!(neighbours(&[1.0], &[], 1, 3), [Neighbours::default()]);
        assert_eq!(neighbours(&[1.0], &[1.0], 1, 0)[0].novelty(), None);
        assert_eq!(neighbours(&[], &[1.0], 1, 3), []);
    }

    #[test]
    fn those_that_may_not_speak_are_passed_over() {
        let (count, width) = (300, 20);
        let known = rows(count, width, 1);
        let others = |query, reference| query % 3 != reference % 3;
        let found = neighbours_among(&known, &known, width, 4, others);
        for (query, (found, row)) in found.iter().zip(known.chunks_exact(width)).enumerate() {
            let mut expected = plain(row, &known);
            expected.retain(|&(reference, _)| others(query, reference));
            let indices = |(index, _): &(usize, f32)| *index;
            let found: Vec<usize> = found.nearest.iter().map(indices).collect();
            let expected: Vec<usize> = expected[..4].iter().map(|&(index, _)| index).collect();
            assert_eq!(found, expected);
        }
    }
}
