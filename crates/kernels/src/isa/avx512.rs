//! x86-64 with AVX-512: 32 registers of 16 floats. A tile of 14 rows × 2 registers leaves four for
//! the panel and the broadcast value.

use std::arch::x86_64::*;

use super::{Kernel, Simd};

#[derive(Clone, Copy)]
pub(super) struct Avx512;

/// Runs a kernel compiled for AVX-512.
///
/// # Safety
/// The processor has AVX-512 F and DQ; the kernel's own contract.
#[target_feature(enable = "avx512f,avx512dq,avx2,fma")]
pub(super) unsafe fn enter<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Avx512>()
}

// SAFETY: methods are only called where `enter`'s contract holds.
unsafe impl Simd for Avx512 {
    type V = __m512;
    const LANES: usize = 16;
    const VECS: usize = 2;
    const ROWS: usize = 14;

    #[inline(always)]
    unsafe fn splat(x: f32) -> __m512 {
        _mm512_set1_ps(x)
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> __m512 {
        _mm512_loadu_ps(from)
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, v: __m512) {
        _mm512_storeu_ps(to, v);
    }
    #[inline(always)]
    unsafe fn fma(a: __m512, b: __m512, c: __m512) -> __m512 {
        _mm512_fmadd_ps(a, b, c)
    }
    #[inline(always)]
    unsafe fn add(a: __m512, b: __m512) -> __m512 {
        _mm512_add_ps(a, b)
    }
    #[inline(always)]
    unsafe fn mul(a: __m512, b: __m512) -> __m512 {
        _mm512_mul_ps(a, b)
    }
    #[inline(always)]
    unsafe fn max(a: __m512, b: __m512) -> __m512 {
        _mm512_max_ps(a, b)
    }
    #[inline(always)]
    unsafe fn where_positive(sign: __m512, v: __m512) -> __m512 {
        _mm512_maskz_mov_ps(_mm512_cmp_ps_mask::<_CMP_GT_OQ>(sign, _mm512_setzero_ps()), v)
    }
    #[inline(always)]
    unsafe fn better(
        best: __m512,
        best_mark: __m512,
        value: __m512,
        mark: __m512,
    ) -> (__m512, __m512) {
        let wins = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(value, best)
            | _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(value, value);
        (_mm512_mask_mov_ps(best, wins, value), _mm512_mask_mov_ps(best_mark, wins, mark))
    }
    #[inline(always)]
    unsafe fn prefetch(line: *const f32) {
        _mm_prefetch::<_MM_HINT_T1>(line.cast());
    }
    #[inline(always)]
    unsafe fn load_part(from: *const f32, n: usize) -> __m512 {
        _mm512_maskz_loadu_ps(((1u32 << n) - 1) as __mmask16, from)
    }
    #[inline(always)]
    unsafe fn store_part(to: *mut f32, n: usize, v: __m512) {
        _mm512_mask_storeu_ps(to, ((1u32 << n) - 1) as __mmask16, v);
    }
}
