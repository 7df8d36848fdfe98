//! What decoders give and what is made of it: as many pixels as somebody needs, upright, in sRGB.

use image::metadata::Orientation;

use super::{Reason, colour, turn};
use crate::{Cut, Rgb};

/// How large a picture is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// All of its pixels.
    Whole,
    /// At least so many pixels on its shorter side after resizing: a JPEG may be decoded at a half,
    /// a quarter or an eighth of its size, as long as that leaves twice as many.
    ShortSide(u32),
    /// A box alone: all of its pixels, or so many on its own shorter side, likewise.
    Within(Cut, Option<u32>),
}

impl Detail {
    /// The same detail of a box.
    pub(crate) fn within(self, cut: Cut) -> Self {
        match self {
            Self::Whole => Self::Within(cut, None),
            Self::ShortSide(side) => Self::Within(cut, Some(side)),
            Self::Within(_, side) => Self::Within(cut, side),
        }
    }
}

/// A decoded picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// Its pixels, perhaps fewer than the file has.
    pub picture: Rgb,
    /// Width and height of all of the upright picture, or of its box.
    pub size: [u32; 2],
}

/// What a decoder gives.
pub(super) struct Pixels {
    /// As it is stored, in its own colours.
    pub(super) picture: Rgb,
    /// Width and height in the file, likewise.
    pub(super) size: [u32; 2],
    pub(super) orientation: Orientation,
    pub(super) profile: Option<Vec<u8>>,
}

impl Pixels {
    /// In sRGB, upright and cut.
    pub(super) fn finished(mut self, detail: Detail) -> Result<Decoded, Reason> {
        if let Some(profile) = &self.profile {
            colour::to_srgb(&mut self.picture, profile);
        }
        let mut size = self.size;
        if turn::swaps_sides(self.orientation) {
            size.reverse();
        }
        let picture = turn::upright(self.picture, self.orientation);
        let (picture, size) = match detail {
            Detail::Within(cut, _) => cut.of(&picture, size)?,
            _ => (picture, size),
        };
        Ok(Decoded { picture, size })
    }
}
