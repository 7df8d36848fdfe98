//! How much of a picture is there whose file was cut off. An estimate, for the reader.

use std::io::Cursor;

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;

use super::header::Header;
use crate::{Format, Limits, Rgb};

/// The share of the rows that can be made out, or of the bytes where only that is known; none where
/// a format does not tell.
pub(super) fn share(bytes: &[u8], header: &Header, limits: &Limits) -> Option<f64> {
    let share = match header.format {
        // Of a progressive one all rows are there soon, and only get finer.
        Format::Jpeg if header.progressive => None,
        Format::Jpeg => jpeg(bytes, limits),
        Format::Png => png(bytes, limits),
        Format::WebP => {
            let declared = u32::from_le_bytes(*bytes.get(4..)?.first_chunk()?);
            Some(bytes.len() as f64 / (f64::from(declared) + 8.0))
        }
        Format::Bmp => {
            let declared = u32::from_le_bytes(*bytes.get(2..)?.first_chunk()?);
            (declared > 0).then(|| bytes.len() as f64 / f64::from(declared))
        }
        _ => None,
    };
    share.filter(|share| (0.0..1.0).contains(share))
}

/// Decodes as far as it goes; what is missing then has one colour.
fn jpeg(bytes: &[u8], limits: &Limits) -> Option<f64> {
    let options = DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(limits.max_side as usize)
        .set_max_height(limits.max_side as usize)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().ok()?;
    let info = decoder.info()?;
    let (width, height) = (u32::from(info.width), u32::from(info.height));
    if u64::from(width) * u64::from(height) > limits.max_pixels {
        return None;
    }
    let picture = Rgb { width, height, data: decoder.decode().ok()? };
    let row = picture.width as usize * 3;
    let last = picture.data.last_chunk::<3>()?;
    let flat = |row: &[u8]| {
        row.as_chunks::<3>().0.iter().all(|p| (0..3).all(|c| p[c].abs_diff(last[c]) < 3))
    };
    let missing = picture.data.chunks_exact(row).rev().take_while(|row| flat(row)).count();
    Some(1.0 - missing as f64 / f64::from(height))
}

/// Counts the rows that can be decoded. Those of an interlaced one come in no order that tells.
fn png(bytes: &[u8], limits: &Limits) -> Option<f64> {
    let limit = png::Limits { bytes: 16 << 20 };
    let decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limit);
    let mut reader = decoder.read_info().ok()?;
    let info = reader.info();
    let (width, height) = (u64::from(info.width), u64::from(info.height));
    if info.interlaced || width * height > limits.max_pixels {
        return None;
    }
    let mut rows = 0;
    while let Ok(Some(_)) = reader.next_row() {
        rows += 1;
    }
    Some(f64::from(rows) / height as f64)
}
