//! 64-bit Arm: 32 registers of 4 floats. A tile of 6 rows × 4 registers leaves eight for the panel
//! and the broadcast value.

use std::arch::aarch64::*;

use super::simd::{Kernel, Simd};

#[derive(Clone, Copy)]
pub(super) struct Neon;

/// Runs a kernel compiled for NEON.
///
/// # Safety
/// The processor has NEON (every 64-bit Arm has); the kernel's own contract.
#[inline(never)]
#[target_feature(enable = "neon")]
pub(super) unsafe fn enter<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Neon>()
}

/// `v` rounded to bfloat16 (ties to even), in the lower half of each lane.
#[inline(always)]
unsafe fn halves(v: float32x4_t) -> uint32x4_t {
    let bits = vreinterpretq_u32_f32(v);
    let odd = vandq_u32(vshrq_n_u32::<16>(bits), vdupq_n_u32(1));
    let up = vaddq_u32(vaddq_u32(bits, vdupq_n_u32(0x7fff)), odd);
    let quiet = vorrq_u32(bits, vdupq_n_u32(1 << 22));
    vshrq_n_u32::<16>(vbslq_u32(vceqq_f32(v, v), up, quiet))
}

// SAFETY: methods are only called where `enter`'s contract holds.
unsafe impl Simd for Neon {
    type V = float32x4_t;
    type P = uint32x4_t;
    const LANES: usize = 4;
    const VECS: usize = 4;
    const ROWS: usize = 6;

    #[inline(always)]
    unsafe fn splat(x: f32) -> float32x4_t {
        vdupq_n_f32(x)
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> float32x4_t {
        vld1q_f32(from)
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, v: float32x4_t) {
        vst1q_f32(to, v);
    }
    #[inline(always)]
    unsafe fn fma(a: float32x4_t, b: float32x4_t, c: float32x4_t) -> float32x4_t {
        vfmaq_f32(c, a, b)
    }
    #[inline(always)]
    unsafe fn add(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        vaddq_f32(a, b)
    }
    #[inline(always)]
    unsafe fn mul(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        vmulq_f32(a, b)
    }
    #[inline(always)]
    unsafe fn max(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        vbslq_f32(vcgtq_f32(a, b), a, b)
    }
    #[inline(always)]
    unsafe fn min(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        vbslq_f32(vcltq_f32(a, b), a, b)
    }
    #[inline(always)]
    unsafe fn where_positive(sign: float32x4_t, v: float32x4_t) -> float32x4_t {
        vbslq_f32(vcgtq_f32(sign, vdupq_n_f32(0.0)), v, vdupq_n_f32(0.0))
    }
    #[inline(always)]
    unsafe fn better(
        best: float32x4_t,
        best_mark: float32x4_t,
        value: float32x4_t,
        mark: float32x4_t,
    ) -> (float32x4_t, float32x4_t) {
        let nan = vmvnq_u32(vceqq_f32(value, value));
        let wins = vorrq_u32(vcgtq_f32(value, best), nan);
        (vbslq_f32(wins, value, best), vbslq_f32(wins, mark, best_mark))
    }
    #[inline(always)]
    unsafe fn load_halves(from: *const u16) -> float32x4_t {
        vreinterpretq_f32_u32(vshlq_n_u32::<16>(vmovl_u16(vld1_u16(from))))
    }
    #[inline(always)]
    unsafe fn store_halves(to: *mut u16, v: float32x4_t) -> float32x4_t {
        let halves = halves(v);
        vst1_u16(to, vmovn_u32(halves));
        vreinterpretq_f32_u32(vshlq_n_u32::<16>(halves))
    }
    #[inline(always)]
    unsafe fn load_pairs(from: *const u16) -> uint32x4_t {
        vreinterpretq_u32_u16(vld1q_u16(from))
    }
    #[inline(always)]
    unsafe fn store_pairs(to: *mut u16, pairs: uint32x4_t) {
        vst1q_u16(to, vreinterpretq_u16_u32(pairs));
    }
    #[inline(always)]
    unsafe fn splat_pair(from: *const u16) -> uint32x4_t {
        vdupq_n_u32(from.cast::<u32>().read_unaligned())
    }
    #[inline(always)]
    unsafe fn pair(first: float32x4_t, second: float32x4_t) -> uint32x4_t {
        vorrq_u32(halves(first), vshlq_n_u32::<16>(halves(second)))
    }
    #[inline(always)]
    unsafe fn low(pairs: uint32x4_t) -> float32x4_t {
        vreinterpretq_f32_u32(vshlq_n_u32::<16>(pairs))
    }
    #[inline(always)]
    unsafe fn high(pairs: uint32x4_t) -> float32x4_t {
        vreinterpretq_f32_u32(vandq_u32(pairs, vdupq_n_u32(0xffff_0000)))
    }
    #[inline(always)]
    unsafe fn enter<K: Kernel>(kernel: K) -> K::Output {
        enter(kernel)
    }
}
