//! Untrusted bytes to upright RGB pixels, or the reason why not.

use std::io::{self, Cursor};
use std::path::Path;

use ground::Digest;
use image::codecs::{bmp::BmpDecoder, gif::GifDecoder, png::PngDecoder, webp::WebPDecoder};
use image::metadata::Orientation;
use image::{ColorType, ImageDecoder, ImageError};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::errors::DecodeErrors;

use crate::{DecodePermit, Limits, Rgb};
pub(crate) use quiet::quietly;
pub use sniff::Format;

mod flatten;
mod quiet;
mod sniff;
mod turn;
mod whole;

/// Why a picture cannot be used, in one line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// An unknown format.
    #[error("not a picture")]
    NotAPicture,
    /// A known format that is not supported.
    #[error("{what} is not supported; {advice}")]
    Unsupported {
        /// The format.
        what: &'static str,
        /// What to do instead.
        advice: &'static str,
    },
    /// The end is missing.
    #[error("cut off: the end of the file is missing")]
    CutOff,
    /// Beyond one of the [`Limits`]; says which.
    #[error("too large: {0}")]
    TooLarge(String),
    /// No bytes at all.
    #[error("empty file")]
    Empty,
    /// A supported format, but damaged; the decoder's message.
    #[error("broken: {0}")]
    Broken(String),
    /// The decoder panicked, which is a fault in it; its words.
    #[error("broken: the decoder gave up with `{0}`")]
    Panicked(String),
    /// The file could not be read.
    #[error("cannot be read: {0}")]
    Unreadable(io::Error),
}

/// The pixels of a JPEG, PNG, WebP, GIF (first frame) or BMP, upright as its EXIF block says,
/// alpha laid over white. Colour profiles are ignored, as fastai and torchvision ignore them.
///
/// # Errors
/// With the reason why the picture cannot be used; a picture that is cut off is one. Sizes are
/// checked before pixels are decoded, and nothing panics.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Rgb, Reason> {
    if bytes.is_empty() {
        return Err(Reason::Empty);
    }
    if bytes.len() as u64 > limits.max_bytes {
        return Err(too_many_bytes(limits));
    }
    let format = Format::of(bytes)?;
    let work = || match format {
        Format::Jpeg => jpeg(bytes, limits),
        Format::Png => png(bytes, limits),
        Format::WebP => webp(bytes, limits),
        Format::Gif => gif(bytes, limits),
        Format::Bmp => bmp(bytes, limits),
    };
    quietly(work).unwrap_or_else(|words| Err(Reason::Panicked(words)))
}

/// Reads a file and decodes it; with the digest of its bytes.
///
/// # Errors
/// Those of [`decode`], or if the file cannot be read.
pub fn read(path: &Path, limits: &Limits) -> Result<(Rgb, Digest), Reason> {
    read_with_permit(path, limits).map(|(picture, digest, _permit)| (picture, digest))
}

/// [`read`] for threads that decode many pictures at the same time: with a permit, to be held as
/// long as the picture.
///
/// # Errors
/// As [`read`].
pub fn read_with_permit(
    path: &Path,
    limits: &Limits,
) -> Result<(Rgb, Digest, DecodePermit), Reason> {
    let bytes = read_bytes(path, limits)?;
    let permit = DecodePermit::for_picture(&bytes);
    Ok((decode(&bytes, limits)?, Digest::of(&bytes), permit))
}

/// Reads a file that may be a picture, as far as the limits allow.
///
/// # Errors
/// When it is too long, no regular file, or cannot be read.
pub fn read_bytes(path: &Path, limits: &Limits) -> Result<Vec<u8>, Reason> {
    // A pipe or a device would be waited for without end.
    if !path.metadata().map_err(Reason::Unreadable)?.is_file() {
        return Err(Reason::Unreadable(io::Error::other("not a regular file")));
    }
    let read = ground::files::read_capped(path, limits.max_bytes);
    read.map_err(|error| match error.source.kind() {
        io::ErrorKind::FileTooLarge => too_many_bytes(limits),
        _ => Reason::Unreadable(error.source),
    })
}

fn too_many_bytes(limits: &Limits) -> Reason {
    Reason::TooLarge(format!("more than {} bytes", limits.max_bytes))
}

/// Refuses a size beyond the limits, from the header alone.
fn check((width, height): (u32, u32), limits: &Limits) -> Result<(), Reason> {
    let size = format!("{width} × {height} pixels");
    if width == 0 || height == 0 {
        return Err(Reason::Broken(size));
    }
    if width.max(height) > limits.max_side {
        return Err(Reason::TooLarge(format!("{size}, at most {} a side", limits.max_side)));
    }
    if u64::from(width) * u64::from(height) > limits.max_pixels {
        return Err(Reason::TooLarge(format!("{size}, at most {} in all", limits.max_pixels)));
    }
    Ok(())
}

