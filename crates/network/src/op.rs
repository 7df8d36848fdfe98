//! The operations that a network may consist of, and the shape of what each computes.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ParameterId;

/// Height, width and channels of one picture's tensor; vectors are 1 × 1 × channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Values a place.
    pub channels: usize,
}

impl Shape {
    /// Numbers in one picture's tensor.
    #[must_use]
    pub fn len(self) -> usize {
        self.height * self.width * self.channels
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}×{}×{}", self.height, self.width, self.channels)
    }
}

/// The parameters and constants of a batch norm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Norm {
    /// Scale γ, one a channel.
    pub weight: ParameterId,
    /// Shift β, one a channel.
    pub bias: ParameterId,
    /// Running mean, one a channel.
    pub mean: ParameterId,
    /// Running variance (unbiased), one a channel.
    pub variance: ParameterId,
    /// Added to the variance before the root.
    pub eps: f32,
    /// How far the running statistics move to the batch's in a step.
    pub momentum: f32,
}

/// A function of each value by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// max(x, 0).
    Relu,
    /// min(max(x, 0), 6), for arithmetic of few bits (Krizhevsky, CIFAR-10 report of 2010).
    Relu6,
}

/// Zeros around a convolution's input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// This many rows or columns on every side, as PyTorch counts.
    Each(usize),
    /// TensorFlow's "SAME": as many as make the output the input's size divided by the stride,
    /// rounded up. An odd one lies below or to the right, so that a step of 2 over an even size
    /// pads one side more than the other.
    Same,
}

impl Padding {
    /// Zeros before and after the cells along a side of `size`.
    #[must_use]
    pub fn around(self, size: usize, kernel: usize, stride: usize) -> [usize; 2] {
        match self {
            Self::Each(padding) => [padding; 2],
            Self::Same => {
                let reach = size.div_ceil(stride).saturating_sub(1) * stride + kernel;
                let missing = reach.saturating_sub(size);
                [missing / 2, missing - missing / 2]
            }
        }
    }
}

/// The filters of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Channels out.
    pub channels: usize,
    /// Height and width of a filter.
    pub kernel: usize,
    /// Step between outputs.
    pub stride: usize,
    /// Zeros around the input.
    pub padding: Padding,
    /// Equal parts of the input's channels, each of which has filters of its own; as many as
    /// channels for a depthwise convolution.
    pub groups: usize,
}

impl From<[usize; 4]> for Filter {
    /// From channels, kernel, stride and padding on every side.
    fn from([channels, kernel, stride, padding]: [usize; 4]) -> Self {
        Self { channels, kernel, stride, padding: Padding::Each(padding), groups: 1 }
    }
}

/// One operation, on tensors in `batch × height × width × channels`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Op {
    /// The pictures.
    Input {
        /// Channels of a picture.
        channels: usize,
    },
    /// A square convolution without bias.
    Conv {
        /// Its form.
        filter: Filter,
        /// In PyTorch's order: out, in (of one group), height, width.
        weight: ParameterId,
    },
    /// Batch norm (Ioffe, Szegedy, arXiv 1502.03167).
    Norm(Norm),
    /// A function of each value.
    Activation(Activation),
    /// The sum of two inputs.
    Add,
    /// The largest of each window; padding counts as −∞.
    MaxPool {
        /// Height and width of the window.
        kernel: usize,
        /// Step between windows.
        stride: usize,
        /// Cells around the input.
        padding: usize,
    },
    /// The average over the picture, one value a channel.
    AveragePool,
    /// The largest over the picture, then the average: twice the channels.
    ConcatPool,
    /// In training, zeroes each value with this probability and scales the rest by 1 / (1 − rate).
    Dropout {
        /// The probability.
        rate: f32,
    },
    /// A matrix product, with a bias or without, on one vector a picture.
    Linear {
        /// Values out.
        channels: usize,
        /// Matrix: out, in.
        weight: ParameterId,
        /// Added to the result.
        bias: Option<ParameterId>,
    },
}

impl Op {
    /// max(x, 0).
    pub const RELU: Self = Self::Activation(Activation::Relu);

    /// Channels of the result, from those of the first input.
    pub(crate) fn channels(&self, input: usize) -> usize {
        match *self {
            Self::Input { channels } | Self::Linear { channels, .. } => channels,
            Self::Conv { filter, .. } => filter.channels,
            Self::ConcatPool => 2 * input,
            _ => input,
        }
    }

    /// The result's shape, from that of the first input (for the pictures, their own). Nothing where
    /// a window does not fit.
    pub(crate) fn shape(&self, input: Shape) -> Option<Shape> {
        let channels = self.channels(input.channels);
        let windows = |kernel: usize, stride: usize, padding: Padding| {
            let along = |size: usize| {
                let [before, after] = padding.around(size, kernel, stride);
                Some((size + before + after).checked_sub(kernel)? / stride + 1)
            };
            Some(Shape { height: along(input.height)?, width: along(input.width)?, channels })
        };
        match *self {
            Self::Conv { filter: Filter { kernel, stride, padding, .. }, .. } => {
                windows(kernel, stride, padding)
            }
            Self::MaxPool { kernel, stride, padding } => {
                windows(kernel, stride, Padding::Each(padding))
            }
            Self::AveragePool | Self::ConcatPool | Self::Linear { .. } => {
                Some(Shape { height: 1, width: 1, channels })
            }
            Self::Input { .. }
            | Self::Norm(_)
            | Self::Activation(_)
            | Self::Add
            | Self::Dropout { .. } => (!input.is_empty()).then_some(input),
        }
    }

    /// Height and width of the window that has to fit.
    pub(crate) fn window(&self) -> usize {
        match *self {
            Self::Conv { filter, .. } => filter.kernel,
            Self::MaxPool { kernel, .. } => kernel,
            _ => 1,
        }
    }

    /// Its trained parameters.
    pub(crate) fn trained(&self) -> Vec<ParameterId> {
        match *self {
            Self::Conv { weight, .. } => vec![weight],
            Self::Norm(norm) => vec![norm.weight, norm.bias],
            Self::Linear { weight, bias, .. } => std::iter::once(weight).chain(bias).collect(),
            _ => vec![],
        }
    }
}
