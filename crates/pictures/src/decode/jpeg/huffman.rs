//! Huffman codes of a JPEG, looked up by the next bits.

use super::bits::{Bits, Wrong};

/// Bits by which codes are looked up; longer ones are rare.
const FAST: u32 = 10;
/// Bits by which several symbols are passed over at once.
const LONG: u32 = 12;

const UNKNOWN: Wrong = Wrong("a code that is not in its table");

/// A table of codes.
#[derive(Clone)]
pub(super) struct Table {
    /// Length of the code and its symbol; length 0 is a longer code.
    fast: Vec<(u8, u8)>,
    /// For each code length above the table's: the smallest 16 bits that begin a longer code, and what
    /// to add to a code to find its symbol.
    longer: [(u32, i32); 17],
    symbols: Vec<u8>,
    skips: Vec<Skip>,
}

/// What passing over some symbols of a block takes.
#[derive(Clone, Copy, Default)]
struct Skip {
    bits: u8,
    /// Coefficients that are done with.
    steps: u8,
    /// Whether the block ends.
    last: bool,
}

impl Table {
    /// By a table's header: the number of codes of each length, and their symbols.
    pub(super) fn new(counts: &[u8; 16], symbols: &[u8]) -> Result<Self, Wrong> {
        let mut fast = vec![(0, 0); 1 << FAST];
        let mut longer = [(0, 0); 17];
        let (mut code, mut index) = (0u32, 0usize);
        for length in 1..=16u32 {
            let count = u32::from(counts[length as usize - 1]);
            if code + count > 1 << length {
                return Err(Wrong("a table with more codes than there are"));
            }
            longer[length as usize].1 = index as i32 - code as i32;
            if length <= FAST {
                for (number, &symbol) in (code..).zip(&symbols[index..index + count as usize]) {
                    let from = (number as usize) << (FAST - length);
                    fast[from..from + (1 << (FAST - length))].fill((length as u8, symbol));
                }
            }
            code += count;
            index += count as usize;
            longer[length as usize].0 = code << (16 - length);
            code <<= 1;
        }
        Ok(Self { fast, longer, symbols: symbols.to_vec(), skips: vec![] })
    }

    /// Makes it able to [`skip`](Self::skip).
    pub(super) fn learn_to_skip(&mut self) {
        if !self.skips.is_empty() {
            return;
        }
        self.skips = (0..1usize << LONG)
            .map(|window| {
                let mut skip = Skip::default();
                loop {
                    let rest = (window << skip.bits) & ((1 << LONG) - 1);
                    let (length, symbol) = self.fast[rest >> (LONG - FAST)];
                    let (run, size) = (symbol >> 4, symbol & 15);
                    let bits = skip.bits + length + size;
                    if length == 0 || u32::from(bits) > LONG {
                        break skip;
                    }
                    skip.bits = bits;
                    if size == 0 && run < 15 {
                        skip.last = true;
                        break skip;
                    }
                    skip.steps += run + 1;
                }
            })
            .collect();
    }

    /// The next symbol. Leaves at least 40 bits to take.
    #[inline]
    pub(super) fn symbol(&self, bits: &mut Bits<'_>) -> Result<u8, Wrong> {
        bits.refill();
        let (length, symbol) = self.fast[bits.peek(FAST)];
        if length > 0 {
            bits.take(u32::from(length));
            return Ok(symbol);
        }
        self.long(bits)
    }

    #[cold]
    fn long(&self, bits: &mut Bits<'_>) -> Result<u8, Wrong> {
        let next = bits.peek(16) as u32;
        for length in FAST + 1..=16 {
            let (end, add) = self.longer[length as usize];
            if next < end {
                bits.take(length);
                let place = (next >> (16 - length)) as i32 + add;
                return self.symbols.get(place as usize).copied().ok_or(UNKNOWN);
            }
        }
        Err(UNKNOWN)
    }

    /// Passes over the coefficients of a block from number `at` on.
    #[inline]
    pub(super) fn skip(&self, bits: &mut Bits<'_>, mut at: usize) -> Result<(), Wrong> {
        while at < 64 {
            bits.refill();
            let skip = self.skips[bits.peek(LONG)];
            // What ends a block of all its coefficients is not coded; what follows is the next.
            if skip.bits > 0 && at + usize::from(skip.steps) < 64 {
                bits.take(u32::from(skip.bits));
                at += usize::from(skip.steps);
                if skip.last {
                    return Ok(());
                }
                continue;
            }
            let symbol = self.symbol(bits)?;
            let (run, size) = (symbol >> 4, u32::from(symbol & 15));
            if size == 0 && run < 15 {
                return Ok(());
            }
            bits.take(size);
            at += usize::from(run) + 1;
        }
        if at > 64 { Err(Wrong("a block of too many coefficients")) } else { Ok(()) }
    }
}
