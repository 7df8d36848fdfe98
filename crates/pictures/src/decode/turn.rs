//! Pictures brought upright.

use image::metadata::Orientation;
use image::{DynamicImage, RgbImage};

use crate::Rgb;

/// Pixels a side of the tiles that a quarter turn goes by: each line of the cache that it reads or
/// writes serves all of its pixels.
const TILE: usize = 64;

/// The picture as its EXIF orientation wants it shown.
pub(super) fn upright(picture: Rgb, orientation: Orientation) -> Rgb {
    use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    // `image` turns by a quarter pixel by pixel, which takes half as long as decoding.
    match orientation {
        Orientation::NoTransforms => picture,
        Rotate90 => transposed(&picture, [true, false]),
        Rotate270 => transposed(&picture, [false, true]),
        Rotate90FlipH => transposed(&picture, [false, false]),
        Rotate270FlipH => transposed(&picture, [true, true]),
        _ => {
            let mut pixels = DynamicImage::ImageRgb8(image(picture));
            pixels.apply_orientation(orientation);
            let (width, height) = (pixels.width(), pixels.height());
            Rgb { width, height, data: pixels.into_rgb8().into_raw() }
        }
    }
}

/// Whether width becomes height.
pub(super) fn swaps_sides(orientation: Orientation) -> bool {
    use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    matches!(orientation, Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH)
}

fn image(Rgb { width, height, data }: Rgb) -> RgbImage {
    RgbImage::from_raw(width, height, data).expect("a picture has height × width × 3 bytes")
}

/// Columns become rows; before that, rows and columns may change their order.
fn transposed(picture: &Rgb, [flip_rows, flip_columns]: [bool; 2]) -> Rgb {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let at = |flip, index, len: usize| if flip { len - 1 - index } else { index };
    let pixels = picture.data.as_chunks::<3>().0;
    let mut turned = vec![[0; 3]; pixels.len()];
    for (band, columns) in turned.chunks_mut(TILE * height).enumerate() {
        for first in (0..height).step_by(TILE) {
            for (index, column) in columns.chunks_exact_mut(height).enumerate() {
                let x = at(flip_columns, band * TILE + index, width);
                for (y, pixel) in (first..height).zip(column[first..].iter_mut().take(TILE)) {
                    *pixel = pixels[at(flip_rows, y, height) * width + x];
                }
            }
        }
    }
    Rgb { width: picture.height, height: picture.width, data: turned.into_flattened() }
}

#[cfg(test)]
mod tests {
    use super::{DynamicImage, Orientation, Rgb, image, upright};

    #[test]
    fn every_orientation_is_that_of_the_library() {
        for (width, height) in [(1, 1), (1, 70), (70, 1), (3, 2), (64, 65), (129, 200), (150, 63)] {
            let data = (0..width * height * 3).map(|i: u32| (i % 251) as u8).collect();
            let picture = Rgb { width, height, data };
            for orientation in (1..=8).map(|code| Orientation::from_exif(code).unwrap()) {
                let mut expected = DynamicImage::ImageRgb8(image(picture.clone()));
                expected.apply_orientation(orientation);
                let found = upright(picture.clone(), orientation);
                assert_eq!((found.width, found.height), (expected.width(), expected.height()));
                assert_eq!(found.data, expected.into_rgb8().into_raw(), "{orientation:?}");
            }
        }
    }
}
