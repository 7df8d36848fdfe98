//! x86-64 with AVX2 and FMA: 16 registers of 8 floats. A tile of 6 rows × 2 registers leaves four
//! for the panel and the broadcast value.

use std::arch::x86_64::*;

use super::{Kernel, Simd};

#[derive(Clone, Copy)]
pub(super) struct Avx2;

/// Runs a kernel compiled for AVX2.
///
/// # Safety
/// The processor has AVX2 and FMA; the kernel's own contract.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn enter<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Avx2>()
}

// SAFETY: methods are only called where `enter`'s contract holds.
unsafe impl Simd for Avx2 {
    type V = __m256;
    const LANES: usize = 8;
    const VECS: usize = 2;
    const ROWS: usize = 6;

    #[inline(always)]
    unsafe fn splat(x: f32) -> __m256 {
        _mm256_set1_ps(x)
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> __m256 {
        _mm256_loadu_ps(from)
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, v: __m256) {
        _mm256_storeu_ps(to, v);
    }
    #[inline(always)]
    unsafe fn fma(a: __m256, b: __m256, c: __m256) -> __m256 {
        _mm256_fmadd_ps(a, b, c)
    }
    #[inline(always)]
    unsafe fn add(a: __m256, b: __m256) -> __m256 {
        _mm256_add_ps(a, b)
    }
    #[inline(always)]
    unsafe fn mul(a: __m256, b: __m256) -> __m256 {
        _mm256_mul_ps(a, b)
    }
    #[inline(always)]
    unsafe fn max(a: __m256, b: __m256) -> __m256 {
        _mm256_max_ps(a, b)
    }
    #[inline(always)]
    unsafe fn where_positive(sign: __m256, v: __m256) -> __m256 {
        _mm256_and_ps(_mm256_cmp_ps::<_CMP_GT_OQ>(sign, _mm256_setzero_ps()), v)
    }
    #[inline(always)]
    unsafe fn better(
        best: __m256,
        best_mark: __m256,
        value: __m256,
        mark: __m256,
    ) -> (__m256, __m256) {
        let nan = _mm256_cmp_ps::<_CMP_UNORD_Q>(value, value);
        let wins = _mm256_or_ps(_mm256_cmp_ps::<_CMP_GT_OQ>(value, best), nan);
        (_mm256_blendv_ps(best, value, wins), _mm256_blendv_ps(best_mark, mark, wins))
    }
    #[inline(always)]
    unsafe fn prefetch(line: *const f32) {
        _mm_prefetch::<_MM_HINT_T1>(line.cast());
    }
}
