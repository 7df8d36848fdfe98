//! How well two views agree once they are laid on one another, and on how many cells that rests.
//!
//! Ground that both share is no evidence: two beetles on white paper agree nearly everywhere. A
//! cell counts only where one of the two shows an edge.

use super::sampled::{CELLS, Sampled};
use crate::perceptual_hash::SIDE;

/// The least difference between neighbours that is an edge: a share of the spread of brightness …
const EDGE: f32 = 0.08;
/// … within these, in levels of 255.
const EDGES: [f32; 2] = [1.5, 4.0];

/// From this share of cells that are flat in both on, they are ground.
const GROUND: f32 = 0.25;

/// How two views agree, in cells that count.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Fit {
    /// Correlation of brightness; cells that disagree much count little.
    pub(super) robust: f32,
    /// The same of the differences between neighbouring cells; 0 where brightness does not agree.
    pub(super) edges: f32,
    /// The same of what is left once each row's and each column's mean is taken off: stripes, as of
    /// lines of text, are a layout and no content.
    pub(super) detail: f32,
    /// The share of the cells that agree.
    pub(super) share: f32,
    /// How many cells agree.
    pub(super) cells: f32,
    /// How alike neighbouring cells are that count: their correlation.
    pub(super) smooth: f32,
}

/// Where the first of two views is steep, and what counts as steep in the second.
pub(super) struct Steep {
    first: Vec<bool>,
    least: f32,
    /// Whether outlines count too.
    outlines: bool,
}

impl Steep {
    /// Compares the cells of two pictures. `outlines` is false for two whole pictures on plain grounds:
    /// cut-outs of one form and size have the same outlines, and so have bars across the ground.
    pub(super) fn of(first: &[f32], second: &[f32], outlines: bool) -> Self {
        let [a, b] = [first, second].map(|cells| (EDGE * spread(cells)).clamp(EDGES[0], EDGES[1]));
        Self { first: steep(first, a), least: b, outlines }
    }

    /// Which cells say anything: inside both, and not flat in both.
    pub(super) fn counts(&self, second: &Sampled) -> Vec<bool> {
        let steep = steep(&second.value, self.least);
        let counts: Vec<bool> =
            (0..CELLS).map(|at| second.inside[at] && (self.first[at] || steep[at])).collect();
        let flat = |at: usize| second.inside[at] && !counts[at];
        if self.outlines
            || ((0..CELLS).filter(|&at| flat(at)).count() as f32) < GROUND * CELLS as f32
        {
            return counts;
        }
        let inner = |at: usize| counts[at] && !neighbours(at).any(flat);
        (0..CELLS).map(inner).collect()
    }
}

/// The cells beside one, at most four.
fn neighbours(at: usize) -> impl Iterator<Item = usize> {
    let (x, y) = (at % SIDE, at / SIDE);
    let beside = [
        (x > 0).then(|| at - 1),
        (x + 1 < SIDE).then_some(at + 1),
        (y > 0).then(|| at - SIDE),
        (y + 1 < SIDE).then_some(at + SIDE),
    ];
    beside.into_iter().flatten()
}

/// Which cells differ from a neighbour.
fn steep(cells: &[f32], least: f32) -> Vec<bool> {
    let mut steep = vec![false; CELLS];
    for at in 0..CELLS {
        for (on, next) in [(at % SIDE + 1 < SIDE, at + 1), (at / SIDE + 1 < SIDE, at + SIDE)] {
            if on && (cells[at] - cells[next]).abs() >= least {
                (steep[at], steep[next]) = (true, true);
            }
        }
    }
    steep
}

/// The standard deviation.
fn spread(cells: &[f32]) -> f32 {
    let mean = cells.iter().sum::<f32>() / CELLS as f32;
    (cells.iter().map(|cell| (cell - mean).powi(2)).sum::<f32>() / CELLS as f32).sqrt()
}

pub(super) fn measure(asked: &[f32], sampled: &Sampled, counts: &[bool], weights: &[f32]) -> Fit {
    let robust = correlation(moments(asked, &sampled.value, |at| weights[at]));
    let cells: f32 = weights.iter().sum();
    let all = counts.iter().filter(|&&counts| counts).count();
    let mut fit = Fit { robust, cells, share: cells / all.max(1) as f32, ..Fit::default() };
    if robust > 0.7 {
        fit.edges = edges(asked, &sampled.value, weights);
        let (a, b) = (detail(asked, weights), detail(&sampled.value, weights));
        fit.detail = correlation(moments(&a, &b, |at| weights[at]));
        fit.smooth = smooth(asked, counts);
    }
    fit
}

/// Correlation of the differences between neighbouring cells.
fn edges(asked: &[f32], sampled: &[f32], weights: &[f32]) -> f32 {
    let (mut dy, mut dx, mut w) = (vec![], vec![], vec![]);
    for y in 0..SIDE {
        for x in 0..SIDE {
            let at = y * SIDE + x;
            for (on, next) in [(x + 1 < SIDE, at + 1), (y + 1 < SIDE, at + SIDE)] {
                if on {
                    dy.push(asked[next] - asked[at]);
                    dx.push(sampled[next] - sampled[at]);
                    w.push(weights[at].min(weights[next]));
                }
            }
        }
    }
    correlation(moments(&dy, &dx, |at| w[at]))
}

/// Correlation of neighbouring cells that both count.
fn smooth(cells: &[f32], counts: &[bool]) -> f32 {
    let (mut one, mut other) = (vec![], vec![]);
    for at in 0..CELLS {
        for (on, next) in [(at % SIDE + 1 < SIDE, at + 1), (at / SIDE + 1 < SIDE, at + SIDE)] {
            if on && counts[at] && counts[next] {
                one.push(cells[at]);
                other.push(cells[next]);
            }
        }
    }
    correlation(moments(&one, &other, |_| 1.0))
}

/// The cells without the mean of their row and that of their column.
fn detail(cells: &[f32], weights: &[f32]) -> Vec<f32> {
    let mut left = cells.to_vec();
    // Where weights differ, one pass leaves a little of the rows in the columns.
    for _ in 0..2 {
        for stride in [1, SIDE] {
            for line in 0..SIDE {
                let place = |step: usize| line * (SIDE / stride) + step * stride;
                let (mut sum, mut weight) = (0.0, 0.0);
                for at in (0..SIDE).map(place) {
                    sum += weights[at] * left[at];
                    weight += weights[at];
                }
                let mean = if weight > 0.0 { sum / weight } else { 0.0 };
                (0..SIDE).map(place).for_each(|at| left[at] -= mean);
            }
        }
    }
    left
}

/// Sums of weight, x, y, x², xy and y².
pub(super) fn moments(y: &[f32], x: &[f32], weight: impl Fn(usize) -> f32) -> [f64; 6] {
    let mut sums = [0.0f64; 6];
    for at in 0..y.len() {
        let (w, x, y) = (f64::from(weight(at)), f64::from(x[at]), f64::from(y[at]));
        for (sum, term) in sums.iter_mut().zip([1.0, x, y, x * x, x * y, y * y]) {
            *sum += w * term;
        }
    }
    sums
}

pub(super) fn correlation([n, sx, sy, sxx, sxy, syy]: [f64; 6]) -> f32 {
    let (xx, yy) = (n * sxx - sx * sx, n * syy - sy * sy);
    if xx <= 0.0 || yy <= 0.0 { 0.0 } else { ((n * sxy - sx * sy) / (xx * yy).sqrt()) as f32 }
}
