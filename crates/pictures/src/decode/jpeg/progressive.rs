//! Blocks of a progressive JPEG, whose coefficients come in several scans, some bits at a time.

use super::bits::{Bits, Wrong};
use super::huffman::Table;
use super::idct::{PLACES, Waves};
use super::planes::Plane;

/// The coefficients of a channel that are wanted, and which of the others are not zero: what
/// later scans look like depends on that.
pub(super) struct Kept {
    /// Blocks in a row.
    across: usize,
    /// Coefficients of a block that are kept, and where each is, by its number.
    count: usize,
    slots: [u8; 64],
    values: Vec<i16>,
    /// A bit for each coefficient that is not zero, by number.
    set: Vec<u64>,
}

/// A coefficient that is not kept.
const NONE: u8 = 255;

impl Kept {
    /// Makes room for a channel of `across` × `down` blocks, drawn at `width` × `height` pixels each.
    pub(super) fn new([across, down]: [usize; 2], [width, height]: [usize; 2]) -> Self {
        let mut slots = [NONE; 64];
        for (slot, &place) in slots.iter_mut().zip(&PLACES) {
            let (x, y) = (usize::from(place % 8), usize::from(place / 8));
            if x < width && y < height {
                *slot = (y * width + x) as u8;
            }
        }
        let (count, blocks) = (width * height, across * down);
        // Where only mean levels are kept, nothing depends on the others.
        let set = vec![0; if count > 1 { blocks } else { 0 }];
        Self { across, count, slots, values: vec![0; blocks * count], set }
    }

    pub(super) fn block(&self, across: usize, down: usize) -> usize {
        down * self.across + across
    }

    /// Turns all blocks into pixels.
    pub(super) fn pixels(&self, quantiser: &[u16; 64], waves: &Waves, plane: &mut Plane) {
        let (size, stride) = (plane.size(), plane.stride());
        let kept = (0..64).filter(|&number| self.slots[number] != NONE);
        let kept: Vec<_> = kept
            .map(|n| (usize::from(self.slots[n]), usize::from(PLACES[n]), f32::from(quantiser[n])))
            .collect();
        for (number, values) in self.values.chunks_exact(self.count).enumerate() {
            let mut block = [0.0; 64];
            for &(slot, place, quantiser) in &kept {
                block[place] = f32::from(values[slot]) * quantiser;
            }
            let (across, down) = (number % self.across, number / self.across);
            waves.pixels(&block, size, plane.block(across, down), stride);
        }
    }

    fn put(&mut self, block: usize, number: usize, value: i32) {
        if self.slots[number] != NONE {
            self.values[block * self.count + usize::from(self.slots[number])] = value as i16;
        }
    }

    /// One more bit of a coefficient that is not zero: away from zero.
    fn correct(&mut self, block: usize, number: usize, bit: i16) {
        if self.slots[number] != NONE {
            let value = &mut self.values[block * self.count + usize::from(self.slots[number])];
            *value = value.wrapping_add(if *value < 0 { -bit } else { bit });
        }
    }
}

/// Which coefficients and which of their bits a scan has.
pub(super) struct Band {
    first: usize,
    last: usize,
    /// The bit that was coded before, 0 where none was …
    before: u32,
    /// … and the lowest that is coded now.
    bit: u32,
}

impl Band {
    /// By the end of a scan's header.
    pub(super) fn of(header: &[u8], channels: usize) -> Result<Self, Wrong> {
        let &[first, last, bits, ..] = header else {
            return Err(Wrong("a scan with a short header"));
        };
        let (before, bit) = (u32::from(bits >> 4), u32::from(bits & 15));
        let band = Self { first: first.into(), last: last.into(), before, bit };
        let sound =
            if first == 0 { last == 0 } else { first <= last && last < 64 && channels == 1 };
        if !sound || bit > 13 || (before > 0 && before != bit + 1) {
            return Err(Wrong("a scan of bits that do not exist"));
        }
        Ok(band)
    }

    /// Whether it has other coefficients than the mean level.
    pub(super) fn is_fine(&self) -> bool {
        self.first > 0
    }

