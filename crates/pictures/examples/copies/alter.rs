//! What people and web sites do to pictures, drawn at random.

use ::ground::random::Draws;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::{ImageEncoder as _, Rgb, RgbImage};
use pictures::{Limits, decode};

/// One way to alter a picture.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Resize,
    Recompress,
    Crop,
    Mirror,
    Turn,
    Light,
    Mark,
    Border,
}

impl Kind {
    pub(crate) const ALL: [Self; 8] = [
        Self::Resize,
        Self::Recompress,
        Self::Crop,
        Self::Mirror,
        Self::Turn,
        Self::Light,
        Self::Mark,
        Self::Border,
    ];

    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Resize => "resized to 50-90 %",
            Self::Recompress => "JPEG of quality 40-90",
            Self::Crop => "85-95 % of each side kept",
            Self::Mirror => "mirrored",
            Self::Turn => "turned by quarters",
            Self::Light => "brightness, contrast or gamma",
            Self::Mark => "bar or strokes over it",
            Self::Border => "border of 2-8 %",
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Resize => "resized",
            Self::Recompress => "recompressed",
            Self::Crop => "cropped",
            Self::Mirror => "mirrored",
            Self::Turn => "turned",
            Self::Light => "lightened",
            Self::Mark => "marked",
            Self::Border => "bordered",
        }
    }

    pub(crate) fn of(self, picture: &RgbImage, draws: &mut Draws) -> RgbImage {
        let (width, height) = picture.dimensions();
        let share = |side: u32, share: f64| ((f64::from(side) * share).round() as u32).max(1);
        match self {
            Self::Resize => {
                let scale = draws.range(0.5, 0.9);
                let (width, height) = (share(width, scale), share(height, scale));
                imageops::resize(picture, width, height, FilterType::CatmullRom)
            }
            Self::Recompress => recompressed(picture, 40 + draws.below(51) as u8),
            Self::Crop => {
                let wide = share(width, draws.range(0.85, 0.95));
                let high = share(height, draws.range(0.85, 0.95));
                let left = draws.below((width - wide + 1) as usize) as u32;
                let top = draws.below((height - high + 1) as usize) as u32;
                imageops::crop_imm(picture, left, top, wide, high).to_image()
            }
            Self::Mirror => imageops::flip_horizontal(picture),
            Self::Turn => match draws.below(3) {
                0 => imageops::rotate90(picture),
                1 => imageops::rotate180(picture),
                _ => imageops::rotate270(picture),
            },
            Self::Light => lit(picture, draws),
            Self::Mark => marked(picture, draws),
            Self::Border => {
                let edge = share(width.min(height), draws.range(0.02, 0.08));
                let colour = match draws.below(3) {
                    0 => [255; 3],
                    1 => [0; 3],
                    _ => std::array::from_fn(|_| draws.below(256) as u8),
                };
                let size = (width + 2 * edge, height + 2 * edge);
                let mut out = RgbImage::from_pixel(size.0, size.1, Rgb(colour));
                imageops::replace(&mut out, picture, i64::from(edge), i64::from(edge));
                out
            }
        }
    }
}

fn recompressed(picture: &RgbImage, quality: u8) -> RgbImage {
    let mut jpeg = vec![];
    let (width, height) = picture.dimensions();
    let done = JpegEncoder::new_with_quality(&mut jpeg, quality).write_image(
        picture.as_raw(),
        width,
        height,
        image::ExtendedColorType::Rgb8,
    );
    // Only what a JPEG cannot hold fails here: then the picture stays as it is.
    match (done, decode(&jpeg, &Limits::default())) {
        (Ok(()), Ok(read)) => RgbImage::from_raw(read.width, read.height, read.data),
        _ => None,
    }
    .unwrap_or_else(|| picture.clone())
}

fn lit(picture: &RgbImage, draws: &mut Draws) -> RgbImage {
    let (gain, shift, gamma) = match draws.below(3) {
        0 => (1.0, draws.range(-50.0, 50.0), 1.0),
        1 => (draws.range(0.6, 1.4), 0.0, 1.0),
        _ => (1.0, 0.0, draws.range(0.6, 1.6)),
    };
    let table: [u8; 256] = std::array::from_fn(|level| {
        let level = (level as f64 / 255.0).powf(gamma) * 255.0;
        ((level - 128.0) * gain + 128.0 + shift).round().clamp(0.0, 255.0) as u8
    });
    let mut out = picture.clone();
    out.iter_mut().for_each(|byte| *byte = table[*byte as usize]);
    out
}

/// A bar that lets half of the picture through, or strokes as of a name written across.
fn marked(picture: &RgbImage, draws: &mut Draws) -> RgbImage {
    let mut out = picture.clone();
    let (width, height) = (f64::from(out.width()), f64::from(out.height()));
    let ink = if draws.chance(0.5) { 255.0 } else { 0.0 };
    let strength = draws.range(0.4, 0.8);
    let inked = |pixel: &mut Rgb<u8>, strength: f64| {
        for byte in &mut pixel.0 {
            *byte = (f64::from(*byte) * (1.0 - strength) + ink * strength).round() as u8;
        }
    };
    if draws.chance(0.5) {
        let high = height * draws.range(0.08, 0.15);
        let top = draws.range(0.0, height - high);
        for (_, y, pixel) in out.enumerate_pixels_mut() {
            if (top..top + high).contains(&f64::from(y)) {
                inked(pixel, strength);
            }
        }
        return out;
    }
    let wide = (height.min(width) * 0.015).max(1.0);
    let strokes: Vec<[f64; 4]> = (0..8)
        .map(|number| {
            let left = width * (0.15 + 0.09 * f64::from(number));
            let (top, bottom) = (height * draws.range(0.35, 0.5), height * draws.range(0.5, 0.65));
            [left, top, left + width * draws.range(-0.06, 0.06), bottom]
        })
        .collect();
    for (x, y, pixel) in out.enumerate_pixels_mut() {
        let (x, y) = (f64::from(x), f64::from(y));
        let near = strokes.iter().any(|&[a, b, c, d]| {
            let along =
                ((x - a) * (c - a) + (y - b) * (d - b)) / ((c - a).powi(2) + (d - b).powi(2));
            let along = along.clamp(0.0, 1.0);
            (x - a - along * (c - a)).hypot(y - b - along * (d - b)) < wide
        });
        if near {
            inked(pixel, strength);
        }
    }
    out
}
