//! Numbers on slices: what a network computes, as fast as the processor can.
//!
//! Tensors are `count × height × width × channels` slices of `f32`. The three central types are
//! [`Conv`] (a convolution's shape, with its forward pass and both backward passes), [`View`] (a
//! tensor with the norm and ReLU that are still to be applied whenever it is read) and
//! [`isa::Simd`] (what a kernel asks of an instruction set; one file each under `isa`). Work is
//! cut into pieces by shape alone, and sums are added in a fixed order, so results do not depend
//! on the number of [`threads`].
//!
//! ```
//! use kernels::{Conv, Epilogue, Pack, Padding, Precision, View};
//! // A 1×1 convolution from 2 channels to 1 over two pixels: out = x₀·10 + x₁.
//! let padding = Padding::each(0);
//! let conv = Conv { count: 1, height: 1, width: 2, channels: 2, filters: 1, kernel: 1, stride: 1, padding };
//! let weights = Pack::forward(&conv, &[10.0, 1.0], Precision::Fp32);
//! let mut out = [0.0; 2];
//! conv.forward(View::plain(&[1.0, 2.0, 3.0, 4.0]), &weights, &mut out, Epilogue::default());
//! assert_eq!(out, [12.0, 34.0]);
//! ```
//!
//! This is the only crate of the workspace with unsafe code (`web` has an unsafe attribute and no more). Public functions are safe: they
//! assert every length before a pointer is made of a slice.

mod activation;
pub mod adam;
mod bf16;
mod conv;
mod depthwise;
mod element;
pub mod elementwise;
pub mod isa;
pub mod loss;
mod memory;
pub mod norm;
mod padding;
pub mod peak;
pub mod pool;
mod scratch;
pub mod threads;
mod view;

#[cfg(test)]
mod tests;

pub use activation::Activation;
pub use bf16::Bf16;
pub use conv::inverted;
pub use conv::{Added, Conv, Convolve, Direction, Epilogue, Pack, Pass};
pub use depthwise::{Depthwise, DepthwisePass, Finish};
pub use element::{Element, cast, cast_mut};
pub use ground::Precision;
pub use memory::Memory;
pub use padding::Padding;
pub use view::View;
