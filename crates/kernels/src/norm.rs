//! Batch norm (Ioffe, Szegedy, arXiv 1502.03167) over channels.
//!
//! With batch mean μ, variance σ² (biased) and r = 1/√(σ² + ε), the norm is
//! z = γ·r·(y − μ) + β = y·scale + shift, which later kernels apply when they read y
//! ([`crate::View`]). For a gradient g of z over n values a channel:
//! dβ = Σ g, dγ = Σ g·(y − μ)·r, and
//! dy = γ·r·(g − dβ/n − (y − μ)·r·dγ/n) = g·a + y·b + c, three numbers a channel.

use crate::elementwise::{self, Op, affine, chunk, load, store};
use crate::isa::{Kernel, Simd, dispatch};
use crate::threads::{Shared, parallel};
use crate::{Activation, Element, View, scratch};

/// Adds up Σ g and Σ g·(y − μ) a channel over a range of pixels.
struct Sums<'a, E> {
    y: View<'a, E>,
    gradient: &'a [E],
    mean: &'a [f32],
    pixels: std::ops::Range<usize>,
    channels: usize,
    totals: *mut f32,
}

impl<E: Element> Kernel for Sums<'_, E> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let channels = self.channels;
        let minus = S::splat(-1.0);
        for pixel in self.pixels {
            for c in (0..channels).step_by(S::LANES) {
                let (at, n) = (pixel * channels + c, S::LANES.min(channels - c));
                let y = load::<S, _>(self.y.data.as_ptr().add(at), n);
                let mut g = load::<S, _>(self.gradient.as_ptr().add(at), n);
                if self.y.activation != Activation::Identity {
                    g = self.y.activation.mask::<S>(affine::<S, _>(self.y, at, c, n), g);
                }
                let away = S::fma(load::<S, _>(self.mean.as_ptr().add(c), n), minus, y);
                let (sum, products) = (self.totals.add(c), self.totals.add(channels + c));
                store::<S, _>(sum, n, S::add(load::<S, _>(sum, n), g));
                store::<S, _>(products, n, S::fma(g, away, load::<S, _>(products, n)));
            }
        }
    }
}

/// Σ g and Σ g·(y − μ), `channels` numbers each, in pieces and an order that the shape alone fixes.
fn backward_sums<E: Element>(y: View<'_, E>, gradient: &[E], mean: &[f32]) -> Vec<f64> {
    let channels = mean.len();
    let pixels = y.data.len() / channels;
    let size = chunk(channels);
    let pieces = pixels.div_ceil(size);
    let mut sums = vec![0.0; 2 * channels];
    scratch::with(pieces * 2 * channels, |partial| {
        partial.fill(0.0);
        let shared = Shared::new(partial);
        parallel(pieces, |index| {
            let pixels = index * size..((index + 1) * size).min(pixels);
            let totals = shared.get().wrapping_add(index * 2 * channels);
            // SAFETY: lengths were checked by the caller; each piece has its own totals.
            unsafe { dispatch(Sums { y, gradient, mean, pixels, channels, totals }) };
        });
        for part in partial.chunks_exact(2 * channels) {
            sums.iter_mut().zip(part).for_each(|(sum, &value)| *sum += f64::from(value));
        }
    });
    sums
}

/// Mean and (biased) variance of `count` values a channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    mean: Vec<f64>,
    variance: Vec<f64>,
    count: usize,
}

impl Moments {
    /// The statistics from the sums that a convolution has made (see [`crate::Epilogue::sums`]). The
    /// difference of squares loses digits where the mean is far larger than the deviation, which
    /// convolutions' results are not.
    #[must_use]
    pub fn of_sums(sums: &[f64], count: usize) -> Self {
        let (sums, squares) = sums.split_at(sums.len() / 2);
        let n = count as f64;
        let mean: Vec<f64> = sums.iter().map(|sum| sum / n).collect();
        let variance =
            squares.iter().zip(&mean).map(|(squares, mean)| (squares / n - mean * mean).max(0.0));
        Self { variance: variance.collect(), mean, count }
    }

    /// The statistics of a small tensor, such as the pooled features of a batch, whose means may be far larger
    /// than their deviations: in two passes and in `f64`.
    ///
    /// # Panics
    /// When the values are not whole rows.
    #[must_use]
    pub fn of<E: Element>(values: &[E], channels: usize) -> Self {
        assert!(values.len().is_multiple_of(channels));
        let count = values.len() / channels;
        let average = |term: &dyn Fn(usize, f64) -> f64| {
            let mut sums = vec![0.0; channels];
            for row in values.chunks_exact(channels) {
                for (c, (sum, &x)) in sums.iter_mut().zip(row).enumerate() {
                    *sum += term(c, f64::from(x.wide()));
                }
            }
            sums.iter().map(|sum| sum / count as f64).collect::<Vec<f64>>()
        };
        let mean = average(&|_, x| x);
        let variance = average(&|c, x| (x - mean[c]) * (x - mean[c]));
        Self { mean, variance, count }
    }
}

/// A norm's constants for a batch, one number a channel each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statistics {
    /// μ.
    pub mean: Vec<f32>,
    /// 1/√(σ² + ε).
    pub inverse: Vec<f32>,
    /// γ·r.
    pub scale: Vec<f32>,
    /// β − μ·γ·r.
    pub shift: Vec<f32>,
}

