//! What happens to a result while it is still in registers.

use crate::elementwise::{load, store};
use crate::isa::Simd;
use crate::{Activation, Element};

/// What is added to the results, number by number.
#[derive(Clone, Copy, Debug, Default)]
pub enum Added<'a, E> {
    /// Nothing is added.
    #[default]
    Nothing,
    /// What the output held before. Without this, results replace it.
    Output,
    /// These numbers, of the output's shape.
    Residual(&'a [E]),
}

/// What happens to a result, in this order, before it is stored.
#[derive(Debug)]
pub struct Epilogue<'a, E = f32> {
    /// Added, one a channel.
    pub bias: Option<&'a [f32]>,
    /// Added, one a result.
    pub added: Added<'a, E>,
    /// Applied to the results.
    pub activation: Activation,
    /// Receives each channel's sum and sum of squares of the results as they are stored, `channels`
    /// numbers each.
    pub sums: Option<&'a mut [f64]>,
}

impl<E> Default for Epilogue<'_, E> {
    fn default() -> Self {
        Self { bias: None, added: Added::Nothing, activation: Activation::Identity, sums: None }
    }
}

/// The part of an epilogue that all tasks share: everything but its sums, and the output.
#[derive(Clone, Copy)]
pub(super) struct Finish<'a, E> {
    output: *mut E,
    bias: Option<&'a [f32]>,
    /// Where [what is added](Added) lies.
    added: Option<*const E>,
    /// The least and the largest result that the activation leaves.
    bounds: [f32; 2],
}

// SAFETY: tasks store to disjoint places of the output.
unsafe impl<E: Sync> Sync for Finish<'_, E> {}

impl<'a, E: Element> Finish<'a, E> {
    /// # Panics
    /// When lengths do not suit.
    pub(super) fn new(epilogue: &Epilogue<'a, E>, output: &mut [E], channels: usize) -> Self {
        let &Epilogue { bias, added, activation, ref sums } = epilogue;
        assert!(bias.is_none_or(|bias| bias.len() == channels), "a bias a channel");
        assert!(sums.as_ref().is_none_or(|s| s.len() == 2 * channels), "two sums a channel");
        let len = output.len();
        let output = output.as_mut_ptr();
        let added = match added {
            Added::Nothing => None,
            Added::Output => Some(output.cast_const()),
            Added::Residual(residual) => {
                assert_eq!(residual.len(), len, "a residual of the output's shape");
                Some(residual.as_ptr())
            }
        };
        Self { output, bias, added, bounds: activation.bounds() }
    }

    /// Whether something of the output's shape is added.
    pub(super) fn adds(&self) -> bool {
        self.added.is_some()
    }

    /// The bias of `n` channels from this one, zeros where there is none.
    #[inline(always)]
    pub(super) unsafe fn bias<S: Simd>(&self, channel: usize, n: usize) -> S::V {
        match self.bias {
            Some(bias) => load::<S, _>(bias.as_ptr().add(channel), n),
            None => S::splat(0.0),
        }
    }

    /// A register of results after the activation; NaN stays NaN.
    #[inline(always)]
    unsafe fn bounded<S: Simd>(&self, value: S::V) -> S::V {
        let [least, largest] = self.bounds;
        S::min(S::splat(largest), S::max(S::splat(least), value))
    }

    /// Prefetches the memory that a panel's results from flat index `at` will touch.
    #[inline(always)]
    pub(super) unsafe fn prefetch<S: Simd>(&self, at: usize) {
        for column in (0..S::PANEL).step_by(64 / size_of::<E>()) {
            S::prefetch(self.output.wrapping_add(at + column).cast());
            if let Some(added) = self.added {
                S::prefetch(added.wrapping_add(at + column).cast());
            }
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
        if let Some(added) = self.added {
            value = S::add(value, load::<S, _>(added.add(at), n));
        }
        value = self.bounded::<S>(value);
        if n == S::LANES {
            return E::store_rounded::<S>(to, value);
        }
        E::store_part::<S>(to, n, value);
        E::load_part::<S>(to, n)
    }

    /// Finishes a whole row of a panel and stores it at flat index `at`; `ADDS` says whether
    /// something [is added](Self::adds).
    #[inline(always)]
    pub(super) unsafe fn store_row<S: Simd, const V: usize, const ADDS: bool>(
        &self,
        at: usize,
        bias: &[S::V; V],
        sums: &[S::V; V],
    ) {
        let mut values = *sums;
        for v in 0..V {
            values[v] = S::add(values[v], bias[v]);
            if ADDS && let Some(added) = self.added {
                values[v] = S::add(values[v], E::load::<S>(added.add(at + v * S::LANES)));
            }
            values[v] = self.bounded::<S>(values[v]);
        }
        for v in (0..V).step_by(2) {
            E::store_two::<S>(self.output.add(at + v * S::LANES), values[v], values[v + 1]);
        }
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
pub(crate) fn add_up(parts: &[f32], sums: &mut [f64]) {
    sums.fill(0.0);
    for part in parts.chunks_exact(sums.len().max(1)) {
        for (sum, &value) in sums.iter_mut().zip(part) {
            *sum += f64::from(value);
        }
    }
}
