use std::io::Cursor;
use std::sync::{Condvar, Mutex, PoisonError};

use image::ImageReader;

use crate::decode::quietly;

/// Bytes that a pixel takes while it is decoded, at worst: a PNG of 16 bits and four channels has
/// eight, and three are its colours.
const PIXEL: u64 = 11;

/// Memory for pictures that are decoded at the same time: one of 40 million pixels takes up to 370
/// MiB, so that two at once, on two threads, would take more than many a small machine has. A thread
/// takes a [`Room`] before it decodes and keeps it as long as it has the picture; it waits where
/// there is none. What is larger than all there is goes alone.
#[derive(Debug)]
struct Rooms {
    all: u64,
    taken: Mutex<u64>,
    freed: Condvar,
}

/// In bytes: one large picture, or dozens of ordinary ones.
static ROOMS: Rooms = Rooms::new(400 << 20);

impl Rooms {
    const fn new(all: u64) -> Self {
        Self { all, taken: Mutex::new(0), freed: Condvar::new() }
    }

    fn take(&'static self, bytes: u64) -> Room {
        let bytes = bytes.min(self.all);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        while *taken + bytes > self.all {
            taken = self.freed.wait(taken).unwrap_or_else(PoisonError::into_inner);
        }
        *taken += bytes;
        Room { of: self, bytes }
    }
}

/// Memory to decode a picture in and to keep it, given back when dropped. A thread that has one
/// must not ask for another, or it may wait for itself.
#[derive(Debug)]
#[must_use = "it is given back at once"]
pub struct Room {
    of: &'static Rooms,
    bytes: u64,
}

impl Room {
    /// Waits until there is room for the picture that this file holds, by the size in its header;
    /// what has none takes none.
    pub fn for_picture(file: &[u8]) -> Self {
        let size = || {
            let reader = ImageReader::new(Cursor::new(file)).with_guessed_format().ok()?;
            reader.into_dimensions().ok()
        };
        let (width, height) = quietly(size).ok().flatten().unwrap_or((0, 0));
        ROOMS.take((u64::from(width) * u64::from(height)).saturating_mul(PIXEL))
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        *self.of.taken.lock().unwrap_or_else(PoisonError::into_inner) -= self.bytes;
        self.of.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::{PIXEL, Room, Rooms};

    /// What threads that each take so many bytes hold together at most.
    fn most(rooms: &'static Rooms, each: u64) -> u64 {
        let (held, most) = (AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let room = rooms.take(each);
                        let now = held.fetch_add(each, Ordering::SeqCst) + each;
                        most.fetch_max(now, Ordering::SeqCst);
                        std::thread::yield_now();
                        held.fetch_sub(each, Ordering::SeqCst);
                        drop(room);
                    }
                });
            }
        });
        assert_eq!(*rooms.taken.lock().unwrap(), 0, "all is given back");
        most.into_inner()
    }

    #[test]
    fn no_more_is_held_than_there_is_and_what_is_too_large_goes_alone() {
        static ROOMS: Rooms = Rooms::new(100);
        assert!(most(&ROOMS, 30) <= 90);
        assert_eq!(most(&ROOMS, 60), 60);
        assert_eq!(most(&ROOMS, 500), 500);
    }

    #[test]
    fn a_picture_takes_what_its_header_says_and_what_is_none_takes_nothing() {
        for format in [image::ImageFormat::Png, image::ImageFormat::Jpeg, image::ImageFormat::Bmp] {
            let mut file = std::io::Cursor::new(vec![]);
            image::RgbImage::new(300, 200).write_to(&mut file, format).unwrap();
            assert_eq!(Room::for_picture(&file.into_inner()).bytes, 300 * 200 * PIXEL);
        }
        for file in [&b""[..], b"<html>", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xc0\0"] {
            assert_eq!(Room::for_picture(file).bytes, 0);
        }
    }
}
