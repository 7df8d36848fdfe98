//! Numbers of 16 bits.

/// Widens an IEEE 754 binary16.
pub(super) fn from_f16(half: u16) -> f32 {
    let sign = u32::from(half & 0x8000) << 16;
    let exponent = u32::from(half >> 10) & 0x1f;
    let fraction = u32::from(half & 0x3ff);
    match exponent {
        // Subnormal: a multiple of 2⁻²⁴, which a binary32 holds as a normal number.
        0 => {
            let magnitude = fraction as f32 * (1.0 / 16_777_216.0);
            f32::from_bits(sign | magnitude.to_bits())
        }
        0x1f => f32::from_bits(sign | 0x7f80_0000 | fraction << 13),
        _ => f32::from_bits(sign | (exponent + 127 - 15) << 23 | fraction << 13),
    }
}

/// Widens a bfloat16.
pub(super) fn from_bf16(half: u16) -> f32 {
    f32::from_bits(u32::from(half) << 16)
}

/// The bits of the nearest bfloat16, of two equally near ones the even; NaN stays NaN.
pub(super) fn to_bf16(x: f32) -> u16 {
    let bits = x.to_bits();
    if x.is_nan() {
        (bits >> 16) as u16 | 0x40
    } else {
        ((bits + 0x7fff + (bits >> 16 & 1)) >> 16) as u16
    }
}

/// The number that [`super::Values::BF16`] stands for once it is written.
#[must_use]
pub fn as_bf16(x: f32) -> f32 {
    from_bf16(to_bf16(x))
}

#[cfg(test)]
mod tests {
    use super::{as_bf16, from_bf16, from_f16, to_bf16};

    /// The value by the definition of a binary format, in f64, which holds all of them exactly.
    fn defined(bits: u16, exponent_bits: u32, fraction_bits: u32) -> f64 {
        let bias = (1 << (exponent_bits - 1)) - 1;
        let exponent = i32::from(bits >> fraction_bits) & ((1 << exponent_bits) - 1);
        let fraction = f64::from(bits & ((1 << fraction_bits) - 1)) / f64::from(1 << fraction_bits);
        let magnitude = match (exponent, fraction) {
            (0, f) => f * 2f64.powi(1 - bias),
            (e, 0.0) if e == (1 << exponent_bits) - 1 => f64::INFINITY,
            (e, _) if e == (1 << exponent_bits) - 1 => f64::NAN,
            (e, f) => (1.0 + f) * 2f64.powi(e - bias),
        };
        if bits >> 15 == 1 { -magnitude } else { magnitude }
    }

    #[test]
    fn every_half_widens_as_its_format_defines() {
        for bits in 0..=u16::MAX {
            for (got, defined) in
                [(from_f16(bits), defined(bits, 5, 10)), (from_bf16(bits), defined(bits, 8, 7))]
            {
                let same = f64::from(got) == defined
                    && got.is_sign_negative() == defined.is_sign_negative();
                assert!(
                    same || got.is_nan() && defined.is_nan(),
                    "{bits:#06x}: {got} for {defined}"
                );
            }
        }
    }

    #[test]
    fn rounding_is_to_the_nearest_and_of_two_to_the_even() {
        for bits in (0..=u16::MAX).filter(|&bits| !from_bf16(bits).is_nan()) {
            assert_eq!(to_bf16(from_bf16(bits)), bits);
        }
        let above =
            |bits: u16, eighths: u32| f32::from_bits((u32::from(bits) << 16) + (eighths << 13));
        let steps = [1, 3, 4, 5, 7].map(|eighths| to_bf16(above(0x3f80, eighths)) - 0x3f80);
        assert_eq!(steps, [0, 0, 0, 1, 1]);
        assert_eq!(to_bf16(above(0x3f81, 4)), 0x3f82);
        assert!(as_bf16(f32::NAN).is_nan() && as_bf16(f32::from_bits(0x7f80_0001)).is_nan());
        assert_eq!([as_bf16(f32::MAX), as_bf16(-1.001)], [f32::INFINITY, -1.0]);
    }
}
