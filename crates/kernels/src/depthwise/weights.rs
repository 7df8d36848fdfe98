//! The gradient of the weights.

use std::ops::Range;

use super::gather::{Fetch, Gather};
use super::sweep::{Sweep, Tap};
use super::unrolled;
use crate::elementwise::{load, store};
use crate::isa::{Kernel, Simd, dispatch};
use crate::threads::{Shared, parallel};
use crate::{Element, View, scratch};

/// Weights whose partial sums one task adds up.
const CHUNK: usize = 2048;

/// Adds up the input at each tap times the output's gradient: in pieces and an order that the shape
/// alone fixes.
pub(super) fn run<E: Element>(
    sweep: &Sweep,
    input: View<'_, E>,
    gradient: &[E],
    weight_gradient: &mut [f32],
) {
    let (rows, columns) = (sweep.row_taps().swap_remove(0), sweep.column_taps(0));
    let (pieces, len) = (sweep.pieces(), weight_gradient.len());
    scratch::with(pieces * len, |parts: &mut [f32]| {
        let shared = Shared::new(parts);
        parallel(pieces, |index| {
            let (picture, lines) = sweep.piece(index);
            scratch::with(sweep.local_len(&lines), |local: &mut [f32]| {
                let rows_read = sweep.rows.source(&lines);
                let copy =
                    Gather { sweep, source: input, picture, rows: rows_read, local: &mut *local };
                // SAFETY: the caller checked lengths; the buffer is as long as the sweep says.
                unsafe { dispatch(copy) };
                let row = sweep.columns.to * sweep.channels;
                let from = gradient[(picture * sweep.rows.to + lines.start) * row..].as_ptr();
                // SAFETY: nothing is read or written.
                unsafe { dispatch(Fetch { from, len: lines.len() * row }) };
                let sums = shared.get().wrapping_add(index * len);
                let (taps, local) = ((&rows[..], &columns[..]), local.as_ptr());
                let piece = Piece { sweep, taps, picture, lines, local, gradient, sums };
                // SAFETY: as above; each piece has its own sums.
                unsafe { dispatch(piece) };
            });
        });
        let to = Shared::new(weight_gradient);
        parallel(len.div_ceil(CHUNK), |chunk| {
            let start = chunk * CHUNK;
            // SAFETY: chunks are disjoint.
            let to = unsafe { to.part(start, CHUNK.min(len - start)) };
            let mut sums = [0.0f64; CHUNK];
            for part in parts.chunks_exact(len) {
                sums.iter_mut()
                    .zip(&part[start..])
                    .for_each(|(sum, &value)| *sum += f64::from(value));
            }
            to.iter_mut().zip(sums).for_each(|(to, sum)| *to = sum as f32);
        });
    });
}

/// The sums over some rows of a picture.
struct Piece<'a, E> {
    sweep: &'a Sweep,
    /// Rows of taps, and the taps of a row.
    taps: (&'a [Tap], &'a [Tap]),
    picture: usize,
    lines: Range<usize>,
    local: *const f32,
    gradient: &'a [E],
    sums: *mut f32,
}

/// Gradients that stay in registers at a time.
const TILE: usize = 4;

impl<E: Element> Kernel for Piece<'_, E> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let times = self.sweep.columns.times;
        let (rows, columns) = self.taps;
        match (rows.len(), columns.len(), times) {
            (3, 3, 1) => self.in_groups::<S, 3, 3, 1>(),
            (3, 3, 2) => self.in_groups::<S, 3, 3, 2>(),
            // More sums than registers: two rows of taps, two more, and the last.
            (5, 5, 1) => self.in_groups::<S, 2, 5, 1>(),
            (5, 5, 2) => self.in_groups::<S, 2, 5, 2>(),
            _ => {
                for row in rows {
                    for tap in columns {
                        let tap = Tap {
                            offset: row.offset + tap.offset,
                            weights: row.weights + tap.weights,
                        };
                        S::enter(Group::<_, 1, 1, 1> { piece: &self, rows: [tap], step: times });
                    }
                }
            }
        }
    }
}

