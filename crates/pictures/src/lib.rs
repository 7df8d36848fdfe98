//! Files to pixels to batches: scan and label, split, decode, orient, resize, augment, load.
//!
//! Its three central types are [`Folder`] (which pictures there are and what they show), [`Rgb`]
//! (the pixels of one, decoded from untrusted bytes) and [`Preprocess`] (the same
//! pixels at the size and scale that a network takes). [`Limits`] is the one table of what is
//! accepted, [`Reason`] says why a picture is not, and [`split::assign`] holds pictures out.
//! A [`Place`] is where a picture is: a file, a member of an archive, a box in either.
//! A [`Dataset`] decodes a folder's pictures once, a [`Loader`] hands them out in batches, augmented
//! at random by [`Augment`], and [`practice::draw`] draws a set to try all this with.
//!
//! ```
//! use pictures::{Limits, Preprocess, Rgb, decode};
//! # let file = { // a 3×2 picture of one green, as a PPM turned into a PNG
//! #     let mut png = std::io::Cursor::new(Vec::new());
//! #     image::RgbImage::from_pixel(3, 2, image::Rgb([30, 160, 60]))
//! #         .write_to(&mut png, image::ImageFormat::Png)?;
//! #     png.into_inner()
//! # };
//! let picture: Rgb = decode(&file, &Limits::default())?;
//! let pixels = Preprocess::square(network::Backbone::ResNet50.preprocessing(), 224).pixels(&picture);
//! assert_eq!((pixels.len(), &pixels[..3]), (224 * 224 * 3, &[30, 160, 60][..]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod dataset;
pub mod near;
pub mod practice;
pub mod split;

mod augment;
mod cut;
mod decode;
mod error;
mod exif;
mod folder;
mod inspect;
mod joined;
mod limits;
mod loader;
mod long_crop;
mod perceptual_hash;
mod permit;
mod place;
mod preprocess;
mod store;
mod thumbnail;

pub use augment::{Augment, Drawn};
pub use cut::{Cut, NoCut};
pub use dataset::{Bad, Dataset, Item, Known, Seen};
pub use decode::{
    Decoded, Detail, Format, MISSING, Reason, decode, decode_for, read, read_with_permit,
};
pub use error::PicturesError;
pub use exif::Exif;
pub use folder::{
    Absent, Columns, Entry, Finder, Fixed, Folder, GroupBy, Grouped, Labelled, Need, Side,
    begins_like_a_picture, natural, side_of,
};
pub use inspect::{Colour, Header, Inspection, inspect};
pub use limits::Limits;
pub use loader::{Batch, Batching, Loader};
pub use perceptual_hash::PerceptualHash;
pub use permit::DecodePermit;
pub use place::Place;
pub use preprocess::Preprocess;
pub use resample::{Rgb, within};
pub use thumbnail::{small_jpeg, thumbnail};
