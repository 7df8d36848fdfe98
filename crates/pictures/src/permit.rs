//! Permits to decode, so that many threads on large pictures stay within a memory budget.

use std::sync::{Condvar, Mutex, PoisonError};

use ground::parallel;

use crate::Detail;
use crate::decode::cost::BUDGET;
use crate::decode::memory;

/// The memory that pictures being decoded may take together. A thread acquires a [`DecodePermit`]
/// before it decodes and holds it as long as it holds the picture; it blocks while the budget is
/// exhausted. What asks for more than there is gets all of it, alone.
#[derive(Debug)]
struct DecodeBudget {
    all: u64,
    taken: Mutex<u64>,
    freed: Condvar,
}

/// A budget for each of the latest processes in a line of forks: what threads of a parent held when a
/// child was forked is never returned in the child.
static ALL: [DecodeBudget; 8] = [const { DecodeBudget::new(BUDGET) }; 8];

impl DecodeBudget {
    const fn new(all: u64) -> Self {
        Self { all, taken: Mutex::new(0), freed: Condvar::new() }
    }

    fn acquire(&'static self, bytes: u64) -> DecodePermit {
        let bytes = bytes.min(self.all);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        while *taken + bytes > self.all {
            taken = self.freed.wait(taken).unwrap_or_else(PoisonError::into_inner);
        }
        *taken += bytes;
        DecodePermit { of: self, bytes }
    }
}

/// Permission to decode a picture and to hold it, returned when dropped. A thread must not acquire
/// a second one, or it may wait for itself.
#[derive(Debug)]
#[must_use = "it is returned at once"]
pub struct DecodePermit {
    of: &'static DecodeBudget,
    bytes: u64,
}

impl DecodePermit {
    /// Blocks until the budget admits the picture in this file, by the size in its header. A file
    /// without such a header takes nothing but its own size.
    pub fn for_picture(file: &[u8], detail: Detail) -> Self {
        Self::for_beginning(file, file.len() as u64, detail)
    }

    /// The same for a file of so many bytes of which only the beginning is there.
    pub(crate) fn for_beginning(file: &[u8], length: u64, detail: Detail) -> Self {
        ALL[parallel::forks() % ALL.len()].acquire(memory(file, detail).saturating_add(length))
    }
}

impl Drop for DecodePermit {
    fn drop(&mut self) {
        *self.of.taken.lock().unwrap_or_else(PoisonError::into_inner) -= self.bytes;
        self.of.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::{DecodeBudget, DecodePermit};
    use crate::Detail;

    /// The most that threads hold together if each takes so many bytes.
    fn most(budget: &'static DecodeBudget, each: u64) -> u64 {
        let (held, most) = (AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let permit = budget.acquire(each);
                        let now = held.fetch_add(each, Ordering::SeqCst) + each;
                        most.fetch_max(now, Ordering::SeqCst);
                        std::thread::yield_now();
                        held.fetch_sub(each, Ordering::SeqCst);
                        drop(permit);
                    }
                });
            }
        });
        assert_eq!(*budget.taken.lock().unwrap(), 0, "all is returned");
        most.into_inner()
    }

    #[test]
    fn the_budget_is_never_exceeded_and_a_larger_picture_is_decoded_alone() {
        static BUDGET: DecodeBudget = DecodeBudget::new(100);
        assert!(most(&BUDGET, 30) <= 90);
        assert_eq!(most(&BUDGET, 60), 60);
        assert_eq!(most(&BUDGET, 500), 500);
    }

    #[test]
    fn a_picture_takes_what_its_header_says_and_other_files_their_own_size() {
        let taken = |file: &[u8], detail| DecodePermit::for_picture(file, detail).bytes;
        let pixels = 320 * 200;
        for (format, whole, small) in [
            (image::ImageFormat::Png, 3 * pixels, 3 * pixels),
            (image::ImageFormat::Bmp, 4 * pixels, 4 * pixels),
            (image::ImageFormat::Jpeg, 9 * pixels, 9 * pixels / 16),
        ] {
            let mut file = std::io::Cursor::new(vec![]);
            image::RgbImage::new(320, 200).write_to(&mut file, format).unwrap();
            let file = file.into_inner();
            let length = file.len() as u64;
            assert_eq!(taken(&file, Detail::Whole), whole + length);
            assert_eq!(taken(&file, Detail::ShortSide(25)), small + length);
        }
        for file in [&b""[..], b"<html>", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xc0\0"] {
            assert_eq!(taken(file, Detail::Whole), file.len() as u64);
        }
    }
}
