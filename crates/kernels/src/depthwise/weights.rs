//! The gradient of the weights.

use std::ops::Range;

use super::gather::Gather;
use super::sweep::{Sweep, Tap};
use crate::elementwise::{load, store};
use crate::isa::{Kernel, Simd, dispatch};
use crate::threads::{Shared, parallel};
use crate::{Element, View, scratch};

/// Adds up the input at each tap times the output's gradient: in pieces and an order that the shape
/// alone fixes.
pub(super) fn run<E: Element>(
    sweep: &Sweep,
    input: View<'_, E>,
    gradient: &[E],
    weight_gradient: &mut [f32],
) {
    let taps = sweep.taps([0, 0]);
    let (pieces, len) = (sweep.pieces(), weight_gradient.len());
    scratch::with(pieces * len, |parts: &mut [f32]| {
        let shared = Shared::new(parts);
        parallel(pieces, |index| {
            let (picture, rows) = sweep.piece(index);
            scratch::with(sweep.local_len(&rows), |local: &mut [f32]| {
                let copy = Gather {
                    sweep,
                    source: input,
                    picture,
                    rows: rows.clone(),
                    local: &mut *local,
                };
                // SAFETY: the caller checked lengths; the buffer is as long as the sweep says.
                unsafe { dispatch(copy) };
                let sums = shared.get().wrapping_add(index * len);
                let piece = Piece { sweep, taps: &taps, picture, rows, local, gradient, sums };
                // SAFETY: as above; each piece has its own sums.
                unsafe { dispatch(piece) };
            });
        });
        let mut sums = vec![0.0f64; len];
        for part in parts.chunks_exact(len) {
            sums.iter_mut().zip(part).for_each(|(sum, &value)| *sum += f64::from(value));
        }
        weight_gradient.iter_mut().zip(sums).for_each(|(to, sum)| *to = sum as f32);
    });
}

/// The sums over some rows of a picture.
struct Piece<'a, E> {
    sweep: &'a Sweep,
    taps: &'a [Tap],
    picture: usize,
    rows: Range<usize>,
    local: &'a [f32],
    gradient: &'a [E],
    sums: *mut f32,
}

impl<E: Element> Kernel for Piece<'_, E> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let channels = self.sweep.channels;
        for c in (0..channels).step_by(S::LANES) {
            let n = S::LANES.min(channels - c);
            // As many taps at a time as registers hold; 3×3 and 5×5 leave no rest.
            let (nines, rest) = match self.taps.as_chunks::<9>() {
                (nines, []) => (nines, &[][..]),
                _ => (&[][..], self.taps),
            };
            for taps in nines {
                self.some_taps::<S, 9>(taps, c, n);
            }
            let (fives, rest) = rest.as_chunks::<5>();
            for taps in fives {
                self.some_taps::<S, 5>(taps, c, n);
            }
            for tap in rest {
                self.some_taps::<S, 1>(&[*tap], c, n);
            }
        }
    }
}

impl<E: Element> Piece<'_, E> {
    /// The sums of `N` taps for `n` channels from `c` on.
    #[inline(always)]
    unsafe fn some_taps<S: Simd, const N: usize>(&self, taps: &[Tap; N], c: usize, n: usize) {
        let Sweep { rows, columns, channels, .. } = *self.sweep;
        let mut sums = [S::splat(0.0); N];
        for (line, row) in self.rows.clone().enumerate() {
            let from = line * rows.times * self.sweep.width() * channels + c;
            let mut from = self.local.as_ptr().add(from);
            let at = (self.picture * rows.to + row) * columns.to * channels + c;
            let mut gradient = self.gradient.as_ptr().add(at);
            for _ in 0..columns.to {
                let g = load::<S, E>(gradient, n);
                for i in 0..N {
                    sums[i] = S::fma(load::<S, f32>(from.add(taps[i].offset), n), g, sums[i]);
                }
                from = from.add(columns.times * channels);
                gradient = gradient.add(channels);
            }
        }
        for i in 0..N {
            store::<S, f32>(self.sums.add(taps[i].weights + c), n, sums[i]);
        }
    }
}
