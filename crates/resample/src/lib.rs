//! Fewer pixels of a picture: what Pillow calls bilinear, with the same rounding.
//!
//! Its types are [`Rgb`], the pixels of a picture, and [`Area`], a part of one with edges anywhere
//! between them; [`resample`], [`resample_square`] and [`within`] are what is done with them. A room
//! apart from `pictures`, as the library behind it is compiled anew in the crate that calls it, for
//! longer than all of `pictures`.
//!
//! ```
//! use resample::{Area, Rgb, resample};
//! let picture = Rgb { width: 4, height: 1, data: [[0; 3], [40; 3], [80; 3], [120; 3]].concat() };
//! let right_half = Area { left: 2.0, top: 0.0, width: 2.0, height: 1.0 };
//! // The pixel beside it counts a little: (40 + 3·80 + 3·120) / 7.
//! assert_eq!(resample(&picture, right_half, [1, 1]), [91; 3]);
//! ```

mod resize;
mod rgb;

pub use resize::{Area, resample, resample_square, within};
pub use rgb::Rgb;
