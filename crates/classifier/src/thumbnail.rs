use pictures::{Rgb, small_jpeg};
use resample::resample_square;

/// Pixels a side of the small pictures that a classifier carries for its report.
pub const THUMBNAIL_SIZE: u32 = 112;

/// A small JPEG of a square of `size × size` pixels (RGB8).
///
/// # Panics
/// When `pixels` has another length or `size` is 0.
#[must_use]
pub fn thumbnail(pixels: &[u8], size: usize) -> Vec<u8> {
    let side = size as u32;
    let square = Rgb { width: side, height: side, data: pixels.to_vec() };
    let data = resample_square(&square, (0, 0), side, THUMBNAIL_SIZE as usize);
    small_jpeg(&Rgb { width: THUMBNAIL_SIZE, height: THUMBNAIL_SIZE, data })
}

#[cfg(test)]
mod tests {
    use super::{THUMBNAIL_SIZE, thumbnail};

    #[test]
    fn it_is_a_small_jpeg_of_the_same_colours() {
        let size = 224;
        let pixels: Vec<u8> = (0..size * size)
            .flat_map(|i| if i % size < size / 2 { [200, 40, 40] } else { [40, 40, 200] })
            .collect();
        let jpeg = thumbnail(&pixels, size);
        let back = image::load_from_memory(&jpeg).unwrap().to_rgb8();
        assert_eq!(back.dimensions(), (THUMBNAIL_SIZE, THUMBNAIL_SIZE));
        let near = |x: u32, colour: [u8; 3]| {
            back.get_pixel(x, 50).0.iter().zip(colour).all(|(&a, b)| a.abs_diff(b) < 12)
        };
        assert!(near(20, [200, 40, 40]) && near(90, [40, 40, 200]));
    }
}
