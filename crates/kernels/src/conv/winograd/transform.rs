//! The transforms of F(4×4, 3×3), on registers of channels: each is a small matrix from the left
//! and its transpose from the right, for the points 0, ±1, ±2 and ∞.

use super::tiles::{PLACES, SIDE, TILE};
use crate::isa::Simd;

/// a − b.
#[inline(always)]
unsafe fn sub<S: Simd>(a: S::V, b: S::V) -> S::V {
    S::fma(b, S::splat(-1.0), a)
}

/// a·x + y.
#[inline(always)]
unsafe fn axpy<S: Simd>(a: f32, x: S::V, y: S::V) -> S::V {
    S::fma(x, S::splat(a), y)
}

/// Bᵀ d of six numbers.
#[inline(always)]
unsafe fn input_line<S: Simd>(d: [S::V; SIDE]) -> [S::V; SIDE] {
    let even = axpy::<S>(-4.0, d[2], d[4]);
    let odd = axpy::<S>(-4.0, d[1], d[3]);
    let (even_2, odd_2) = (sub::<S>(d[4], d[2]), sub::<S>(d[3], d[1]));
    [
        axpy::<S>(4.0, d[0], axpy::<S>(-5.0, d[2], d[4])),
        S::add(even, odd),
        sub::<S>(even, odd),
        axpy::<S>(2.0, odd_2, even_2),
        axpy::<S>(-2.0, odd_2, even_2),
        axpy::<S>(4.0, d[1], axpy::<S>(-5.0, d[3], d[5])),
    ]
}

/// Bᵀ d B.
#[inline(always)]
pub(super) unsafe fn input<S: Simd>(d: &[S::V; PLACES], out: &mut [S::V; PLACES]) {
    let mut half = [S::splat(0.0); PLACES];
    for x in 0..SIDE {
        let line = input_line::<S>([d[x], d[6 + x], d[12 + x], d[18 + x], d[24 + x], d[30 + x]]);
        for y in 0..SIDE {
            half[y * SIDE + x] = line[y];
        }
    }
    for y in 0..SIDE {
        let h = &half[y * SIDE..];
        let line = input_line::<S>([h[0], h[1], h[2], h[3], h[4], h[5]]);
        for x in 0..SIDE {
            out[y * SIDE + x] = line[x];
        }
    }
}

/// Aᵀ m of six numbers.
#[inline(always)]
unsafe fn output_line<S: Simd>(m: [S::V; SIDE]) -> [S::V; TILE] {
    let (sum, difference) = (S::add(m[1], m[2]), sub::<S>(m[1], m[2]));
    let (sum_2, difference_2) = (S::add(m[3], m[4]), sub::<S>(m[3], m[4]));
    [
        S::add(S::add(m[0], sum), sum_2),
        axpy::<S>(2.0, difference_2, difference),
        axpy::<S>(4.0, sum_2, sum),
        axpy::<S>(8.0, difference_2, S::add(difference, m[5])),
    ]
}

/// Aᵀ m A.
#[inline(always)]
pub(super) unsafe fn output<S: Simd>(m: &[S::V; PLACES], out: &mut [S::V; TILE * TILE]) {
    let mut half = [S::splat(0.0); TILE * SIDE];
    for x in 0..SIDE {
        let line = output_line::<S>([m[x], m[6 + x], m[12 + x], m[18 + x], m[24 + x], m[30 + x]]);
        for y in 0..TILE {
            half[y * SIDE + x] = line[y];
        }
    }
    for y in 0..TILE {
        let h = &half[y * SIDE..];
        let line = output_line::<S>([h[0], h[1], h[2], h[3], h[4], h[5]]);
        for x in 0..TILE {
            out[y * TILE + x] = line[x];
        }
    }
}

/// A g of four numbers.
#[inline(always)]
unsafe fn gradient_line<S: Simd>(g: [S::V; TILE]) -> [S::V; SIDE] {
    let (even, odd) = (S::add(g[0], g[2]), S::add(g[1], g[3]));
    let (even_2, odd_2) = (axpy::<S>(4.0, g[2], g[0]), axpy::<S>(4.0, g[3], g[1]));
    [
        g[0],
        S::add(even, odd),
        sub::<S>(even, odd),
        axpy::<S>(2.0, odd_2, even_2),
        axpy::<S>(-2.0, odd_2, even_2),
        g[3],
    ]
}

