//! Where in a picture the network found what speaks for a class, and a picture of that.

use engine::{Engine, Images, Maps};
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{FilterType, resize};
use image::{ExtendedColorType, Rgb, RgbImage};
use insight::heat_colour;
use pictures::Preprocess;

use crate::ClassifierError;
use crate::features::{BATCH, Views, fill};

/// Where the network found what speaks for one class in one picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Heat {
    /// The class asked about.
    pub class: usize,
    /// The picture as the network saw it: `size × size × 3` bytes, RGB8.
    pub square: Vec<u8>,
    /// Its pixels a side.
    pub size: usize,
    /// `side × side` numbers, row by row: what speaks for the class above 0, what speaks against it
    /// below. They are comparable within this map alone.
    pub map: Vec<f32>,
    /// Its cells a side.
    pub side: usize,
}

impl Heat {
    /// See [`overlay`].
    #[must_use]
    pub fn overlay(&self) -> Vec<u8> {
        overlay(&self.square, self.size, &self.map, self.side)
    }
}

/// A map for each class that is asked about on each square (RGB8): Grad-CAM as
/// [`Engine::attribute`] has it, without its ReLU. `classes` holds as many for each square, those
/// of the first square first; the maps come in that order. Where they are `mirrored`, the mean of the
/// square's map and of its mirror image's, turned back; the slopes are then those of each view by
/// itself, while the classifier's head answers on the average of both.
///
/// # Errors
/// When the engine's network does not take such squares, or has no such class.
pub fn heat_maps(
    engine: &mut dyn Engine,
    preprocess: &Preprocess,
    squares: &[&[u8]],
    classes: &[usize],
    mirrored: bool,
) -> Result<Maps, ClassifierError> {
    let size = preprocess.size;
    let mut all = Maps { values: vec![], height: 0, width: 0 };
    let mut pixels = vec![];
    let views = Views { mirrored, zoomed: false };
    let each = views.count();
    let of_each = (classes.len() / squares.len().max(1)).max(1);
    for (squares, classes) in squares.chunks(BATCH).zip(classes.chunks(BATCH * of_each)) {
        fill(preprocess, squares, views, &mut pixels);
        let asked: Vec<usize> = classes.chunks(of_each).flat_map(|c| c.repeat(each)).collect();
        let count = each * squares.len();
        let images = Images { pixels: &pixels, count, height: size, width: size };
        let maps = engine.attribute(images, &asked)?;
        (all.height, all.width) = (maps.height, maps.width);
        let seen: Vec<&[f32]> = maps.each().collect();
        for views in seen.chunks_exact(each * of_each) {
            let (plain, mirrored) = views.split_at(of_each);
            if mirrored.is_empty() {
                all.values.extend(plain.concat());
            }
            for (plain, mirror) in plain.iter().zip(mirrored) {
                let lines = mirror.chunks_exact(maps.width.max(1));
                let back = lines.flat_map(|line| line.iter().rev());
                all.values.extend(plain.iter().zip(back).map(|(a, b)| (a + b) / 2.0));
            }
        }
    }
    Ok(all)
}

/// Overlays have at least this many pixels a side: enough to see a feather beside a cell of the map.
const AT_LEAST: usize = 448;

/// Good enough that no block of the JPEG looks like a place of the map.
const QUALITY: u8 = 88;

