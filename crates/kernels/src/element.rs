//! What tensors are made of: 32-bit floats, or the upper halves of them.

use std::fmt;

use ground::Precision;

use crate::bf16::Bf16;
use crate::isa::Simd;

/// A number that tensors hold.
///
/// # Safety
/// Any bits are a value, zero bits are zero, and a cache line holds a whole number of them.
#[expect(clippy::missing_safety_doc, reason = "the vector methods' contract is that of `Simd`")]
pub unsafe trait Element:
    Copy + Default + PartialEq + fmt::Debug + Send + Sync + 'static
{
    /// The precision of these numbers.
    const PRECISION: Precision;
    /// Numbers that one lane of a product multiplies and adds up at once.
    const GROUP: usize;
    /// A register of such groups.
    type Packed<S: Simd>: Copy;

    /// The nearest number.
    fn narrow(x: f32) -> Self;
    /// The same number, wider.
    fn wide(self) -> f32;

    /// `LANES` numbers from memory.
    unsafe fn load<S: Simd>(from: *const Self) -> S::V;
    /// The first `n` lanes from memory, the rest 0.
    unsafe fn load_part<S: Simd>(from: *const Self, n: usize) -> S::V;
    /// `LANES` numbers to memory, rounded.
    unsafe fn store<S: Simd>(to: *mut Self, v: S::V);
    /// The first `n` lanes to memory, rounded.
    unsafe fn store_part<S: Simd>(to: *mut Self, n: usize, v: S::V);
    /// `LANES` numbers to memory, rounded; returns them as they are stored.
    unsafe fn store_rounded<S: Simd>(to: *mut Self, v: S::V) -> S::V;
    /// Two registers of neighbours to memory, rounded.
    #[inline(always)]
    unsafe fn store_two<S: Simd>(to: *mut Self, a: S::V, b: S::V) {
        Self::store::<S>(to, a);
        Self::store::<S>(to.add(S::LANES), b);
    }

    /// One group from memory, in all lanes.
    unsafe fn spread<S: Simd>(from: *const Self) -> Self::Packed<S>;
    /// `LANES` groups from memory.
    unsafe fn packed<S: Simd>(from: *const Self) -> Self::Packed<S>;
    /// `LANES` groups to memory, of the lanes of `a` and, where a group has two, of `b`.
    unsafe fn store_packed<S: Simd>(to: *mut Self, a: S::V, b: S::V);
    /// Like [`Element::store_packed`], with `LANES` numbers in memory for each side.
    unsafe fn store_beside<S: Simd>(to: *mut Self, a: *const Self, b: *const Self);
    /// sum + a · b, lane by lane.
    unsafe fn dot<S: Simd>(a: Self::Packed<S>, b: Self::Packed<S>, sum: S::V) -> S::V;
}

// SAFETY: as the trait asks.
unsafe impl Element for f32 {
    const PRECISION: Precision = Precision::Fp32;
    const GROUP: usize = 1;
    type Packed<S: Simd> = S::V;

    #[inline(always)]
    fn narrow(x: f32) -> f32 {
        x
    }
    #[inline(always)]
    fn wide(self) -> f32 {
        self
    }
    #[inline(always)]
    unsafe fn load<S: Simd>(from: *const f32) -> S::V {
        S::load(from)
    }
    #[inline(always)]
    unsafe fn load_part<S: Simd>(from: *const f32, n: usize) -> S::V {
        S::load_part(from, n)
    }
    #[inline(always)]
    unsafe fn store<S: Simd>(to: *mut f32, v: S::V) {
        S::store(to, v);
    }
    #[inline(always)]
    unsafe fn store_part<S: Simd>(to: *mut f32, n: usize, v: S::V) {
        S::store_part(to, n, v);
    }
    #[inline(always)]
    unsafe fn store_rounded<S: Simd>(to: *mut f32, v: S::V) -> S::V {
        S::store(to, v);
        v
    }
    #[inline(always)]
    unsafe fn spread<S: Simd>(from: *const f32) -> S::V {
        S::splat(*from)
    }
    #[inline(always)]
    unsafe fn packed<S: Simd>(from: *const f32) -> S::V {
        S::load(from)
    }
    #[inline(always)]
    unsafe fn store_packed<S: Simd>(to: *mut f32, a: S::V, _: S::V) {
        S::store(to, a);
    }
    #[inline(always)]
    unsafe fn store_beside<S: Simd>(to: *mut f32, a: *const f32, _: *const f32) {
        S::store(to, S::load(a));
    }
    #[inline(always)]
    unsafe fn dot<S: Simd>(a: S::V, b: S::V, sum: S::V) -> S::V {
        S::fma(a, b, sum)
    }
}

