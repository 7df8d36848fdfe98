//! What random shapes do not reach: NaN, infinities, both zeros and ties of rounding.

use super::{Isa, Kernel, Simd, dispatch};
use crate::Bf16;

/// Numbers of which none is so near 0 that a processor may take it for 0.
const CORNERS: [f32; 16] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    f32::MAX,
    f32::MIN,
    f32::MIN_POSITIVE,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::NAN,
    f32::from_bits(0x7f80_0001), // a NaN that is an infinity when cut short
    f32::from_bits(0xffff_ffff), // a NaN that is 0 when rounded up
    f32::from_bits(0x3f80_8000), // between two bfloat16, of which the lower is even
    f32::from_bits(0x3f81_8000), // of which the upper is even
    f32::from_bits(0x3f80_8001),
    f32::from_bits(0x3f80_7fff),
];

/// Each corner beside each, as the methods see them.
struct Corners;

impl Kernel for Corners {
    /// Results of a pair, in the order of [`plain`].
    type Output = Vec<[f32; 9]>;

    #[inline(always)]
    unsafe fn run<S: Simd>(self) -> Self::Output {
        let mut found = vec![[0.0; 9]; 256];
        for at in (0..256).step_by(S::LANES) {
            let (a, b) = (S::splat(CORNERS[at / 16]), S::load(CORNERS.as_ptr().add(at % 16)));
            let (best, mark) = S::better(a, S::splat(1.0), b, S::splat(2.0));
            let (mut halves, mut pairs) = ([0; 16], [0; 32]);
            let rounded = S::store_halves(halves.as_mut_ptr(), b);
            S::store_pairs(pairs.as_mut_ptr(), S::pair(a, b));
            let pairs = S::load_pairs(pairs.as_ptr());
            let results = [
                S::max(a, b),
                S::min(a, b),
                S::where_positive(a, b),
                best,
                mark,
                rounded,
                S::load_halves(halves.as_ptr()),
                S::low(pairs),
                S::high(pairs),
            ];
            for (method, result) in results.into_iter().enumerate() {
                let mut lanes = [0.0; 16];
                S::store(lanes.as_mut_ptr(), result);
                for lane in 0..S::LANES {
                    found[at + lane][method] = lanes[lane];
                }
            }
        }
        found
    }
}

/// The same by plain comparisons.
fn plain(a: f32, b: f32) -> [f32; 9] {
    let round = |x| Bf16::narrow(x).wide();
    let wins = b > a || b.is_nan();
    [
        if a > b { a } else { b },
        if a < b { a } else { b },
        if a > 0.0 { b } else { 0.0 },
        if wins { b } else { a },
        if wins { 2.0 } else { 1.0 },
        round(b),
        round(b),
        round(a),
        round(b),
    ]
}

#[test]
fn methods_agree_on_corners() {
    // SAFETY: a kernel without pointers of its own.
    let found = unsafe { dispatch(Corners) };
    for (at, found) in found.into_iter().enumerate() {
        let (a, b) = (CORNERS[at / 16], CORNERS[at % 16]);
        for (method, (found, plain)) in found.into_iter().zip(plain(a, b)).enumerate() {
            let same = found.to_bits() == plain.to_bits() || found.is_nan() && plain.is_nan();
            assert!(same, "method {method} of {a:?} and {b:?}: {found:?} for {plain:?}");
        }
    }
}

#[test]
fn bf16_is_fast_in_matrix_registers_and_in_vectors_of_others_than_intel() {
    let has = |isa: Isa| [isa.has_bf16_by(true), isa.has_bf16_by(false)];
    assert_eq!(has(Isa::Amx), [true, true]);
    assert_eq!(has(Isa::Avx512Bf16), [false, true]);
    for isa in [Isa::Avx512, Isa::Avx2, Isa::Neon, Isa::Simd128, Isa::Portable] {
        assert_eq!(has(isa), [false, false], "{isa}");
    }
}
