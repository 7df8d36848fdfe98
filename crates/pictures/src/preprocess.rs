use ground::Preprocessing;
use resample::{Area, resample, resample_square};
use serde::{Deserialize, Serialize};

use crate::{Detail, Rgb};

/// How a picture becomes the input of a network: a central crop, resized, then normalised.
///
/// ```
/// use network::Backbone;
/// use pictures::{Preprocess, Rgb};
/// let picture = Rgb { width: 4, height: 2, data: vec![124; 4 * 2 * 3] };
/// let preprocess = Preprocess::square(Backbone::ResNet50.preprocessing(), 2);
/// let pixels = preprocess.pixels(&picture);
/// let mut input = [0.0; 2 * 2 * 3];
/// preprocess.normalise(&pixels, &mut input);
/// assert!(input[0].abs() < 0.01); // 124 is ImageNet's mean red
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preprocess {
    /// The shorter side is resized to this many pixels …
    pub short_side: usize,
    /// … and the centre of this many pixels a side is kept; at most `short_side`.
    pub size: usize,
    /// Taken from red, green and blue, on a scale of 0 to 1.
    pub mean: [f32; 3],
    /// What they are divided by afterwards, on the same scale.
    pub std: [f32; 3],
}

impl Preprocess {
    /// The largest centred square at `size`, scaled as a network expects: what fastai's
    /// `Resize(size)` and `Normalize` do with a picture to validate.
    #[must_use]
    pub fn square(network: &Preprocessing, size: usize) -> Self {
        let Preprocessing { mean, std, .. } = *network;
        Self { short_side: size, size, mean, std }
    }

    /// The centre crop by which a network was evaluated when it was published.
    #[must_use]
    pub fn published(network: &Preprocessing) -> Self {
        let short_side = network.short_side(network.size);
        Self { short_side, ..Self::square(network, network.size) }
    }

    /// How large a picture must be decoded for [`Preprocess::pixels`].
    #[must_use]
    pub fn detail(&self) -> Detail {
        Detail::ShortSide(self.short_side as u32)
    }

    /// The picture at `size × size`: that many bytes × 3, RGB8.
    ///
    /// Where all of the shorter side is kept, a square of whole pixels is cut out and resized, as
    /// fastai does; otherwise the result is that of torchvision's `Resize(short_side)` and
    /// `CenterCrop(size)`, without the pixels in between that the crop would drop.
    #[must_use]
    pub fn pixels(&self, picture: &Rgb) -> Vec<u8> {
        let (width, height) = (picture.width, picture.height);
        let short = width.min(height);
        if self.size >= self.short_side {
            let corner = ((width - short) / 2, (height - short) / 2);
            return resample_square(picture, corner, short, self.size);
        }
        let (left, across) = self.centre(width, short);
        let (top, down) = self.centre(height, short);
        resample(picture, Area { left, top, width: across, height: down }, [self.size; 2])
    }

    /// Where the centre crop begins along a side, and how long it is, in pixels of the picture.
    fn centre(&self, side: u32, short: u32) -> (f64, f64) {
        // torchvision rounds the resized side down and the crop's corner half to even.
        let resized = self.short_side as u64 * u64::from(side) / u64::from(short);
        let corner = ((resized - self.size as u64) as f64 / 2.0).round_ties_even();
        let scale = f64::from(side) / resized as f64;
        let length = (self.size as f64 * scale).min(f64::from(side));
        ((corner * scale).min(f64::from(side) - length), length)
    }

    /// Scales pixels (RGB8) to a network's input: (p / 255 − mean) / std.
    ///
    /// # Panics
    /// When `out` is not as long as `pixels`.
    pub fn normalise(&self, pixels: &[u8], out: &mut [f32]) {
        assert_eq!(pixels.len(), out.len(), "one number a byte");
        let scale = self.std.map(|std| 1.0 / (255.0 * std));
        let shift: [f32; 3] = std::array::from_fn(|c| -self.mean[c] / self.std[c]);
        for (out, pixel) in out.as_chunks_mut::<3>().0.iter_mut().zip(pixels.as_chunks::<3>().0) {
            for c in 0..3 {
                out[c] = f32::from(pixel[c]) * scale[c] + shift[c];
            }
        }
    }
}
