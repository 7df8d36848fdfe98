//! Memory for numbers: aligned, zero at first, and in huge pages where the system gives them. A
//! walk over pixels that are kilobytes apart otherwise misses the processor's list of pages at
//! nearly every step.

use std::fmt;

#[cfg(target_family = "wasm")]
use lines::Map;
#[cfg(not(target_family = "wasm"))]
use memmap2::MmapMut as Map;

use crate::Element;

/// The same where the system maps no memory: whole cache lines of the heap.
#[cfg(target_family = "wasm")]
mod lines;

/// A block of zeros to begin with; it takes memory only where it is touched.
#[derive(Default)]
pub struct Memory {
    map: Option<Map>,
    bytes: usize,
}

/// A huge page on x86-64 and most of 64-bit Arm. WebAssembly has none, and little memory.
const HUGE: usize = if cfg!(target_family = "wasm") { 64 } else { 2 << 20 };

impl Memory {
    /// Room for so many numbers, aligned to a page, or to a cache line where there are no pages.
    ///
    /// # Panics
    /// When the system has no more memory.
    #[must_use]
    pub fn new<E: Element>(numbers: usize) -> Self {
        let bytes = numbers * size_of::<E>();
        if bytes == 0 {
            return Self::default();
        }
        let map = Map::map_anon(bytes);
        let map = map.unwrap_or_else(|error| panic!("no memory for {bytes} bytes: {error}"));
        #[cfg(target_os = "linux")]
        if bytes >= HUGE {
            // A wish; ordinary pages do as well.
            let _ = map.advise(memmap2::Advice::HugePage);
        }
        Self { map: Some(map), bytes }
    }

    /// Like [`Memory::new`], rounded up so that all of it can lie in huge pages: for what is walked
    /// over again and again.
    #[must_use]
    pub(crate) fn huge<E: Element>(numbers: usize) -> Self {
        Self::new::<E>((numbers * size_of::<E>()).next_multiple_of(HUGE) / size_of::<E>())
    }

    /// How many numbers there is room for.
    #[must_use]
    pub fn room<E: Element>(&self) -> usize {
        self.bytes / size_of::<E>()
    }

    /// All of the memory.
    #[must_use]
    pub fn as_slice<E: Element>(&self) -> &[E] {
        let Some(map) = &self.map else { return &[] };
        // SAFETY: the map begins on a page or a cache line, holds as many, and any bits are an `Element`.
        unsafe { std::slice::from_raw_parts(map.as_ptr().cast(), self.room::<E>()) }
    }

    /// Like [`Memory::as_slice`], for writing.
    pub fn as_mut_slice<E: Element>(&mut self) -> &mut [E] {
        let room = self.room::<E>();
        let Some(map) = &mut self.map else { return &mut [] };
        // SAFETY: as above; the map is borrowed as long as the slice is.
        unsafe { std::slice::from_raw_parts_mut(map.as_mut_ptr().cast(), room) }
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("bytes", &self.bytes).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::Memory;
    use crate::Bf16;

    #[test]
    fn holds_what_was_written_and_zeros_else() {
        for numbers in [0, 1, 70_000, 3 << 20] {
            let mut memory = Memory::new::<f32>(numbers);
            assert!(memory.room::<f32>() >= numbers && memory.room::<Bf16>() >= 2 * numbers);
            assert!(memory.as_slice::<f32>().iter().all(|&x| x == 0.0));
            if let Some(last) = memory.as_mut_slice::<f32>().last_mut() {
                *last = 1.0;
            }
            assert_eq!(memory.as_slice::<f32>().last().copied().unwrap_or(1.0), 1.0);
        }
    }
}
