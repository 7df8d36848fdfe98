//! Buffers that a thread keeps from one piece of work to the next, so that no kernel allocates in
//! its loop.

use std::cell::RefCell;

use crate::{Element, Memory};

thread_local! {
    static FREE: RefCell<Vec<Memory>> = const { RefCell::new(Vec::new()) };
}

/// Lends `work` a buffer of `len` numbers, aligned to 64 bytes, with whatever was in it before.
/// Calls may nest.
pub(crate) fn with<E: Element, R>(len: usize, work: impl FnOnce(&mut [E]) -> R) -> R {
    let mut memory = FREE.with_borrow_mut(Vec::pop).unwrap_or_default();
    if memory.room::<E>() < len {
        memory = Memory::huge::<E>(len);
    }
    let result = work(&mut memory.as_mut_slice()[..len]);
    FREE.with_borrow_mut(|free| free.push(memory));
    result
}
