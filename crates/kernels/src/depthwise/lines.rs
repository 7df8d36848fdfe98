//! The sums for some rows of a picture: tiles of neighbours along a row, which share what they read.

use std::ops::Range;

use super::sweep::{LINE, Sweep, TILE, Tap};
use super::unrolled;
use crate::elementwise::{load, store};
use crate::isa::{Kernel, Simd};
use crate::threads::Shared;
use crate::{Activation, Element};

/// Where sums go, and what happens to them before.
#[derive(Clone, Copy)]
pub(crate) struct Output<'a, E> {
    /// The result of column 0 of row 0.
    pub(crate) to: Shared<E>,
    /// Numbers from one pixel to the next.
    pub(crate) pixel: usize,
    pub(crate) affine: Option<(&'a [f32], &'a [f32])>,
    pub(crate) activation: Activation,
    /// Whether results are added to what is there.
    pub(crate) accumulate: bool,
    /// Where each channel's sum and sum of squares are added to.
    pub(crate) totals: Option<*mut f32>,
}

/// What is known of a pass beside its numbers.
pub(crate) struct Pass {
    pub(crate) sweep: Sweep,
    /// By phase.
    rows: Vec<Vec<Tap>>,
    columns: Vec<Vec<Tap>>,
}

impl Pass {
    pub(crate) fn new(sweep: Sweep) -> Self {
        let columns = 0..sweep.columns.per.min(sweep.columns.to);
        let columns = columns.map(|column| sweep.column_taps(column)).collect();
        Self { rows: sweep.row_taps(), columns, sweep }
    }
}

/// The sums for some rows.
pub(crate) struct Piece<'a, E> {
    pub(crate) pass: &'a Pass,
    pub(crate) rows: Range<usize>,
    /// What the rows read, lines of [`Sweep::row_len`], and slack.
    pub(crate) local: *const f32,
    /// Laid out with the sweep's pitch.
    pub(crate) weights: *const f32,
    pub(crate) output: Output<'a, E>,
}

impl<E: Element> Kernel for Piece<'_, E> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let Pass { sweep, rows, columns } = self.pass;
        let pitch = sweep.pitch;
        for (phase, columns) in columns.iter().enumerate() {
            let at = sweep.columns.start(phase) - sweep.columns.start(0);
            let skip = at as usize * pitch + columns.first().map_or(0, |tap| tap.offset);
            let weights = |k: usize| columns[k].weights;
            let lines = Lines { piece: &self, phase, skip, taps: rows, distance: pitch };
            match (columns.len(), sweep.columns.times) {
                (3, 1) => S::enter(Fixed::<_, 3, 1> { lines, columns: [0, 1, 2].map(weights) }),
                (5, 1) => {
                    S::enter(Fixed::<_, 5, 1> { lines, columns: [0, 1, 2, 3, 4].map(weights) });
                }
                (3, 2) => S::enter(Fixed::<_, 3, 2> { lines, columns: [0, 1, 2].map(weights) }),
                (5, 2) => {
                    S::enter(Fixed::<_, 5, 2> { lines, columns: [0, 1, 2, 3, 4].map(weights) });
                }
                (2, 1) => S::enter(Fixed::<_, 2, 1> { lines, columns: [0, 1].map(weights) }),
                _ => {
                    // Any other shape: each tap by itself, as if it were a row of one.
                    let each = |row: &Tap| {
                        let row = *row;
                        columns.iter().map(move |tap| Tap {
                            offset: row.offset + tap.offset - columns[0].offset,
                            weights: row.weights + tap.weights,
                        })
                    };
                    let taps: Vec<Vec<Tap>> =
                        rows.iter().map(|rows| rows.iter().flat_map(each).collect()).collect();
                    let distance = sweep.columns.times * pitch;
                    let lines = Lines { taps: &taps, distance, ..lines };
                    S::enter(Fixed::<_, 1, 1> { lines, columns: [0] });
                }
            }
        }
    }
}

/// The results of one phase of columns.
#[derive(Clone, Copy)]
struct Lines<'a, E> {
    piece: &'a Piece<'a, E>,
    /// The first column.
    phase: usize,
    /// Where in a local row its first tap stands.
    skip: usize,
    /// By phase of rows.
    taps: &'a [Vec<Tap>],
    /// Numbers between columns that are read one after the other.
    distance: usize,
}

