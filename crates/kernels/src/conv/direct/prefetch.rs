use std::ops::Range;

use crate::Element;
use crate::isa::Simd;

/// Prefetches, a little at every step of some work, the memory that the next work will read.
pub(super) struct Prefetch {
    next: *const f32,
    left: usize,
    share: usize,
}

impl Prefetch {
    /// Prefetches these numbers of `tensor`, spread over this many steps.
    pub(super) fn new<E: Element>(tensor: &[E], numbers: Range<usize>, steps: usize) -> Self {
        let numbers = &tensor[numbers];
        let lines = size_of_val(numbers) / 64;
        Self { next: numbers.as_ptr().cast(), left: lines, share: lines.div_ceil(steps.max(1)) }
    }

    /// One step's share.
    #[inline(always)]
    pub(super) unsafe fn step<S: Simd>(&mut self) {
        for _ in 0..self.share.min(self.left) {
            S::prefetch(self.next);
            self.next = self.next.wrapping_add(16);
        }
        self.left -= self.share.min(self.left);
    }
}
