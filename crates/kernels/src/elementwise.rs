//! Passes over whole tensors, channel by channel: apply, add, mask, drop.

use crate::isa::{Kernel, Simd, dispatch};
use crate::threads::{Shared, parallel};
use crate::{Activation, Element, View};

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
pub(crate) unsafe fn load<S: Simd, E: Element>(from: *const E, n: usize) -> S::V {
    if n == S::LANES { E::load::<S>(from) } else { E::load_part::<S>(from, n) }
}

/// Stores `n` values.
#[inline(always)]
pub(crate) unsafe fn store<S: Simd, E: Element>(to: *mut E, n: usize, v: S::V) {
    if n == S::LANES { E::store::<S>(to, v) } else { E::store_part::<S>(to, n, v) }
}

/// Reads `n` values of a view, as they count.
#[inline(always)]
pub(crate) unsafe fn read<S: Simd, E: Element>(
    view: View<'_, E>,
    at: usize,
    c: usize,
    n: usize,
) -> S::V {
    view.activation.apply::<S>(affine::<S, _>(view, at, c, n))
}

/// Reads `n` values of a view before its activation, which tell what gradient that lets through.
#[inline(always)]
pub(crate) unsafe fn affine<S: Simd, E: Element>(
    view: View<'_, E>,
    at: usize,
    c: usize,
    n: usize,
) -> S::V {
    let v = load::<S, _>(view.data.as_ptr().add(at), n);
    match view.affine {
        Some((scale, shift)) => S::fma(
            v,
            load::<S, _>(scale.as_ptr().add(c), n),
            load::<S, _>(shift.as_ptr().add(c), n),
        ),
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

/// A range of values, whatever their channels.
struct Flat<O> {
    op: O,
    range: std::ops::Range<usize>,
}

impl<O: Op> Kernel for Flat<O> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let end = self.range.end;
        for at in self.range.step_by(S::LANES) {
            self.op.step::<S>(at, 0, S::LANES.min(end - at));
        }
    }
}

/// Runs an operation that does not ask for channels over `len` values.
///
/// # Safety
/// The operation's tensors have that many values.
unsafe fn flat(len: usize, op: impl Op) {
    parallel(len.div_ceil(CHUNK), |index| {
        let range = index * CHUNK..((index + 1) * CHUNK).min(len);
        // SAFETY: the caller's promise; chunks are disjoint.
        unsafe { dispatch(Flat { op, range }) };
    });
}

#[derive(Clone, Copy)]
struct Sum<'a, E> {
    a: View<'a, E>,
    b: Option<View<'a, E>>,
    activation: Activation,
    out: Shared<E>,
}

impl<E: Element> Op for Sum<'_, E> {
    #[inline(always)]
    unsafe fn step<S: Simd>(self, at: usize, c: usize, n: usize) {
        let mut v = read::<S, _>(self.a, at, c, n);
        if let Some(b) = self.b {
            v = S::add(v, read::<S, _>(b, at, c, n));
        }
        store::<S, _>(self.out.get().add(at), n, self.activation.apply::<S>(v));
    }
}

/// out = a.
///
/// # Panics
/// When lengths differ.
pub fn materialise<E: Element>(a: View<'_, E>, channels: usize, out: &mut [E]) {
    a.check(out.len(), channels);
    let op = Sum { a, b: None, activation: Activation::Identity, out: Shared::new(out) };
    // SAFETY: lengths were checked.
    unsafe { pass(a.data.len() / channels, channels, op) };
}

/// out = a + b, then an activation.
///
/// # Panics
/// When lengths differ.
pub fn add<E: Element>(
    a: View<'_, E>,
    b: View<'_, E>,
    activation: Activation,
    channels: usize,
    out: &mut [E],
) {
    a.check(out.len(), channels);
    b.check(out.len(), channels);
    let op = Sum { a, b: Some(b), activation, out: Shared::new(out) };
    // SAFETY: lengths were checked.
    unsafe { pass(a.data.len() / channels, channels, op) };
}

#[derive(Clone, Copy)]
struct Mask<'a, E> {
    at: View<'a, E>,
    activation: Activation,
    gradient: Shared<E>,
}

impl<E: Element> Op for Mask<'_, E> {
    #[inline(always)]
    unsafe fn step<S: Simd>(self, at: usize, c: usize, n: usize) {
        let place = self.gradient.get().add(at);
        let (value, gradient) = (affine::<S, _>(self.at, at, c, n), load::<S, _>(place, n));
        store::<S, _>(place, n, self.activation.mask::<S>(value, gradient));
    }
}

/// The backward pass of an activation: zeroes the gradient where the values `at` (before the
/// activation, or its results) are not between its bounds. The view's own activation is not asked.
///
/// # Panics
/// When lengths differ.
pub fn activation_backward<E: Element>(
    activation: Activation,
    at: View<'_, E>,
    channels: usize,
    gradient: &mut [E],
) {
    at.check(gradient.len(), channels);
    let op = Mask { at, activation, gradient: Shared::new(gradient) };
    // SAFETY: lengths were checked.
    unsafe { pass(at.data.len() / channels, channels, op) };
}

/// to = from, as other numbers where the two differ in kind.
///
/// # Panics
/// When lengths differ.
pub fn convert<From: Element, To: Element>(from: &[From], to: &mut [To]) {
    assert_eq!(from.len(), to.len());
    let shared = Shared::new(to);
    // SAFETY: lengths were checked.
    unsafe { flat(from.len(), Convert { from, to: shared, accumulate: false }) };
}

/// to = from, or to += from: how a gradient reaches a value that several operations read.
///
/// # Panics
/// When lengths differ.
pub fn pass_on<E: Element>(from: &[E], to: &mut [E], accumulate: bool) {
    assert_eq!(from.len(), to.len());
    let shared = Shared::new(to);
    // SAFETY: lengths were checked.
    unsafe { flat(from.len(), Convert { from, to: shared, accumulate }) };
}

#[derive(Clone, Copy)]
struct Convert<'a, From, To> {
    from: &'a [From],
    to: Shared<To>,
    accumulate: bool,
}

impl<From: Element, To: Element> Op for Convert<'_, From, To> {
    #[inline(always)]
    unsafe fn step<S: Simd>(self, at: usize, _: usize, n: usize) {
        let to = self.to.get().add(at);
        let mut v = load::<S, _>(self.from.as_ptr().add(at), n);
        if self.accumulate {
            v = S::add(v, load::<S, _>(to, n));
        }
        store::<S, _>(to, n, v);
    }
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
