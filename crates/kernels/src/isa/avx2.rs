//! x86-64 with AVX2 and FMA: 16 registers of 8 floats. A tile of 6 rows × 2 registers leaves four
//! for the panel and the broadcast value.

use std::arch::x86_64::*;

use super::simd::{Kernel, Simd};

#[derive(Clone, Copy)]
pub(super) struct Avx2;

/// Runs a kernel compiled for AVX2.
///
/// # Safety
/// The processor has AVX2 and FMA; the kernel's own contract.
#[inline(never)]
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn enter<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Avx2>()
}

/// `v` rounded to bfloat16 (ties to even), in the lower half of each lane.
#[inline(always)]
unsafe fn halves(v: __m256) -> __m256i {
    let bits = _mm256_castps_si256(v);
    let odd = _mm256_and_si256(_mm256_srli_epi32::<16>(bits), _mm256_set1_epi32(1));
    let up = _mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7fff)), odd);
    let quiet = _mm256_or_si256(bits, _mm256_set1_epi32(1 << 22));
    let nan = _mm256_castps_si256(_mm256_cmp_ps::<_CMP_UNORD_Q>(v, v));
    _mm256_srli_epi32::<16>(_mm256_blendv_epi8(up, quiet, nan))
}

// SAFETY: methods are only called where `enter`'s contract holds.
unsafe impl Simd for Avx2 {
    type V = __m256;
    type P = __m256i;
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
    unsafe fn min(a: __m256, b: __m256) -> __m256 {
        _mm256_min_ps(a, b)
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
    unsafe fn load_halves(from: *const u16) -> __m256 {
        let halves = _mm256_cvtepu16_epi32(_mm_loadu_si128(from.cast()));
        _mm256_castsi256_ps(_mm256_slli_epi32::<16>(halves))
    }
    #[inline(always)]
    unsafe fn store_halves(to: *mut u16, v: __m256) -> __m256 {
        let halves = halves(v);
        // Packs each half of the register by itself; the permutation puts the two side by side.
        let packed = _mm256_permute4x64_epi64::<0b1000>(_mm256_packus_epi32(halves, halves));
        _mm_storeu_si128(to.cast(), _mm256_castsi256_si128(packed));
        _mm256_castsi256_ps(_mm256_slli_epi32::<16>(halves))
    }
    #[inline(always)]
    unsafe fn load_pairs(from: *const u16) -> __m256i {
        _mm256_loadu_si256(from.cast())
    }
    #[inline(always)]
    unsafe fn store_pairs(to: *mut u16, pairs: __m256i) {
        _mm256_storeu_si256(to.cast(), pairs);
    }
    #[inline(always)]
    unsafe fn splat_pair(from: *const u16) -> __m256i {
        _mm256_set1_epi32(from.cast::<i32>().read_unaligned())
    }
    #[inline(always)]
    unsafe fn pair(first: __m256, second: __m256) -> __m256i {
        _mm256_or_si256(halves(first), _mm256_slli_epi32::<16>(halves(second)))
    }
    #[inline(always)]
    unsafe fn low(pairs: __m256i) -> __m256 {
        _mm256_castsi256_ps(_mm256_slli_epi32::<16>(pairs))
    }
    #[inline(always)]
    unsafe fn high(pairs: __m256i) -> __m256 {
        let upper = _mm256_set1_epi32(0xffff_0000_u32 as i32);
        _mm256_castsi256_ps(_mm256_and_si256(pairs, upper))
    }
    #[inline(always)]
    unsafe fn prefetch(line: *const f32) {
        _mm_prefetch::<_MM_HINT_T0>(line.cast());
    }
    #[inline(always)]
    unsafe fn prefetch_far(line: *const f32) {
        _mm_prefetch::<_MM_HINT_T1>(line.cast());
    }
    #[inline(always)]
    unsafe fn enter<K: Kernel>(kernel: K) -> K::Output {
        enter(kernel)
    }
}
