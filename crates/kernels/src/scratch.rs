//! Buffers that a thread keeps from one piece of work to the next, so that no kernel allocates in
//! its loop.

use std::cell::RefCell;

/// One cache line of floats: what makes a `Vec` of them aligned.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; 16]);

thread_local! {
    static FREE: RefCell<Vec<Vec<Line>>> = const { RefCell::new(Vec::new()) };
}

/// Lends `work` a buffer of `len` floats, aligned to 64 bytes, with whatever was in it before.
/// Calls may nest.
pub(crate) fn with<R>(len: usize, work: impl FnOnce(&mut [f32]) -> R) -> R {
    let mut lines = FREE.with_borrow_mut(Vec::pop).unwrap_or_default();
    let wanted = len.div_ceil(16);
    if lines.len() < wanted {
        lines.resize(wanted, Line([0.0; 16]));
    }
    // SAFETY: a `Line` is 16 floats without padding, and `wanted` lines are there.
    let floats = unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast::<f32>(), len) };
    let result = work(floats);
    FREE.with_borrow_mut(|free| free.push(lines));
    result
}
