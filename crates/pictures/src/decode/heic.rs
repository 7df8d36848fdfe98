//! HEIC and HEIF, as telephones write them: HEVC still pictures, whole or in tiles.

use heic_decoder::{HeifError, decode as decode_planes, probe};
use image::metadata::Orientation;

use super::cost::{affordable, check};
use super::pixels::Pixels;
use super::reason::{Reason, one_line};
use super::sniff;
use crate::{Limits, Rgb};

/// Bytes that decoding takes for a pixel: planes of four bytes a sample, tiles beside them, and the
/// result.
const PIXEL: u64 = 13;

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Pixels, Reason> {
    let info = probe(bytes).map_err(reason)?;
    let coded = [info.coded_width, info.coded_height];
    for [width, height] in [coded, [info.width, info.height]] {
        let side = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
        check((side(width), side(height)), limits)?;
    }
    affordable(memory(coded))?;
    let planes = decode_planes(bytes).map_err(reason)?;
    if planes.alpha.is_some() {
        // Its edges came out other than in libheif.
        return Err(Reason::Unsupported { what: "HEIC with transparency", advice: sniff::HEIC });
    }
    let data = planes.to_rgb8().map_err(reason)?.data;
    let size = [planes.width as u32, planes.height as u32];
    if data.len() != planes.width * planes.height * 3 {
        return Err(Reason::Broken("the size of the pixels is not that of the header".into()));
    }
    let picture = Rgb { width: size[0], height: size[1], data };
    // The container says which way is up, and the decoder obeys; the EXIF block repeats it.
    let orientation = Orientation::NoTransforms;
    Ok(Pixels { picture, size, orientation, profile: planes.metadata.icc_profile })
}

/// The most memory that decoding takes, by the header.
pub(super) fn memory_of(bytes: &[u8]) -> Option<u64> {
    let info = probe(bytes).ok()?;
    Some(memory([info.coded_width, info.coded_height]))
}

fn memory([width, height]: [usize; 2]) -> u64 {
    (width as u64).saturating_mul(height as u64).saturating_mul(PIXEL)
}

/// The EXIF block.
pub(crate) fn exif(bytes: &[u8]) -> Option<Vec<u8>> {
    heic_decoder::read_metadata(bytes).ok()?.exif
}

fn reason(error: HeifError) -> Reason {
    match error {
        HeifError::Truncated { .. } => Reason::CutOff,
        HeifError::Unsupported(_) => {
            Reason::Unsupported { what: "this kind of HEIC", advice: sniff::HEIC }
        }
        HeifError::LimitExceeded(what) => Reason::TooLarge(what.into()),
        error => Reason::Broken(one_line(&error.to_string())),
    }
}
