use std::f64::consts::PI;

use super::Turn;
use crate::perceptual_hash::{SIDE, View};

/// Frequencies along each side, from 0.
pub(super) const WAVES: usize = 8;
/// Parts of a side that a crop may have left.
pub(super) const PARTS: [[f64; 2]; 4] = [[0.0, 1.0], [0.0, 0.9], [0.05, 0.95], [0.1, 1.0]];
/// The least deviation of brightness, in levels of 255, at which a picture shows anything.
const LEAST: f64 = 4.0;

/// The low frequencies of a picture or a part of it, `WAVES × WAVES`, rows for vertical ones; the
/// first is 0.
pub(super) type Spectrum = [f32; WAVES * WAVES];

/// Whether there is enough to be seen to say that two pictures show the same.
pub(super) fn has_structure(view: View<'_>) -> bool {
    let grey = view.grey();
    let count = grey.len() as f64;
    let mean = grey.iter().map(|&g| f64::from(g)).sum::<f64>() / count;
    let spread = grey.iter().map(|&g| (f64::from(g) - mean).powi(2)).sum::<f64>() / count;
    spread > LEAST * LEAST
}

/// Cosines over each of [`PARTS`], integrated over cells.
pub(super) struct Waves([[[f32; SIDE]; WAVES]; PARTS.len()]);

impl Waves {
    pub(super) fn new() -> Self {
        Self(PARTS.map(|[start, end]| {
            std::array::from_fn(|wave| {
                std::array::from_fn(|cell| {
                    let at = |edge: usize| {
                        let edge = (edge as f64 / SIDE as f64).clamp(start, end);
                        let along = (edge - start) / (end - start);
                        match wave {
                            0 => along,
                            _ => (PI * wave as f64 * along).sin() / (PI * wave as f64),
                        }
                    };
                    (at(cell + 1) - at(cell)) as f32
                })
            })
        }))
    }

    /// Of the whole picture.
    pub(super) fn whole(&self, view: View<'_>) -> Spectrum {
        down(&across(view, &self.0[0]), &self.0[0])
    }

    /// Of each part, those of a row of parts after one another.
    pub(super) fn parts(&self, view: View<'_>, mut take: impl FnMut(usize, &Spectrum)) {
        for (column, basis) in self.0.iter().enumerate() {
            let rows = across(view, basis);
            for (row, basis) in self.0.iter().enumerate() {
                take(row * PARTS.len() + column, &down(&rows, basis));
            }
        }
    }
}

fn across(view: View<'_>, basis: &[[f32; SIDE]; WAVES]) -> [[f32; WAVES]; SIDE] {
    let mut out = [[0.0; WAVES]; SIDE];
    for (out, row) in out.iter_mut().zip(view.grey().as_chunks::<SIDE>().0) {
        let row = row.map(f32::from);
        for (out, basis) in out.iter_mut().zip(basis) {
            *out = row.iter().zip(basis).map(|(grey, wave)| grey * wave).sum();
        }
    }
    out
}

fn down(rows: &[[f32; WAVES]; SIDE], basis: &[[f32; SIDE]; WAVES]) -> Spectrum {
    let mut out = [0.0; WAVES * WAVES];
    for (out, basis) in out.as_chunks_mut::<WAVES>().0.iter_mut().zip(basis) {
        for (row, &weight) in rows.iter().zip(basis) {
            for (out, value) in out.iter_mut().zip(row) {
                *out += weight * value;
            }
        }
    }
    out[0] = 0.0;
    out
}

/// The spectrum of the picture when it is turned.
pub(super) fn turned(spectrum: &Spectrum, turn: Turn) -> Spectrum {
    let (across, up, back) = turn.parts();
    std::array::from_fn(|at| {
        let (row, column) = (at / WAVES, at % WAVES);
        let (row, column) = if across { (column, row) } else { (row, column) };
        // Odd waves change their sign when counted from the other end.
        let odd = (up && row % 2 == 1) != (back && column % 2 == 1);
        let value = spectrum[row * WAVES + column];
        if odd { -value } else { value }
    })
}

/// A bit for each frequency: whether it is positive.
pub(super) fn signs(spectrum: &Spectrum) -> u64 {
    spectrum.iter().enumerate().fold(0, |bits, (at, &value)| bits | u64::from(value > 0.0) << at)
}
