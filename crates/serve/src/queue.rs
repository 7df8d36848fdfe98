//! A queue between threads: what is there is taken, and nobody waits for more.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A queue that can be closed.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    inner: Mutex<Inner<T>>,
    changed: Condvar,
}

#[derive(Debug)]
struct Inner<T> {
    waiting: VecDeque<T>,
    closed: bool,
}

impl<T> Queue<T> {
    pub(crate) fn new() -> Self {
        let inner = Inner { waiting: VecDeque::new(), closed: false };
        Self { inner: Mutex::new(inner), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds one; a closed queue drops it.
    pub(crate) fn push(&self, one: T) {
        let mut inner = self.lock();
        if !inner.closed {
            inner.waiting.push_back(one);
            self.changed.notify_one();
        }
    }

    /// Takes the first ones, at most so many; blocks while there is none. None are left of a closed queue.
    pub(crate) fn take(&self, most: usize) -> Vec<T> {
        let mut inner = self.lock();
        while inner.waiting.is_empty() && !inner.closed {
            inner = self.changed.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
        let count = inner.waiting.len().min(most);
        inner.waiting.drain(..count).collect()
    }

    /// From now on nothing is added, and whoever waits is told.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::Queue;

    #[test]
    fn what_is_there_is_taken_in_order_and_a_closed_queue_ends() {
        let queue = Queue::new();
        (0..5).for_each(|i| queue.push(i));
        assert_eq!(queue.take(3), [0, 1, 2]);
        assert_eq!(queue.take(3), [3, 4]);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| queue.take(3));
            queue.close();
            assert!(waiting.join().unwrap().is_empty());
        });
        queue.push(9);
        assert!(queue.take(1).is_empty());
    }
}
