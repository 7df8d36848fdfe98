//! Plain Rust on four lanes, which compilers turn into whatever the processor has.

use super::Simd;

#[derive(Clone, Copy)]
pub(super) struct Portable;

#[inline(always)]
fn each(a: [f32; 4], b: [f32; 4], f: impl Fn(f32, f32) -> f32) -> [f32; 4] {
    std::array::from_fn(|lane| f(a[lane], b[lane]))
}

// SAFETY: needs no instruction set; pointers as the trait demands.
unsafe impl Simd for Portable {
    type V = [f32; 4];
    const LANES: usize = 4;
    const VECS: usize = 2;
    const ROWS: usize = 4;

    #[inline(always)]
    unsafe fn splat(x: f32) -> [f32; 4] {
        [x; 4]
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> [f32; 4] {
        from.cast::<[f32; 4]>().read_unaligned()
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, v: [f32; 4]) {
        to.cast::<[f32; 4]>().write_unaligned(v);
    }
    #[inline(always)]
    unsafe fn fma(a: [f32; 4], b: [f32; 4], c: [f32; 4]) -> [f32; 4] {
        // Two roundings: `mul_add` without hardware support is a slow library call.
        std::array::from_fn(|lane| a[lane] * b[lane] + c[lane])
    }
    #[inline(always)]
    unsafe fn add(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        each(a, b, |a, b| a + b)
    }
    #[inline(always)]
    unsafe fn mul(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        each(a, b, |a, b| a * b)
    }
    #[inline(always)]
    unsafe fn max(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        each(a, b, |a, b| if a > b { a } else { b })
    }
    #[inline(always)]
    unsafe fn where_positive(sign: [f32; 4], v: [f32; 4]) -> [f32; 4] {
        each(sign, v, |sign, v| if sign > 0.0 { v } else { 0.0 })
    }
    #[inline(always)]
    unsafe fn better(
        best: [f32; 4],
        best_mark: [f32; 4],
        value: [f32; 4],
        mark: [f32; 4],
    ) -> ([f32; 4], [f32; 4]) {
        let wins = |lane: usize| value[lane] > best[lane] || value[lane].is_nan();
        let pick = |won: [f32; 4], lost: [f32; 4]| {
            std::array::from_fn(|lane| if wins(lane) { won[lane] } else { lost[lane] })
        };
        (pick(value, best), pick(mark, best_mark))
    }
}