/// A JPEG of a square of `size × size` pixels (RGB8), enlarged by a whole number to 448 pixels a
/// side or more, with a map of `side × side` numbers laid over it: what is below 0 counts as 0, the
/// largest number has the brightest colour and hides most. Where no number is above 0, the picture
/// stays as it is.
///
/// # Panics
/// When `square` or `map` has another length, or `size` or `side` is 0.
#[must_use]
pub fn overlay(square: &[u8], size: usize, map: &[f32], side: usize) -> Vec<u8> {
    assert_eq!(map.len(), side * side, "a map of this side");
    let picture = RgbImage::from_raw(size as u32, size as u32, square.to_vec());
    let picture = picture.expect("a square of this size");
    let across = size * AT_LEAST.div_ceil(size);
    let mut large = resize(&picture, across as u32, across as u32, FilterType::Triangle);
    let strongest = map.iter().copied().filter(|value| value.is_finite()).fold(0.0, f32::max);
    if strongest > 0.0 {
        let cells: Vec<f32> = map.iter().map(|v| (v / strongest).clamp(0.0, 1.0)).collect();
        let near: Vec<_> = (0..across).map(|i| neighbours(i, across, side)).collect();
        for (x, y, pixel) in large.enumerate_pixels_mut() {
            let ([left, right], along) = near[x as usize];
            let ([above, below], down) = near[y as usize];
            let line =
                |row: usize| between(cells[row * side + left], cells[row * side + right], along);
            *pixel = tinted(*pixel, between(line(above), line(below), down));
        }
    }
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, QUALITY)
        .encode(&large, large.width(), large.height(), ExtendedColorType::Rgb8)
        .expect("a picture of that size can be a JPEG in memory");
    jpeg
}

/// The two cells whose centres lie around that of a pixel, and how far it is from the first to the
/// second; beyond the outermost centres the outermost cell counts alone.
fn neighbours(pixel: usize, pixels: usize, cells: usize) -> ([usize; 2], f32) {
    let at = (pixel as f32 + 0.5) * cells as f32 / pixels as f32 - 0.5;
    let at = at.clamp(0.0, (cells - 1) as f32);
    let first = at as usize;
    ([first, (first + 1).min(cells - 1)], at - first as f32)
}

fn between(from: f32, to: f32, share: f32) -> f32 {
    from + (to - from) * share
}

/// A pixel under a strength of 0 to 1.
fn tinted(pixel: Rgb<u8>, strength: f32) -> Rgb<u8> {
    let (colour, hidden) = heat_colour(strength);
    let channel = |c: usize| between(f32::from(pixel.0[c]), colour[c], hidden).round() as u8;
    Rgb([0, 1, 2].map(channel))
}

#[cfg(test)]
mod tests {
    use super::overlay;

    const SIZE: usize = 32;

    fn decoded(jpeg: &[u8]) -> image::RgbImage {
        assert_eq!(image::guess_format(jpeg).unwrap(), image::ImageFormat::Jpeg);
        image::load_from_memory(jpeg).unwrap().to_rgb8()
    }

    /// How far a pixel is from the grey that was given.
    fn change(picture: &image::RgbImage, x: u32, y: u32) -> u32 {
        picture.get_pixel(x, y).0.iter().map(|&c| u32::from(c.abs_diff(128))).sum()
    }

    #[test]
    fn an_overlay_is_a_jpeg_enlarged_by_a_whole_number() {
        for (size, across) in [(SIZE, 448), (224, 448), (300, 600), (512, 512)] {
            let jpeg = overlay(&vec![128; size * size * 3], size, &[0.0, 1.0, -1.0, 0.5], 2);
            assert_eq!(decoded(&jpeg).dimensions(), (across, across), "{size}");
        }
    }

    #[test]
    fn stronger_places_are_changed_more_and_those_against_not_at_all() {
        let grey = vec![128; SIZE * SIZE * 3];
        // A row of the map has four strengths, whatever their scale; other rows speak against.
        let mut map = vec![-5.0f32; 16];
        map[..4].copy_from_slice(&[0.0, 0.04, 0.07, 0.1]);
        let picture = decoded(&overlay(&grey, SIZE, &map, 4));
        let top: Vec<u32> = [20, 168, 280, 428].map(|x| change(&picture, x, 20)).to_vec();
        assert!(top[0] < 12 && top.windows(2).all(|pair| pair[0] + 12 < pair[1]), "{top:?}");
        for x in [20, 168, 280, 428] {
            assert!(change(&picture, x, 400) < 12, "{x}");
        }
    }

    #[test]
    fn a_map_with_nothing_for_the_class_leaves_the_picture_as_it_is() {
        let grey = vec![128; SIZE * SIZE * 3];
        for map in [[0.0f32; 4], [-1.0; 4], [f32::NAN; 4]] {
            let picture = decoded(&overlay(&grey, SIZE, &map, 2));
            assert!((0..448).all(|i| change(&picture, i, i) < 6), "{map:?}");
        }
    }
}
