//! Random augmentation as in fastai.

use ground::random::{Draws, Purpose};
use serde::{Deserialize, Serialize};

use crate::Preprocess;
use lighting::Curve;
use map::Map;

mod lighting;
mod map;
mod sample;

#[cfg(test)]
mod tests;

/// How pictures are augmented at random for training: fastai's `aug_transforms`, with its names,
/// defaults and distributions, and where `Resize` cuts out the square.
///
/// ```
/// use pictures::{Augment, Preprocess};
/// let drawn = Augment::default().draw(42, 3, 17); // seed, epoch, picture
/// assert_eq!(drawn, Augment::default().draw(42, 3, 17));
/// let mut input = [0.0; 8 * 8 * 3];
/// drawn.apply(&[124; 8 * 8 * 3], 8, &Preprocess::square(network::Backbone::ResNet50.preprocessing(), 8), &mut input);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Augment {
    /// Mirror left and right, half of the time.
    pub flip: bool,
    /// With `flip`, half of the time one of the eight turns and mirrorings of a square instead:
    /// for pictures without an up, as from above.
    pub flip_vertical: bool,
    /// Turn by up to this many degrees either way.
    pub max_rotate: f64,
    /// Enlarge by up to this factor, around a random point.
    pub max_zoom: f64,
    /// Tilt by up to this share of half a side, each way.
    pub max_warp: f64,
    /// Brightness moves a mid-grey by up to half of this share of the scale; contrast changes by
    /// up to a factor of one minus this, or its inverse.
    pub max_lighting: f64,
    /// How often each of turn, zoom and the two tilts happens.
    pub p_affine: f64,
    /// How often each of brightness and contrast changes.
    pub p_lighting: f64,
}

impl Default for Augment {
    fn default() -> Self {
        Self {
            flip: true,
            flip_vertical: false,
            max_rotate: 10.0,
            max_zoom: 1.1,
            max_warp: 0.2,
            max_lighting: 0.2,
            p_affine: 0.75,
            p_lighting: 0.75,
        }
    }
}

impl Augment {
    /// The augmentation of a picture in an epoch. `picture` is a key of its content, so that it
    /// depends on neither the order of pictures nor who draws.
    #[must_use]
    pub fn draw(&self, seed: u64, epoch: u64, picture: u64) -> Drawn {
        let mut draws = Draws::new(seed, Purpose::Augment, &[epoch, picture]);
        // Every number is drawn whether it is used or not: changing one setting leaves the
        // others' draws as they were.
        let flipped = draws.chance(0.5) && self.flip;
        let turned = draws.below(8) as u8;
        let mut at_most = |p: f64, low: f64, high: f64, neutral: f64| {
            let (happens, value) = (draws.chance(p), draws.range(low, high));
            if happens { value } else { neutral }
        };
        let (warp, contrast) = (self.max_warp, -(1.0 - self.max_lighting).ln());
        Drawn {
            orientation: match (flipped, self.flip_vertical) {
                (false, _) => 0,
                (true, false) => 1,
                (true, true) => turned,
            },
            warp: [(); 2].map(|()| at_most(self.p_affine, -warp, warp, 0.0)),
            degrees: at_most(self.p_affine, -self.max_rotate, self.max_rotate, 0.0),
            zoom: at_most(self.p_affine, 1.0, self.max_zoom, 1.0),
            centre: [(); 2].map(|()| at_most(1.0, 0.0, 1.0, 0.5)),
            brightness: at_most(
                self.p_lighting,
                0.5 * (1.0 - self.max_lighting),
                0.5 * (1.0 + self.max_lighting),
                0.5,
            ),
            contrast: at_most(self.p_lighting, -contrast, contrast, 0.0).exp(),
            along: draws.uniform(),
        }
    }
}

/// One augmentation of one picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    /// Which of the eight turns and mirrorings of a square, in fastai's order: 0 leaves it as it
    /// is, 1 mirrors left and right.
    pub orientation: u8,
    /// The tilt along x and y.
    pub warp: [f64; 2],
    /// The turn, in degrees.
    pub degrees: f64,
    /// The enlargement …
    pub zoom: f64,
    /// … and the point that stays where it is, in shares of width and height.
    pub centre: [f64; 2],
    /// What a mid-grey (0.5) becomes.
    pub brightness: f64,
    /// By how much differences from mid-grey grow, on the scale of logits.
    pub contrast: f64,
    /// Where the square was cut out along the picture's longer side, from 0 to 1
    /// ([`Dataset::read_along`](crate::Dataset::read_along)).
    pub along: f64,
}

impl Default for Drawn {
    /// Nothing happens.
    fn default() -> Self {
        Self {
            orientation: 0,
            warp: [0.0; 2],
            degrees: 0.0,
            zoom: 1.0,
            centre: [0.5; 2],
            brightness: 0.5,
            contrast: 1.0,
            along: 0.5,
        }
    }
}

impl Drawn {
    /// Alters a square (RGB8, `size × size × 3` bytes) and scales it to a network's input.
    ///
    /// All of the geometry is one projective map and the picture is sampled once, bilinearly and
    /// mirrored at its edges; brightness and contrast act on logits, as in fastai. Where nothing
    /// happens, the result is that of [`Preprocess::normalise`], to the bit.
    ///
    /// # Panics
    /// When `pixels` or `out` is not `size × size × 3` long.
    pub fn apply(&self, pixels: &[u8], size: usize, preprocess: &Preprocess, out: &mut [f32]) {
        assert_eq!((pixels.len(), out.len()), (size * size * 3, size * size * 3));
        let lit = self.brightness != 0.5 || self.contrast != 1.0;
        let curve = lit.then(|| Curve::new(self.brightness, self.contrast));
        let map = Map::new(self, size);
        match (size < 2 || map.is_identity(), curve) {
            (true, None) => preprocess.normalise(pixels, out),
            (true, Some(curve)) => {
                sample::each(pixels, preprocess, |level| curve.at(f32::from(level)), out);
            }
            (false, None) => sample::through(&map, pixels, size, preprocess, |level| level, out),
            (false, Some(curve)) => {
                sample::through(&map, pixels, size, preprocess, |level| curve.at(level), out);
            }
        }
    }
}
