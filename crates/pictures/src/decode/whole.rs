//! What the bytes tell before a decoder sees them: whether the file reaches its end, and, where
//! the decoder would not say it plainly, the size.

use super::Reason;

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

/// What the chunks of a PNG tell.
pub(super) struct PngParts<'a> {
    /// Width and height.
    pub(super) size: (u32, u32),
    /// The EXIF block, which may stand behind the pixels, where the decoder does not look.
    pub(super) exif: Option<&'a [u8]>,
    /// Whether the closing chunk is there.
    pub(super) whole: bool,
}

/// Walks the chunks of a PNG.
pub(super) fn png(bytes: &[u8]) -> Result<PngParts<'_>, Reason> {
    let size = big(bytes, 16).zip(big(bytes, 20)).ok_or(Reason::CutOff)?;
    let mut parts = PngParts { size, exif: None, whole: false };
    let mut at = 8;
    // A chunk is length, name, data, checksum.
    while let Some(length) = big(bytes, at) {
        let data = at + 8..(at + 8).saturating_add(length as usize);
        if bytes.len() < data.end.saturating_add(4) {
            break;
        }
        match &bytes[at + 4..at + 8] {
            b"eXIf" => parts.exif = Some(&bytes[data.clone()]),
            b"IEND" => {
                parts.whole = true;
                break;
            }
            _ => {}
        }
        at = data.end + 4;
    }
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

/// Whether the blocks of a GIF reach its closing byte.
pub(super) fn gif(bytes: &[u8]) -> bool {
    // A colour table has 3 × 2^(n + 1) bytes, if its flag is set.
    let table = |flags: u8| if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) };
    let walk = || {
        let mut at = 13 + table(*bytes.get(10)?);
        loop {
            match *bytes.get(at)? {
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
        }
    };
    walk().is_some()
}
