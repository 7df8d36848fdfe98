//! Randomness without state: each draw is a function of a key that says what it is for.
//!
//! The generator is SplitMix64 (Steele, Lea, Flood: *Fast splittable pseudorandom number
//! generators*, OOPSLA 2014) started from a hash of the key. A stream holds few draws (a picture's
//! augmentation, a layer's initial weights), so its period is of no concern, and resuming a run
//! needs no saved generator.

/// What a draw is for. Two purposes never share a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Which pictures are held out.
    Split = 1,
    /// The order of pictures within an epoch.
    Shuffle = 2,
    /// How a picture is altered in an epoch.
    Augment = 3,
    /// Initial weights of a parameter.
    Init = 4,
    /// Which activations are dropped in a step.
    Dropout = 5,
    /// Drawing practice pictures.
    Practice = 6,
    /// Resampling for intervals.
    Bootstrap = 7,
    /// Synthetic input for measurements and tests.
    Synthetic = 8,
    /// The rate finder's own batches and drops.
    Finder = 9,
    /// Fewer pictures to learn from.
    Curve = 10,
    /// The first guess at the axes of a map.
    Layout = 11,
    /// Which pictures of a class are looked at.
    Look = 12,
    /// Random directions to compare pictures on.
    Directions = 13,
    /// Which pictures groups of alike ones are made of.
    Clusters = 14,
    /// How long to wait before a server is asked again.
    Retry = 20,
}

/// A stream of draws that its key alone determines.
#[derive(Clone, Debug)]
pub struct Draws(u64);

/// The finaliser of SplitMix64: every input bit reaches every output bit.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

impl Draws {
    /// The stream of `seed`, `purpose` and `key` (epoch, picture, layer … in a fixed order).
    #[must_use]
    pub fn new(seed: u64, purpose: Purpose, key: &[u64]) -> Self {
        let start = mix(seed.wrapping_add(GOLDEN)) ^ mix((purpose as u64).wrapping_mul(GOLDEN));
        Self(key.iter().fold(mix(start), |state, &part| {
            mix(state.wrapping_add(GOLDEN) ^ mix(part.wrapping_add(GOLDEN)))
        }))
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// Uniform in [0, 1).
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform in [low, high).
    pub fn range(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    /// Whether an event of this probability happens.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// Uniform in 0..n (n > 0), by Lemire's multiplication; the bias is below n / 2⁶⁴.
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.bits()) * n as u128) >> 64) as usize
    }

    /// Standard normal, by Box and Muller.
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// Puts the items in random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Draws, Purpose};

    #[test]
    fn moments_are_right() {
        let mut draws = Draws::new(1, Purpose::Synthetic, &[]);
        let n = 100_000;
        let uniform = (0..n).map(|_| draws.uniform()).sum::<f64>() / f64::from(n);
        assert!((uniform - 0.5).abs() < 0.005, "{uniform}");
        let normals: Vec<f64> = (0..n).map(|_| draws.normal()).collect();
        let mean = normals.iter().sum::<f64>() / f64::from(n);
        let variance = normals.iter().map(|x| x * x).sum::<f64>() / f64::from(n);
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
    }

    #[test]
    fn keys_make_distinct_streams() {
        let mut seen = std::collections::HashSet::new();
        for seed in 0..10 {
            for epoch in 0..30 {
                for picture in 0..30 {
                    assert!(
                        seen.insert(Draws::new(seed, Purpose::Augment, &[epoch, picture]).bits())
                    );
                }
            }
        }
        assert!(seen.insert(Draws::new(0, Purpose::Shuffle, &[0, 0]).bits()));
    }

    #[test]
    fn shuffle_reaches_every_order_evenly() {
        let mut counts = std::collections::HashMap::new();
        for key in 0..6000 {
            let mut items = [0, 1, 2];
            Draws::new(7, Purpose::Shuffle, &[key]).shuffle(&mut items);
            *counts.entry(items).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 6);
        assert!(counts.values().all(|&n| (880..1120).contains(&n)), "{counts:?}");
    }
}
