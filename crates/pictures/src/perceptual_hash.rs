//! Perceptual hashes, by which near duplicates are found.

use crate::Rgb;

/// Cells a side of the grey thumbnail.
pub(crate) const SIDE: usize = 24;
/// Cells a side of the colours.
pub(crate) const TINTS: usize = 4;
const GREY: usize = SIDE * SIDE;
/// A border may take this share of a side at most, from each end.
const BORDER: f64 = 0.3;
/// How far a border's pixels may lie from its colour on average, in levels of 255 …
const SPREAD: u32 = 4;
/// … and how many in a hundred may lie further than four times that.
const STRAYS: usize = 2;

/// A perceptual hash: 608 bytes that altered copies of a picture nearly share.
///
/// It consists of two thumbnails of the picture without any plain border, stretched to a square:
/// brightness in 24 × 24 cells and colour in 4 × 4. [`near`](crate::near) compares them.
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

impl PerceptualHash {
    /// Length of [`PerceptualHash::to_bytes`].
    pub const BYTES: usize = GREY + 2 * TINTS * TINTS;

    /// The hash of an upright picture. Takes well below a millisecond for 500 × 375 pixels.
    #[must_use]
    pub fn of(picture: &Rgb) -> Self {
        let cells = shrink(picture, inside(picture));
        let mut bytes = Box::new([0; Self::BYTES]);
        let mut tints = [[0.0f32; 2]; TINTS * TINTS];
        for (at, &[red, green, blue]) in cells.iter().enumerate() {
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

    /// Blueness and redness, `TINTS` rows of `TINTS` cells; 128 is grey.
    pub(crate) fn tints(&self) -> &[[u8; 2]] {
        self.bytes[GREY..].as_chunks().0
    }

    /// Brightness, `SIDE` rows of `SIDE` cells.
    pub(crate) fn grey(&self) -> &[u8] {
        &self.bytes[..GREY]
    }
}

/// Left, top, right and bottom of the picture without a border of one colour.
fn inside(picture: &Rgb) -> [usize; 4] {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let row = |y: usize| (0..width).map(move |x| (y * width + x) * 3);
    let column = |x: usize| (0..height).map(move |y| (y * width + x) * 3);
    let most = |side: usize| (side as f64 * BORDER) as usize;
    let top = border(picture, most(height), row);
    let bottom = border(picture, most(height), |y| row(height - 1 - y));
    let left = border(picture, most(width), column);
    let right = border(picture, most(width), |x| column(width - 1 - x));
    [left, top, width - right, height - bottom]
}

/// How many lines, counted from an edge, have the colour of the first, if that has one.
fn border<I: Iterator<Item = usize>>(
    picture: &Rgb,
    most: usize,
    line: impl Fn(usize) -> I,
) -> usize {
    let mut sums = [0u64; 3];
    let mut count = 0;
    for at in line(0) {
        (0..3).for_each(|c| sums[c] += u64::from(picture.data[at + c]));
        count += 1;
    }
    let colour = sums.map(|sum| (sum / count.max(1) as u64) as u8);
    let plain = |at: usize| {
        let (mut total, mut strays) = (0, 0);
        for (number, at) in line(at).enumerate() {
            let off = (0..3).map(|c| u32::from(picture.data[at + c].abs_diff(colour[c]))).max();
            let off = off.unwrap_or(0);
            total += off;
            strays += usize::from(off > 4 * SPREAD);
            // Most lines are not plain, and are seen not to be after a few pixels.
            if strays * 100 > STRAYS * count && number > 16 {
                return false;
            }
        }
        strays * 100 <= STRAYS * count && total <= SPREAD * count as u32
    };
    let lines = (0..=most).take_while(|&at| plain(at)).count();
    // As far as it goes: rather the whole of something flat than a part of it.
    if lines > most { 0 } else { lines }
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