// SAFETY: as the trait asks; a `Bf16` is a `u16`.
unsafe impl Element for Bf16 {
    const PRECISION: Precision = Precision::Bf16;
    const GROUP: usize = 2;
    type Packed<S: Simd> = S::P;

    #[inline(always)]
    fn narrow(x: f32) -> Self {
        Self::narrow(x)
    }
    #[inline(always)]
    fn wide(self) -> f32 {
        self.wide()
    }
    #[inline(always)]
    unsafe fn load<S: Simd>(from: *const Self) -> S::V {
        S::load_halves(from.cast())
    }
    #[inline(always)]
    unsafe fn load_part<S: Simd>(from: *const Self, n: usize) -> S::V {
        let mut lanes = [Self::default(); 16];
        std::ptr::copy_nonoverlapping(from, lanes.as_mut_ptr(), n);
        Self::load::<S>(lanes.as_ptr())
    }
    #[inline(always)]
    unsafe fn store<S: Simd>(to: *mut Self, v: S::V) {
        let _ = S::store_halves(to.cast(), v);
    }
    #[inline(always)]
    unsafe fn store_part<S: Simd>(to: *mut Self, n: usize, v: S::V) {
        let mut lanes = [Self::default(); 16];
        Self::store::<S>(lanes.as_mut_ptr(), v);
        std::ptr::copy_nonoverlapping(lanes.as_ptr(), to, n);
    }
    #[inline(always)]
    unsafe fn store_rounded<S: Simd>(to: *mut Self, v: S::V) -> S::V {
        S::store_halves(to.cast(), v)
    }
    #[inline(always)]
    unsafe fn store_two<S: Simd>(to: *mut Self, a: S::V, b: S::V) {
        S::store_two_halves(to.cast(), a, b);
    }
    #[inline(always)]
    unsafe fn spread<S: Simd>(from: *const Self) -> S::P {
        S::splat_pair(from.cast())
    }
    #[inline(always)]
    unsafe fn packed<S: Simd>(from: *const Self) -> S::P {
        S::load_pairs(from.cast())
    }
    #[inline(always)]
    unsafe fn store_packed<S: Simd>(to: *mut Self, a: S::V, b: S::V) {
        S::store_pairs(to.cast(), S::pair(a, b));
    }
    #[inline(always)]
    unsafe fn store_beside<S: Simd>(to: *mut Self, a: *const Self, b: *const Self) {
        S::store_pairs(to.cast(), S::pair_halves(a.cast(), b.cast()));
    }
    #[inline(always)]
    unsafe fn dot<S: Simd>(a: S::P, b: S::P, sum: S::V) -> S::V {
        S::dot(a, b, sum)
    }
}

/// A stretch of memory for floats, as numbers of this kind.
#[must_use]
pub fn cast<E: Element>(memory: &[f32]) -> &[E] {
    let len = size_of_val(memory) / size_of::<E>();
    // SAFETY: no kind is larger or more aligned than `f32`, and any bits are a value.
    unsafe { std::slice::from_raw_parts(memory.as_ptr().cast(), len) }
}

/// Like [`cast`], for writing.
pub fn cast_mut<E: Element>(memory: &mut [f32]) -> &mut [E] {
    let len = size_of_val(memory) / size_of::<E>();
    // SAFETY: as `cast`; any bits are an `f32` too.
    unsafe { std::slice::from_raw_parts_mut(memory.as_mut_ptr().cast(), len) }
}
