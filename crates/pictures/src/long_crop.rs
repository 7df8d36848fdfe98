//! The long-side crop: the central square of a picture at the network's size and, for training, a
//! margin on both sides of it along the longer side.
//!
//! fastai's `Resize` takes the central square for validation, and a square at a random place along
//! the longer side for training, another each time. One resized long crop serves every place.

use resample::{Area, resample};

use crate::{Preprocess, Rgb};

#[cfg(test)]
mod tests;

/// The pixels of a long crop on both sides of its square, which is `size × size`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CropMargin {
    /// Left of the square, or above it.
    before: usize,
    /// Right of it, or below.
    after: usize,
    /// Whether the crop is wide: `size` rows, more columns.
    wide: bool,
    size: usize,
}

impl CropMargin {
    /// A long crop is at most so many times as long as its square, so a panorama loses its ends.
    pub(crate) const LONGEST: usize = 2;

    /// No margin: the square alone.
    pub(crate) fn none(size: usize) -> Self {
        Self { size, ..Self::default() }
    }

    /// The margin of a picture of this width and height. There is none if the square is smaller than
    /// the shorter side, which training never uses.
    pub(crate) fn of(preprocess: &Preprocess, width: u32, height: u32) -> Self {
        let size = preprocess.size;
        if size < preprocess.short_side {
            return Self::none(size);
        }
        // Sizes from a cache are not trusted: they may be 0.
        let (short, long) = (width.min(height).max(1), width.max(height).max(1));
        // Preprocess::pixels cuts here as well.
        let corner = (long - short) / 2;
        let scaled = |length: u32| (u64::from(length) * size as u64 / u64::from(short)) as usize;
        let most = size * (Self::LONGEST - 1) / 2;
        let (before, after) = (scaled(corner).min(most), scaled(long - short - corner).min(most));
        Self { before, after, wide: width > height, size }
    }

    /// How many places there are at which a square can be cut out.
    pub(crate) fn places(&self) -> usize {
        self.before + self.after + 1
    }

    /// The size of the long crop in bytes, RGB8.
    pub(crate) fn bytes(&self) -> usize {
        (self.before + self.size + self.after) * self.size * 3
    }

    /// The long crop of a picture. Its square is that of [`Preprocess::pixels`], to the bit.
    pub(crate) fn long_crop(&self, preprocess: &Preprocess, picture: &Rgb) -> Vec<u8> {
        let square = preprocess.pixels(picture);
        if self.places() == 1 {
            return square;
        }
        let (width, height) = (picture.width, picture.height);
        let (short, longer) = (f64::from(width.min(height)), f64::from(width.max(height)));
        let scale = short / self.size as f64;
        let corner = (width.max(height) - width.min(height)) / 2;
        // Rounding must not put an end outside of the picture.
        let begin = (f64::from(corner) - self.before as f64 * scale).max(0.0);
        let long = self.before + self.size + self.after;
        let along = (long as f64 * scale).min(longer - begin);
        let mut crop = if self.wide {
            let area = Area { left: begin, top: 0.0, width: along, height: short };
            resample(picture, area, [long, self.size])
        } else {
            let area = Area { left: 0.0, top: begin, width: short, height: along };
            resample(picture, area, [self.size, long])
        };
        for (row, from) in square.chunks_exact(self.size * 3).enumerate() {
            crop[self.row(row, self.before)].copy_from_slice(from);
        }
        crop
    }

    /// Copies the central square of a long crop, as for prediction.
    pub(crate) fn middle(&self, crop: &[u8], square: &mut [u8]) {
        self.cut(crop, self.before, square);
    }

    /// Copies the square that begins `place` pixels into a long crop.
    ///
    /// # Panics
    /// If there is no such place, or `square` is not `size × size × 3` bytes long.
    pub(crate) fn cut(&self, crop: &[u8], place: usize, square: &mut [u8]) {
        assert!(place < self.places(), "a place of the crop");
        assert_eq!((crop.len(), square.len()), (self.bytes(), self.size * self.size * 3));
        for (row, to) in square.chunks_exact_mut(self.size * 3).enumerate() {
            to.copy_from_slice(&crop[self.row(row, place)]);
        }
    }

    /// The byte range in the crop of a row of the square at `place`.
    fn row(&self, row: usize, place: usize) -> std::ops::Range<usize> {
        let begin = if self.wide {
            row * (self.before + self.size + self.after) + place
        } else {
            (place + row) * self.size
        };
        begin * 3..(begin + self.size) * 3
    }
}
