//! Pictures whose features are nearly the same: perhaps copies of one another.

use engine::matmul;
use ground::Stop;
use ground::files::FileError;
use ground::random::{Draws, Purpose};

use super::Table;

/// More pictures are not compared with each other, as that takes the square of their number.
pub const MOST: usize = 30_000;
/// What the cosine of two pictures' features must exceed. Most altered copies do, with every backbone
/// that was tried (`docs/duplicates.md`); [`STANDS_OUT`] keeps strangers away.
const LEAST: f32 = 0.75;
/// Pictures most like one that are suspected. Of no copy that prints do not find was a stranger
/// more like it than its original.
const NEAREST: usize = 2;
/// A copy stands out: the distance to it is at most this share of the distance to the picture's
/// [`CROWD`]th nearest. Drawn pictures, and some networks' features, are alike all over.
const STANDS_OUT: f32 = 0.45;
/// Pictures among which a copy stands out.
const CROWD: usize = 20;
/// Directions on which features are projected: the cosine is then right to 0.02 …
const DIRECTIONS: usize = 256;
/// … so that pictures may be as they must by this much less. Their cosines are then computed from all
/// features, with those of the [`LOOKED_AT`] that the projection says are nearest.
const SLACK: [f32; 2] = [0.1, 0.3];
const LOOKED_AT: usize = 48;
/// Rows that are projected, or compared with all, at once.
const BLOCK: usize = 256;

