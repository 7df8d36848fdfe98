//! Loops over the pieces of a kernel: on the threads of `ground::parallel`, which stay awake while a
//! network runs.

use ground::parallel::{self};

mod team;

/// Runs `work` with this many threads, which stay awake, whatever is set for the process.
pub fn with<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> R {
    if parallel::ALONE {
        return work();
    }
    parallel::with_threads(threads, || team::with_team(work))
}

/// Runs `work` on one of the pool's threads, while the others stay awake for what is parallel in it.
/// Many short jobs one after the other are best done within; one by itself is not.
pub fn within<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    if parallel::ALONE || rayon::current_thread_index().is_some() {
        work()
    } else {
        parallel::within(|| team::with_team(work))
    }
}

/// Calls `work` once for each piece, on all threads. Which thread takes which piece is open, so a
/// piece must write only what is its own.
pub fn parallel(pieces: usize, work: impl Fn(usize) + Sync) {
    match pieces {
        0 => {}
        1 => work(0),
        _ if !parallel::ALONE && team::try_run(pieces, &work) => {}
        _ => parallel::each(pieces, work),
    }
}

/// A pointer that pieces of one tensor share.
#[derive(Clone, Copy)]
pub(crate) struct Shared<T>(*mut T);

// SAFETY: whoever makes a `Shared` promises that pieces touch disjoint elements.
unsafe impl<T> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Shared<T> {}

impl<T> Shared<T> {
    pub(crate) fn new(slice: &mut [T]) -> Self {
        Self(slice.as_mut_ptr())
    }

    /// A pointer to a tensor that is only read, or read by the same piece that writes it.
    pub(crate) fn new_const(pointer: *const T) -> Self {
        Self(pointer.cast_mut())
    }

    /// The pointer; a method, so that closures capture the whole (`Sync`) wrapper.
    pub(crate) fn get(self) -> *mut T {
        self.0
    }

    /// A part of the tensor.
    ///
    /// # Safety
    /// The part lies within the tensor and no other piece touches it meanwhile.
    pub(crate) unsafe fn part<'a>(self, start: usize, len: usize) -> &'a mut [T] {
        std::slice::from_raw_parts_mut(self.0.add(start), len)
    }
}
