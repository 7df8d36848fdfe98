//! What the bytes of a picture tell without decoding its pixels.

use serde::{Deserialize, Serialize};

#[cfg(feature = "heic")]
use crate::decode::heic;
use crate::decode::raw;
use crate::{Exif, Format};

/// Blocks, chunks and segments that are walked over at most: no sound file has more.
const STEPS: usize = 1 << 20;

/// The colour model of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Colour {
    /// One channel.
    Grey,
    /// Three channels, or two that stand for three.
    Rgb,
    /// A table of colours.
    Palette,
    /// Four inks.
    Cmyk,
}

/// What the header of a picture says, without decoding it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// By content, whatever the file is called.
    pub format: Format,
    /// Whether there is more than one frame.
    pub animated: bool,
    /// Its colour model.
    pub colour: Colour,
    /// Bits of a channel, or of a number in the table of colours.
    pub depth: u8,
    /// Whether it has transparency.
    pub alpha: bool,
    /// Whether it is a progressive JPEG.
    pub progressive: bool,
    /// Its EXIF block, if it has one.
    pub exif: Option<Exif>,
}

impl Header {
    fn plain(format: Format) -> Self {
        Self {
            format,
            animated: false,
            colour: Colour::Rgb,
            depth: 8,
            alpha: false,
            progressive: false,
            exif: None,
        }
    }
}

fn big(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn little(bytes: &[u8], at: usize) -> Option<u32> {
    big(bytes, at).map(u32::swap_bytes)
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

pub(super) fn of(bytes: &[u8], format: Format) -> Header {
    let mut header = Header::plain(format);
    // What is missing at the end is left as it is by default.
    let _ = match format {
        Format::Jpeg => jpeg(bytes, &mut header),
        Format::Png => png(bytes, &mut header),
        Format::WebP => webp(bytes, &mut header),
        Format::Gif => gif(bytes, &mut header),
        Format::Bmp => bmp(bytes, &mut header),
        Format::Tiff => tiff(bytes, &mut header),
        Format::Raw => raw::exif(bytes).map(|block| header.exif = Some(Exif::of(block))),
        #[cfg(feature = "heic")]
        Format::Heic => heic::exif(bytes).map(|block| header.exif = Some(Exif::of(&block))),
        _ => None,
    };
    header
}

fn jpeg(bytes: &[u8], header: &mut Header) -> Option<()> {
    let mut at = 2;
    for _ in 0..STEPS {
        at += bytes.get(at..)?.iter().position(|&byte| byte == 0xff)? + 1;
        let marker = *bytes.get(at)?;
        if matches!(marker, 0 | 1 | 0xd0..=0xd8 | 0xff) {
            continue;
        }
        let length = usize::from(half(bytes, at + 1)?.swap_bytes());
        let content = bytes.get(at + 3..(at + 1).checked_add(length)?)?;
        match marker {
            // Pixels begin, or the file ends.
            0xd9 | 0xda => return Some(()),
            0xe1 if content.starts_with(b"Exif\0\0") && header.exif.is_none() => {
                header.exif = Some(Exif::of(content));
            }
            // A frame; of the numbers around it, four are other tables.
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                header.depth = *content.first()?;
                header.progressive = matches!(marker, 0xc2 | 0xc6 | 0xca | 0xce);
                header.colour = match content.get(5)? {
                    1 => Colour::Grey,
                    4 => Colour::Cmyk,
                    _ => Colour::Rgb,
                };
            }
            _ => {}
        }
        at += 1 + length;
    }
    None
}

fn png(bytes: &[u8], header: &mut Header) -> Option<()> {
    header.depth = *bytes.get(24)?;
    let kind = *bytes.get(25)?;
    header.colour = match kind {
        0 | 4 => Colour::Grey,
        3 => Colour::Palette,
        _ => Colour::Rgb,
    };
    header.alpha = matches!(kind, 4 | 6);
    let mut at = 8;
    for _ in 0..STEPS {
        let length = big(bytes, at)? as usize;
        let end = (at + 8).checked_add(length)?;
        match bytes.get(at + 4..at + 8)? {
            b"acTL" => header.animated = big(bytes, at + 8)? > 1,
            b"tRNS" => header.alpha = true,
            b"eXIf" => header.exif = Some(Exif::of(bytes.get(at + 8..end)?)),
            b"IEND" => return Some(()),
            _ => {}
        }
        at = end.checked_add(4)?;
    }
    None
}

fn webp(bytes: &[u8], header: &mut Header) -> Option<()> {
    let mut at = 12;
    for _ in 0..STEPS {
        let length = little(bytes, at + 4)? as usize;
        let end = (at + 8).checked_add(length)?;
        match bytes.get(at..at + 4)? {
            b"VP8X" => {
                let flags = *bytes.get(at + 8)?;
                header.animated = flags & 0x02 != 0;
                header.alpha = flags & 0x10 != 0;
            }
            // After a mark of one byte: width and height of 14 bits each, and whether there is alpha.
            b"VP8L" => header.alpha |= little(bytes, at + 9)? >> 28 & 1 != 0,
            b"EXIF" => header.exif = Some(Exif::of(bytes.get(at + 8..end)?)),
            _ => {}
        }
        at = end.checked_add(length % 2)?;
    }
    None
}

fn gif(bytes: &[u8], header: &mut Header) -> Option<()> {
    header.colour = Colour::Palette;
    let table = |flags: u8| if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) };
    let mut at = 13 + table(*bytes.get(10)?);
    let mut frames = 0;
    for _ in 0..STEPS {
        match *bytes.get(at)? {
            0x2c => {
                frames += 1;
                header.animated = frames > 1;
                at += 11 + table(*bytes.get(at + 9)?);
            }
            0x21 => {
                // A graphic control extension says whether a colour is see-through.
                if frames == 0 && bytes.get(at + 1) == Some(&0xf9) {
                    header.alpha |= bytes.get(at + 3)? & 1 != 0;
                }
                at += 2;
            }
            0 => {
                at += 1;
                continue;
            }
            _ => return Some(()),
        }
        for _ in 0..STEPS {
            let length = usize::from(*bytes.get(at)?);
            at += 1 + length;
            if length == 0 {
                break;
            }
        }
    }
    None
}

/// A TIFF is built like an EXIF block, whose tags it may hold itself.
fn tiff(bytes: &[u8], header: &mut Header) -> Option<()> {
    let exif = Exif::of(bytes);
    header.exif = (exif.orientation.is_some() || exif.camera.is_some()).then_some(exif);
    Some(())
}

fn bmp(bytes: &[u8], header: &mut Header) -> Option<()> {
    let old = little(bytes, 14)? == 12;
    let bits = half(bytes, if old { 24 } else { 28 })?;
    header.colour = if bits <= 8 { Colour::Palette } else { Colour::Rgb };
    // The newer headers have a mask of alpha.
    header.alpha = little(bytes, 14)? >= 56 && little(bytes, 66)? != 0 && bits > 8;
    Some(())
}
