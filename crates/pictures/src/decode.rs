//! Untrusted bytes to upright RGB pixels, or the reason why not.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;

use ground::{Digest, quietly};
use image::codecs::{bmp::BmpDecoder, gif::GifDecoder, png::PngDecoder, webp::WebPDecoder};
use image::metadata::Orientation;
use image::{ColorType, ImageDecoder};

use crate::{DecodePermit, Limits, Place, Rgb};
pub(crate) use cost::too_many_bytes;
use cost::{BUDGET, affordable, check};
pub(crate) use memory::memory;
use orient::orientation;
use pixels::Pixels;
pub use pixels::{Decoded, Detail};
use reason::reason;
pub use reason::{MISSING, Reason};
pub use sniff::Format;

mod colour;
pub(crate) mod cost;
mod flatten;
#[cfg(feature = "heic")]
pub(crate) mod heic;
mod jpeg;
mod memory;
mod orient;
mod pixels;
pub(crate) mod raw;
mod reason;
mod sniff;
mod turn;
mod whole;

/// The pixels of a file of one of the [`Format`]s, upright as its EXIF block says, alpha laid over
/// white, colours of another space than sRGB converted; of several frames or pages the first.
///
/// # Errors
/// With the reason why the picture cannot be used; a picture that is cut off is one. Sizes are
/// checked before pixels are decoded, and nothing panics.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Rgb, Reason> {
    decode_for(bytes, limits, Detail::Whole).map(|decoded| decoded.picture)
}

/// As [`decode`], with only as much detail as the caller needs.
///
/// # Errors
/// When [`decode`] fails.
pub fn decode_for(bytes: &[u8], limits: &Limits, detail: Detail) -> Result<Decoded, Reason> {
    if bytes.is_empty() {
        return Err(Reason::Empty);
    }
    if bytes.len() as u64 > limits.max_bytes {
        return Err(too_many_bytes(limits));
    }
    let format = Format::of(bytes)?;
    let work = || {
        let pixels = match format {
            Format::Jpeg => jpeg::decode(bytes, limits, detail),
            Format::Png => png(bytes, limits),
            Format::WebP => webp(bytes, limits),
            Format::Gif => gif(bytes, limits),
            Format::Bmp => bmp(bytes, limits),
            Format::Raw => preview(bytes, limits, detail),
            #[cfg(feature = "tiff")]
            Format::Tiff => tiff(bytes, limits),
            #[cfg(feature = "heic")]
            Format::Heic => heic::decode(bytes, limits),
            #[cfg(feature = "pnm")]
            Format::Pnm => pnm(bytes, limits),
            #[cfg(feature = "ico")]
            Format::Ico => ico(bytes, limits),
            #[allow(unreachable_patterns)] // with all features there is none
            _ => Err(Reason::NotAPicture),
        };
        pixels.and_then(|pixels| pixels.finished(detail))
    };
    quietly(work).unwrap_or_else(|words| Err(Reason::Panicked(words)))
}

/// Reads a file and decodes all of it; with the digest of its bytes.
///
/// # Errors
/// Those of [`decode`], or if the file cannot be read.
pub fn read(path: &Path, limits: &Limits) -> Result<(Rgb, Digest), Reason> {
    let (decoded, digest, _permit) = read_with_permit(&path.into(), limits, Detail::Whole)?;
    Ok((decoded.picture, digest))
}

/// Reads and decodes a picture, with the digest that names it, for threads that decode many at the
/// same time: with a permit, to be held as long as the picture.
///
/// # Errors
/// Those of [`decode`], or if it cannot be read.
pub fn read_with_permit(
    place: &Place,
    limits: &Limits,
    detail: Detail,
) -> Result<(Decoded, Digest, DecodePermit), Reason> {
    let (bytes, permit) = place.read_with_permit(limits, detail)?;
    Ok((place.decode(&bytes, limits, detail)?, place.digest(&bytes), permit))
}

/// Reads a file that may be a picture, with the permit to hold and to decode it.
pub(crate) fn read_file_with_permit(
    path: &Path,
    limits: &Limits,
    detail: Detail,
) -> Result<(Vec<u8>, DecodePermit), Reason> {
    // A large file is waited for as well: its beginning tells what else it will take.
    let large = path.metadata().ok().filter(|data| data.is_file() && data.len() > HEAD);
    if let Some(length) = large.map(|data| data.len().min(limits.max_bytes)) {
        let mut head = vec![];
        let read = File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
        read.map_err(Reason::of_system)?;
        let permit = DecodePermit::for_beginning(&head, length, detail);
        return Ok((read_file(path, limits)?, permit));
    }
    let bytes = read_file(path, limits)?;
    let permit = DecodePermit::for_picture(&bytes, detail);
    Ok((bytes, permit))
}

/// The beginning of a file that has its header in all likelihood, in bytes.
const HEAD: u64 = 1 << 20;

/// Reads a file that may be a picture, as far as the limits allow.
pub(crate) fn read_file(path: &Path, limits: &Limits) -> Result<Vec<u8>, Reason> {
    // A pipe or a device would be waited for without end.
    if !path.metadata().map_err(Reason::of_system)?.is_file() {
        return Err(Reason::Unreadable(io::Error::other("not a regular file")));
    }
    let read = ground::files::read_capped(path, limits.max_bytes);
    read.map_err(|error| match error.source.kind() {
        io::ErrorKind::FileTooLarge => too_many_bytes(limits),
        _ => Reason::of_system(error.source),
    })
}

