use image::codecs::jpeg::JpegEncoder;
use image::imageops::{FilterType, resize};
use image::{ExtendedColorType, RgbImage};

use crate::Rgb;

/// Good enough to recognise an animal by, at a few kB a picture.
const QUALITY: u8 = 80;

/// A small JPEG of a whole picture, its longer side at most `side` pixels; nothing where it has
/// none.
#[must_use]
pub fn thumbnail(picture: &Rgb, side: u32) -> Option<Vec<u8>> {
    let Rgb { width, height, .. } = *picture;
    let whole = RgbImage::from_raw(width, height, picture.data.clone())?;
    let scale = (f64::from(side) / f64::from(width.max(height).max(1))).min(1.0);
    let to = |length: u32| ((f64::from(length) * scale).round() as u32).max(1);
    let small = resize(&whole, to(width), to(height), FilterType::Triangle);
    let (width, height) = small.dimensions();
    Some(small_jpeg(&Rgb { width, height, data: small.into_raw() }))
}

/// A JPEG of a small picture, of the quality that thumbnails have.
///
/// # Panics
/// When it has no pixels, other than it says, or more than 65,535 a side.
#[must_use]
pub fn small_jpeg(picture: &Rgb) -> Vec<u8> {
    let Rgb { width, height, data } = picture;
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, QUALITY)
        .encode(data, *width, *height, ExtendedColorType::Rgb8)
        .expect("a picture of that size can be a JPEG in memory");
    jpeg
}

#[cfg(test)]
mod tests {
    use super::thumbnail;
    use crate::{Limits, Rgb, decode};

    #[test]
    fn it_is_the_whole_picture_and_small() {
        let wide = (0..300 * 100).flat_map(|at| [if at % 300 < 150 { 40 } else { 200 }; 3]);
        let wide = Rgb { width: 300, height: 100, data: wide.collect() };
        let small = decode(&thumbnail(&wide, 150).unwrap(), &Limits::default()).unwrap();
        assert_eq!((small.width, small.height), (150, 50));
        let level = |x: usize| small.data[(25 * 150 + x) * 3];
        assert!(level(10).abs_diff(40) < 6 && level(140).abs_diff(200) < 6);
        let tiny = Rgb { width: 3, height: 1, data: vec![9; 9] };
        let same = decode(&thumbnail(&tiny, 150).unwrap(), &Limits::default()).unwrap();
        assert_eq!((same.width, same.height), (3, 1), "nothing is made larger");
    }
}
