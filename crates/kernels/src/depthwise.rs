//! Depthwise convolutions: each channel has a filter of its own.
//!
//! A piece of a pass is a stretch of rows of one picture. What it reads is copied once into a padded
//! buffer of 32-bit numbers, norm and activation applied on the way, so that each tap of the filter is
//! an offset into it for all channels at once. The gradient of the input is the same sum with other
//! taps ([`Sweep`]), and the gradient of the weights multiplies the same buffer by the output's
//! gradient. Weights and sums are `f32` whatever the tensors hold.

mod gather;
mod sweep;
#[cfg(test)]
mod tests;
mod weights;

use crate::padding::Padding;
use crate::{Activation, Element, View};

/// The shape of a depthwise convolution over a batch.
///
/// Tensors: input `count × height × width × channels`, output `count × out_height × out_width ×
/// channels`, weights `kernel × kernel × channels`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Depthwise {
    /// Pictures.
    pub count: usize,
    /// Rows of the input.
    pub height: usize,
    /// Columns of the input.
    pub width: usize,
    /// Channels of input and output.
    pub channels: usize,
    /// Rows and columns of a filter.
    pub kernel: usize,
    /// Step between output pixels.
    pub stride: usize,
    /// Zeros around the input.
    pub padding: Padding,
}

/// What happens to a result of [`Depthwise::forward`], in this order, before it is stored.
#[derive(Debug, Default)]
pub struct Finish<'a> {
    /// Multiplies and is added, one number a channel each: a norm in eval mode.
    pub affine: Option<(&'a [f32], &'a [f32])>,
    /// Applied last.
    pub activation: Activation,
    /// Receives each channel's sum and sum of squares of the results as they are stored, `channels`
    /// numbers each.
    pub sums: Option<&'a mut [f64]>,
}

impl Depthwise {
    /// Rows of the output.
    #[must_use]
    pub fn out_height(&self) -> usize {
        self.padding.windows(0, self.height, self.kernel, self.stride)
    }

    /// Columns of the output.
    #[must_use]
    pub fn out_width(&self) -> usize {
        self.padding.windows(1, self.width, self.kernel, self.stride)
    }

    /// Numbers in the input.
    #[must_use]
    pub fn input_len(&self) -> usize {
        self.count * self.height * self.width * self.channels
    }

    /// Numbers in the output.
    #[must_use]
    pub fn output_len(&self) -> usize {
        self.count * self.out_height() * self.out_width() * self.channels
    }

    /// Numbers in the weights.
    #[must_use]
    pub fn weight_len(&self) -> usize {
        self.kernel * self.kernel * self.channels
    }

    /// output = input ∗ weights, channel by channel.
    ///
    /// # Panics
    /// When lengths do not suit the shape.
    pub fn forward<E: Element>(
        &self,
        input: View<'_, E>,
        weights: &[f32],
        output: &mut [E],
        finish: Finish<'_>,
    ) {
        input.check(self.input_len(), self.channels);
        assert_eq!(output.len(), self.output_len(), "the output of {self:?}");
        sweep::run(&sweep::Sweep::forward(self), input, weights, output, false, finish);
    }

    /// The gradient of the input from that of the output; added to `input_gradient` if
    /// `accumulate`, else written.
    ///
    /// # Panics
    /// When lengths do not suit the shape.
    pub fn backward_data<E: Element>(
        &self,
        gradient: &[E],
        weights: &[f32],
        input_gradient: &mut [E],
        accumulate: bool,
    ) {
        assert_eq!(gradient.len(), self.output_len(), "the output's gradient of {self:?}");
        assert_eq!(input_gradient.len(), self.input_len(), "the input's gradient of {self:?}");
        let (sweep, view) = (sweep::Sweep::backward(self), View::plain(gradient));
        sweep::run(&sweep, view, weights, input_gradient, accumulate, Finish::default());
    }

    /// The gradient of the weights, written to `weight_gradient`.
    ///
    /// # Panics
    /// When lengths do not suit the shape.
    pub fn backward_weights<E: Element>(
        &self,
        input: View<'_, E>,
        gradient: &[E],
        weight_gradient: &mut [f32],
    ) {
        input.check(self.input_len(), self.channels);
        assert_eq!(gradient.len(), self.output_len(), "the output's gradient of {self:?}");
        assert_eq!(weight_gradient.len(), self.weight_len(), "the weights' gradient of {self:?}");
        weights::run(&sweep::Sweep::forward(self), input, gradient, weight_gradient);
    }
}
