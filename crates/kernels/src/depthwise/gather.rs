//! The copy of its source that a piece works on.

use std::ops::Range;

use super::sweep::Sweep;
use crate::elementwise::{read, store};
use crate::isa::{Kernel, Simd};
use crate::{Element, View};

/// Copies what the sums for some rows of a picture read: as 32-bit numbers, norm and activation
/// applied, with zeros where there is padding.
pub(crate) struct Gather<'a, 'b, E> {
    pub(crate) sweep: &'a Sweep,
    pub(crate) source: View<'a, E>,
    pub(crate) picture: usize,
    /// Rows of the source, counted from its first; some may lie outside.
    pub(crate) rows: Range<isize>,
    /// A line for each of them at the least.
    pub(crate) local: &'b mut [f32],
}

impl<E: Element> Kernel for Gather<'_, '_, E> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let Sweep { rows, columns, channels, pitch, .. } = *self.sweep;
        let (there, before) = self.sweep.inside();
        let full = channels / S::LANES * S::LANES;
        let lines = self.local.chunks_exact_mut(self.sweep.row_len());
        for (row, line) in self.rows.clone().zip(lines) {
            let inside = usize::try_from(row).ok().filter(|&row| row < rows.from);
            let Some(row) = inside.filter(|_| !there.is_empty()) else {
                line.fill(0.0);
                continue;
            };
            let (left, rest) = line.split_at_mut(before * pitch);
            let (own, right) = rest.split_at_mut(there.len() * pitch);
            left.fill(0.0);
            right.fill(0.0);
            let from = ((self.picture * rows.from + row) * columns.from + there.start) * channels;
            let mut to = own.as_mut_ptr();
            for pixel in 0..there.len() {
                let from = from + pixel * channels;
                for c in (0..full).step_by(S::LANES) {
                    let value = read::<S, E>(self.source, from + c, c, S::LANES);
                    S::store(to.add(c), value);
                }
                if full < channels {
                    let n = channels - full;
                    let value = read::<S, E>(self.source, from + full, full, n);
                    store::<S, f32>(to.add(full), n, value);
                }
                to = to.add(pitch);
            }
        }
    }
}

/// Brings numbers that will be read or written out of order into the second-level cache, in order:
/// so the processor fetches them as fast as memory gives them.
pub(super) struct Fetch<E> {
    pub(super) from: *const E,
    pub(super) len: usize,
}

impl<E: Element> Kernel for Fetch<E> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        for at in (0..self.len).step_by(64 / size_of::<E>()) {
            S::prefetch_far(self.from.wrapping_add(at).cast());
        }
    }
}
