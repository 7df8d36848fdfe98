//! What the bytes tell before a decoder sees them: whether the file reaches its end, and, where
//! the decoder would not say it plainly, the size.

use std::borrow::Cow;

use super::orient::raw_profile;
use super::reason::Reason;

/// A number of four bytes at `offset`, most significant first.
fn big(bytes: &[u8], offset: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(offset..offset.checked_add(4)?)?.try_into().ok()?))
}

/// Whether the segments and scans of a JPEG reach its closing marker. What follows that, as after
/// the first of several pictures in a file, does not count.
pub(super) fn jpeg(bytes: &[u8]) -> bool {
    let mut at = 2;
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr(0xff, rest)) {
        at += found + 1;
        match bytes.get(at) {
            Some(0xd9) => return true,
            // Stuffing, filling, restart and other markers without content.
            None | Some(0 | 1 | 0xd0..=0xd8 | 0xff) => {}
            Some(_) => {
                let length = bytes.get(at + 1..at + 3).map(|length| [length[0], length[1]]);
                at += 1 + length.map_or(0, |length| usize::from(u16::from_be_bytes(length)));
            }
        }
    }
    false
}

/// The chunk that closes a PNG: no data, and their checksum.
const CLOSING: &[u8] = b"\0\0\0\0IEND\xaeB`\x82";

/// What the chunks of a PNG tell.
pub(super) struct PngParts<'a> {
    /// Width and height.
    pub(super) size: (u32, u32),
    /// The EXIF block, which may stand behind the pixels, where the decoder does not look, or in a
    /// text.
    pub(super) exif: Option<Cow<'a, [u8]>>,
    pub(super) xmp: Option<&'a [u8]>,
    /// What is missing of the closing chunk, if the file does not end before that.
    pub(super) missing: Option<&'static [u8]>,
}

/// Walks the chunks of a PNG.
pub(super) fn png(bytes: &[u8]) -> Result<PngParts<'_>, Reason> {
    let size = big(bytes, 16).zip(big(bytes, 20)).ok_or(Reason::CutOff)?;
    let mut parts = PngParts { size, exif: None, xmp: None, missing: None };
    let (mut at, mut text, mut rows) = (8, None, false);
    // A chunk is length, name, data, checksum.
    while let Some(length) = big(bytes, at) {
        let data = at + 8..(at + 8).saturating_add(length as usize);
        if bytes.len() < data.end.saturating_add(4) {
            break;
        }
        let content = &bytes[data.clone()];
        match &bytes[at + 4..at + 8] {
            b"eXIf" => parts.exif = Some(content.into()),
            b"tEXt" => text = text.or_else(|| raw_profile(content, false)),
            b"zTXt" => text = text.or_else(|| raw_profile(content, true)),
            b"iTXt" if content.starts_with(b"XML:com.adobe.xmp\0") => parts.xmp = Some(content),
            b"IDAT" => rows = true,
            b"IEND" => {
                parts.missing = Some(&[]);
                break;
            }
            _ => {}
        }
        at = data.end + 4;
    }
    let rest = bytes.get(at..).unwrap_or(&[]);
    if parts.missing.is_none() && rows && CLOSING.starts_with(rest) {
        parts.missing = Some(&CLOSING[rest.len()..]);
    }
    parts.exif = parts.exif.or(text.map(Cow::Owned));
    Ok(parts)
}

/// Whether a WebP holds as many bytes as its RIFF header declares.
pub(super) fn webp(bytes: &[u8]) -> bool {
    big(bytes, 4).is_some_and(|size| bytes.len() as u64 >= u64::from(size.swap_bytes()) + 8)
}

/// The size that a BMP declares: two bytes a side in the oldest header, else four, the height
/// negative where rows come from the top.
pub(super) fn bmp_size(bytes: &[u8]) -> Option<(u32, u32)> {
    if big(bytes, 14)?.swap_bytes() == 12 {
        let side = big(bytes, 18)?.swap_bytes();
        return Some((side & 0xffff, side >> 16));
    }
    let side = |offset| Some((big(bytes, offset)?.swap_bytes() as i32).unsigned_abs());
    side(18).zip(side(22))
}

/// Whether the runs of a compressed BMP go on to its last row; others are whole if all bytes are.
pub(super) fn bmp_runs(bytes: &[u8], (width, height): (u32, u32)) -> bool {
    let compressed = match (big(bytes, 14).map(u32::swap_bytes), big(bytes, 30)) {
        (Some(40..), Some(kind)) => kind.swap_bytes(),
        _ => 0,
    };
    // Runs of whole bytes, or of half ones.
    let halves = match compressed {
        1 => 1,
        2 => 2,
        _ => return true,
    };
    let start = big(bytes, 10).map_or(0, u32::swap_bytes) as usize;
    let mut codes = bytes.get(start..).unwrap_or(&[]).iter().copied();
    let (mut x, mut y) = (0, 0);
    let mut walk = || {
        // The closing code may be missing where nothing does.
        while y + 1 < height || x < width {
            match (codes.next()?, codes.next()?) {
                (0, 0) => (x, y) = (0, y + 1),
                (0, 1) => return Some(()),
                (0, 2) => {
                    x += u32::from(codes.next()?);
                    y += u32::from(codes.next()?);
                }
                (0, count) => {
                    x += u32::from(count);
                    // As they are, filled up to an even number of bytes.
                    let length = usize::from(count).div_ceil(halves).next_multiple_of(2);
                    codes.nth(length - 1)?;
                }
                (count, _) => x += u32::from(count),
            }
        }
        Some(())
    };
    walk().is_some()
}

/// Whether the blocks of a GIF reach its closing byte, or end whole behind a frame.
pub(super) fn gif(bytes: &[u8]) -> bool {
    // A colour table has 3 × 2^(n + 1) bytes, if its flag is set.
    let table = |flags: u8| if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) };
    let walk = || {
        let mut at = 13 + table(*bytes.get(10)?);
        let mut frame = false;
        loop {
            if frame && at == bytes.len() {
                return Some(());
            }
            let block = *bytes.get(at)?;
            match block {
                0x3b => return Some(()),
                0x2c => at += 11 + table(*bytes.get(at + 9)?), // picture, up to its code size
                0x21 => at += 2,                               // extension
                0 => {
                    // Some writers pad between blocks.
                    at += 1;
                    continue;
                }
                _ => return Some(()), // not cut off but broken, which the decoder judges
            }
            loop {
                let length = usize::from(*bytes.get(at)?);
                at += 1 + length;
                if length == 0 {
                    break;
                }
            }
            frame |= block == 0x2c;
        }
    };
    walk().is_some()
}
