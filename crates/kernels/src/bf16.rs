//! The 16-bit number: the upper half of an `f32`.

use std::fmt;

/// A bfloat16: sign, exponent and the upper seven bits of the fraction of an `f32`.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct Bf16(u16);

impl Bf16 {
    /// Rounded to the nearest, ties to even.
    #[inline(always)]
    pub(crate) fn narrow(x: f32) -> Self {
        let bits = x.to_bits();
        // Rounding could make an infinity of a NaN.
        let rounded = if x.is_nan() { bits | 1 << 22 } else { bits + 0x7fff + (bits >> 16 & 1) };
        Self((rounded >> 16) as u16)
    }

    /// The same number, wider.
    #[inline(always)]
    pub(crate) fn wide(self) -> f32 {
        f32::from_bits(u32::from(self.0) << 16)
    }
}

impl fmt::Debug for Bf16 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.wide())
    }
}

#[cfg(test)]
mod tests {
    use super::Bf16;

    #[test]
    fn rounds_to_the_nearest_and_ties_to_even() {
        let of = |x: f32| Bf16::narrow(x).wide();
        assert_eq!(of(1.0), 1.0);
        assert_eq!(of(1.0 + 1.0 / 256.0), 1.0, "a tie goes to the even one");
        assert_eq!(of(1.0 + 3.0 / 256.0), 1.0 + 4.0 / 256.0, "and up where that is even");
        assert_eq!(of(1.0 + 1.1 / 256.0), 1.0 + 2.0 / 256.0);
        assert_eq!(of(f32::MAX), f32::INFINITY);
        assert!(of(f32::NAN).is_nan() && of(f32::from_bits(0x7f80_0001)).is_nan());
    }
}
