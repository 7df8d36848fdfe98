//! A flat map of many numbers a picture, on which pictures that look alike to a network lie side
//! by side.

mod pca;
mod tsne;

use self::pca::{Pca, pca};
use self::tsne::{affinities, tsne};
use crate::record::{Place, spread};

/// Pictures that a map shows at most: every pair of them is weighed against every other.
pub const MAPPED: usize = 1000;

/// Coordinates that are left before neighbours are looked for, as the paper of t-SNE has it:
/// distances in them hold less noise.
const COORDINATES: usize = 30;

/// Nearest neighbours that a picture is drawn to, about: scikit-learn's default.
const PERPLEXITY: f64 = 30.0;

/// Thousandths between the edge of a map and its outermost picture.
const MARGIN: f64 = 20.0;

/// A place for each row, and how much of the rows' variance the linear map shows (0 to 1).
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// One a row.
    pub places: Vec<Place>,
    /// The share of the variance along the two axes of [`Place::linear`].
    pub explained: f64,
}

/// Lays out rows of `width` numbers: by principal components, and from there by t-SNE. The same
/// rows and seed give the same places on any machine with any number of threads. `None` for fewer
/// than three rows, or where all are the same.
///
/// # Panics
/// When the last row is not whole.
#[must_use]
pub fn layout(rows: &[f32], width: usize, seed: u64) -> Option<Layout> {
    let Pca { scores, variances, total } = pca(rows, width, COORDINATES, seed)?;
    let kept = variances.len();
    let linear: Vec<[f64; 2]> =
        scores.chunks_exact(kept).map(|row| [row[0], row.get(1).copied().unwrap_or(0.0)]).collect();
    let count = linear.len();
    let perplexity = PERPLEXITY.min((count - 1) as f64 / 3.0);
    let near = tsne(&affinities(&scores, kept, perplexity), &linear);
    let places = thousandths(&linear).into_iter().zip(thousandths(&near));
    Some(Layout {
        places: places.map(|(linear, near)| Place { linear, near }).collect(),
        explained: (variances.iter().take(2).sum::<f64>() / total).clamp(0.0, 1.0),
    })
}

/// Of pictures that were named right or not, those that a map shows: all up to [`MAPPED`]; of more,
/// the wrong ones (spread evenly where they alone are more than half of that), and of the right
/// ones an even choice.
#[must_use]
pub fn mapped(right: &[bool]) -> Vec<usize> {
    let (rights, wrongs): (Vec<usize>, Vec<usize>) = (0..right.len()).partition(|&i| right[i]);
    let room = MAPPED - rights.len().min(MAPPED / 2);
    let wrongs: Vec<usize> = spread(wrongs.len(), room).map(|at| wrongs[at]).collect();
    let mut all: Vec<usize> =
        spread(rights.len(), MAPPED - wrongs.len()).map(|at| rights[at]).collect();
    all.extend(wrongs);
    all.sort_unstable();
    all
}

/// Places in a square of 1,000 × 1,000, with one scale for both axes.
fn thousandths(places: &[[f64; 2]]) -> Vec<[u16; 2]> {
    let ends = |axis: usize| {
        let values = places.iter().map(|place| place[axis]);
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)))
    };
    let (across, down) = (ends(0), ends(1));
    let reach = (across.1 - across.0).max(down.1 - down.0).max(f64::MIN_POSITIVE);
    let place = |x: f64, (low, high): (f64, f64)| {
        let share = (x - (low + high) / 2.0) / reach + 0.5;
        (MARGIN + share * (1000.0 - 2.0 * MARGIN)).round().clamp(0.0, 1000.0) as u16
    };
    places.iter().map(|&[x, y]| [place(x, across), place(y, down)]).collect()
}

#[cfg(test)]
mod tests;