fn jpeg(bytes: &[u8], limits: &Limits) -> Result<Rgb, Reason> {
    // Lax decoding fills what is missing with grey and says nothing; strict decoding forgives the
    // last few bytes.
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let whole = whole::jpeg(bytes);
    let reason = |error| match error {
        DecodeErrors::Unsupported(kind) => Reason::Broken(format!("{kind:?} is not supported")),
        _ if !whole => Reason::CutOff,
        error => Reason::Broken(one_line(&error.to_string())),
    };
    decoder.decode_headers().map_err(reason)?;
    let info = decoder.info().ok_or_else(|| Reason::Broken("no header".into()))?;
    let (width, height) = (u32::from(info.width), u32::from(info.height));
    check((width, height), limits)?;
    if !whole {
        return Err(Reason::CutOff);
    }
    use ColorSpace::{CMYK, Luma, RGB, YCCK, YCbCr};
    if !matches!(decoder.input_colorspace(), Some(Luma | YCbCr | RGB | CMYK | YCCK)) {
        return Err(Reason::Broken("colours of an unknown kind".into()));
    }
    let orientation = orientation(decoder.exif().map(Vec::as_slice));
    let data = decoder.decode().map_err(reason)?;
    if data.len() as u64 != u64::from(width) * u64::from(height) * 3 {
        return Err(Reason::Broken("the size of the pixels is not that of the header".into()));
    }
    Ok(turn::upright(Rgb { width, height, data }, orientation))
}

fn png(bytes: &[u8], limits: &Limits) -> Result<Rgb, Reason> {
    let parts = whole::png(bytes)?;
    check(parts.size, limits)?;
    if !parts.whole {
        return Err(Reason::CutOff);
    }
    let decoder = PngDecoder::with_limits(Cursor::new(bytes), memory(BESIDE)).map_err(reason)?;
    pixels(decoder, orientation(parts.exif), limits)
}

fn webp(bytes: &[u8], limits: &Limits) -> Result<Rgb, Reason> {
    if !whole::webp(bytes) {
        return Err(Reason::CutOff);
    }
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(reason)?;
    check(decoder.dimensions(), limits)?;
    // Without its EXIF block a picture is still a picture.
    let exif = decoder.exif_metadata().unwrap_or(None);
    pixels(decoder, orientation(exif.as_deref()), limits)
}

fn gif(bytes: &[u8], limits: &Limits) -> Result<Rgb, Reason> {
    if !whole::gif(bytes) {
        return Err(Reason::CutOff);
    }
    let mut decoder = GifDecoder::new(Cursor::new(bytes)).map_err(reason)?;
    check(decoder.dimensions(), limits)?;
    // A frame declares a size of its own.
    decoder.set_limits(memory(limits.max_pixels.saturating_mul(4))).map_err(reason)?;
    pixels(decoder, Orientation::NoTransforms, limits)
}

fn bmp(bytes: &[u8], limits: &Limits) -> Result<Rgb, Reason> {
    check(whole::bmp_size(bytes).ok_or(Reason::CutOff)?, limits)?;
    let decoder = BmpDecoder::new(Cursor::new(bytes)).map_err(reason)?;
    pixels(decoder, Orientation::NoTransforms, limits)
}

/// What a decoder may allocate beside the picture, in bytes: rows, tables, a colour profile.
const BESIDE: u64 = 16 << 20;

fn memory(bytes: u64) -> image::Limits {
    let mut memory = image::Limits::no_limits();
    memory.max_alloc = Some(bytes);
    memory
}

/// Decodes what a header promises, and brings it to upright RGB8.
fn pixels(
    decoder: impl ImageDecoder,
    orientation: Orientation,
    limits: &Limits,
) -> Result<Rgb, Reason> {
    let (width, height) = decoder.dimensions();
    check((width, height), limits)?;
    let kind: ColorType = decoder.color_type();
    let mut data = vec![0; width as usize * height as usize * usize::from(kind.bytes_per_pixel())];
    decoder.read_image(&mut data).map_err(reason)?;
    let data = flatten::to_rgb(data, kind)?;
    Ok(turn::upright(Rgb { width, height, data }, orientation))
}

/// Which way is up, by an EXIF block with or without its prefix.
fn orientation(exif: Option<&[u8]>) -> Orientation {
    let block = exif.map(|block| block.strip_prefix(b"Exif\0\0").unwrap_or(block));
    block.and_then(Orientation::from_exif_chunk).unwrap_or(Orientation::NoTransforms)
}

fn reason(error: ImageError) -> Reason {
    match error {
        ImageError::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Reason::CutOff
        }
        ImageError::Limits(_) => {
            Reason::TooLarge("it takes more memory than its size allows".into())
        }
        error => {
            // The innermost cause tells most; what wraps it repeats the format's name.
            let mut cause: &dyn std::error::Error = &error;
            while let Some(inner) = cause.source() {
                cause = inner;
            }
            let end = cause.downcast_ref::<io::Error>().map(io::Error::kind);
            if end == Some(io::ErrorKind::UnexpectedEof) {
                return Reason::CutOff;
            }
            Reason::Broken(one_line(&cause.to_string()))
        }
    }
}

/// A decoder's words, which may quote the file, as one printable line.
fn one_line(text: &str) -> String {
    let printable = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200);
    let printable = printable.collect::<String>();
    printable.trim_matches(['"', ' ']).trim_start_matches("[strict-mode]: ").to_owned()
}
