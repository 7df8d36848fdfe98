//! 64-bit Arm: 32 registers of 4 floats. A tile of 6 rows × 4 registers leaves eight for the panel
//! and the broadcast value.

use std::arch::aarch64::*;

use super::{Kernel, Simd};

#[derive(Clone, Copy)]
pub(super) struct Neon;

/// Runs a kernel compiled for NEON.
///
/// # Safety
/// The processor has NEON (every 64-bit Arm has); the kernel's own contract.
#[target_feature(enable = "neon")]
pub(super) unsafe fn enter<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Neon>()
}

// SAFETY: methods are only called where `enter`'s contract holds.
unsafe impl Simd for Neon {
    type V = float32x4_t;
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
}
