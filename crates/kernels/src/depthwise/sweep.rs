//! A sum over taps for each pixel of the result: what forward passes and gradients of the input have
//! in common.

use std::ops::Range;

use super::gather::Gather;
use super::{Depthwise, Finish};
use crate::conv::add_up;
use crate::elementwise::{load, store};
use crate::isa::{Kernel, Simd, dispatch};
use crate::threads::{Shared, parallel};
use crate::{Activation, Element, View, scratch};

/// How places of the result and of the source belong together along one axis.
///
/// The sum for place `d` of the result covers `reach` places of the source from
/// ⌊(d·times + shift) / per⌋ − back on; the remainder of that division, its phase, decides which tap
/// of the filter stands at each of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    /// Places of the source.
    pub(super) from: usize,
    /// Places of the result.
    pub(super) to: usize,
    pub(super) times: usize,
    pub(super) per: usize,
    shift: usize,
    back: usize,
    reach: usize,
    /// Whether the taps stand in reverse order.
    mirrored: bool,
}

impl Axis {
    /// Forward: tap k of result d reads source d·stride − before + k.
    fn forward(from: usize, to: usize, conv: &Depthwise, before: usize) -> Self {
        let Depthwise { kernel: reach, stride: times, .. } = *conv;
        Self { from, to, times, per: 1, shift: 0, back: before, reach, mirrored: false }
    }

    /// Backward: input place d was read by tap k of output (d + before − k) / stride, where that is
    /// a whole number.
    fn backward(from: usize, to: usize, conv: &Depthwise, before: usize) -> Self {
        let (per, back) = (conv.stride, (conv.kernel - 1) / conv.stride);
        Self { from, to, times: 1, per, shift: before, back, reach: back + 1, mirrored: true }
    }

    /// Where in the source the sum for a place begins, counted from the source's first place.
    fn start(&self, place: usize) -> isize {
        ((place * self.times + self.shift) / self.per) as isize - self.back as isize
    }

    /// Places of the source that the sums for these places cover.
    pub(super) fn source(&self, places: &Range<usize>) -> Range<isize> {
        self.start(places.start)..self.start(places.end - 1) + self.reach as isize
    }

    /// How many those are.
    pub(super) fn covered(&self, places: &Range<usize>) -> usize {
        self.source(places).end.abs_diff(self.start(places.start))
    }

    fn phase(&self, place: usize) -> usize {
        (place * self.times + self.shift) % self.per
    }

    /// The taps of a phase: where each stands, and its index along the filter's axis.
    fn taps(self, phase: usize, kernel: usize) -> impl Iterator<Item = (usize, usize)> {
        let tap = move |at: usize| {
            if self.mirrored { phase + self.per * (self.back - at) } else { at }
        };
        (0..self.reach).map(move |at| (at, tap(at))).filter(move |&(_, tap)| tap < kernel)
    }
}

/// A tap: how far into the local buffer it reads, beside the sum's start, and where its weights lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tap {
    pub(super) offset: usize,
    pub(super) weights: usize,
}

/// All sums of a pass.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sweep {
    count: usize,
    pub(super) channels: usize,
    kernel: usize,
    pub(super) rows: Axis,
    pub(super) columns: Axis,
}

/// Floats that a piece's copy of its source has at most, where a row takes no more: half of a
/// second-level cache.
const PIECE: usize = 64 * 1024;

impl Sweep {
    pub(super) fn forward(conv: &Depthwise) -> Self {
        let &Depthwise { count, channels, kernel, height, width, .. } = conv;
        let [above, left] = conv.padding.before();
        let rows = Axis::forward(height, conv.out_height(), conv, above);
        let columns = Axis::forward(width, conv.out_width(), conv, left);
        Self { count, channels, kernel, rows, columns }
    }

    pub(super) fn backward(conv: &Depthwise) -> Self {
        let &Depthwise { count, channels, kernel, height, width, .. } = conv;
        let [above, left] = conv.padding.before();
        let rows = Axis::backward(conv.out_height(), height, conv, above);
        let columns = Axis::backward(conv.out_width(), width, conv, left);
        Self { count, channels, kernel, rows, columns }
    }

