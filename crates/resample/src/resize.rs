use fast_image_resize::images::{TypedCroppedImage, TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8x3;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};

use crate::Rgb;

/// A part of a picture in its pixels, edges anywhere between them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    /// Where it begins, from the left …
    pub left: f64,
    /// … and from the top.
    pub top: f64,
    /// How far it reaches across …
    pub width: f64,
    /// … and down.
    pub height: f64,
}

/// The area, resampled to so many pixels across and down: a triangle filter as wide as the step
/// between samples, which is what Pillow calls bilinear. Pixels around the area count at its edges.
/// Gives `down × across × 3` bytes.
///
/// # Panics
/// When the area does not lie within the picture.
#[must_use]
pub fn resample(picture: &Rgb, area: Area, size: [usize; 2]) -> Vec<u8> {
    let options = ResizeOptions::new().crop(area.left, area.top, area.width, area.height);
    let whole = [0, 0, picture.width, picture.height];
    run(picture, whole, options, size.map(|side| side as u32))
}

/// The whole picture by the same filter, at most `side` pixels wide and high; as it is where it is no
/// larger.
#[must_use]
pub fn within(picture: &Rgb, side: u32) -> Rgb {
    let Rgb { width, height, .. } = *picture;
    let longest = width.max(height);
    if longest <= side {
        return picture.clone();
    }
    let scaled = |length: u32| {
        (u64::from(length) * u64::from(side)).div_ceil(u64::from(longest)).max(1) as u32
    };
    let (to_width, to_height) = (scaled(width), scaled(height));
    let whole = [0, 0, width, height];
    let data = run(picture, whole, ResizeOptions::new(), [to_width, to_height]);
    Rgb { width: to_width, height: to_height, data }
}

/// As [`resample`], of a square of whole pixels that is cut out first: nothing around it counts.
///
/// # Panics
/// When the square does not lie within the picture.
#[must_use]
pub fn resample_square(picture: &Rgb, (left, top): (u32, u32), side: u32, size: usize) -> Vec<u8> {
    run(picture, [left, top, side, side], ResizeOptions::new(), [size as u32; 2])
}

/// Cuts out left, top, width, height, and resamples what the options crop of that. One pixel type
/// and one view, because the library is compiled anew for each.
fn run(picture: &Rgb, cut: [u32; 4], options: ResizeOptions, size: [u32; 2]) -> Vec<u8> {
    let [left, top, width, height] = cut;
    let whole = TypedImageRef::<U8x3>::from_buffer(picture.width, picture.height, &picture.data)
        .expect("a picture has height × width × 3 bytes");
    let source = TypedCroppedImage::new(whole, left, top, width, height)
        .expect("the cut lies within the picture");
    let [across, down] = size;
    let mut out = vec![0; across as usize * down as usize * 3];
    let mut target = TypedImage::<U8x3>::from_buffer(across, down, &mut out)
        .expect("the buffer has width × height × 3 bytes");
    let options = options.resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
    Resizer::new()
        .resize_typed(&source, &mut target, &options)
        .expect("the area lies within the picture");
    out
}