impl<E: Element> Piece<'_, E> {
    /// `R` rows of taps at a time, and what is left one by one.
    #[inline(always)]
    unsafe fn in_groups<S: Simd, const R: usize, const KX: usize, const STEP: usize>(&self) {
        let (groups, rest) = self.taps.0.as_chunks::<R>();
        for &rows in groups {
            S::enter(Group::<_, R, KX, STEP> { piece: self, rows, step: 1 });
        }
        for &row in rest {
            S::enter(Group::<_, 1, KX, STEP> { piece: self, rows: [row], step: 1 });
        }
    }
}

/// The sums of `R` rows of `KX` taps, for gradients whose inputs are `STEP · step` columns apart.
struct Group<'a, E, const R: usize, const KX: usize, const STEP: usize> {
    piece: &'a Piece<'a, E>,
    rows: [Tap; R],
    step: usize,
}

impl<E: Element, const R: usize, const KX: usize, const STEP: usize> Kernel
    for Group<'_, E, R, KX, STEP>
{
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let channels = self.piece.sweep.channels;
        for c in (0..channels).step_by(S::LANES) {
            self.channels::<S>(c, S::LANES.min(channels - c));
        }
    }
}

impl<E: Element, const R: usize, const KX: usize, const STEP: usize> Group<'_, E, R, KX, STEP> {
    /// The sums for `n` channels from `c` on.
    #[inline(always)]
    unsafe fn channels<S: Simd>(&self, c: usize, n: usize) {
        let Piece { sweep, picture, ref lines, local, gradient, sums: to, .. } = *self.piece;
        let Sweep { rows, columns, channels, pitch, .. } = *sweep;
        let distance = pitch * self.step;
        let mut sums = [[S::splat(0.0); KX]; R];
        for (line, row) in lines.clone().enumerate() {
            let mut from = local.add(line * rows.times * sweep.row_len() + c);
            let at = (picture * rows.to + row) * columns.to * channels + c;
            let mut gradient = gradient.as_ptr().add(at);
            for _ in 0..columns.to / TILE {
                let mut g = [S::splat(0.0); TILE];
                unrolled!(t in [0 1 2 3] below TILE => {
                    g[t] = load::<S, E>(gradient.add(t * channels), n);
                });
                unrolled!(r in [0 1 2] below R => {
                    let from = from.add(self.rows[r].offset);
                    unrolled!(i in [0 1 2 3 4 5 6 7 8 9 10] below (TILE - 1) * STEP + KX => {
                        let x = S::load(from.add(i * distance));
                        unrolled!(kx in [0 1 2 3 4] below KX => {
                            if i >= kx && (i - kx).is_multiple_of(STEP) && (i - kx) / STEP < TILE {
                                sums[r][kx] = S::fma(x, g[(i - kx) / STEP], sums[r][kx]);
                            }
                        });
                    });
                });
                from = from.add(TILE * STEP * distance);
                gradient = gradient.add(TILE * channels);
            }
            for _ in 0..columns.to % TILE {
                let g = load::<S, E>(gradient, n);
                unrolled!(r in [0 1 2] below R => {
                    let from = from.add(self.rows[r].offset);
                    unrolled!(kx in [0 1 2 3 4] below KX => {
                        sums[r][kx] = S::fma(S::load(from.add(kx * distance)), g, sums[r][kx]);
                    });
                });
                from = from.add(STEP * distance);
                gradient = gradient.add(channels);
            }
        }
        for r in 0..R {
            // Rows of weights lie a pitch apart in sweeps, and without gaps in the gradient.
            let tap = self.rows[r].weights / pitch;
            for kx in 0..KX {
                store::<S, f32>(to.add((tap + kx) * channels + c), n, sums[r][kx]);
            }
        }
    }
}