    /// Whether it has the first bits of its coefficients.
    pub(super) fn is_first(&self) -> bool {
        self.before == 0
    }

    /// The first bits of a block's mean level.
    pub(super) fn mean(
        &self,
        bits: &mut Bits<'_>,
        table: &Table,
        kept: &mut Kept,
        block: usize,
        mean: &mut i32,
    ) -> Result<(), Wrong> {
        let size = table.symbol(bits)?;
        *mean = mean.wrapping_add(bits.signed(u32::from(size)));
        kept.put(block, 0, *mean << self.bit);
        Ok(())
    }

    /// One more bit of a block's mean level.
    pub(super) fn mean_bit(&self, bits: &mut Bits<'_>, kept: &mut Kept, block: usize) {
        if bits.bit() {
            kept.values[block * kept.count] |= 1 << self.bit;
        }
    }

    /// The bits of a block's other coefficients; `run` counts blocks without any.
    pub(super) fn fine(
        &self,
        bits: &mut Bits<'_>,
        table: &Table,
        kept: &mut Kept,
        block: usize,
        run: &mut u32,
    ) -> Result<(), Wrong> {
        if kept.set.is_empty() {
            return Ok(());
        }
        if self.is_first() {
            self.fine_first(bits, table, kept, block, run)
        } else {
            self.fine_more(bits, table, kept, block, run)
        }
    }

    fn fine_first(
        &self,
        bits: &mut Bits<'_>,
        table: &Table,
        kept: &mut Kept,
        block: usize,
        run: &mut u32,
    ) -> Result<(), Wrong> {
        if *run > 0 {
            *run -= 1;
            return Ok(());
        }
        let mut at = self.first;
        while at <= self.last {
            let symbol = table.symbol(bits)?;
            let (zeros, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
            if size == 0 {
                if zeros < 15 {
                    *run = (1 << zeros) - 1 + bits.number(zeros) as u32;
                    return Ok(());
                }
                at += 16;
                continue;
            }
            at += zeros as usize;
            if at > self.last {
                return Err(TOO_MANY);
            }
            let value = bits.signed(size) << self.bit;
            kept.put(block, at, value);
            kept.set[block] |= 1 << at;
            at += 1;
        }
        Ok(())
    }

    fn fine_more(
        &self,
        bits: &mut Bits<'_>,
        table: &Table,
        kept: &mut Kept,
        block: usize,
        run: &mut u32,
    ) -> Result<(), Wrong> {
        let bit = 1i16 << self.bit;
        let mut at = self.first;
        let before = kept.set[block];
        if *run == 0 {
            while at <= self.last {
                let symbol = table.symbol(bits)?;
                let (mut zeros, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
                let mut new = None;
                if size == 0 {
                    if zeros < 15 {
                        *run = (1 << zeros) + bits.number(zeros) as u32;
                        break;
                    }
                } else {
                    new = Some(if bits.number(1) == 1 { bit } else { -bit });
                }
                // Passes over so many zeros, and corrects what lies between them.
                while at <= self.last {
                    if before >> at & 1 == 1 {
                        if bits.bit() {
                            kept.correct(block, at, bit);
                        }
                    } else if zeros == 0 {
                        break;
                    } else {
                        zeros -= 1;
                    }
                    at += 1;
                }
                if let Some(value) = new {
                    if at > self.last {
                        return Err(TOO_MANY);
                    }
                    kept.put(block, at, value.into());
                    kept.set[block] |= 1 << at;
                }
                at += 1;
            }
        }
        if *run > 0 {
            let band = (u64::MAX >> (63 - self.last)) & (u64::MAX << at.min(63));
            let mut left = if at > self.last { 0 } else { before & band };
            while left != 0 {
                let number = left.trailing_zeros() as usize;
                left &= left - 1;
                if bits.bit() {
                    kept.correct(block, number, bit);
                }
            }
            *run -= 1;
        }
        Ok(())
    }
}

const TOO_MANY: Wrong = Wrong("a block of too many coefficients");
