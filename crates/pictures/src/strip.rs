//! What is kept of a picture: its square, and where somebody will learn from it also what lies
//! beside the square along the longer side, at the same scale.
//!
//! fastai's `Resize` cuts the square out of the middle of a picture to validate, but to learn from
//! a random place along the longer side, anew each time. One resized strip serves every place.

use resample::{Area, resample};

use crate::{Preprocess, Rgb};

#[cfg(test)]
mod tests;

/// Pixels of a strip beside its square, which is `size × size`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Margins {
    /// Left of the square, or above it.
    before: usize,
    /// Right of it, or below.
    after: usize,
    /// Whether the strip lies: `size` rows, longer than that.
    wide: bool,
    size: usize,
}

impl Margins {
    /// A strip is at most so many times as long as its square: of a panorama the far ends are lost.
    pub(crate) const LONGEST: usize = 2;

    /// The square alone.
    pub(crate) fn none(size: usize) -> Self {
        Self { size, ..Self::default() }
    }

    /// Of a picture of this width and height; none where the square is not as wide as the shorter
    /// side, as nobody learns from such.
    pub(crate) fn of(preprocess: &Preprocess, width: u32, height: u32) -> Self {
        let size = preprocess.size;
        if size < preprocess.short_side {
            return Self::none(size);
        }
        // What a cache tells of a picture was not measured by us: it may say 0.
        let (short, long) = (width.min(height).max(1), width.max(height).max(1));
        // Preprocess::pixels cuts here as well.
        let corner = (long - short) / 2;
        let scaled = |length: u32| (u64::from(length) * size as u64 / u64::from(short)) as usize;
        let most = size * (Self::LONGEST - 1) / 2;
        let (before, after) = (scaled(corner).min(most), scaled(long - short - corner).min(most));
        Self { before, after, wide: width > height, size }
    }

    /// Places at which a square can be cut out.
    pub(crate) fn places(&self) -> usize {
        self.before + self.after + 1
    }

    /// Bytes of the strip, RGB8.
    pub(crate) fn bytes(&self) -> usize {
        (self.before + self.size + self.after) * self.size * 3
    }

    /// The strip of a picture. Its square is that of [`Preprocess::pixels`], to the bit.
    pub(crate) fn strip(&self, preprocess: &Preprocess, picture: &Rgb) -> Vec<u8> {
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
        let mut strip = if self.wide {
            let area = Area { left: begin, top: 0.0, width: along, height: short };
            resample(picture, area, [long, self.size])
        } else {
            let area = Area { left: 0.0, top: begin, width: short, height: along };
            resample(picture, area, [self.size, long])
        };
        for (row, from) in square.chunks_exact(self.size * 3).enumerate() {
            strip[self.row(row, self.before)].copy_from_slice(from);
        }
        strip
    }

    /// Copies the square from the middle of a strip: what a network is to answer for.
    pub(crate) fn middle(&self, strip: &[u8], square: &mut [u8]) {
        self.cut(strip, self.before, square);
    }

    /// Copies the square that begins `place` pixels into a strip.
    ///
    /// # Panics
    /// When there is no such place, or `square` is not `size × size × 3` bytes long.
    pub(crate) fn cut(&self, strip: &[u8], place: usize, square: &mut [u8]) {
        assert!(place < self.places(), "a place of the strip");
        assert_eq!((strip.len(), square.len()), (self.bytes(), self.size * self.size * 3));
        for (row, to) in square.chunks_exact_mut(self.size * 3).enumerate() {
            to.copy_from_slice(&strip[self.row(row, place)]);
        }
    }

    /// Where a row of the square at `place` lies in the strip.
    fn row(&self, row: usize, place: usize) -> std::ops::Range<usize> {
        let begin = if self.wide {
            row * (self.before + self.size + self.after) + place
        } else {
            (place + row) * self.size
        };
        begin * 3..(begin + self.size) * 3
    }
}
