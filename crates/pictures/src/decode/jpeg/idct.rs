//! From the coefficients of a block to pixels, as many as are wanted: the lowest frequencies alone
//! give the block at a half, a quarter or an eighth of its size.

use std::f32::consts::{FRAC_1_SQRT_2, FRAC_PI_2};

/// Coefficients in the order in which they are coded, by their place in a block.
pub(super) const PLACES: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// The waves of each length, sampled at the centres of that many pixels: `[frequency][pixel]`.
pub(super) struct Waves([[[f32; 8]; 8]; 4]);

impl Waves {
    pub(super) fn new() -> Self {
        let of = |pixels: usize| -> [[f32; 8]; 8] {
            std::array::from_fn(|frequency| {
                std::array::from_fn(|pixel| {
                    if frequency >= pixels || pixel >= pixels {
                        return 0.0;
                    }
                    let scale = if frequency == 0 { 0.5 * FRAC_1_SQRT_2 } else { 0.5 };
                    let place = (2 * pixel + 1) as f32 / pixels as f32;
                    scale * (place * frequency as f32 * FRAC_PI_2).cos()
                })
            })
        };
        Self([1, 2, 4, 8].map(of))
    }

    /// Writes a block of `size` pixels, across and down (1, 2, 4 or 8 each), to the beginning of
    /// rows that are `stride` apart.
    pub(super) fn pixels(&self, block: &[f32; 64], size: [usize; 2], to: &mut [u8], stride: usize) {
        match size {
            [1, 1] => to[0] = level(block[0] * 0.125),
            [2, 2] => self.square::<2>(block, to, stride),
            [4, 4] => self.square::<4>(block, to, stride),
            [8, 8] => self.square::<8>(block, to, stride),
            [across, down] => self.any(block, [across, down], to, stride),
        }
    }

    fn square<const N: usize>(&self, block: &[f32; 64], to: &mut [u8], stride: usize) {
        let waves = &self.0[N.ilog2() as usize];
        let mut half = [[0.0f32; N]; N];
        for (row, sums) in block.as_chunks::<8>().0.iter().zip(&mut half) {
            for (value, wave) in row.iter().zip(waves).take(N) {
                // Most of a photograph's coefficients are zero.
                if *value != 0.0 {
                    for (sum, wave) in sums.iter_mut().zip(wave) {
                        *sum += value * wave;
                    }
                }
            }
        }
        for y in 0..N {
            let mut sums = [0.0f32; N];
            for (row, wave) in half.iter().zip(waves) {
                for (sum, value) in sums.iter_mut().zip(row) {
                    *sum += value * wave[y];
                }
            }
            for (to, sum) in to[y * stride..][..N].iter_mut().zip(sums) {
                *to = level(sum);
            }
        }
    }

    /// The same for what is not square, which is rare.
    fn any(&self, block: &[f32; 64], [across, down]: [usize; 2], to: &mut [u8], stride: usize) {
        let [x_waves, y_waves] = [across, down].map(|side| &self.0[side.ilog2() as usize]);
        for y in 0..down {
            for x in 0..across {
                let mut sum = 0.0;
                for v in 0..down {
                    for u in 0..across {
                        sum += block[8 * v + u] * x_waves[u][x] * y_waves[v][y];
                    }
                }
                to[y * stride + x] = level(sum);
            }
        }
    }
}

/// A level of 255 from one around zero.
#[inline]
fn level(sum: f32) -> u8 {
    // A cast of what is too small or too large gives the nearest.
    (sum + 128.5) as u8
}