/// Such results with `KX` taps in each row, `STEP` columns of the source apart.
struct Fixed<'a, E, const KX: usize, const STEP: usize> {
    lines: Lines<'a, E>,
    /// Where the weights of each tap of a row begin.
    columns: [usize; KX],
}

impl<E: Element, const KX: usize, const STEP: usize> Kernel for Fixed<'_, E, KX, STEP> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let Lines { piece, phase, skip, taps, distance } = self.lines;
        let Sweep { rows, columns, channels, .. } = piece.pass.sweep;
        let row_len = piece.pass.sweep.row_len();
        let first_row = rows.start(piece.rows.start);
        let results = (columns.to - phase).div_ceil(columns.per);
        let apart = columns.per * piece.output.pixel;
        // Channels outermost, a cache line of them, so that what tiles share stays in the first level.
        for line in (0..channels).step_by(LINE) {
            for row in piece.rows.clone() {
                let taps = &taps[rows.phase(row)];
                let from = piece.local.add((rows.start(row) - first_row) as usize * row_len + skip);
                let to = (row * columns.to + phase) * piece.output.pixel;
                for first in (0..results).step_by(TILE) {
                    let count = TILE.min(results - first);
                    let from = from.add(first * STEP * distance);
                    let to = to + first * apart;
                    for c in (line..(line + LINE).min(channels)).step_by(S::LANES) {
                        let n = S::LANES.min(channels - c);
                        let sums = self.sums::<S>(taps, from.add(c), c);
                        piece.output.finish::<S>(&sums, (to + c, apart), count, (c, channels), n);
                    }
                }
            }
        }
    }
}

impl<E: Element, const KX: usize, const STEP: usize> Fixed<'_, E, KX, STEP> {
    /// The sums of a tile for a register of channels.
    #[inline(always)]
    unsafe fn sums<S: Simd>(&self, taps: &[Tap], from: *const f32, c: usize) -> [S::V; TILE] {
        let distance = self.lines.distance;
        let mut sums = [S::splat(0.0); TILE];
        for tap in taps {
            let weights = self.lines.piece.weights.add(tap.weights + c);
            let mut w = [S::splat(0.0); KX];
            for kx in 0..KX {
                w[kx] = S::load(weights.add(self.columns[kx]));
            }
            let from = from.add(tap.offset);
            unrolled!(i in [0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16] below (TILE - 1) * STEP + KX => {
                let x = S::load(from.add(i * distance));
                unrolled!(kx in [0 1 2 3 4] below KX => {
                    if i >= kx && (i - kx).is_multiple_of(STEP) && (i - kx) / STEP < TILE {
                        let t = (i - kx) / STEP;
                        sums[t] = S::fma(x, w[kx], sums[t]);
                    }
                });
            });
        }
        sums
    }
}

impl<E: Element> Output<'_, E> {
    /// Finishes and stores the first `count` sums of `n` channels from `c` on, the first at flat index
    /// `at` and the others so far `apart`.
    #[inline(always)]
    unsafe fn finish<S: Simd>(
        &self,
        sums: &[S::V; TILE],
        (at, apart): (usize, usize),
        count: usize,
        (c, channels): (usize, usize),
        n: usize,
    ) {
        let channel = |values: &[f32]| load::<S, f32>(values.as_ptr().add(c), n);
        let affine = self.affine.map(|(scale, shift)| (channel(scale), channel(shift)));
        let [least, largest] = self.activation.bounds();
        let (mut total, mut squares) = (S::splat(0.0), S::splat(0.0));
        unrolled!(t in [0 1 2 3 4 5 6] below TILE => {
            if t < count {
                let to = self.to.get().add(at + t * apart);
                let mut value = sums[t];
                if let Some((scale, shift)) = affine {
                    value = S::fma(value, scale, shift);
                }
                if self.accumulate {
                    value = S::add(value, load::<S, E>(to, n));
                }
                value = S::min(S::splat(largest), S::max(S::splat(least), value));
                store::<S, E>(to, n, value);
                if self.totals.is_some() {
                    // As stored: rounding is part of what a norm sees.
                    let value = load::<S, E>(to, n);
                    total = S::add(total, value);
                    squares = S::fma(value, value, squares);
                }
            }
        });
        if let Some(totals) = self.totals {
            let (to, to_squares) = (totals.add(c), totals.add(channels + c));
            store::<S, f32>(to, n, S::add(load::<S, f32>(to, n), total));
            store::<S, f32>(to_squares, n, S::add(load::<S, f32>(to_squares, n), squares));
        }
    }
}
