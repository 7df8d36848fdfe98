//! Plain Rust on four lanes, which compilers turn into whatever the processor has.

use super::simd::{Kernel, Simd};
use crate::bf16::Bf16;

#[derive(Clone, Copy)]
pub(super) struct Portable;

/// Runs a kernel.
///
/// # Safety
/// The kernel's own contract.
#[inline(never)]
pub(super) unsafe fn enter<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Portable>()
}

#[inline(always)]
fn each(a: [f32; 4], b: [f32; 4], f: impl Fn(f32, f32) -> f32) -> [f32; 4] {
    std::array::from_fn(|lane| f(a[lane], b[lane]))
}

// SAFETY: needs no instruction set; pointers as the trait demands.
unsafe impl Simd for Portable {
    type V = [f32; 4];
    type P = [[Bf16; 2]; 4];
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
    unsafe fn min(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        each(a, b, |a, b| if a < b { a } else { b })
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
    #[inline(always)]
    unsafe fn load_halves(from: *const u16) -> [f32; 4] {
        from.cast::<[Bf16; 4]>().read_unaligned().map(Bf16::wide)
    }
    #[inline(always)]
    unsafe fn store_halves(to: *mut u16, v: [f32; 4]) -> [f32; 4] {
        let halves = v.map(Bf16::narrow);
        to.cast::<[Bf16; 4]>().write_unaligned(halves);
        halves.map(Bf16::wide)
    }
    #[inline(always)]
    unsafe fn load_pairs(from: *const u16) -> Self::P {
        from.cast::<Self::P>().read_unaligned()
    }
    #[inline(always)]
    unsafe fn store_pairs(to: *mut u16, pairs: Self::P) {
        to.cast::<Self::P>().write_unaligned(pairs);
    }
    #[inline(always)]
    unsafe fn splat_pair(from: *const u16) -> Self::P {
        [from.cast::<[Bf16; 2]>().read_unaligned(); 4]
    }
    #[inline(always)]
    unsafe fn pair(first: [f32; 4], second: [f32; 4]) -> Self::P {
        std::array::from_fn(|lane| [first[lane], second[lane]].map(Bf16::narrow))
    }
    #[inline(always)]
    unsafe fn low(pairs: Self::P) -> [f32; 4] {
        pairs.map(|[first, _]| first.wide())
    }
    #[inline(always)]
    unsafe fn high(pairs: Self::P) -> [f32; 4] {
        pairs.map(|[_, second]| second.wide())
    }
    #[inline(always)]
    unsafe fn enter<K: Kernel>(kernel: K) -> K::Output {
        enter(kernel)
    }
}