impl Statistics {
    /// From a mean and a variance, as in prediction.
    #[must_use]
    pub fn fixed(mean: &[f32], variance: &[f32], eps: f32, weight: &[f32], bias: &[f32]) -> Self {
        let inverse: Vec<f32> = variance
            .iter()
            .map(|&v| (1.0 / (f64::from(v) + f64::from(eps)).sqrt()) as f32)
            .collect();
        let scale: Vec<f32> = weight.iter().zip(&inverse).map(|(w, r)| w * r).collect();
        let shift = bias.iter().zip(mean).zip(&scale).map(|((b, m), s)| b - m * s).collect();
        Self { mean: mean.to_vec(), inverse, scale, shift }
    }

    /// From a batch's moments; moves the running mean and variance (unbiased, as PyTorch keeps it)
    /// by `momentum`.
    #[must_use]
    pub fn of_batch(
        moments: &Moments,
        eps: f32,
        weight: &[f32],
        bias: &[f32],
        momentum: f32,
        running: [&mut [f32]; 2],
    ) -> Self {
        let Moments { mean, variance, count } = moments;
        let n = *count as f64;
        let unbiased = if *count > 1 { n / (n - 1.0) } else { 1.0 };
        let moved = |old: f32, new: f64| {
            (f64::from(old) + f64::from(momentum) * (new - f64::from(old))) as f32
        };
        let [running_mean, running_variance] = running;
        for c in 0..weight.len() {
            running_mean[c] = moved(running_mean[c], mean[c]);
            running_variance[c] = moved(running_variance[c], variance[c] * unbiased);
        }
        let narrow = |wide: &[f64]| wide.iter().map(|&x| x as f32).collect::<Vec<_>>();
        Self::fixed(&narrow(mean), &narrow(variance), eps, weight, bias)
    }
}

/// The backward pass of a norm, prepared: gradients of γ and β, and what makes dy of g.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Backward {
    /// dγ.
    pub weight: Vec<f32>,
    /// dβ.
    pub bias: Vec<f32>,
    a: Vec<f32>,
    b: Vec<f32>,
    c: Vec<f32>,
}

impl Backward {
    /// From the gradient of z, where `y` is the view that reads z (its scale and shift are the
    /// norm's, its activation comes after it).
    ///
    /// # Panics
    /// When lengths do not suit.
    #[must_use]
    pub fn new<E: Element>(
        y: View<'_, E>,
        gradient: &[E],
        statistics: &Statistics,
        weight: &[f32],
        of_batch: bool,
    ) -> Self {
        let channels = weight.len();
        y.check(gradient.len(), channels);
        assert_eq!(statistics.mean.len(), channels);
        let sums = backward_sums(y, gradient, &statistics.mean);
        let n = (gradient.len() / channels) as f64;
        let mut backward = Self::default();
        for c in 0..channels {
            let (mean, r, gamma) = (
                f64::from(statistics.mean[c]),
                f64::from(statistics.inverse[c]),
                f64::from(weight[c]),
            );
            let (d_beta, d_gamma) = (sums[c], sums[channels + c] * r);
            // With fixed statistics nothing but g reaches y.
            let slope = if of_batch { -gamma * r * r * d_gamma / n } else { 0.0 };
            let offset = if of_batch { -gamma * r * d_beta / n } else { 0.0 };
            backward.weight.push(d_gamma as f32);
            backward.bias.push(d_beta as f32);
            backward.a.push((gamma * r) as f32);
            backward.b.push(slope as f32);
            backward.c.push((offset - slope * mean) as f32);
        }
        backward
    }

    /// dy in place of the gradient of z.
    ///
    /// # Panics
    /// When lengths do not suit.
    pub fn apply<E: Element>(&self, y: View<'_, E>, gradient: &mut [E]) {
        let channels = self.a.len();
        y.check(gradient.len(), channels);
        let from = gradient.as_ptr();
        self.run(y, channels, from, Shared::new(gradient));
    }

    /// dy beside the gradient of z, which others still need.
    ///
    /// # Panics
    /// When lengths do not suit.
    pub fn apply_to<E: Element>(&self, y: View<'_, E>, gradient: &[E], out: &mut [E]) {
        let channels = self.a.len();
        y.check(gradient.len(), channels);
        assert_eq!(gradient.len(), out.len());
        self.run(y, channels, gradient.as_ptr(), Shared::new(out));
    }

    fn run<E: Element>(&self, y: View<'_, E>, channels: usize, gradient: *const E, out: Shared<E>) {
        let gradient = Shared::new_const(gradient);
        let op = Apply { y, gradient, a: &self.a, b: &self.b, c: &self.c, out };
        // SAFETY: lengths were checked; `gradient` may be `out`, since each value is read before it
        // is written.
        unsafe { elementwise::pass(y.data.len() / channels, channels, op) };
    }
}

#[derive(Clone, Copy)]
struct Apply<'a, E> {
    y: View<'a, E>,
    gradient: Shared<E>,
    a: &'a [f32],
    b: &'a [f32],
    c: &'a [f32],
    out: Shared<E>,
}

impl<E: Element> Op for Apply<'_, E> {
    #[inline(always)]
    unsafe fn step<S: Simd>(self, at: usize, c: usize, n: usize) {
        let mut g = load::<S, _>(self.gradient.get().add(at), n);
        if self.y.activation != Activation::Identity {
            g = self.y.activation.mask::<S>(affine::<S, _>(self.y, at, c, n), g);
        }
        let y = load::<S, _>(self.y.data.as_ptr().add(at), n);
        let channel = |values: &[f32]| load::<S, _>(values.as_ptr().add(c), n);
        let straight = S::fma(y, channel(self.b), channel(self.c));
        store::<S, _>(self.out.get().add(at), n, S::fma(g, channel(self.a), straight));
    }
}
