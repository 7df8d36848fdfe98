use super::tiles::{PLACES, Shape};
use super::transform;
use crate::elementwise::load;
use crate::isa::{Isa, Kernel, Simd, dispatch};
use crate::threads::{Shared, parallel};

/// Transforms weights `tap × channels × filters` (already flipped for the gradient of
/// the input) into panels: for each panel of filters, each place and each channel, the panel's
/// weights side by side, zeros beyond the last.
pub(crate) fn pack(shape: &Shape, weights: &[f32], packed: &mut [f32]) {
    let panel = Isa::in_use().panel();
    assert_eq!(weights.len(), 9 * shape.channels * shape.filters);
    assert_eq!(packed.len(), shape.packed_len(panel));
    let size = panel * PLACES * shape.channels;
    let shared = Shared::new(packed);
    parallel(shape.filters.div_ceil(panel), |index| {
        let to = shared.get().wrapping_add(index * size);
        // SAFETY: lengths were checked; panels are disjoint.
        unsafe { dispatch(PackPanel { shape, weights, first: index * panel, to }) };
    });
}

struct PackPanel<'a> {
    shape: &'a Shape,
    weights: &'a [f32],
    first: usize,
    to: *mut f32,
}

impl Kernel for PackPanel<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let Shape { channels, filters, .. } = *self.shape;
        let mut made = [S::splat(0.0); PLACES];
        for channel in 0..channels {
            for v in 0..S::VECS {
                let filter = self.first + v * S::LANES;
                let n = S::LANES.min(filters.saturating_sub(filter));
                let mut taps = [S::splat(0.0); 9];
                for (tap, value) in taps.iter_mut().enumerate() {
                    let from = (tap * channels + channel) * filters + filter;
                    *value = load::<S, _>(self.weights.as_ptr().wrapping_add(from), n);
                }
                transform::filter::<S>(&taps, &mut made);
                for (place, &value) in made.iter().enumerate() {
                    let at = (place * channels + channel) * S::PANEL + v * S::LANES;
                    S::store(self.to.add(at), value);
                }
            }
        }
    }
}
