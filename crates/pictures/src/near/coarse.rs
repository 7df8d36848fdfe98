//! Whether a candidate is worth laying on the picture: the differences between neighbours of
//! 12 × 12 cells, which cost a microsecond to compare.

use super::Turn;
use super::spectrum::PARTS;
use crate::perceptual_hash::{SIDE, View};

const WIDE: usize = SIDE / 2;
pub(super) const CELLS: usize = WIDE * WIDE;
/// Differences to the right and downwards.
const EDGES: usize = 2 * WIDE * (WIDE - 1);

/// The brightness of a view in twos by twos.
pub(super) fn cells(view: View<'_>) -> [u8; CELLS] {
    let grey = view.grey();
    std::array::from_fn(|at| {
        let corner = at / WIDE * 2 * SIDE + at % WIDE * 2;
        let sum: u16 =
            [0, 1, SIDE, SIDE + 1].iter().map(|next| u16::from(grey[corner + next])).sum();
        (sum / 4) as u8
    })
}

/// The one asked for, turned.
pub(super) struct Laid {
    edges: [f32; EDGES],
    length: f32,
}

impl Laid {
    pub(super) fn new(cells: &[u8; CELLS], turn: Turn) -> Self {
        let turned = turn.of(cells, WIDE);
        let edges = edges(&std::array::from_fn(|at| f32::from(turned[at])));
        Self { length: dot(&edges, &edges).sqrt(), edges }
    }

    /// Cosine of its differences and those of a part of another, in thousandths; 0 when they are opposed.
    pub(super) fn alike(&self, other: &[u8; CELLS], part: usize) -> u16 {
        let ([left, right], [top, bottom]) = (PARTS[part % PARTS.len()], PARTS[part / PARTS.len()]);
        let (across, down) = (places(left, right), places(top, bottom));
        let mut sampled = [0.0; CELLS];
        for (row, &(y, v)) in sampled.as_chunks_mut::<WIDE>().0.iter_mut().zip(&down) {
            let line: [f32; WIDE] = std::array::from_fn(|x| {
                let (a, b) = (f32::from(other[y * WIDE + x]), f32::from(other[(y + 1) * WIDE + x]));
                a + (b - a) * v
            });
            for (cell, &(x, u)) in row.iter_mut().zip(&across) {
                *cell = line[x] + (line[x + 1] - line[x]) * u;
            }
        }
        let other = edges(&sampled);
        let length = self.length * dot(&other, &other).sqrt();
        (1000.0 * dot(&self.edges, &other) / length.max(1e-6)).max(0.0) as u16
    }
}

fn places(from: f64, to: f64) -> [(usize, f32); WIDE] {
    let (from, step) = (from as f32 * WIDE as f32, (to - from) as f32);
    std::array::from_fn(|cell| {
        let place = (from + (cell as f32 + 0.5) * step - 0.5).clamp(0.0, (WIDE - 1) as f32);
        let low = place.min((WIDE - 2) as f32).floor();
        (low as usize, place - low)
    })
}

fn edges(cells: &[f32; CELLS]) -> [f32; EDGES] {
    let mut out = [0.0; EDGES];
    let (right, down) = out.split_at_mut(EDGES / 2);
    for (y, row) in right.as_chunks_mut::<{ WIDE - 1 }>().0.iter_mut().enumerate() {
        for (x, edge) in row.iter_mut().enumerate() {
            *edge = cells[y * WIDE + x + 1] - cells[y * WIDE + x];
        }
    }
    for (at, edge) in down.iter_mut().enumerate() {
        *edge = cells[at + WIDE] - cells[at];
    }
    out
}

fn dot(a: &[f32; EDGES], b: &[f32; EDGES]) -> f32 {
    let mut sums = [0.0f32; 8];
    for (a, b) in a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    sums.iter().sum()
}
