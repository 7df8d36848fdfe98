//! Passes over whole tensors, channel by channel: apply, add, mask, drop.

use crate::View;
use crate::isa::{Kernel, Simd, dispatch};
use crate::threads::{Shared, parallel};

/// Floats in a piece of a pass: enough to be worth a task, few enough for all cores.
const CHUNK: usize = 32 * 1024;

/// What is done to one register of values.
pub(crate) trait Op: Copy + Sync {
    /// Handles `n` values from flat index `at`, whose first has channel `c`.
    ///
    /// # Safety
    /// The processor has `S`; `at + n` values and `c + n` channels are there; `n <= S::LANES`.
    unsafe fn step<S: Simd>(self, at: usize, c: usize, n: usize);
}

/// Loads `n` values.
#[inline(always)]
pub(crate) unsafe fn load<S: Simd>(from: *const f32, n: usize) -> S::V {
    if n == S::LANES { S::load(from) } else { S::load_part(from, n) }
}

/// Stores `n` values.
#[inline(always)]
pub(crate) unsafe fn store<S: Simd>(to: *mut f32, n: usize, v: S::V) {
    if n == S::LANES { S::store(to, v) } else { S::store_part(to, n, v) }
}

/// Reads `n` values of a view, as they count.
#[inline(always)]
pub(crate) unsafe fn read<S: Simd>(view: View<'_>, at: usize, c: usize, n: usize) -> S::V {
    let mut v = affine::<S>(view, at, c, n);
    if view.relu {
        v = S::max(S::splat(0.0), v);
    }
    v
}

/// Reads `n` values of a view before its ReLU, whose sign tells what the ReLU lets through.
#[inline(always)]
pub(crate) unsafe fn affine<S: Simd>(view: View<'_>, at: usize, c: usize, n: usize) -> S::V {
    let v = load::<S>(view.data.as_ptr().add(at), n);
    match view.affine {
        Some((scale, shift)) => {
            S::fma(v, load::<S>(scale.as_ptr().add(c), n), load::<S>(shift.as_ptr().add(c), n))
        }
        None => v,
    }
}

/// A range of pixels × all channels.
struct Pass<O> {
    op: O,
    pixels: std::ops::Range<usize>,
    channels: usize,
}

impl<O: Op> Kernel for Pass<O> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let full = self.channels / S::LANES * S::LANES;
        for pixel in self.pixels {
            let at = pixel * self.channels;
            for c in (0..full).step_by(S::LANES) {
                self.op.step::<S>(at + c, c, S::LANES);
            }
            if full < self.channels {
                self.op.step::<S>(at + full, full, self.channels - full);
            }
        }
    }
}

/// Pixels of the pieces that a pass over so many channels is cut into.
pub(crate) fn chunk(channels: usize) -> usize {
    (CHUNK / channels).max(8)
}

/// Runs an operation over `pixels × channels` values.
///
/// # Safety
/// The operation's tensors have that many values.
pub(crate) unsafe fn pass(pixels: usize, channels: usize, op: impl Op) {
    let size = chunk(channels);
    parallel(pixels.div_ceil(size), |index| {
        let pixels = index * size..((index + 1) * size).min(pixels);
        // SAFETY: the caller's promise; chunks are disjoint.
        unsafe { dispatch(Pass { op, pixels, channels }) };
    });
}

#[derive(Clone, Copy)]
struct Sum<'a> {
    a: View<'a>,
    b: Option<View<'a>>,
    relu: bool,
    out: Shared<f32>,
}

impl Op for Sum<'_> {
    #[inline(always)]
    unsafe fn step<S: Simd>(self, at: usize, c: usize, n: usize) {
        let mut v = read::<S>(self.a, at, c, n);
        if let Some(b) = self.b {
            v = S::add(v, read::<S>(b, at, c, n));
        }
        if self.relu {
            v = S::max(S::splat(0.0), v);
        }
        store::<S>(self.out.get().add(at), n, v);
    }
}

/// out = a.
///
/// # Panics
/// When lengths differ.
pub fn materialise(a: View<'_>, channels: usize, out: &mut [f32]) {
    a.check(out.len(), channels);
    let op = Sum { a, b: None, relu: false, out: Shared::new(out) };
    // SAFETY: lengths were checked.
    unsafe { pass(a.data.len() / channels, channels, op) };
}

