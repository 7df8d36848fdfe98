//! The one owner of how many threads compute.

use std::sync::OnceLock;

use rayon::ThreadPool;
use rayon::prelude::*;

mod crew;

static POOL: OnceLock<ThreadPool> = OnceLock::new();

fn pool_of(threads: usize) -> ThreadPool {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|index| format!("compute-{index}"))
        .build()
        .expect("the system refuses to start threads")
}

fn pool() -> &'static ThreadPool {
    POOL.get_or_init(|| pool_of(available()))
}

/// Processors that this process may use.
#[must_use]
pub fn available() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Sets the number of compute threads for the whole process; `false` if it is already set or in use.
pub fn set(threads: usize) -> bool {
    POOL.set(pool_of(threads.max(1))).is_ok()
}

/// How many threads compute.
#[must_use]
pub fn count() -> usize {
    if rayon::current_thread_index().is_some() {
        rayon::current_num_threads()
    } else {
        pool().current_num_threads()
    }
}

/// Runs `work` with this many compute threads, whatever is set for the process.
pub fn with<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> R {
    pool_of(threads.max(1)).install(|| crew::gathered(work))
}

/// Runs `work` on one of the compute threads, while the others stay awake for what is parallel in
/// it. Many short jobs one after the other are best done within; one by itself is not.
pub fn within<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    if rayon::current_thread_index().is_some() {
        work()
    } else {
        pool().install(|| crew::gathered(work))
    }
}

/// Calls `work` once for each piece, on all threads. Which thread takes which piece is open, so a
/// piece must write only what is its own.
pub fn parallel(pieces: usize, work: impl Fn(usize) + Sync) {
    // Not for each kind of work anew: the pool's part is the same for all, and long to compile.
    fn on_all(pieces: usize, work: &(dyn Fn(usize) + Sync)) {
        if crew::shared(pieces, work) {
            return;
        }
        let all = || (0..pieces).into_par_iter().with_max_len(1).for_each(work);
        if rayon::current_thread_index().is_some() { all() } else { pool().install(all) }
    }
    match pieces {
        0 => {}
        1 => work(0),
        _ => on_all(pieces, &work),
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

    /// For a tensor that is only read, or read by the same piece that writes it.
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
