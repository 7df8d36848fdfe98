//! How much memory decoding a picture takes, by its header.

use std::io::Cursor;

use image::ImageReader;

use super::jpeg;
use super::pixels::Detail;
use super::sniff::Format;
use ground::quietly;

/// Bytes for each pixel of the result.
const RESULT: u64 = 3;
/// What a raw photograph is taken to need.
const RAW: u64 = 100 << 20;

/// The most memory that decoding takes, in bytes, by the beginning of a file. What has no sound
/// header takes nothing: it is refused.
pub(crate) fn memory(bytes: &[u8], detail: Detail) -> u64 {
    let of = || match Format::of(bytes).ok()? {
        Format::Jpeg => jpeg::memory_of(bytes, detail),
        // Of a preview, which may lie anywhere.
        Format::Raw => Some(RAW),
        #[cfg(feature = "heic")]
        Format::Heic => super::heic::memory_of(bytes),
        format => {
            let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
            let (width, height) = reader.into_dimensions().ok()?;
            let pixels = u64::from(width) * u64::from(height);
            Some(pixels.saturating_mul(each(bytes, format)))
        }
    };
    quietly(of).ok().flatten().unwrap_or(0)
}

/// Bytes a pixel.
fn each(bytes: &[u8], format: Format) -> u64 {
    let decoded = match format {
        Format::Png => png(bytes),
        // Luma, chroma at half of its resolution, and the pixels with alpha; lossless ones likewise.
        Format::WebP => 6,
        // The canvas with alpha, and the frame.
        Format::Gif => 8,
        Format::Bmp | Format::Ico => 4,
        Format::Pnm => 6,
        // Three channels of 16 bits at most in what is not rare, and the decoder's own copy.
        Format::Tiff => 6,
        Format::Jpeg | Format::Heic | Format::Raw => 0,
    };
    // Three channels or four shrink to RGB where they lie.
    decoded.max(RESULT)
}

/// What the pixels of a PNG take: its channels, a palette's colours with alpha.
fn png(bytes: &[u8]) -> u64 {
    let (depth, kind) = (bytes.get(24).copied().unwrap_or(16), bytes.get(25));
    let channels = match kind {
        Some(0) => 1,
        Some(2) => 3,
        Some(4) => 2,
        _ => 4,
    };
    channels * if depth == 16 { 2 } else { 1 }
}
