//! Permits to decode, so that many threads on large pictures stay within a memory budget.

use std::io::Cursor;
use std::sync::{Condvar, Mutex, PoisonError};

use image::ImageReader;

use crate::decode::quietly;

/// Bytes per pixel while decoding, at worst: eight in a PNG of 16 bits and four channels, and three
/// for the RGB8 result.
const PIXEL: u64 = 11;

/// The memory that pictures being decoded may take together. A picture of 40 million pixels takes
/// up to 370 MiB, so two at once would take more than many a small machine has. A thread acquires a
/// [`DecodePermit`] before it decodes and holds it as long as it holds the picture; it blocks while
/// the budget is exhausted. A picture larger than the whole budget is decoded alone.
#[derive(Debug)]
struct DecodeBudget {
    all: u64,
    taken: Mutex<u64>,
    freed: Condvar,
}

/// 400 MiB: one large picture, or dozens of ordinary ones.
static BUDGET: DecodeBudget = DecodeBudget::new(400 << 20);

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
    /// without such a header takes nothing.
    pub fn for_picture(file: &[u8]) -> Self {
        let size = || {
            let reader = ImageReader::new(Cursor::new(file)).with_guessed_format().ok()?;
            reader.into_dimensions().ok()
        };
        let (width, height) = quietly(size).ok().flatten().unwrap_or((0, 0));
        BUDGET.acquire((u64::from(width) * u64::from(height)).saturating_mul(PIXEL))
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

    use super::{DecodeBudget, DecodePermit, PIXEL};

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
    fn a_picture_takes_what_its_header_says_and_other_files_take_nothing() {
        for format in [image::ImageFormat::Png, image::ImageFormat::Jpeg, image::ImageFormat::Bmp] {
            let mut file = std::io::Cursor::new(vec![]);
            image::RgbImage::new(300, 200).write_to(&mut file, format).unwrap();
            assert_eq!(DecodePermit::for_picture(&file.into_inner()).bytes, 300 * 200 * PIXEL);
        }
        for file in [&b""[..], b"<html>", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xc0\0"] {
            assert_eq!(DecodePermit::for_picture(file).bytes, 0);
        }
    }
}