/// A g Aᵀ: what the output's transform makes of its gradient.
#[inline(always)]
pub(super) unsafe fn gradient<S: Simd>(g: &[S::V; TILE * TILE], out: &mut [S::V; PLACES]) {
    let mut half = [S::splat(0.0); SIDE * TILE];
    for x in 0..TILE {
        let line = gradient_line::<S>([g[x], g[4 + x], g[8 + x], g[12 + x]]);
        for y in 0..SIDE {
            half[y * TILE + x] = line[y];
        }
    }
    for y in 0..SIDE {
        let h = &half[y * TILE..];
        let line = gradient_line::<S>([h[0], h[1], h[2], h[3]]);
        for x in 0..SIDE {
            out[y * SIDE + x] = line[x];
        }
    }
}

/// G g of three numbers.
#[inline(always)]
unsafe fn filter_line<S: Simd>(g: [S::V; 3]) -> [S::V; SIDE] {
    let scale = |by: f32, v: S::V| S::mul(S::splat(by), v);
    let ends = S::add(g[0], g[2]);
    let ends_2 = axpy::<S>(4.0, g[2], g[0]);
    [
        scale(1.0 / 4.0, g[0]),
        scale(-1.0 / 6.0, S::add(ends, g[1])),
        scale(-1.0 / 6.0, sub::<S>(ends, g[1])),
        scale(1.0 / 24.0, axpy::<S>(2.0, g[1], ends_2)),
        scale(1.0 / 24.0, axpy::<S>(-2.0, g[1], ends_2)),
        g[2],
    ]
}

/// G g Gᵀ.
#[inline(always)]
pub(super) unsafe fn filter<S: Simd>(g: &[S::V; 9], out: &mut [S::V; PLACES]) {
    let mut half = [S::splat(0.0); SIDE * 3];
    for x in 0..3 {
        let line = filter_line::<S>([g[x], g[3 + x], g[6 + x]]);
        for y in 0..SIDE {
            half[y * 3 + x] = line[y];
        }
    }
    for y in 0..SIDE {
        let line = filter_line::<S>([half[y * 3], half[y * 3 + 1], half[y * 3 + 2]]);
        for x in 0..SIDE {
            out[y * SIDE + x] = line[x];
        }
    }
}

/// Gᵀ s of six numbers.
#[inline(always)]
unsafe fn filter_gradient_line<S: Simd>(s: [S::V; SIDE]) -> [S::V; 3] {
    let scale = |by: f32, v: S::V| S::mul(S::splat(by), v);
    let (sum, difference) = (S::add(s[1], s[2]), sub::<S>(s[2], s[1]));
    let (sum_2, difference_2) = (S::add(s[3], s[4]), sub::<S>(s[3], s[4]));
    let sixth = scale(-1.0 / 6.0, sum);
    [
        axpy::<S>(1.0 / 24.0, sum_2, axpy::<S>(0.25, s[0], sixth)),
        axpy::<S>(1.0 / 12.0, difference_2, scale(1.0 / 6.0, difference)),
        axpy::<S>(1.0 / 6.0, sum_2, S::add(s[5], sixth)),
    ]
}

/// Gᵀ s G: the filter's gradient from that of the transformed filter.
#[inline(always)]
pub(super) unsafe fn filter_gradient<S: Simd>(s: &[S::V; PLACES], out: &mut [S::V; 9]) {
    let mut half = [S::splat(0.0); 3 * SIDE];
    for x in 0..SIDE {
        let column = [s[x], s[6 + x], s[12 + x], s[18 + x], s[24 + x], s[30 + x]];
        let line = filter_gradient_line::<S>(column);
        for y in 0..3 {
            half[y * SIDE + x] = line[y];
        }
    }
    for y in 0..3 {
        let h = &half[y * SIDE..];
        let line = filter_gradient_line::<S>([h[0], h[1], h[2], h[3], h[4], h[5]]);
        for x in 0..3 {
            out[y * 3 + x] = line[x];
        }
    }
}
