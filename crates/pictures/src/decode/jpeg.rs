//! JPEG, whole or at a half, a quarter or an eighth of its size.
//!
//! zune-jpeg decodes ordinary files at full size faster than anything in safe code here. What is
//! below does the rest: it decodes at a part of the size from the lowest frequencies alone, in the
//! memory of what is kept of them, and it gets files right on which zune-jpeg 0.5.15 goes wrong
//! without a word (channels in scans of their own, odd sampling) or which it refuses although they
//! are whole (bytes between segments, short comments). Of the other decoders jpeg-decoder 0.3
//! scales too, but holds all coefficients, and libjpeg-turbo needs C and nasm.

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::errors::DecodeErrors;

use super::cost::{affordable, check};
use super::orient::orientation;
use super::pixels::{Detail, Pixels};
use super::reason::{Reason, one_line};
use crate::{Limits, Rgb};
use anatomy::{Anatomy, Colours, Frame};
use bits::Wrong;
use scans::Scans;

mod anatomy;
mod bits;
mod huffman;
mod idct;
mod planes;
mod progressive;
#[cfg(test)]
mod restarts;
mod scans;
#[cfg(test)]
mod tests;

pub(super) fn decode(bytes: &[u8], limits: &Limits, detail: Detail) -> Result<Pixels, Reason> {
    let anatomy = match Anatomy::of(bytes) {
        Ok(Some(anatomy)) => anatomy,
        Ok(None) if super::whole::jpeg(bytes) => return Err(Reason::Broken("no frame".into())),
        Ok(None) => return Err(Reason::CutOff),
        Err(why) => return Err(Reason::Broken(why.into())),
    };
    let Frame { width, height, .. } = anatomy.frame;
    let size = [width as u32, height as u32];
    check((size[0], size[1]), limits)?;
    if !anatomy.whole {
        return Err(Reason::CutOff);
    }
    if anatomy.lost {
        return Err(Reason::Broken("a restart marker is missing or out of turn".into()));
    }
    let colours =
        anatomy.colours().ok_or_else(|| Reason::Broken("colours of an unknown kind".into()))?;
    let eighths = eighths(&anatomy.frame, detail);
    affordable(memory(&anatomy.frame, eighths))?;
    let picture = if eighths == 8 && anatomy.ordinary() {
        match ordinary(bytes, colours) {
            // Where data are missing in front of the closing marker, it decodes zeros.
            Ok(picture) if !anatomy.frame.progressive && repeats(&picture, &anatomy.frame) => {
                own(bytes, &anatomy, 1, colours).map(|_| picture)
            }
            Ok(picture) => Ok(picture),
            Err(why) => own(bytes, &anatomy, 8, colours).map_err(|_| why),
        }
    } else {
        own(bytes, &anatomy, eighths, colours)
    };
    let profile = if colours == Colours::Cmyk || colours == Colours::Ycck {
        // Its profile is that of inks, which are turned into colours by rule of thumb.
        None
    } else {
        anatomy.profile()
    };
    let orientation = orientation(anatomy.exif, anatomy.xmp);
    Ok(Pixels { picture: picture?, size, orientation, profile })
}

/// How many eighths of the size are decoded: as few as leave twice what is asked for.
fn eighths(frame: &Frame, detail: Detail) -> usize {
    let (side, short) = match detail {
        Detail::ShortSide(side) => (side, frame.width.min(frame.height)),
        Detail::Within(cut, Some(side)) => (side, cut.short_side([frame.width, frame.height])),
        Detail::Whole | Detail::Within(_, None) => return 8,
    };
    let enough = |&eighths: &usize| short * eighths >= 8 * 2 * side as usize;
    [1, 2, 4].into_iter().find(enough).unwrap_or(8)
}

/// Width and height of a JPEG that is decoded here.
pub(super) fn size(bytes: &[u8]) -> Option<[usize; 2]> {
    Anatomy::frame_of(bytes).map(|frame| [frame.width, frame.height])
}

