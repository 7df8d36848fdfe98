//! x86-64 with AVX-512: 32 registers of 16 floats. A tile of 14 rows × 2 registers leaves four for
//! the panel and the broadcast value.

use std::arch::x86_64::*;

use super::simd::{Kernel, Simd};

/// AVX-512, with or without its products of bfloat16.
#[derive(Clone, Copy)]
pub(super) struct Avx512<const BF16: bool>;

/// Runs a kernel compiled for AVX-512.
///
/// # Safety
/// The processor has AVX-512 F and DQ; the kernel's own contract.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512dq,avx2,fma")]
pub(super) unsafe fn enter<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Avx512<false>>()
}

/// Runs a kernel compiled for AVX-512 with bfloat16.
///
/// # Safety
/// The processor has AVX-512 F, DQ and BF16; the kernel's own contract.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512dq,avx512bf16,avx2,fma")]
pub(super) unsafe fn enter_bf16<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Avx512<true>>()
}

/// The bits of `v` rounded to bfloat16 (ties to even), in the upper halves; the lower are whatever.
#[inline(always)]
unsafe fn rounded(v: __m512) -> __m512i {
    let bits = _mm512_castps_si512(v);
    let odd = _mm512_and_si512(_mm512_srli_epi32::<16>(bits), _mm512_set1_epi32(1));
    let up = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd);
    let quiet = _mm512_or_si512(bits, _mm512_set1_epi32(1 << 22));
    _mm512_mask_mov_epi32(up, _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(v, v), quiet)
}

/// `v` rounded to bfloat16, in the lower half of each lane.
#[inline(always)]
unsafe fn halves<const BF16: bool>(v: __m512) -> __m512i {
    if BF16 {
        let halves: __m256i = std::mem::transmute(_mm512_cvtneps_pbh(v));
        _mm512_cvtepu16_epi32(halves)
    } else {
        _mm512_srli_epi32::<16>(rounded(v))
    }
}

// SAFETY: methods are only called where `enter`'s contract holds.
unsafe impl<const BF16: bool> Simd for Avx512<BF16> {
    type V = __m512;
    type P = __m512i;
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
    unsafe fn min(a: __m512, b: __m512) -> __m512 {
        _mm512_min_ps(a, b)
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
    unsafe fn load_halves(from: *const u16) -> __m512 {
        let halves = _mm512_cvtepu16_epi32(_mm256_loadu_si256(from.cast()));
        _mm512_castsi512_ps(_mm512_slli_epi32::<16>(halves))
    }
    #[inline(always)]
    unsafe fn store_halves(to: *mut u16, v: __m512) -> __m512 {
        let halves = halves::<BF16>(v);
        _mm256_storeu_si256(to.cast(), _mm512_cvtepi32_epi16(halves));
        _mm512_castsi512_ps(_mm512_slli_epi32::<16>(halves))
    }
    #[inline(always)]
    unsafe fn store_two_halves(to: *mut u16, a: __m512, b: __m512) {
        if BF16 {
            let both: __m512i = std::mem::transmute(_mm512_cvtne2ps_pbh(b, a));
            _mm512_storeu_si512(to.cast(), both);
        } else {
            Self::store_halves(to, a);
            Self::store_halves(to.add(16), b);
        }
    }
    #[inline(always)]
    unsafe fn load_pairs(from: *const u16) -> __m512i {
        _mm512_loadu_si512(from.cast())
    }
    #[inline(always)]
    unsafe fn store_pairs(to: *mut u16, pairs: __m512i) {
        _mm512_storeu_si512(to.cast(), pairs);
    }
    #[inline(always)]
    unsafe fn splat_pair(from: *const u16) -> __m512i {
        _mm512_set1_epi32(from.cast::<i32>().read_unaligned())
    }
    #[inline(always)]
    unsafe fn pair(first: __m512, second: __m512) -> __m512i {
        let second = _mm512_slli_epi32::<16>(halves::<BF16>(second));
        _mm512_or_si512(halves::<BF16>(first), second)
    }
    #[inline(always)]
    unsafe fn pair_halves(first: *const u16, second: *const u16) -> __m512i {
        let first = _mm512_cvtepu16_epi32(_mm256_loadu_si256(first.cast()));
        let second = _mm512_cvtepu16_epi32(_mm256_loadu_si256(second.cast()));
        _mm512_or_si512(first, _mm512_slli_epi32::<16>(second))
    }
    #[inline(always)]
    unsafe fn low(pairs: __m512i) -> __m512 {
        _mm512_castsi512_ps(_mm512_slli_epi32::<16>(pairs))
    }
    #[inline(always)]
    unsafe fn high(pairs: __m512i) -> __m512 {
        let upper = _mm512_set1_epi32(0xffff_0000_u32 as i32);
        _mm512_castsi512_ps(_mm512_and_si512(pairs, upper))
    }
    #[inline(always)]
    unsafe fn dot(a: __m512i, b: __m512i, sum: __m512) -> __m512 {
        if BF16 {
            let a = std::mem::transmute::<__m512i, __m512bh>(a);
            let b = std::mem::transmute::<__m512i, __m512bh>(b);
            _mm512_dpbf16_ps(sum, a, b)
        } else {
            let sum = Self::fma(Self::low(a), Self::low(b), sum);
            Self::fma(Self::high(a), Self::high(b), sum)
        }
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
    unsafe fn load_part(from: *const f32, n: usize) -> __m512 {
        _mm512_maskz_loadu_ps(((1u32 << n) - 1) as __mmask16, from)
    }
    #[inline(always)]
    unsafe fn store_part(to: *mut f32, n: usize, v: __m512) {
        _mm512_mask_storeu_ps(to, ((1u32 << n) - 1) as __mmask16, v);
    }
    #[inline(always)]
    unsafe fn enter<K: Kernel>(kernel: K) -> K::Output {
        if BF16 { enter_bf16(kernel) } else { enter(kernel) }
    }
}
