//! A small set of look-alikes that anyone can try: three butterflies that fool birds, drawn here.
//!
//! The viceroy and the queen resemble the monarch. What tells them apart are field marks that a
//! guide would name: the viceroy has a dark line across the hind wing, and one row of white dots at
//! the edge where the others have two; the queen has no dark veins, and white spots scattered over
//! the fore wing. Colour tells little, and pose, light and surroundings tell nothing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ground::files::{self, FileError};
use ground::progress::Progress;
use ground::random::{Draws, Purpose};
use image::codecs::{jpeg::JpegEncoder, png::PngEncoder};
use image::{ExtendedColorType, ImageEncoder, ImageResult};

use crate::{PicturesError, Rgb};
use butterfly::{Butterfly, Kind};
use scene::Scene;

mod butterfly;
mod scene;

#[cfg(test)]
mod tests;

/// Which set is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Pictures of each of the three.
    pub per_class: usize,
    /// About the height and width of a picture, in pixels.
    pub size: u32,
    /// Another seed gives other pictures of the same butterflies.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { per_class: 60, size: 96, seed: 42 }
    }
}

/// Draws the set into a folder, which is made if need be, one folder a class; gives the paths.
/// JPEG and PNG mixed, no two quite of one size, as pictures come in life.
///
/// # Errors
/// When the folder is not empty or cannot be written.
pub fn draw(
    dir: &Path,
    settings: &Settings,
    progress: &dyn Progress,
) -> Result<Vec<PathBuf>, PicturesError> {
    fs::create_dir_all(dir).map_err(FileError::at("create", dir))?;
    if fs::read_dir(dir).map_err(FileError::at("read", dir))?.next().is_some() {
        return Err(PicturesError::NotEmpty(dir.to_owned()));
    }
    let bar = progress.begin("Drawing butterflies", Some(3 * settings.per_class as u64));
    let mut paths = vec![];
    for kind in Kind::ALL {
        let folder = dir.join(kind.name());
        fs::create_dir(&folder).map_err(FileError::at("create", &folder))?;
        for number in 0..settings.per_class {
            let key = [kind as u64, number as u64];
            let mut draws = Draws::new(settings.seed, Purpose::Practice, &key);
            let picture = picture(kind, settings.size, &mut draws);
            let jpeg = draws.chance(0.7);
            let suffix = if jpeg { "jpg" } else { "png" };
            let path = folder.join(format!("{:03}.{suffix}", number + 1));
            let bytes = encode(&picture, jpeg.then(|| 82 + draws.below(14) as u8));
            let bytes =
                bytes.map_err(|why| FileError::at("encode", &path)(io::Error::other(why)))?;
            files::write(&path, &bytes)?;
            paths.push(path);
            bar.advance(1);
        }
    }
    Ok(paths)
}

/// One picture of a set that needs no folder: about `size` pixels wide and high, of the three in turn.
#[must_use]
pub fn example(size: u32, number: usize) -> Rgb {
    let kind = Kind::ALL[number % Kind::ALL.len()];
    let key = [kind as u64, number as u64];
    let mut draws = Draws::new(Settings::default().seed, Purpose::Practice, &key);
    picture(kind, size, &mut draws)
}

/// One picture: a butterfly somewhere outdoors.
fn picture(kind: Kind, size: u32, draws: &mut Draws) -> Rgb {
    let mut side = || (f64::from(size) * draws.range(0.94, 1.36)).round().max(8.0) as u32;
    let (width, height) = (side(), side());
    let scene = Scene::new(f64::from(width), f64::from(height), draws);
    let butterfly = Butterfly::new(kind, f64::from(width), f64::from(height), draws);
    let noise = draws.range(0.0, 5.0);
    let mut data = Vec::with_capacity(width as usize * height as usize * 3);
    for y in 0..height {
        for x in 0..width {
            let mut sum = [0.0; 3];
            for sample in 0..9 {
                let x = f64::from(x) + (f64::from(sample % 3) + 0.5) / 3.0;
                let y = f64::from(y) + (f64::from(sample / 3) + 0.5) / 3.0;
                let shade = 1.0 - 0.4 * butterfly.shadow(x, y);
                let behind = scene.behind(x, y).map(|level| level * shade);
                let colour = butterfly.over(behind, x, y);
                let colour = scene.before(colour, x, y);
                (0..3).for_each(|c| sum[c] += colour[c] / 9.0);
            }
            let grain = noise * draws.normal();
            let lit = scene.light(sum);
            data.extend(lit.map(|level| (level + grain + 0.8 * draws.normal()).round() as u8));
        }
    }
    Rgb { width, height, data }
}

/// As a JPEG of this quality, or as a PNG.
fn encode(picture: &Rgb, quality: Option<u8>) -> ImageResult<Vec<u8>> {
    let Rgb { width, height, data } = picture;
    let mut bytes = Vec::new();
    match quality {
        Some(quality) => JpegEncoder::new_with_quality(&mut bytes, quality).write_image(
            data,
            *width,
            *height,
            ExtendedColorType::Rgb8,
        )?,
        None => PngEncoder::new(&mut bytes).write_image(
            data,
            *width,
            *height,
            ExtendedColorType::Rgb8,
        )?,
    }
    Ok(bytes)
}
