//! A thing that threads of Python share: one uses it at a time, the others wait.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, TryLockError};
use std::time::Duration;

use ground::parallel::forks;
use lookalike::Error;
use pyo3::prelude::*;

use crate::errors::{lost_in_a_fork, raised};

/// A lock that cannot hang in a forked process.
pub(crate) struct Shared<T> {
    value: Mutex<T>,
    /// In which process of a line of forks it was locked last.
    process: AtomicUsize,
}

/// The error of a value that another thread had locked when this process was forked: that thread
/// does not exist here, so nothing will unlock it.
pub(crate) struct Lost;

/// What came of work on a shared thing.
pub(crate) fn told<R>(py: Python<'_>, result: Result<Result<R, Error>, Lost>) -> PyResult<R> {
    result.map_err(|Lost| lost_in_a_fork(py))?.map_err(|error| raised(py, &error))
}

impl<T> Shared<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { value: Mutex::new(value), process: AtomicUsize::new(forks()) }
    }

    /// Waits for its turn and does `work`.
    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> Result<R, Lost> {
        let mut guard = match self.value.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(error)) => error.into_inner(),
            Err(TryLockError::WouldBlock) => {
                // Another thread of this process says so as soon as it has the lock.
                std::thread::sleep(Duration::from_millis(1));
                if self.process.load(Ordering::SeqCst) != forks() {
                    return Err(Lost);
                }
                self.value.lock().unwrap_or_else(PoisonError::into_inner)
            }
        };
        self.process.store(forks(), Ordering::SeqCst);
        Ok(work(&mut guard))
    }
}
