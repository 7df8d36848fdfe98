//! The scans of a JPEG to planes of pixels, at full size or at a part of it.

use super::anatomy::{Frame, Segment, number, segment};
use super::bits::{Bits, Wrong};
use super::huffman::Table;
use super::idct::{PLACES, Waves};
use super::planes::Plane;
use super::progressive::{Band, Kept};

/// What scans need beside their data.
pub(super) struct Scans<'a> {
    bytes: &'a [u8],
    frame: &'a Frame,
    /// By the number of the coefficient.
    quantisers: [Option<[u16; 64]>; 4],
    dc: [Option<Table>; 4],
    ac: [Option<Table>; 4],
    interval: usize,
    planes: Vec<Plane>,
    /// Whether a channel has had its mean levels.
    seen: Vec<bool>,
    waves: Waves,
}

/// A channel of a scan, and its tables.
struct Part {
    channel: usize,
    dc: usize,
    ac: usize,
}

impl<'a> Scans<'a> {
    /// For a frame, at so many eighths of its size (1, 2, 4 or 8).
    pub(super) fn new(bytes: &'a [u8], frame: &'a Frame, eighths: usize) -> Self {
        let planes = (0..frame.channels.len()).map(|c| Plane::new(frame, c, eighths)).collect();
        Self {
            bytes,
            frame,
            quantisers: [None; 4],
            dc: [const { None }; 4],
            ac: [const { None }; 4],
            interval: 0,
            planes,
            seen: vec![false; frame.channels.len()],
            waves: Waves::new(),
        }
    }

    /// Decodes all scans; a plane of each channel.
    pub(super) fn run(mut self) -> Result<Vec<Plane>, Wrong> {
        let frame = self.frame;
        let mut kept: Vec<Kept> = if frame.progressive {
            self.planes.iter().map(|plane| Kept::new(plane.grid(), plane.size())).collect()
        } else {
            vec![]
        };
        let mut at = 2;
        while let Some(Segment { marker, content, end }) = segment(self.bytes, at) {
            at = end;
            match marker {
                0xd9 => break,
                0xc4 => self.codes(content)?,
                0xdb => self.quantisers(content)?,
                0xdd => self.interval = usize::from(number(content, 0).unwrap_or(0)),
                0xda => {
                    let scan = frame.scan(content).map_err(Wrong)?;
                    let parts = parts(&scan, content);
                    if frame.progressive {
                        self.progressive(content, &parts, end, &mut kept)?;
                    } else {
                        self.sequential(&parts, end)?;
                    }
                }
                _ => {}
            }
        }
        if self.seen.contains(&false) {
            return Err(Wrong("a channel without a scan"));
        }
        for (channel, kept) in kept.iter().enumerate() {
            let (plane, quantiser) =
                (&mut self.planes[channel], self.quantisers[frame.channels[channel].quantiser]);
            kept.pixels(&quantiser.ok_or(NO_TABLE)?, &self.waves, plane);
        }
        Ok(self.planes)
    }

    fn quantisers(&mut self, mut content: &[u8]) -> Result<(), Wrong> {
        while let [head, rest @ ..] = content {
            let width = if head >> 4 == 0 { 1 } else { 2 };
            let (place, numbers) = (usize::from(head & 15), rest.get(..64 * width));
            let (true, Some(numbers)) = (place < 4, numbers) else {
                return Err(Wrong("a broken table of quantisers"));
            };
            let of = |number: usize| match width {
                1 => u16::from(numbers[number]),
                _ => u16::from_be_bytes([numbers[2 * number], numbers[2 * number + 1]]),
            };
            self.quantisers[place] = Some(std::array::from_fn(of));
            content = &rest[64 * width..];
        }
        Ok(())
    }

    fn codes(&mut self, mut content: &[u8]) -> Result<(), Wrong> {
        const BROKEN: Wrong = Wrong("a broken table of codes");
        while let [head, rest @ ..] = content {
            let counts: &[u8; 16] = rest.first_chunk().ok_or(BROKEN)?;
            let sum = counts.iter().map(|&count| usize::from(count)).sum::<usize>();
            let symbols = rest.get(16..16 + sum).ok_or(BROKEN)?;
            let (kind, place) = (head >> 4, usize::from(head & 15));
            let tables = match kind {
                // A difference of mean levels has at most 11 bits, and 15 in what some write.
                0 if symbols.iter().all(|&symbol| symbol < 16) => &mut self.dc,
                1 => &mut self.ac,
                _ => return Err(BROKEN),
            };
            *tables.get_mut(place).ok_or(BROKEN)? = Some(Table::new(counts, symbols)?);
            content = &rest[16 + sum..];
        }
        Ok(())
    }

    /// Decodes a scan whose blocks come whole, and turns each into pixels at once.
    fn sequential(&mut self, parts: &[Part], at: usize) -> Result<(), Wrong> {
        for &Part { channel, ac, .. } in parts {
            if std::mem::replace(&mut self.seen[channel], true) {
                return Err(Wrong("a second scan of a channel"));
            }
            if self.planes[channel].last() < 63 {
                self.ac[ac].iter_mut().for_each(Table::learn_to_skip);
            }
        }
        let (frame, planes, waves) = (self.frame, &mut self.planes, &self.waves);
        let mut tables = Vec::new();
        for &Part { channel, dc, ac } in parts {
            let quantiser = self.quantisers[frame.channels[channel].quantiser].as_ref();
            let (dc, ac) = (self.dc[dc].as_ref(), self.ac[ac].as_ref());
            tables.push(quantiser.zip(dc).zip(ac).ok_or(NO_TABLE)?);
        }
        let mut means = [0; 4];
        let mut bits = Bits::new(self.bytes, at);
        each_block(frame, parts, self.interval, &mut bits, &mut means, |bits, means, place| {
            let ((quantiser, dc), ac) = tables[place.part];
            let plane = &mut planes[place.channel];
            let mut block = [0.0; 64];
            whole_block(bits, dc, ac, quantiser, plane.last(), &mut means[place.part], &mut block)?;
            let (size, stride) = (plane.size(), plane.stride());
            waves.pixels(&block, size, plane.block(place.across, place.down), stride);
            Ok(())
        })?;
        bits.finish()
    }