/// Pairs of rows that point nearly the same way, each among the nearest of one of the two, in order;
/// none where there are more than [`MOST`], or when asked to stop. The rows are compared on random
/// directions, which keeps cosines as they are but for a little noise (W. B. Johnson and
/// J. Lindenstrauss, 1984), and those that might be a pair as they are.
///
/// # Errors
/// When rows cannot be read back from a file.
pub fn alike(features: &Table, stop: &Stop) -> Result<Vec<(usize, usize)>, FileError> {
    let count = features.len();
    if count > MOST {
        return Ok(vec![]);
    }
    let rows = projected(features, stop)?;
    let mut columns = vec![0.0; rows.len()];
    crate::head::transposed(&rows, DIRECTIONS, &mut columns);
    let mut pairs = vec![];
    for (block, asked) in rows.chunks(BLOCK * DIRECTIONS).enumerate() {
        if stop.asked() {
            return Ok(vec![]);
        }
        let cosines = matmul(asked, &columns, DIRECTIONS, None);
        for (at, cosines) in cosines.chunks_exact(count.max(1)).enumerate() {
            let asked = block * BLOCK + at;
            let mut near = nearest(cosines.iter().copied().enumerate(), asked, LOOKED_AT);
            if !standing_out(&near, SLACK).is_empty() {
                let others: Vec<usize> = near.iter().map(|&(other, _)| other).collect();
                near = nearest(exact(features, asked, &others)?, asked, LOOKED_AT);
                let found = standing_out(&near, [0.0; 2]).iter();
                pairs.extend(found.map(|&(other, _)| (asked.min(other), asked.max(other))));
            }
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    Ok(pairs)
}

/// The pictures of the largest cosines but `asked` itself, the largest first.
fn nearest(
    cosines: impl IntoIterator<Item = (usize, f32)>,
    asked: usize,
    most: usize,
) -> Vec<(usize, f32)> {
    let larger = |a: &(usize, f32), b: &(usize, f32)| b.1.total_cmp(&a.1);
    let mut all: Vec<(usize, f32)> =
        cosines.into_iter().filter(|&(other, _)| other != asked).collect();
    if all.len() > most {
        all.select_nth_unstable_by(most, larger);
        all.truncate(most);
    }
    all.sort_by(larger);
    all
}

/// Those of a picture's nearest that may be copies of it, with so much less of a cosine and more of the
/// crowd's distance.
fn standing_out(near: &[(usize, f32)], slack: [f32; 2]) -> &[(usize, f32)] {
    let Some(&(_, crowd)) = near.get(near.len().min(CROWD).saturating_sub(1)) else { return &[] };
    let least = (LEAST - slack[0]).max(1.0 - (STANDS_OUT + slack[1]) * (1.0 - crowd));
    let found = near.iter().take(NEAREST).take_while(|&&(_, cosine)| cosine > least);
    &near[..found.count()]
}

/// The cosines of a row with others, from all features.
fn exact(features: &Table, asked: usize, others: &[usize]) -> Result<Vec<(usize, f32)>, FileError> {
    let width = features.width();
    let mut row = vec![0.0; width];
    features.read(&[asked], &mut row)?;
    let mut rows = vec![0.0; others.len() * width];
    features.read(others, &mut rows)?;
    let length = |row: &[f32]| row.iter().map(|x| x * x).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
    let own = length(&row);
    let cosine = |other: &[f32]| {
        let product: f32 = row.iter().zip(other).map(|(a, b)| a * b).sum();
        product / (own * length(other))
    };
    Ok(others.iter().copied().zip(rows.chunks_exact(width).map(cosine)).collect())
}

/// Rows of length 1 on the random directions.
fn projected(features: &Table, stop: &Stop) -> Result<Vec<f32>, FileError> {
    let width = features.width();
    let mut draws = Draws::new(0, Purpose::Directions, &[width as u64]);
    let directions: Vec<f32> =
        (0..width * DIRECTIONS).map(|_| if draws.chance(0.5) { 1.0 } else { -1.0 }).collect();
    let all: Vec<usize> = (0..features.len()).collect();
    let mut rows = Vec::with_capacity(all.len() * DIRECTIONS);
    for block in all.chunks(BLOCK) {
        if stop.asked() {
            break;
        }
        let mut read = vec![0.0; block.len() * width];
        features.read(block, &mut read)?;
        rows.extend(matmul(&read, &directions, width, None));
    }
    for row in rows.chunks_exact_mut(DIRECTIONS) {
        let length = row.iter().map(|x| x * x).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
        row.iter_mut().for_each(|x| *x /= length);
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, alike};
    use crate::features::Table;
    use ground::Stop;
    use ground::random::{Draws, Purpose};

    #[test]
    fn rows_that_point_the_same_way_are_suspected_and_no_others() {
        const WIDTH: usize = 512;
        // More than are compared at once.
        let row = |key: usize| {
            let mut draws = Draws::new(1, Purpose::Synthetic, &[key as u64]);
            (0..WIDTH).map(|_| draws.uniform().powi(4) as f32).collect::<Vec<f32>>()
        };
        let mut rows: Vec<Vec<f32>> = (0..BLOCK + 40).map(row).collect();
        let (first, last) = (rows[3].clone(), rows[7].clone());
        rows.push(first.iter().zip(row(1000)).map(|(a, b)| 3.0 * a + 0.3 * b).collect());
        rows[BLOCK + 1] = last.iter().map(|a| 0.01 * a).collect();
        rows[9] = vec![0.0; WIDTH];
        let table = |rows: &[Vec<f32>]| Table::new(WIDTH, rows.concat());
        let found = alike(&table(&rows), &Stop::new()).unwrap();
        assert_eq!(found, [(3, BLOCK + 40), (7, BLOCK + 1)]);
        assert_eq!(alike(&table(&rows[..1]), &Stop::new()).unwrap(), []);
        let stop = Stop::new();
        stop.ask();
        assert_eq!(alike(&table(&rows), &stop).unwrap(), []);
    }

    /// Where all are alike, the noise of a projection is as large as what tells pictures apart.
    #[test]
    fn what_stands_out_is_told_by_all_features() {
        const WIDTH: usize = 1280;
        let row = |key: usize| {
            let mut draws = Draws::new(3, Purpose::Synthetic, &[key as u64]);
            (0..WIDTH).map(|_| 1.0 + draws.uniform() as f32).collect::<Vec<f32>>()
        };
        let rows: Vec<Vec<f32>> = (0..60).map(row).collect();
        // With so much of a stranger a row is at 0.50 of the distance to one, or at 0.39 of it.
        for (share, found) in [(0.7, vec![]), (0.62, vec![(5, 60)])] {
            let mixed = rows[5].iter().zip(row(1000)).map(|(a, b)| (1.0 - share) * a + share * b);
            let all = [rows.clone(), vec![mixed.collect()]].concat().concat();
            assert_eq!(alike(&Table::new(WIDTH, all), &Stop::new()).unwrap(), found, "{share}");
        }
    }

    /// Drawings, or the features of some networks: all rows point nearly the same way.
    #[test]
    fn where_all_are_alike_only_what_stands_out_is_suspected() {
        const WIDTH: usize = 512;
        let row = |key: usize| {
            let mut draws = Draws::new(2, Purpose::Synthetic, &[key as u64]);
            (0..WIDTH).map(|_| 1.0 + draws.uniform() as f32).collect::<Vec<f32>>()
        };
        let mut rows: Vec<Vec<f32>> = (0..60).map(row).collect();
        let copy = rows[5].iter().zip(row(1000)).map(|(a, b)| a + 0.1 * b).collect();
        rows.push(copy);
        let found = alike(&Table::new(WIDTH, rows.concat()), &Stop::new()).unwrap();
        assert_eq!(found, [(5, 60)]);
    }
}