/// The most memory that decoding takes, in bytes, for the size that the header declares.
pub(super) fn memory_of(bytes: &[u8], detail: Detail) -> Option<u64> {
    let frame = Anatomy::frame_of(bytes)?;
    Some(memory(&frame, eighths(&frame, detail)))
}

fn memory(frame: &Frame, eighths: usize) -> u64 {
    let pixels = (frame.width * frame.height) as u64;
    let channels = frame.channels.len() as u64;
    let part = (eighths * eighths) as u64;
    // Planes, the picture, and the picture turned.
    let decoded = pixels * part * (channels + 6) / 64;
    // Coefficients of two bytes, and a bit for each that is not zero.
    let kept = if frame.progressive { pixels * channels * (2 * part + 8) / 64 } else { 0 };
    decoded + kept
}

/// Full size by zune-jpeg, in strict mode: a lax one fills what is missing with grey.
fn ordinary(bytes: &[u8], colours: Colours) -> Result<Rgb, Reason> {
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let reason = |error| match error {
        DecodeErrors::Unsupported(kind) => Reason::Broken(format!("{kind:?} is not supported")),
        error => Reason::Broken(one_line(&error.to_string())),
    };
    decoder.decode_headers().map_err(reason)?;
    let taken_for = match decoder.input_colorspace() {
        Some(ColorSpace::Luma) => Some(Colours::Grey),
        Some(ColorSpace::RGB) => Some(Colours::Rgb),
        Some(ColorSpace::YCbCr) => Some(Colours::YCbCr),
        Some(ColorSpace::CMYK) => Some(Colours::Cmyk),
        Some(ColorSpace::YCCK) => Some(Colours::Ycck),
        _ => None,
    };
    if taken_for != Some(colours) {
        return Err(Reason::Broken("colours of an unknown kind".into()));
    }
    let (width, height) = decoder.dimensions().unwrap_or((0, 0));
    let data = decoder.decode().map_err(reason)?;
    if data.len() != width * height * 3 {
        return Err(Reason::Broken("the size of the pixels is not that of the header".into()));
    }
    Ok(Rgb { width: width as u32, height: height as u32, data })
}

/// Whether the last blocks look alike but for their level, as blocks do that are made of zeros: the
/// last two across that are all there, in the last row. Those of plain grounds do as well.
fn repeats(picture: &Rgb, frame: &Frame) -> bool {
    let [across, down] = frame.most.map(|factor| 8 * factor);
    let (width, height) = (picture.width as usize, picture.height as usize);
    // Pixels at the edge of a block are mixed with those beyond.
    let (whole, top) = (width / across, (height - 1) / down * down + 1);
    if whole < 2 || top == height {
        return true;
    }
    let row = |y: usize, block: usize| {
        let from = y * width + block * across;
        &picture.data.as_chunks::<3>().0[from + 1..from + across - 1]
    };
    let mut off = (top..height).flat_map(|y| {
        let pairs = row(y, whole - 1).iter().zip(row(y, whole - 2));
        pairs.map(|(last, before)| [0, 1, 2].map(|c| i32::from(last[c]) - i32::from(before[c])))
    });
    let mut first = None;
    off.all(|off| {
        let first = first.get_or_insert(off);
        (0..3).all(|c| (off[c] - first[c]).abs() <= 3)
    })
}

/// Any size, any sampling and any order of scans, in strict mode too.
fn own(bytes: &[u8], found: &Anatomy<'_>, eighths: usize, colours: Colours) -> Result<Rgb, Reason> {
    let frame = &found.frame;
    let planes = Scans::new(bytes, frame, eighths).run();
    let planes = planes.map_err(|Wrong(why)| Reason::Broken(why.into()))?;
    let size = [frame.width, frame.height].map(|side| (side * eighths).div_ceil(8));
    Ok(planes::rgb(&planes, size, colours))
}
