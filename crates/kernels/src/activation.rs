//! Functions of each value: the last thing done to a result, or to a value when it is read.

use crate::isa::Simd;

/// What is done to each value, or to the gradient on the way back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Activation {
    /// Nothing.
    #[default]
    Identity,
    /// max(x, 0).
    Relu,
    /// min(max(x, 0), 6).
    Relu6,
}

impl Activation {
    /// The least and the largest result.
    pub(crate) fn bounds(self) -> [f32; 2] {
        match self {
            Self::Identity => [f32::NEG_INFINITY, f32::INFINITY],
            Self::Relu => [0.0, f32::INFINITY],
            Self::Relu6 => [0.0, 6.0],
        }
    }

    /// The results of a register of values; NaN stays NaN.
    #[inline(always)]
    pub(crate) unsafe fn apply<S: Simd>(self, v: S::V) -> S::V {
        match self {
            Self::Identity => v,
            Self::Relu => S::max(S::splat(0.0), v),
            Self::Relu6 => S::min(S::splat(6.0), S::max(S::splat(0.0), v)),
        }
    }

    /// The gradient of the values, from that of the results. `at` holds the values, or the results:
    /// as PyTorch counts, none passes where a result lies on a bound.
    #[inline(always)]
    pub(crate) unsafe fn mask<S: Simd>(self, at: S::V, gradient: S::V) -> S::V {
        match self {
            Self::Identity => gradient,
            Self::Relu => S::where_positive(at, gradient),
            Self::Relu6 => {
                let below = S::fma(at, S::splat(-1.0), S::splat(6.0));
                S::where_positive(below, S::where_positive(at, gradient))
            }
        }
    }
}
