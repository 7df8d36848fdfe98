//! What happens to a result while it is still in registers.

use crate::Element;
use crate::elementwise::{load, store};
use crate::isa::Simd;

/// What happens to a result, in this order, before it is stored.
#[derive(Debug)]
pub struct Epilogue<'a, E = f32> {
    /// Adds to what is there instead of replacing it.
    pub accumulate: bool,
    /// Added, one a channel.
    pub bias: Option<&'a [f32]>,
    /// Added, of the output's shape.
    pub residual: Option<&'a [E]>,
    /// Negative results become 0.
    pub relu: bool,
    /// Receives each channel's sum and sum of squares of the results as they are stored, `channels`
    /// numbers each.
    pub sums: Option<&'a mut [f64]>,
}

impl<E> Default for Epilogue<'_, E> {
    fn default() -> Self {
        Self { accumulate: false, bias: None, residual: None, relu: false, sums: None }
    }
}

/// An epilogue without its sums, and the output that it stores to: what all tasks share.
#[derive(Clone, Copy)]
pub(super) struct Finish<'a, E> {
    output: *mut E,
    accumulate: bool,
    bias: Option<&'a [f32]>,
    residual: Option<&'a [E]>,
    relu: bool,
    /// Nothing but a bias.
    plain: bool,
}

// SAFETY: tasks store to disjoint places of the output.
unsafe impl<E: Sync> Sync for Finish<'_, E> {}

impl<'a, E: Element> Finish<'a, E> {
    /// # Panics
    /// When lengths do not suit.
    pub(super) fn new(epilogue: &Epilogue<'a, E>, output: &mut [E], channels: usize) -> Self {
        let &Epilogue { accumulate, bias, residual, relu, ref sums } = epilogue;
        assert!(bias.is_none_or(|bias| bias.len() == channels), "a bias a channel");
        assert!(
            residual.is_none_or(|residual| residual.len() == output.len()),
            "a residual of the output's shape"
        );
        assert!(sums.as_ref().is_none_or(|s| s.len() == 2 * channels), "two sums a channel");
        let plain = !accumulate && residual.is_none() && !relu;
        Self { output: output.as_mut_ptr(), accumulate, bias, residual, relu, plain }
    }

    /// The bias of `n` channels from this one, zeros where there is none.
    #[inline(always)]
    pub(super) unsafe fn bias<S: Simd>(&self, channel: usize, n: usize) -> S::V {
        match self.bias {
            Some(bias) => load::<S, _>(bias.as_ptr().add(channel), n),
            None => S::splat(0.0),
        }
    }

    /// Finishes `n` results and stores them at flat index `at`; returns them as they are stored.
    #[inline(always)]
    pub(super) unsafe fn store<S: Simd>(
        &self,
        at: usize,
        n: usize,
        bias: S::V,
        mut value: S::V,
    ) -> S::V {
        let to = self.output.add(at);
        value = S::add(value, bias);
        if !self.plain {
            if self.accumulate {
                value = S::add(value, load::<S, _>(to, n));
            }
            if let Some(residual) = self.residual {
                value = S::add(value, load::<S, _>(residual.as_ptr().add(at), n));
            }
            if self.relu {
                value = S::max(S::splat(0.0), value);
            }
        }
        if n == S::LANES {
            return E::store_rounded::<S>(to, value);
        }
        E::store_part::<S>(to, n, value);
        E::load_part::<S>(to, n)
    }
}

/// A task's own sums and sums of squares, `channels` numbers each.
#[derive(Clone, Copy)]
pub(super) struct Totals {
    pub(super) at: *mut f32,
    pub(super) channels: usize,
}

impl Totals {
    /// Adds those of `n` channels from this one.
    #[inline(always)]
    pub(super) unsafe fn add<S: Simd>(self, channel: usize, n: usize, sum: S::V, squares: S::V) {
        let (to, to_squares) = (self.at.add(channel), self.at.add(self.channels + channel));
        store::<S, _>(to, n, S::add(load::<S, _>(to, n), sum));
        store::<S, _>(to_squares, n, S::add(load::<S, _>(to_squares, n), squares));
    }
}

/// sums = those of all tasks, added in their order.
pub(super) fn add_up(parts: &[f32], sums: &mut [f64]) {
    sums.fill(0.0);
    for part in parts.chunks_exact(sums.len().max(1)) {
        for (sum, &value) in sums.iter_mut().zip(part) {
            *sum += f64::from(value);
        }
    }
}