    /// Decodes a scan that has some bits of some coefficients.
    fn progressive(
        &mut self,
        header: &[u8],
        parts: &[Part],
        at: usize,
        kept: &mut [Kept],
    ) -> Result<(), Wrong> {
        let band = Band::of(&header[1 + 2 * parts.len()..], parts.len())?;
        if band.is_fine() && !parts.iter().any(|part| self.planes[part.channel].last() > 0) {
            // At an eighth of the size only the mean levels count.
            return Ok(());
        }
        if !band.is_fine() && band.is_first() {
            parts.iter().for_each(|part| self.seen[part.channel] = true);
        }
        let mut tables = Vec::new();
        for part in parts {
            let table = if band.is_fine() { &self.ac[part.ac] } else { &self.dc[part.dc] };
            // The later bits of mean levels are not coded.
            let needed = band.is_fine() || band.is_first();
            tables.push(if needed { Some(table.as_ref().ok_or(NO_TABLE)?) } else { None });
        }
        let mut state = State::default();
        let mut bits = Bits::new(self.bytes, at);
        each_block(
            self.frame,
            parts,
            self.interval,
            &mut bits,
            &mut state,
            |bits, state, place| {
                let kept = &mut kept[place.channel];
                let block = kept.block(place.across, place.down);
                match tables[place.part] {
                    Some(table) if band.is_fine() => {
                        band.fine(bits, table, kept, block, &mut state.run)
                    }
                    Some(table) => {
                        band.mean(bits, table, kept, block, &mut state.means[place.part])
                    }
                    None => {
                        band.mean_bit(bits, kept, block);
                        Ok(())
                    }
                }
            },
        )?;
        bits.finish()
    }
}

/// What passes from block to block in a progressive scan.
#[derive(Default)]
struct State {
    means: [i32; 4],
    /// Blocks that have nothing more in this band.
    run: u32,
}

const NO_TABLE: Wrong = Wrong("a table is missing");

fn parts(scan: &[usize], header: &[u8]) -> Vec<Part> {
    let part = |(place, &channel): (usize, &usize)| {
        let tables = header[2 + 2 * place];
        Part { channel, dc: usize::from(tables >> 4 & 3), ac: usize::from(tables & 3) }
    };
    scan.iter().enumerate().map(part).collect()
}

/// A block of a scan.
struct Place {
    /// Which of the scan's channels it belongs to …
    part: usize,
    /// … which is this one of the frame's …
    channel: usize,
    /// … and where it is there, in blocks.
    across: usize,
    down: usize,
}

/// Goes through the blocks of a scan in their order. What passes from one to the next begins anew
/// after each restart marker.
fn each_block<S: Default>(
    frame: &Frame,
    parts: &[Part],
    interval: usize,
    bits: &mut Bits<'_>,
    state: &mut S,
    mut see: impl FnMut(&mut Bits<'_>, &mut S, Place) -> Result<(), Wrong>,
) -> Result<(), Wrong> {
    let alone = parts.len() == 1;
    let [units, rows] = if alone { frame.blocks(parts[0].channel) } else { frame.units() };
    let sampled = |part: &Part| if alone { [1, 1] } else { frame.channels[part.channel].sampling };
    let shapes: Vec<_> = parts.iter().map(|part| (part.channel, sampled(part))).collect();
    let mut until = interval;
    for row in 0..rows {
        for unit in 0..units {
            if interval > 0 {
                if until == 0 {
                    bits.restart()?;
                    *state = S::default();
                    until = interval;
                }
                until -= 1;
            }
            for (part, &(channel, [across, down])) in shapes.iter().enumerate() {
                for y in 0..down {
                    for x in 0..across {
                        bits.ready()?;
                        let (across, down) = (unit * across + x, row * down + y);
                        see(bits, state, Place { part, channel, across, down })?;
                    }
                }
            }
        }
    }
    Ok(())
}

/// Reads a block, of which the coefficients up to number `last` are wanted.
#[inline]
fn whole_block(
    bits: &mut Bits<'_>,
    dc: &Table,
    ac: &Table,
    quantiser: &[u16; 64],
    last: usize,
    mean: &mut i32,
    block: &mut [f32; 64],
) -> Result<(), Wrong> {
    let size = dc.symbol(bits)?;
    *mean = mean.wrapping_add(bits.signed(u32::from(size)));
    block[0] = *mean as f32 * f32::from(quantiser[0]);
    let mut at = 1;
    while at <= last {
        let symbol = ac.symbol(bits)?;
        let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
        if size == 0 {
            if run < 15 {
                return Ok(());
            }
            at += 16;
            continue;
        }
        at += run;
        if at > 63 {
            return Err(Wrong("a block of too many coefficients"));
        }
        let value = bits.signed(size);
        block[usize::from(PLACES[at])] = value as f32 * f32::from(quantiser[at]);
        at += 1;
    }
    if at > 64 {
        return Err(Wrong("a block of too many coefficients"));
    }
    if last < 63 { ac.skip(bits, at) } else { Ok(()) }
}