fn png(bytes: &[u8], limits: &Limits) -> Result<Pixels, Reason> {
    let parts = whole::png(bytes)?;
    check(parts.size, limits)?;
    affordable(memory(bytes, Detail::Whole))?;
    // All rows may be there although the closing chunk is missing.
    let closed;
    let bytes = match parts.missing {
        None => return Err(Reason::CutOff),
        Some([]) => bytes,
        Some(missing) => {
            closed = [bytes, missing].concat();
            &closed
        }
    };
    let decoder = PngDecoder::with_limits(Cursor::new(bytes), may_take(BESIDE)).map_err(reason)?;
    let orientation = orientation(parts.exif.as_deref(), parts.xmp);
    pixels(decoder, orientation, limits)
}

fn webp(bytes: &[u8], limits: &Limits) -> Result<Pixels, Reason> {
    if !whole::webp(bytes) {
        return Err(Reason::CutOff);
    }
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(reason)?;
    check(decoder.dimensions(), limits)?;
    affordable(memory(bytes, Detail::Whole))?;
    // Without its EXIF block a picture is still a picture.
    let exif = decoder.exif_metadata().unwrap_or(None);
    let xmp = decoder.xmp_metadata().unwrap_or(None);
    pixels(decoder, orientation(exif.as_deref(), xmp.as_deref()), limits)
}

fn gif(bytes: &[u8], limits: &Limits) -> Result<Pixels, Reason> {
    if !whole::gif(bytes) {
        return Err(Reason::CutOff);
    }
    let mut decoder = GifDecoder::new(Cursor::new(bytes)).map_err(reason)?;
    check(decoder.dimensions(), limits)?;
    affordable(memory(bytes, Detail::Whole))?;
    // A frame declares a size of its own.
    decoder.set_limits(may_take(BUDGET)).map_err(reason)?;
    pixels(decoder, Orientation::NoTransforms, limits)
}

fn bmp(bytes: &[u8], limits: &Limits) -> Result<Pixels, Reason> {
    let size = whole::bmp_size(bytes).ok_or(Reason::CutOff)?;
    check(size, limits)?;
    affordable(memory(bytes, Detail::Whole))?;
    if !whole::bmp_runs(bytes, size) {
        return Err(Reason::CutOff);
    }
    let decoder = BmpDecoder::new(Cursor::new(bytes)).map_err(reason)?;
    pixels(decoder, Orientation::NoTransforms, limits)
}

/// The first page of a TIFF.
#[cfg(feature = "tiff")]
fn tiff(bytes: &[u8], limits: &Limits) -> Result<Pixels, Reason> {
    let mut decoder = image::codecs::tiff::TiffDecoder::new(Cursor::new(bytes)).map_err(reason)?;
    check(decoder.dimensions(), limits)?;
    affordable(memory(bytes, Detail::Whole))?;
    decoder.set_limits(may_take(BUDGET)).map_err(reason)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    pixels(decoder, orientation, limits)
}

#[cfg(feature = "pnm")]
fn pnm(bytes: &[u8], limits: &Limits) -> Result<Pixels, Reason> {
    let decoder = image::codecs::pnm::PnmDecoder::new(Cursor::new(bytes)).map_err(reason)?;
    check(decoder.dimensions(), limits)?;
    affordable(memory(bytes, Detail::Whole))?;
    pixels(decoder, Orientation::NoTransforms, limits)
}

#[cfg(feature = "ico")]
fn ico(bytes: &[u8], limits: &Limits) -> Result<Pixels, Reason> {
    let decoder = image::codecs::ico::IcoDecoder::new(Cursor::new(bytes)).map_err(reason)?;
    check(decoder.dimensions(), limits)?;
    affordable(memory(bytes, Detail::Whole))?;
    pixels(decoder, Orientation::NoTransforms, limits)
}

/// The preview in a raw photograph, turned as the file says where the preview does not.
fn preview(bytes: &[u8], limits: &Limits, detail: Detail) -> Result<Pixels, Reason> {
    let preview = raw::preview(bytes).ok_or_else(sniff::no_preview)?;
    let mut pixels = jpeg::decode(preview, limits, detail)?;
    if pixels.orientation == Orientation::NoTransforms {
        pixels.orientation = orientation(raw::exif(bytes), None);
    }
    Ok(pixels)
}

/// What a decoder may allocate beside the picture, in bytes: rows, tables, a colour profile.
const BESIDE: u64 = 16 << 20;

fn may_take(bytes: u64) -> image::Limits {
    let mut memory = image::Limits::no_limits();
    memory.max_alloc = Some(bytes);
    memory
}

/// Decodes what a header promises, and brings it to RGB8.
fn pixels(
    mut decoder: impl ImageDecoder,
    orientation: Orientation,
    limits: &Limits,
) -> Result<Pixels, Reason> {
    let (width, height) = decoder.dimensions();
    check((width, height), limits)?;
    let kind: ColorType = decoder.color_type();
    let profile = if kind.has_color() { decoder.icc_profile().unwrap_or(None) } else { None };
    let mut data = vec![0; width as usize * height as usize * usize::from(kind.bytes_per_pixel())];
    decoder.read_image(&mut data).map_err(reason)?;
    let data = flatten::to_rgb(data, kind)?;
    let picture = Rgb { width, height, data };
    Ok(Pixels { picture, size: [width, height], orientation, profile })
}
