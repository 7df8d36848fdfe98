use fast_image_resize::images::{CroppedImage, Image, ImageRef};
use fast_image_resize::{FilterType, IntoImageView, PixelType, ResizeAlg, ResizeOptions, Resizer};

use crate::Rgb;

/// A part of a picture in its pixels, edges anywhere between them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Area {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// The area, resampled to `size × size`: a triangle filter as wide as the step between samples,
/// which is what Pillow calls bilinear. Pixels around the area count at its edges.
pub(crate) fn resample(picture: &Rgb, area: Area, size: usize) -> Vec<u8> {
    let options = ResizeOptions::new().crop(area.left, area.top, area.width, area.height);
    run(&view(picture), options, size)
}

/// As [`resample`], of a square of whole pixels that is cut out first: nothing around it counts.
pub(crate) fn resample_square(
    picture: &Rgb,
    (left, top): (u32, u32),
    side: u32,
    size: usize,
) -> Vec<u8> {
    let view = view(picture);
    let square = CroppedImage::new(&view, left, top, side, side);
    run(&square.expect("the square lies within the picture"), ResizeOptions::new(), size)
}

fn view(picture: &Rgb) -> ImageRef<'_> {
    ImageRef::new(picture.width, picture.height, &picture.data, PixelType::U8x3)
        .expect("a picture has height × width × 3 bytes")
}

fn run(source: &impl IntoImageView, options: ResizeOptions, size: usize) -> Vec<u8> {
    let mut out = Image::new(size as u32, size as u32, PixelType::U8x3);
    let options = options.resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
    Resizer::new()
        .resize(source, &mut out, &options)
        .expect("the area lies within the picture and both are RGB8");
    out.into_vec()
}