/// out = a + b, then ReLU if asked.
///
/// # Panics
/// When lengths differ.
pub fn add(a: View<'_>, b: View<'_>, relu: bool, channels: usize, out: &mut [f32]) {
    a.check(out.len(), channels);
    b.check(out.len(), channels);
    let op = Sum { a, b: Some(b), relu, out: Shared::new(out) };
    // SAFETY: lengths were checked.
    unsafe { pass(a.data.len() / channels, channels, op) };
}

#[derive(Clone, Copy)]
struct Mask<'a> {
    sign: View<'a>,
    gradient: Shared<f32>,
}

impl Op for Mask<'_> {
    #[inline(always)]
    unsafe fn step<S: Simd>(self, at: usize, c: usize, n: usize) {
        let place = self.gradient.get().add(at);
        store::<S>(
            place,
            n,
            S::where_positive(affine::<S>(self.sign, at, c, n), load::<S>(place, n)),
        );
    }
}

/// The backward pass of a ReLU: zeroes the gradient where `before` (the value before the ReLU, or
/// its result, which has the same sign) is not positive.
///
/// # Panics
/// When lengths differ.
pub fn relu_backward(before: View<'_>, channels: usize, gradient: &mut [f32]) {
    before.check(gradient.len(), channels);
    let op = Mask { sign: before, gradient: Shared::new(gradient) };
    // SAFETY: lengths were checked.
    unsafe { pass(before.data.len() / channels, channels, op) };
}

/// to = from, or to += from: how a gradient reaches a value that several operations read.
///
/// # Panics
/// When lengths differ.
pub fn pass_on(from: &[f32], to: &mut [f32], accumulate: bool) {
    assert_eq!(from.len(), to.len());
    let shared = Shared::new(to);
    parallel(from.len().div_ceil(CHUNK), |index| {
        let from = &from[index * CHUNK..((index + 1) * CHUNK).min(from.len())];
        // SAFETY: chunks are disjoint.
        let to = unsafe { shared.part(index * CHUNK, from.len()) };
        if accumulate {
            to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
        } else {
            to.copy_from_slice(from);
        }
    });
}

/// Dropout's factor for one value: 0 with probability `rate`, else 1 / (1 − rate). A function of
/// the key and the value's index alone, so that the backward pass asks again instead of storing.
fn kept(key: u64, index: usize, rate: f32) -> f32 {
    // SplitMix64's finaliser over key and index; 24 bits make a float.
    let mut z = key.wrapping_add((index as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let uniform = ((z ^ (z >> 31)) >> 40) as f32 * (1.0 / (1 << 24) as f32);
    if uniform < rate { 0.0 } else { 1.0 / (1.0 - rate) }
}

/// Dropout (Srivastava et al., JMLR 15, 2014), forward and backward alike: multiplies each value
/// by its factor.
///
/// # Panics
/// When lengths differ.
pub fn dropout(x: &[f32], rate: f32, key: u64, out: &mut [f32]) {
    assert_eq!(x.len(), out.len());
    for (index, (to, from)) in out.iter_mut().zip(x).enumerate() {
        *to = from * kept(key, index, rate);
    }
}

/// Column sums: the gradient of a bias.
///
/// # Panics
/// When the gradient is not whole rows.
pub fn bias_backward(gradient: &[f32], bias_gradient: &mut [f32]) {
    assert!(gradient.len().is_multiple_of(bias_gradient.len()));
    bias_gradient.fill(0.0);
    for row in gradient.chunks_exact(bias_gradient.len()) {
        bias_gradient.iter_mut().zip(row).for_each(|(sum, g)| *sum += g);
    }
}

#[cfg(test)]
mod tests {
    use super::{dropout, kept};

    #[test]
    fn dropout_keeps_the_mean_and_repeats_itself() {
        let x = vec![1.0; 40_000];
        let (mut a, mut b) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        dropout(&x, 0.25, 7, &mut a);
        dropout(&x, 0.25, 7, &mut b);
        assert_eq!(a, b);
        let zeros = a.iter().filter(|&&v| v == 0.0).count();
        assert!((9_700..10_300).contains(&zeros), "{zeros}");
        assert!((a.iter().sum::<f32>() / x.len() as f32 - 1.0).abs() < 0.02);
        dropout(&x, 0.25, 8, &mut b);
        assert_ne!(a, b);
        assert_eq!(kept(3, 4, 0.0), 1.0);
    }
}
