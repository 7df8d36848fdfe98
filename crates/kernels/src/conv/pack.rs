//! Weights packed for the product that reads them.

use super::direct::{self, Job};
use super::shape::Conv;
use super::winograd::{self, Shape};
use crate::isa::Isa;
use crate::threads::{Shared, parallel};
use crate::{Bf16, Element, Memory, Precision, scratch};

/// Weights as products read them, in panels: for each panel of columns, each tap and each group of
/// channels, the panel's weights side by side, zeros beyond the last column. One block of panels for
/// each job; or transformed, for Winograd's method.
#[derive(Debug, Default)]
pub struct Pack {
    memory: Memory,
    /// Where each job's panels begin, in numbers.
    starts: Vec<usize>,
    /// The product, precision and shape that the weights are packed for; the size of the pictures
    /// does not matter.
    of: Option<(Direction, Precision, Conv)>,
}

/// Which product the weights are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// [`Conv::forward`].
    Forward,
    /// [`Conv::backward_data`].
    BackwardData,
}

impl Pack {
    /// Packs weights for [`Conv::forward`].
    #[must_use]
    pub fn forward(conv: &Conv, weights: &[f32], precision: Precision) -> Self {
        let mut pack = Self::default();
        pack.set(conv, weights, precision, Direction::Forward);
        pack
    }

    /// Packs weights for [`Conv::backward_data`].
    #[must_use]
    pub fn backward_data(conv: &Conv, weights: &[f32], precision: Precision) -> Self {
        let mut pack = Self::default();
        pack.set(conv, weights, precision, Direction::BackwardData);
        pack
    }

    /// Packs other weights, into the memory that is there.
    ///
    /// # Panics
    /// When there are not as many weights as the shape says.
    pub fn set(
        &mut self,
        conv: &Conv,
        weights: &[f32],
        precision: Precision,
        direction: Direction,
    ) {
        assert_eq!(weights.len(), conv.weight_len(), "the weights of {conv:?}");
        self.of = Some((direction, precision, any_size(conv)));
        let shape = match direction {
            Direction::Forward => Shape::forward(conv, precision),
            Direction::BackwardData => Shape::backward_data(conv, precision),
        };
        match (shape, precision) {
            (Some(shape), _) => self.transform(conv, &shape, weights, direction),
            (None, Precision::Fp32) => self.fill::<f32>(conv, weights, direction),
            (None, Precision::Bf16) => self.fill::<Bf16>(conv, weights, direction),
        }
    }

    /// Panics unless the weights were packed for this product.
    pub(super) fn check<E: Element>(&self, conv: &Conv, direction: Direction) {
        let of = (direction, E::PRECISION, any_size(conv));
        assert_eq!(self.of, Some(of), "weights packed for another product");
    }

    /// The panels of one job.
    pub(super) fn panels<E: Element>(&self, phase: usize, job: &Job) -> &[E] {
        &self.memory.as_slice()[self.starts[phase]..][..job.packed_len::<E>()]
    }

    /// The weights as Winograd's method reads them.
    pub(super) fn transformed(&self, shape: &Shape) -> &[f32] {
        &self.memory.as_slice()[..shape.packed_len(Isa::in_use().panel())]
    }

    /// Room for so many numbers.
    fn room<E: Element>(&mut self, len: usize) -> &mut [E] {
        if self.memory.room::<E>() < len {
            self.memory = Memory::new::<E>(len);
        }
        &mut self.memory.as_mut_slice()[..len]
    }

    /// Transforms the weights for Winograd's method.
    fn transform(&mut self, conv: &Conv, shape: &Shape, weights: &[f32], direction: Direction) {
        let packed = self.room(shape.packed_len(Isa::in_use().panel()));
        match direction {
            Direction::Forward => winograd::pack(shape, weights, packed),
            Direction::BackwardData => scratch::with(weights.len(), |flipped: &mut [f32]| {
                flip(conv, weights, flipped);
                winograd::pack(shape, flipped, packed);
            }),
        }
    }

    /// Lays the panels out and fills them.
    fn fill<E: Element>(&mut self, conv: &Conv, weights: &[f32], direction: Direction) {
        let (jobs, transposed) = match direction {
            Direction::Forward => (vec![Job::forward(conv)], false),
            Direction::BackwardData => (Job::backward_data(conv), true),
        };
        let starts = jobs.iter().scan(0, |end, job| {
            let start = *end;
            *end += job.packed_len::<E>();
            Some(start)
        });
        self.starts = starts.collect();
        let len = jobs.iter().map(Job::packed_len::<E>).sum();
        let mut rest = self.room::<E>(len);
        for job in &jobs {
            let (own, behind) = rest.split_at_mut(job.packed_len::<E>());
            direct::pack(conv, job, weights, transposed, own);
            rest = behind;
        }
    }
}

/// What weights depend on.
fn any_size(conv: &Conv) -> Conv {
    Conv { count: 0, height: 0, width: 0, ..*conv }
}

/// Weights of the gradient of the input: tap by tap in the opposite order, and filters × channels.
fn flip(conv: &Conv, weights: &[f32], flipped: &mut [f32]) {
    let (channels, filters) = (conv.channels, conv.filters);
    let taps = conv.kernel * conv.kernel;
    let shared = Shared::new(flipped);
    parallel(taps, |tap| {
        let size = channels * filters;
        let from = &weights[(taps - 1 - tap) * size..][..size];
        // SAFETY: taps are disjoint.
        let to = unsafe { shared.part(tap * size, size) };
        // In strips of 16 filters, so that the lines written stay in the cache.
        for strip in (0..filters).step_by(16) {
            for channel in 0..channels {
                for filter in strip..(strip + 16).min(filters) {
                    to[filter * channels + channel] = from[channel * filters + filter];
                }
            }
        }
    });
}