    /// Rows of the result that are one piece of work; the shape alone decides.
    fn piece_rows(&self) -> usize {
        let fits = |rows: &usize| self.local_len(&(0..*rows)) <= PIECE;
        (2..=self.rows.to).take_while(fits).last().unwrap_or(1)
    }

    /// How many pieces there are.
    pub(super) fn pieces(&self) -> usize {
        self.count * self.rows.to.div_ceil(self.piece_rows())
    }

    /// The picture of a piece, and its rows of the result.
    pub(super) fn piece(&self, index: usize) -> (usize, Range<usize>) {
        let size = self.piece_rows();
        let each = self.rows.to.div_ceil(size);
        let first = index % each * size;
        (index / each, first..(first + size).min(self.rows.to))
    }

    /// Pixels of a row of the local buffer.
    pub(super) fn width(&self) -> usize {
        self.columns.covered(&(0..self.columns.to))
    }

    /// Numbers in the local buffer of a piece.
    pub(super) fn local_len(&self, rows: &Range<usize>) -> usize {
        self.rows.covered(rows) * self.width() * self.channels
    }

    /// The taps of a row's phase and a column's.
    pub(super) fn taps(&self, [row, column]: [usize; 2]) -> Vec<Tap> {
        let width = self.width();
        let columns = || self.columns.taps(column, self.kernel);
        let rows = self.rows.taps(row, self.kernel);
        let tap = |(y, ky): (usize, usize), (x, kx): (usize, usize)| Tap {
            offset: (y * width + x) * self.channels,
            weights: (ky * self.kernel + kx) * self.channels,
        };
        rows.flat_map(|y| columns().map(move |x| tap(y, x))).collect()
    }
}

/// Runs a pass.
pub(super) fn run<E: Element>(
    sweep: &Sweep,
    source: View<'_, E>,
    weights: &[f32],
    output: &mut [E],
    accumulate: bool,
    finish: Finish<'_>,
) {
    let channels = sweep.channels;
    let Finish { affine, activation, sums } = finish;
    assert_eq!(weights.len(), sweep.kernel * sweep.kernel * channels, "weights");
    assert!(affine.is_none_or(|(a, b)| a.len() == channels && b.len() == channels), "an affine");
    assert!(sums.as_ref().is_none_or(|sums| sums.len() == 2 * channels), "two sums a channel");
    let output = Shared::new(output);
    let phases = (0..sweep.rows.per).flat_map(|y| (0..sweep.columns.per).map(move |x| [y, x]));
    let taps: Vec<Vec<Tap>> = phases.map(|phases| sweep.taps(phases)).collect();
    let each = if sums.is_some() { 2 * channels } else { 0 };
    scratch::with(sweep.pieces() * each, |totals: &mut [f32]| {
        totals.fill(0.0);
        let shared = Shared::new(totals);
        parallel(sweep.pieces(), |index| {
            let (picture, rows) = sweep.piece(index);
            scratch::with(sweep.local_len(&rows), |local: &mut [f32]| {
                let totals = (each > 0).then(|| shared.get().wrapping_add(index * each));
                let copy =
                    Gather { sweep, source, picture, rows: rows.clone(), local: &mut *local };
                // SAFETY: lengths were checked; the buffer is as long as the sweep says.
                unsafe { dispatch(copy) };
                let piece = Piece {
                    sweep,
                    taps: &taps,
                    picture,
                    rows,
                    local,
                    weights,
                    affine,
                    activation,
                    accumulate,
                    output,
                    totals,
                };
                // SAFETY: as above; pieces have rows and totals of their own.
                unsafe { dispatch(piece) };
            });
        });
        if let Some(sums) = sums {
            add_up(totals, sums);
        }
    });
}

