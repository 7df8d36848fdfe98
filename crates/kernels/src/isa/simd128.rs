//! WebAssembly: vectors of 4 floats. Browsers give them the 16 registers of x86-64 (less one or two
//! of their own) or the 32 of Arm. A tile of 4 rows × 2 vectors has eight sums, and leaves room for
//! the panel, the broadcast value and the product, which is a value of its own: there is no
//! fused multiply-add that rounds alike in every browser.

use std::arch::wasm32::*;

use super::simd::{Kernel, Simd};

#[derive(Clone, Copy)]
pub(super) struct Simd128;

/// Runs a kernel.
///
/// # Safety
/// The kernel's own contract. A module with such vectors only starts where there are such.
#[inline(never)]
pub(super) unsafe fn enter<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Simd128>()
}

/// `v` rounded to bfloat16 (ties to even), in the lower half of each lane.
#[inline(always)]
fn halves(v: v128) -> v128 {
    let odd = v128_and(u32x4_shr(v, 16), u32x4_splat(1));
    let up = u32x4_add(u32x4_add(v, u32x4_splat(0x7fff)), odd);
    let quiet = v128_or(v, u32x4_splat(1 << 22));
    u32x4_shr(v128_bitselect(up, quiet, f32x4_eq(v, v)), 16)
}

// SAFETY: the module is compiled for these vectors; pointers as the trait demands.
unsafe impl Simd for Simd128 {
    type V = v128;
    type P = v128;
    const LANES: usize = 4;
    const VECS: usize = 2;
    const ROWS: usize = 4;

    #[inline(always)]
    unsafe fn splat(x: f32) -> v128 {
        f32x4_splat(x)
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> v128 {
        v128_load(from.cast())
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, v: v128) {
        v128_store(to.cast(), v);
    }
    #[inline(always)]
    unsafe fn fma(a: v128, b: v128, c: v128) -> v128 {
        f32x4_add(f32x4_mul(a, b), c)
    }
    #[inline(always)]
    unsafe fn add(a: v128, b: v128) -> v128 {
        f32x4_add(a, b)
    }
    #[inline(always)]
    unsafe fn mul(a: v128, b: v128) -> v128 {
        f32x4_mul(a, b)
    }
    #[inline(always)]
    unsafe fn max(a: v128, b: v128) -> v128 {
        f32x4_pmax(b, a) // `a` only where b < a
    }
    #[inline(always)]
    unsafe fn min(a: v128, b: v128) -> v128 {
        f32x4_pmin(b, a) // `a` only where a < b
    }
    #[inline(always)]
    unsafe fn where_positive(sign: v128, v: v128) -> v128 {
        v128_and(f32x4_gt(sign, f32x4_splat(0.0)), v)
    }
    #[inline(always)]
    unsafe fn better(best: v128, best_mark: v128, value: v128, mark: v128) -> (v128, v128) {
        let wins = v128_or(f32x4_gt(value, best), f32x4_ne(value, value));
        (v128_bitselect(value, best, wins), v128_bitselect(mark, best_mark, wins))
    }
    #[inline(always)]
    unsafe fn load_halves(from: *const u16) -> v128 {
        u32x4_shl(u32x4_load_extend_u16x4(from), 16)
    }
    #[inline(always)]
    unsafe fn store_halves(to: *mut u16, v: v128) -> v128 {
        let halves = halves(v);
        v128_store64_lane::<0>(u16x8_narrow_i32x4(halves, halves), to.cast());
        u32x4_shl(halves, 16)
    }
    #[inline(always)]
    unsafe fn load_pairs(from: *const u16) -> v128 {
        v128_load(from.cast())
    }
    #[inline(always)]
    unsafe fn store_pairs(to: *mut u16, pairs: v128) {
        v128_store(to.cast(), pairs);
    }
    #[inline(always)]
    unsafe fn splat_pair(from: *const u16) -> v128 {
        v128_load32_splat(from.cast())
    }
    #[inline(always)]
    unsafe fn pair(first: v128, second: v128) -> v128 {
        v128_or(halves(first), u32x4_shl(halves(second), 16))
    }
    #[inline(always)]
    unsafe fn low(pairs: v128) -> v128 {
        u32x4_shl(pairs, 16)
    }
    #[inline(always)]
    unsafe fn high(pairs: v128) -> v128 {
        v128_and(pairs, u32x4_splat(0xffff_0000))
    }
    #[inline(always)]
    unsafe fn enter<K: Kernel>(kernel: K) -> K::Output {
        enter(kernel)
    }
}
