//! The bits of a scan: bytes between two markers, without the zeros that are stuffed in after 0xff.

/// A block takes at most 64 codes of 16 bits with 16 more each.
const BLOCK: usize = 64 * 4;
/// Bytes that are unstuffed at a time.
const WINDOW: usize = 1 << 15;

/// Why a scan cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wrong(pub(super) &'static str);

const SHORT: Wrong = Wrong("a scan ends before its blocks do");

/// Reads bits, the most significant first.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    /// The next byte to go into the window.
    next: usize,
    window: Vec<u8>,
    at: usize,
    /// The next bits, from the top.
    held: u64,
    count: u32,
    /// Where the data end in the window, once that is known; zeros follow.
    end: Option<usize>,
}

impl<'a> Bits<'a> {
    /// Reads the compressed data that begin at `next`.
    pub(super) fn new(bytes: &'a [u8], next: usize) -> Self {
        let mut window = Vec::new();
        window.reserve_exact(WINDOW + 8 * BLOCK);
        Self { bytes, next, window, at: 0, held: 0, count: 0, end: None }
    }

    /// To be called before each block: makes sure of the bits that it may take.
    #[inline]
    pub(super) fn ready(&mut self) -> Result<(), Wrong> {
        if self.window.len() - self.at < 2 * BLOCK { self.fill() } else { Ok(()) }
    }

    fn fill(&mut self) -> Result<(), Wrong> {
        if self.end.is_some() {
            return self.sound();
        }
        self.window.drain(..self.at);
        self.at = 0;
        while self.window.len() < WINDOW {
            let rest = self.bytes.get(self.next..).unwrap_or(&[]);
            let rest = &rest[..rest.len().min(WINDOW)];
            let Some(found) = memchr::memchr(0xff, rest) else {
                self.window.extend_from_slice(rest);
                self.next += rest.len();
                if rest.is_empty() {
                    self.close();
                    break;
                }
                continue;
            };
            self.window.extend_from_slice(&rest[..found]);
            self.next += found;
            if self.bytes.get(self.next + 1) == Some(&0) {
                self.window.push(0xff);
                self.next += 2;
            } else {
                self.close();
                break;
            }
        }
        Ok(())
    }

    /// Notes the end of the data.
    fn close(&mut self) {
        self.end = Some(self.window.len());
        self.window.resize(self.window.len() + 4 * BLOCK, 0);
    }

    /// Bits that are left, once the end is known; below zero where more were taken than there are.
    fn left(&self) -> Option<i64> {
        Some(8 * (self.end? as i64 - self.at as i64) + i64::from(self.count))
    }

    /// Whether no more bits were taken than there are.
    fn sound(&self) -> Result<(), Wrong> {
        if self.left().is_some_and(|left| left < 0) { Err(SHORT) } else { Ok(()) }
    }

    /// Makes at least 56 bits ready to be taken.
    #[inline]
    pub(super) fn refill(&mut self) {
        let Some(bytes) = self.window.get(self.at..).and_then(|rest| rest.first_chunk()) else {
            return;
        };
        self.held |= u64::from_be_bytes(*bytes) >> self.count;
        self.at += ((63 - self.count) >> 3) as usize;
        self.count |= 56;
    }

    /// The next bits, at most 32, without taking them.
    #[inline]
    pub(super) fn peek(&self, bits: u32) -> usize {
        (self.held >> (64 - bits)) as usize
    }

    /// Takes bits that were refilled.
    #[inline]
    pub(super) fn take(&mut self, bits: u32) {
        self.held <<= bits;
        self.count = self.count.wrapping_sub(bits);
    }

    /// A number of so many bits, at most 16, refilled.
    #[inline]
    pub(super) fn number(&mut self, bits: u32) -> i32 {
        // Two shifts, as one by 64 does not exist.
        let number = (self.held >> 1) >> (63 - bits);
        self.take(bits);
        number as i32
    }

    /// A signed number as JPEG codes its coefficients.
    #[inline]
    pub(super) fn signed(&mut self, bits: u32) -> i32 {
        let number = self.number(bits);
        // Below the half of its range it is negative.
        let negative = ((1 << bits) >> 1) > number;
        number - if negative { (1 << bits) - 1 } else { 0 }
    }

    /// One bit, refilled if need be.
    #[inline]
    pub(super) fn bit(&mut self) -> bool {
        if self.count == 0 {
            self.refill();
        }
        self.number(1) == 1
    }

    /// Goes behind the restart marker that must come now.
    pub(super) fn restart(&mut self) -> Result<(), Wrong> {
        const LOST: Wrong = Wrong("a restart marker is not where it belongs");
        self.sound()?;
        while self.end.is_none() {
            // What is left in front of the marker is filling at most.
            if self.window.len() - self.at > 2 * BLOCK {
                return Err(LOST);
            }
            self.fill()?;
        }
        self.sound()?;
        let left = self.left().unwrap_or(0);
        let marker = self.bytes.get(self.next..).unwrap_or(&[]);
        let filling = marker.iter().take_while(|&&byte| byte == 0xff).count();
        if left >= 16 || !matches!(marker.get(filling), Some(0xd0..=0xd7)) {
            return Err(LOST);
        }
        self.next += filling + 1;
        self.window.clear();
        (self.at, self.held, self.count, self.end) = (0, 0, 0, None);
        Ok(())
    }

    /// After the last block: whether all its bits were there.
    pub(super) fn finish(self) -> Result<(), Wrong> {
        self.sound()
    }
}
