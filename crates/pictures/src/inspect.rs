//! A picture and all that its file tells about it: what to look at before it is trusted.

use crate::{Decoded, Detail, Exif, Format, Limits, Reason, decode_for};
use ground::quietly;

pub use header::{Colour, Header};

mod header;
mod present;
#[cfg(test)]
mod tests;

/// What is known of a file that may be a picture.
#[derive(Debug)]
pub struct Inspection {
    /// None where it is of no format that is read.
    pub header: Option<Header>,
    /// As [`decode_for`] gives it.
    pub picture: Result<Decoded, Reason>,
    /// Of one that is cut off, how much of it is there (0 to 1), where that can be told.
    pub present: Option<f64>,
}

/// Decodes a picture as [`decode_for`] does, and tells what its file says. It costs hardly more than
/// decoding, but for a file that is cut off.
#[must_use]
pub fn inspect(bytes: &[u8], limits: &Limits, detail: Detail) -> Inspection {
    let picture = decode_for(bytes, limits, detail);
    let within = bytes.len() as u64 <= limits.max_bytes;
    let header = Format::of(bytes).ok().filter(|_| within);
    let header = header.map(|format| header::of(bytes, format));
    let present = match (&picture, &header) {
        (Err(Reason::CutOff), Some(header)) => {
            // A decoder that goes on where it should not may well panic.
            quietly(|| present::share(bytes, header, limits)).ok().flatten()
        }
        _ => None,
    };
    Inspection { header, picture, present }
}

/// The EXIF block of a picture, if it has one, without decoding the picture.
pub(crate) fn exif(bytes: &[u8]) -> Option<Exif> {
    header::of(bytes, Format::of(bytes).ok()?).exif
}
