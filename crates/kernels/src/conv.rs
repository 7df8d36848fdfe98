//! Convolutions without bias, as matrix products.
//!
//! [`direct`] gathers a piece of the input into a padded buffer that fits the cache and takes each
//! tap of the filter as an offset into it. [`winograd`] computes 3×3 convolutions of stride 1 with
//! fewer products where that is faster. [`registers`] multiplies whole matrices of bfloat16 where the
//! processor can. A linear layer is a 1×1 convolution over 1×1 pictures. `README.md` beside these
//! rooms names the loops in the terms of BLIS.

mod direct;
mod epilogue;
pub mod inverted;
mod pack;
mod pass;
mod registers;
mod shape;
mod tile;
mod winograd;

#[cfg(test)]
mod tests;

pub(crate) use epilogue::add_up;
pub use epilogue::{Added, Epilogue};
pub use pack::{Direction, Pack};
pub use pass::{Convolve, Pass};
pub use shape::Conv;
