//! Panels of weights: for each panel of columns, each run of taps and each group of channels, the
//! panel's weights side by side, zeros beyond the last column.

use super::job::Job;
use crate::conv::shape::Conv;
use crate::element::Element;
use crate::elementwise::load;
use crate::isa::{Isa, Kernel, Simd, dispatch};
use crate::threads::{Shared, parallel};

/// Fills the panels of one job; its columns are filters, or channels where `transposed`.
///
/// # Panics
/// When there are not as many weights as the shape says, or another number of packed ones.
pub(crate) fn pack<E: Element>(
    conv: &Conv,
    job: &Job,
    weights: &[f32],
    transposed: bool,
    packed: &mut [E],
) {
    assert_eq!(weights.len(), conv.weight_len(), "the weights of {conv:?}");
    assert_eq!(packed.len(), job.packed_len::<E>(), "the panels of {conv:?}");
    let (panel, k_len) = (Isa::in_use().panel(), job.k_len::<E>());
    let shared = Shared::new(packed);
    parallel(job.out_channels.div_ceil(panel), |index| {
        let to = shared.get().wrapping_add(index * panel * k_len);
        let kernel = Panel { conv, job, weights, transposed, first: index * panel, to };
        // SAFETY: lengths were checked; panels are disjoint.
        unsafe { dispatch(kernel) };
    });
}

/// Fills one panel.
struct Panel<'a, E> {
    conv: &'a Conv,
    job: &'a Job,
    weights: &'a [f32],
    transposed: bool,
    /// The panel's first column.
    first: usize,
    to: *mut E,
}

impl<E: Element> Kernel for Panel<'_, E> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let tap_len = self.conv.channels * self.conv.filters;
        let mut to = self.to;
        for run in self.job.runs::<E>() {
            let from = self.weights.as_ptr().add(run.tap.index * tap_len);
            if self.transposed {
                self.transposed::<S>(from, to);
            } else {
                self.rows::<S>(run.numbers, from, to);
            }
            to = to.add(S::PANEL * run.padded);
        }
    }
}

impl<E: Element> Panel<'_, E> {
    /// One run's block for the forward pass: columns are filters, groups run over its numbers.
    #[inline(always)]
    unsafe fn rows<S: Simd>(&self, numbers: usize, from: *const f32, to: *mut E) {
        let filters = self.conv.filters;
        for number in (0..numbers).step_by(E::GROUP) {
            for v in 0..S::VECS {
                let column = self.first + v * S::LANES;
                let n = S::LANES.min(filters.saturating_sub(column));
                let other = if number + 1 < numbers { n } else { 0 };
                let from = from.wrapping_add(number * filters + column);
                let a = load::<S, _>(from, n);
                let b = load::<S, _>(from.wrapping_add(filters), other);
                E::store_packed::<S>(to.add(number * S::PANEL + v * S::LANES * E::GROUP), a, b);
            }
        }
    }

    /// One tap's block for the gradient of the input: columns are channels, groups run over
    /// filters. In strips of 16 filters, so that what is read and written stays in the cache.
    #[inline(always)]
    unsafe fn transposed<S: Simd>(&self, from: *const f32, to: *mut E) {
        const STRIP: usize = 16;
        let Conv { channels, filters, .. } = *self.conv;
        let valid = S::PANEL.min(channels - self.first);
        let mut block = [E::default(); STRIP * 64];
        let block = block.as_mut_ptr();
        for strip in (0..filters).step_by(STRIP) {
            for column in 0..valid {
                let row = from.wrapping_add((self.first + column) * filters + strip);
                for lane in (0..STRIP).step_by(S::LANES) {
                    let n = S::LANES.min((filters - strip).saturating_sub(lane));
                    let v = load::<S, _>(row.wrapping_add(lane), n);
                    E::store::<S>(block.add(column * STRIP + lane), v);
                }
            }
            for member in (0..STRIP.min(filters - strip)).step_by(E::GROUP) {
                let to = to.add((strip + member) * S::PANEL);
                for column in 0..S::PANEL {
                    let group = block.add(column * STRIP + member);
                    std::ptr::copy_nonoverlapping(group, to.add(column * E::GROUP), E::GROUP);
                }
            }
        }
    }
}
