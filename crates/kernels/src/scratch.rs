//! Buffers that a thread keeps from one piece of work to the next, so that no kernel allocates in
//! its loop.

use std::cell::RefCell;

use crate::Element;

/// One cache line of floats: what makes a `Vec` of them aligned.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; 16]);

thread_local! {
    static FREE: RefCell<Vec<Vec<Line>>> = const { RefCell::new(Vec::new()) };
}

/// Lends `work` a buffer of `len` numbers, aligned to 64 bytes, with whatever was in it before.
/// Calls may nest.
pub(crate) fn with<E: Element, R>(len: usize, work: impl FnOnce(&mut [E]) -> R) -> R {
    let mut lines = FREE.with_borrow_mut(Vec::pop).unwrap_or_default();
    let wanted = (len * size_of::<E>()).div_ceil(size_of::<Line>());
    if lines.len() < wanted {
        lines.resize(wanted, Line([0.0; 16]));
    }
    // SAFETY: a `Line` has no padding, any bits are an `Element`, and `wanted` lines are there.
    let numbers = unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast::<E>(), len) };
    let result = work(numbers);
    FREE.with_borrow_mut(|free| free.push(lines));
    result
}
