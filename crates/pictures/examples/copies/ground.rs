//! Pictures put on a plain ground, as of specimens on paper or products in a shop.

use std::path::PathBuf;

use ::ground::random::{Draws, Purpose};
use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};

use super::planted::SEED;

/// Pixels of a ground's side.
const SIDE: u32 = 400;

/// Puts each picture on a square of this grey level and takes `wide` of its width: in the middle, or
/// cut out as an oval at a random place.
pub(crate) fn put(pictures: &mut [(PathBuf, RgbImage)], level: u8, wide: f64, oval: bool) {
    for (number, (_, picture)) in pictures.iter_mut().enumerate() {
        let mut draws = Draws::new(SEED, Purpose::Synthetic, &[2, number as u64]);
        let (width, height) = picture.dimensions();
        let scale = f64::from(SIDE) * wide / f64::from(width.max(height));
        let [width, height] = [width, height].map(|side| (f64::from(side) * scale) as u32);
        let small = imageops::resize(picture, width, height, FilterType::Triangle);
        let free = [SIDE - width, SIDE - height];
        let [left, top] = match oval {
            true => free.map(|free| draws.below(free as usize + 1) as u32),
            false => free.map(|free| free / 2),
        };
        let mut out = RgbImage::from_pixel(SIDE, SIDE, Rgb([level; 3]));
        for (x, y, &pixel) in small.enumerate_pixels() {
            let out_of = |at: u32, side: u32| 2.0 * (f64::from(at) + 0.5) / f64::from(side) - 1.0;
            if !oval || out_of(x, width).hypot(out_of(y, height)) < 1.0 {
                out.put_pixel(left + x, top + y, pixel);
            }
        }
        *picture = out;
    }
}