/// The sums for some rows of a picture.
struct Piece<'a, E> {
    sweep: &'a Sweep,
    /// By phase of the row, then of the column.
    taps: &'a [Vec<Tap>],
    picture: usize,
    rows: Range<usize>,
    local: &'a [f32],
    weights: &'a [f32],
    affine: Option<(&'a [f32], &'a [f32])>,
    activation: Activation,
    accumulate: bool,
    output: Shared<E>,
    totals: Option<*mut f32>,
}

/// Results that are summed at a time, so that they share the weights.
const TILE: usize = 4;

impl<E: Element> Kernel for Piece<'_, E> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let Sweep { rows, columns, channels, .. } = *self.sweep;
        let first = rows.start(self.rows.start);
        for row in self.rows.clone() {
            let from = (rows.start(row) - first) as usize * self.sweep.width();
            let to = (self.picture * rows.to + row) * columns.to;
            for phase in 0..columns.per {
                let taps = &self.taps[rows.phase(row) * columns.per + columns.phase(phase)];
                // Columns of one phase stand `per` apart, and what they read `times` apart.
                let mut column = phase;
                while column < columns.to {
                    let at = (columns.start(column) - columns.start(0)) as usize;
                    let tile = Tile { from: (from + at) * channels, to: (to + column) * channels };
                    if column + (TILE - 1) * columns.per < columns.to {
                        self.all_channels::<S, TILE>(taps, tile);
                        column += TILE * columns.per;
                    } else {
                        self.all_channels::<S, 1>(taps, tile);
                        column += columns.per;
                    }
                }
            }
        }
    }
}

/// Where some results begin: in the local buffer, and in the output.
#[derive(Clone, Copy)]
struct Tile {
    from: usize,
    to: usize,
}

impl<E: Element> Piece<'_, E> {
    #[inline(always)]
    unsafe fn all_channels<S: Simd, const N: usize>(&self, taps: &[Tap], tile: Tile) {
        let channels = self.sweep.channels;
        for c in (0..channels).step_by(S::LANES) {
            // A length that is known spares a call a load.
            if c + S::LANES <= channels {
                self.tile::<S, N>(taps, tile, c, S::LANES);
            } else {
                self.tile::<S, N>(taps, tile, c, channels - c);
            }
        }
    }

    /// `N` results of `n` channels from `c` on.
    #[inline(always)]
    unsafe fn tile<S: Simd, const N: usize>(&self, taps: &[Tap], tile: Tile, c: usize, n: usize) {
        let Sweep { columns, channels, .. } = *self.sweep;
        let local = self.local.as_ptr().add(tile.from + c);
        let weights = self.weights.as_ptr().add(c);
        let mut sums = [S::splat(0.0); N];
        for tap in taps {
            let weight = load::<S, f32>(weights.add(tap.weights), n);
            let from = local.add(tap.offset);
            for i in 0..N {
                let x = load::<S, f32>(from.add(i * columns.times * channels), n);
                sums[i] = S::fma(x, weight, sums[i]);
            }
        }
        let channel = |values: &[f32]| load::<S, f32>(values.as_ptr().add(c), n);
        let affine = self.affine.map(|(scale, shift)| (channel(scale), channel(shift)));
        let (mut total, mut squares) = (S::splat(0.0), S::splat(0.0));
        for i in 0..N {
            let to = self.output.get().add(tile.to + i * columns.per * channels + c);
            let mut value = sums[i];
            if let Some((scale, shift)) = affine {
                value = S::fma(value, scale, shift);
            }
            if self.accumulate {
                value = S::add(value, load::<S, E>(to, n));
            }
            value = self.activation.apply::<S>(value);
            store::<S, E>(to, n, value);
            if self.totals.is_some() {
                // As stored: rounding is part of what a norm sees.
                let value = load::<S, E>(to, n);
                total = S::add(total, value);
                squares = S::fma(value, value, squares);
            }
        }
        if let Some(totals) = self.totals {
            let (to, to_squares) = (totals.add(c), totals.add(channels + c));
            store::<S, f32>(to, n, S::add(load::<S, f32>(to, n), total));
            store::<S, f32>(to_squares, n, S::add(load::<S, f32>(to_squares, n), squares));
        }
    }
}
