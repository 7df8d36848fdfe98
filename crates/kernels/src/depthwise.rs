//! Depthwise convolutions: each channel has a filter of its own.
//!
//! A piece of a pass is a stretch of rows of one picture. What it reads is copied once into a padded
//! buffer of 32-bit numbers, norm and activation applied on the way, so that each tap of the filter is
//! an offset into it for all channels at once. The gradient of the input is the same sum with other
//! taps ([`Sweep`]), and the gradient of the weights multiplies the same buffer by the output's
//! gradient. Weights and sums are `f32` whatever the tensors hold.

mod gather;
mod lines;
mod pass;
mod sweep;
#[cfg(test)]
mod tests;
mod weights;

pub(crate) use gather::Gather;
pub(crate) use lines::{Output, Pass, Piece};
pub(crate) use pass::with_weights;
pub(crate) use sweep::Sweep;

use crate::conv::Convolve;
use crate::padding::Padding;
use crate::{Activation, Element, View};

/// Repeats the body for each of these `$i` that is below `$count` (a constant), written out: sums that
/// a loop indexes would be kept in memory where the compiler unrolls it too late.
macro_rules! unrolled {
    ($i:ident in [$($n:literal)*] below $count:expr => $body:block) => {
        $(if $n < $count {
            let $i: usize = $n;
            $body
        })*
    };
}
use unrolled;

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
    pub fn forward<E: Convolve>(
        &self,
        input: View<'_, E>,
        weights: &[f32],
        output: &mut [E],
        finish: Finish<'_>,
    ) {
        E::depthwise(self, DepthwisePass::Forward { input, weights, output, finish });
    }

    /// The gradient of the input from that of the output; added to `input_gradient` if
    /// `accumulate`, else written.
    ///
    /// # Panics
    /// When lengths do not suit the shape.
    pub fn backward_data<E: Convolve>(
        &self,
        gradient: &[E],
        weights: &[f32],
        input_gradient: &mut [E],
        accumulate: bool,
    ) {
        let pass = DepthwisePass::BackwardData { gradient, weights, input_gradient, accumulate };
        E::depthwise(self, pass);
    }

    /// The gradient of the weights, written to `weight_gradient`.
    ///
    /// # Panics
    /// When lengths do not suit the shape.
    pub fn backward_weights<E: Convolve>(
        &self,
        input: View<'_, E>,
        gradient: &[E],
        weight_gradient: &mut [f32],
    ) {
        E::depthwise(self, DepthwisePass::BackwardWeights { input, gradient, weight_gradient });
    }
}

/// One of the three passes of a [`Depthwise`], whose methods say what each takes.
#[derive(Debug)]
pub enum DepthwisePass<'a, E> {
    /// See [`Depthwise::forward`].
    #[expect(missing_docs, reason = "the method's arguments")]
    Forward { input: View<'a, E>, weights: &'a [f32], output: &'a mut [E], finish: Finish<'a> },
    /// See [`Depthwise::backward_data`].
    #[expect(missing_docs, reason = "the method's arguments")]
    BackwardData {
        gradient: &'a [E],
        weights: &'a [f32],
        input_gradient: &'a mut [E],
        accumulate: bool,
    },
    /// See [`Depthwise::backward_weights`].
    #[expect(missing_docs, reason = "the method's arguments")]
    BackwardWeights { input: View<'a, E>, gradient: &'a [E], weight_gradient: &'a mut [f32] },
}

impl<E: Element> DepthwisePass<'_, E> {
    /// Looks at the lengths, then runs.
    pub(crate) fn run(self, conv: &Depthwise) {
        let output_len = conv.output_len();
        match self {
            Self::Forward { input, weights, output, finish } => {
                input.check(conv.input_len(), conv.channels);
                assert_eq!(output.len(), output_len, "the output of {conv:?}");
                pass::run(Sweep::forward(conv), input, weights, output, false, finish);
            }
            Self::BackwardData { gradient, weights, input_gradient: output, accumulate } => {
                assert_eq!(gradient.len(), output_len, "the output's gradient of {conv:?}");
                assert_eq!(output.len(), conv.input_len(), "the input's gradient of {conv:?}");
                let (sweep, view) = (Sweep::backward(conv), View::plain(gradient));
                pass::run(sweep, view, weights, output, accumulate, Finish::default());
            }
            Self::BackwardWeights { input, gradient, weight_gradient } => {
                input.check(conv.input_len(), conv.channels);
                assert_eq!(gradient.len(), output_len, "the output's gradient of {conv:?}");
                let len = conv.weight_len();
                assert_eq!(weight_gradient.len(), len, "the weights' gradient of {conv:?}");
                weights::run(&Sweep::forward(conv), input, gradient, weight_gradient);
            }
        }
    }
}
