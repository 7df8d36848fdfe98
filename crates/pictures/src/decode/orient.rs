//! Which way is up, by the places in which programs write it.

use std::io::Read;

use image::metadata::Orientation;

use crate::exif::Exif;

/// Longer texts are no description of a camera's position.
const LONGEST: u64 = 1 << 20;

/// By the EXIF block; where that says nothing, by an XMP packet.
pub(super) fn orientation(exif: Option<&[u8]>, xmp: Option<&[u8]>) -> Orientation {
    let of_exif = exif.and_then(|block| Exif::of(block).orientation);
    let found = of_exif.or_else(|| xmp.and_then(of_xmp));
    found.and_then(Orientation::from_exif).unwrap_or(Orientation::NoTransforms)
}

/// What an XMP packet says, as an attribute (`tiff:Orientation="6"`) or an element
/// (`<tiff:Orientation>6</…`).
fn of_xmp(packet: &[u8]) -> Option<u8> {
    let name = b"tiff:Orientation";
    let at = memchr::memmem::find(packet, name)? + name.len();
    let rest = packet.get(at..)?.trim_ascii_start();
    let value = match rest {
        [b'=', rest @ ..] => rest.trim_ascii_start().get(1..)?,
        [b'>', rest @ ..] => rest.trim_ascii_start(),
        _ => return None,
    };
    match value {
        [digit @ b'1'..=b'8', end, ..] if !end.is_ascii_digit() => Some(digit - b'0'),
        _ => None,
    }
}

/// The EXIF block in a text of a PNG, as ImageMagick and older programs write it: hexadecimal
/// digits behind a name and a length.
pub(super) fn raw_profile(chunk: &[u8], compressed: bool) -> Option<Vec<u8>> {
    let end = chunk.iter().position(|&byte| byte == 0)?;
    let keyword = &chunk[..end];
    if !matches!(keyword, b"Raw profile type exif" | b"Raw profile type APP1") {
        return None;
    }
    let mut text = vec![];
    if compressed {
        // A byte says how it is compressed; there is one way.
        let packed = chunk.get(end + 2..)?;
        flate2::read::ZlibDecoder::new(packed).take(LONGEST).read_to_end(&mut text).ok()?;
    } else {
        text.extend_from_slice(
            chunk.get(end + 1..)?.get(..LONGEST as usize).unwrap_or(&chunk[end + 1..]),
        );
    }
    let mut words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let _name = words.next()?;
    let _length = words.next()?;
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let digits: Vec<u32> = words.flatten().map(digit).collect::<Option<_>>()?;
    Some(digits.as_chunks::<2>().0.iter().map(|[high, low]| (high << 4 | low) as u8).collect())
}

#[cfg(test)]
mod tests {
    use super::{of_xmp, raw_profile};

    #[test]
    fn a_packet_tells_in_both_forms() {
        for (packet, expected) in [
            (r#"<rdf:Description tiff:Orientation="6" x="1"/>"#, Some(6)),
            ("<rdf:Description tiff:Orientation = '8'/>", Some(8)),
            ("<tiff:Orientation>3</tiff:Orientation>", Some(3)),
            (r#"tiff:Orientation="66""#, None),
            (r#"tiff:Orientation="0""#, None),
            ("tiff:Orientation", None),
            ("nothing", None),
        ] {
            assert_eq!(of_xmp(packet.as_bytes()), expected, "{packet}");
        }
    }

    #[test]
    fn a_text_of_digits_is_a_block() {
        let chunk = b"Raw profile type exif\0\nexif\n       6\n45786966\n0000\n";
        assert_eq!(raw_profile(chunk, false).as_deref(), Some(&b"Exif\0\0"[..]));
        assert_eq!(raw_profile(b"Comment\0\nexif\n 1\n00", false), None);
        assert_eq!(raw_profile(b"Raw profile type exif\0\nexif\n 1\nxy", false), None);
    }
}
