//! Convolutions without bias, as matrix products.
//!
//! A forward pass multiplies rows (output pixels) by weights packed in panels of columns (filters).
//! The rows are never unrolled into a matrix: a piece of the input is copied once into a padded
//! buffer that fits the cache ([`local`]; norms and ReLUs are applied on the way), and each *tap* of
//! the filter is an offset into it. The gradient of the input is the same product with other taps
//! ([`job`]), and the gradient of the weights multiplies the same buffer by the output's gradient.
//! 3×3 convolutions of stride 1 go another way where it is shorter ([`winograd`]), and where the
//! processor multiplies whole matrices of bfloat16, all do so there ([`matrix`]). A linear layer is a
//! 1×1 convolution over 1×1 pictures.

mod backward_weights;
mod epilogue;
mod forward;
mod input;
mod job;
mod local;
mod matrix;
mod pack;
mod pass;
mod tile;
mod winograd;

#[cfg(test)]
mod tests;

pub use epilogue::{Added, Epilogue};
pub use pack::{Direction, Pack};
pub use pass::Pass;

use crate::{Element, View};

/// The shape of a convolution over a batch.
///
/// Tensors: input `count × height × width × channels`, output `count × out_height × out_width ×
/// filters`, weights `kernel × kernel × channels × filters`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Conv {
    /// Pictures.
    pub count: usize,
    /// Rows of the input.
    pub height: usize,
    /// Columns of the input.
    pub width: usize,
    /// Channels of the input.
    pub channels: usize,
    /// Channels of the output.
    pub filters: usize,
    /// Rows and columns of the filter.
    pub kernel: usize,
    /// Step between output pixels.
    pub stride: usize,
    /// Zeros around the input.
    pub padding: usize,
}

impl Conv {
    /// A linear layer on `count` vectors.
    #[must_use]
    pub fn linear(count: usize, channels: usize, filters: usize) -> Self {
        Self { count, height: 1, width: 1, channels, filters, kernel: 1, stride: 1, padding: 0 }
    }

    /// Rows of the output.
    #[must_use]
    pub fn out_height(&self) -> usize {
        (self.height + 2 * self.padding - self.kernel) / self.stride + 1
    }

    /// Columns of the output.
    #[must_use]
    pub fn out_width(&self) -> usize {
        (self.width + 2 * self.padding - self.kernel) / self.stride + 1
    }

    /// Numbers in the input.
    #[must_use]
    pub fn input_len(&self) -> usize {
        self.count * self.height * self.width * self.channels
    }

    /// Numbers in the output.
    #[must_use]
    pub fn output_len(&self) -> usize {
        self.count * self.out_height() * self.out_width() * self.filters
    }

    /// Numbers in the weights.
    #[must_use]
    pub fn weight_len(&self) -> usize {
        self.kernel * self.kernel * self.channels * self.filters
    }

    /// Multiply-adds of each of the three passes.
    #[must_use]
    pub fn multiply_adds(&self) -> u64 {
        (self.output_len() * self.kernel * self.kernel * self.channels) as u64
    }

    /// output = input ∗ weights, finished by `epilogue`.
    ///
    /// # Panics
    /// When lengths do not suit the shape, or weights were packed for others or for other numbers.
    pub fn forward<E: Element>(
        &self,
        input: View<'_, E>,
        weights: &Pack,
        output: &mut [E],
        epilogue: Epilogue<'_, E>,
    ) {
        E::convolve(self, Pass::Forward { input, weights, output, epilogue });
    }

    /// The gradient of the input from that of the output; added to `input_gradient` if
    /// `accumulate`, else written.
    ///
    /// # Panics
    /// When lengths do not suit the shape, or weights were packed for others or for other numbers.
    pub fn backward_data<E: Element>(
        &self,
        gradient: &[E],
        weights: &Pack,
        input_gradient: &mut [E],
        accumulate: bool,
    ) {
        E::convolve(self, Pass::BackwardData { gradient, weights, input_gradient, accumulate });
    }

    /// The gradient of the weights, written to `weight_gradient`.
    ///
    /// # Panics
    /// When lengths do not suit the shape, or weights were packed for others or for other numbers.
    pub fn backward_weights<E: Element>(
        &self,
        input: View<'_, E>,
        gradient: &[E],
        weight_gradient: &mut [f32],
    ) {
        E::convolve(self, Pass::BackwardWeights { input, gradient, weight_gradient });
    }
}
