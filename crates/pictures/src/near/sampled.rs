//! One picture sampled where the cells of another lie on it.

use crate::perceptual_hash::SIDE;

/// How many cells a picture has.
pub(super) const CELLS: usize = SIDE * SIDE;

/// The second picture over the cells of the first.
pub(super) struct Sampled {
    /// Brightness.
    pub(super) value: Vec<f32>,
    /// How it changes to the right, from pixel to pixel of the picture sampled …
    pub(super) slope_x: Vec<f32>,
    /// … and downwards.
    pub(super) slope_y: Vec<f32>,
    /// Whether the cell lies on the picture at all.
    pub(super) inside: Vec<bool>,
}

impl Sampled {
    /// `found` over an area of it: left, right, top and bottom edge, as shares of its sides.
    pub(super) fn of(found: &[f32], [left, right, top, bottom]: [f32; 4]) -> Self {
        let places = |from: f32, to: f32| -> [(usize, f32, bool); SIDE] {
            std::array::from_fn(|cell| {
                let along = (cell as f32 + 0.5) / SIDE as f32;
                let place = (from + (to - from) * along) * SIDE as f32 - 0.5;
                let inside = (-0.5..=SIDE as f32 - 0.5).contains(&place);
                let low = place.clamp(0.0, (SIDE - 2) as f32).floor();
                (low as usize, place.clamp(0.0, (SIDE - 1) as f32) - low, inside)
            })
        };
        let (across, down) = (places(left, right), places(top, bottom));
        let mut out = Self {
            value: vec![0.0; CELLS],
            slope_x: vec![0.0; CELLS],
            slope_y: vec![0.0; CELLS],
            inside: vec![false; CELLS],
        };
        for (y, &(row, v, row_inside)) in down.iter().enumerate() {
            for (x, &(column, u, inside)) in across.iter().enumerate() {
                let at = row * SIDE + column;
                let [a, b, c, d] =
                    [found[at], found[at + 1], found[at + SIDE], found[at + SIDE + 1]];
                let (upper, lower) = (a + (b - a) * u, c + (d - c) * u);
                let cell = y * SIDE + x;
                out.value[cell] = upper + (lower - upper) * v;
                out.slope_x[cell] = (b - a) + ((d - c) - (b - a)) * v;
                out.slope_y[cell] = lower - upper;
                out.inside[cell] = inside && row_inside;
            }
        }
        out
    }
}
