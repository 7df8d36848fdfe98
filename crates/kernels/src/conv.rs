//! Convolutions without bias, as matrix products.
//!
//! A forward pass multiplies rows (output pixels) by weights packed in panels of columns (filters).
//! The rows are never unrolled into a matrix: a piece of the input is copied once into a padded
//! buffer that fits the cache, norm and ReLU applied on the way, and each *tap* of the filter is an
//! offset into it ([`direct`]). The gradient of the input is the same product with other taps, and
//! the gradient of the weights multiplies the same buffer by the output's gradient. 3×3 convolutions
//! of stride 1 go another way where it is shorter ([`winograd`]), and where the processor multiplies
//! whole matrices of bfloat16, all do so there ([`registers`]). A linear layer is a 1×1 convolution
//! over 1×1 pictures.

mod direct;
mod epilogue;
mod pack;
mod pass;
mod registers;
mod shape;
mod tile;
mod winograd;

#[cfg(test)]
mod tests;

pub use epilogue::{Added, Epilogue};
pub use pack::{Direction, Pack};
pub use pass::{Convolve, Pass};
pub use shape::Conv;
