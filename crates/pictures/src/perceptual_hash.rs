//! Perceptual hashes, by which near duplicates are found.

use crate::Rgb;

mod area;

/// Cells a side of the grey thumbnail.
pub(crate) const SIDE: usize = 24;
/// Cells a side of the colours.
pub(crate) const TINTS: usize = 4;
const GREY: usize = SIDE * SIDE;
/// Bytes of a view.
const VIEW: usize = GREY + 2 * TINTS * TINTS;

/// A perceptual hash: 1,216 bytes that altered copies of a picture nearly share.
///
/// It consists of two views: the picture without a plain border, and, where its subject
/// stands on a plain ground, the subject alone. [`near`](crate::near) compares them.
///
/// ```
/// use pictures::{PerceptualHash, Rgb};
/// let picture = Rgb { width: 40, height: 30, data: vec![90; 40 * 30 * 3] };
/// let hash = PerceptualHash::of(&picture);
/// assert_eq!(PerceptualHash::from_bytes(&hash.to_bytes()), hash);
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub struct PerceptualHash {
    bytes: Box<[u8; Self::BYTES]>,
}

/// Two thumbnails of a part of a picture, stretched to a square: brightness in 24 × 24 cells and
/// colour in 4 × 4.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    bytes: &'a [u8; VIEW],
    pub(crate) shows: Shows,
}

/// What a view shows of its picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shows {
    /// All of a picture that has no plain ground.
    All,
    /// All of a picture whose subject has a view of its own.
    WithGround,
    /// The subject on a plain ground.
    Subject,
}

impl PerceptualHash {
    /// Length of [`PerceptualHash::to_bytes`].
    pub const BYTES: usize = 2 * VIEW;

    /// The hash of an upright picture. Takes well below a millisecond for 500 × 375 pixels.
    #[must_use]
    pub fn of(picture: &Rgb) -> Self {
        let mut bytes = Box::new([0; Self::BYTES]);
        let (whole, subject) = bytes.split_at_mut(VIEW);
        let without_border = area::without_border(picture);
        fill(whole, picture, without_border);
        if let Some(area) = area::of_subject(picture, without_border) {
            fill(subject, picture, area);
        }
        Self { bytes }
    }

    /// The bytes to store; see [`PerceptualHash::from_bytes`].
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        *self.bytes
    }

    /// What [`PerceptualHash::to_bytes`] returned. Any bytes are a valid hash.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Self {
        Self { bytes: Box::new(*bytes) }
    }

    /// The picture without a plain border.
    pub(crate) fn whole(&self) -> View<'_> {
        let bytes = self.bytes.as_chunks().0.first().unwrap_or(&[0; VIEW]);
        let subject = self.subject().is_some();
        View { bytes, shows: if subject { Shows::WithGround } else { Shows::All } }
    }

    /// The subject alone, where it stands on a plain ground.
    pub(crate) fn subject(&self) -> Option<View<'_>> {
        let bytes: &[u8; VIEW] = self.bytes.as_chunks().0.last()?;
        // Where there is none, its bytes are 0, and no tint of a view is.
        let is_there = bytes[GREY..].iter().any(|&tint| tint > 0);
        is_there.then_some(View { bytes, shows: Shows::Subject })
    }
}

impl View<'_> {
    /// Blueness and redness, `TINTS` rows of `TINTS` cells; 128 is grey.
    pub(crate) fn tints(&self) -> &[[u8; 2]] {
        self.bytes[GREY..].as_chunks().0
    }

    /// Brightness, `SIDE` rows of `SIDE` cells.
    pub(crate) fn grey(&self) -> &[u8] {
        &self.bytes[..GREY]
    }
}

/// The view of a part of the picture.
fn fill(bytes: &mut [u8], picture: &Rgb, area: [usize; 4]) {
    let mut tints = [[0.0f32; 2]; TINTS * TINTS];
    for (at, &[red, green, blue]) in shrink(picture, area).iter().enumerate() {
        // ITU-R BT.601, as JPEG has it.
        let grey = 0.299 * red + 0.587 * green + 0.114 * blue;
        bytes[at] = grey.round() as u8;
        let place = at / SIDE * TINTS / SIDE * TINTS + at % SIDE * TINTS / SIDE;
        tints[place][0] += 0.564 * (blue - grey);
        tints[place][1] += 0.713 * (red - grey);
    }
    let share = (TINTS * TINTS) as f32 / GREY as f32;
    for (byte, tint) in bytes[GREY..].iter_mut().zip(tints.as_flattened()) {
        *byte = (tint * share + 128.0).round() as u8;
    }
}

/// Mean colours of `SIDE × SIDE` cells of a part of the picture, edges between pixels.
fn shrink(picture: &Rgb, [left, top, right, bottom]: [usize; 4]) -> Vec<[f32; 3]> {
    let stride = picture.width as usize * 3;
    let (across, down) = (cells(left, right), cells(top, bottom));
    let mut sums = vec![0.0f32; (right - left) * 3];
    let mut out = Vec::with_capacity(GREY);
    for rows in &down {
        sums.fill(0.0);
        for &(y, weight) in rows {
            let row = &picture.data[y * stride + left * 3..y * stride + right * 3];
            for (sum, &byte) in sums.iter_mut().zip(row) {
                *sum += weight * f32::from(byte);
            }
        }
        let pixels = sums.as_chunks::<3>().0;
        out.extend(across.iter().map(|columns| {
            columns.iter().fold([0.0; 3], |cell: [f32; 3], &(x, weight)| {
                std::array::from_fn(|c| cell[c] + weight * pixels[x - left][c])
            })
        }));
    }
    out
}

/// Which pixels of from..to make up each of `SIDE` cells, and with which weight.
fn cells(from: usize, to: usize) -> Vec<Vec<(usize, f32)>> {
    let step = (to - from) as f64 / SIDE as f64;
    let cell = |number: usize| {
        let (start, end) = (number as f64 * step, (number + 1) as f64 * step);
        let last = (end.ceil() as usize).min(to - from);
        (start as usize..last)
            .map(|pixel| {
                let overlap = end.min(pixel as f64 + 1.0) - start.max(pixel as f64);
                (from + pixel, (overlap.max(0.0) / step) as f32)
            })
            .collect()
    };
    (0..SIDE).map(cell).collect()
}
