//! The copy of its source that a piece works on.

use std::ops::Range;

use super::sweep::Sweep;
use crate::elementwise::{read, store};
use crate::isa::{Kernel, Simd};
use crate::{Element, View};

/// Copies what the sums for some rows of a picture read: as 32-bit numbers, norm and activation
/// applied, with zeros where there is padding.
pub(super) struct Gather<'a, 'b, E> {
    pub(super) sweep: &'a Sweep,
    pub(super) source: View<'a, E>,
    pub(super) picture: usize,
    pub(super) rows: Range<usize>,
    /// As long as [`Sweep::local_len`] says.
    pub(super) local: &'b mut [f32],
}

impl<E: Element> Kernel for Gather<'_, '_, E> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let Sweep { rows, columns, channels, .. } = *self.sweep;
        let covered = columns.source(&(0..columns.to));
        // Columns of the source that are there, and pixels of padding before them.
        let there = covered.start.max(0) as usize..(covered.end.max(0) as usize).min(columns.from);
        let before = (-covered.start).max(0) as usize;
        let lines = self.local.chunks_exact_mut(self.sweep.width() * channels);
        for (row, line) in rows.source(&self.rows).zip(lines) {
            let inside = usize::try_from(row).ok().filter(|&row| row < rows.from);
            let Some(row) = inside.filter(|_| !there.is_empty()) else {
                line.fill(0.0);
                continue;
            };
            let (left, rest) = line.split_at_mut(before * channels);
            let (own, right) = rest.split_at_mut(there.len() * channels);
            left.fill(0.0);
            right.fill(0.0);
            let from = ((self.picture * rows.from + row) * columns.from + there.start) * channels;
            for pixel in (0..own.len()).step_by(channels) {
                for c in (0..channels).step_by(S::LANES) {
                    let n = S::LANES.min(channels - c);
                    let value = read::<S, E>(self.source, from + pixel + c, c, n);
                    store::<S, f32>(own.as_mut_ptr().add(pixel + c), n, value);
                }
            }
        }
    }
}
