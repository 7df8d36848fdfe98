//! The preview in a raw photograph. Cameras put a JPEG into the file, often of the full size; the
//! sensor's own numbers need a program that knows the camera.

use super::jpeg;

/// The least longer side of a preview that stands for the photograph.
const LEAST: usize = 1000;
/// The most beginnings of a JPEG that are examined; a raw file has a few.
const MOST: usize = 10_000;

/// The largest JPEG in the file, from its first byte on.
pub(super) fn preview(bytes: &[u8]) -> Option<&[u8]> {
    let starts = memchr::memmem::find_iter(bytes, b"\xff\xd8\xff").take(MOST);
    let sized = starts.filter_map(|at| {
        let [width, height] = jpeg::size(&bytes[at..])?;
        (width.max(height) >= LEAST).then_some((width * height, at))
    });
    // Of several of one size the first.
    let (_, at) = sized.max_by_key(|&(pixels, at)| (pixels, std::cmp::Reverse(at)))?;
    Some(&bytes[at..])
}

/// The block that says how the camera was held: the file itself where it is built like a TIFF, else
/// one inside of it.
pub(crate) fn exif(bytes: &[u8]) -> Option<&[u8]> {
    if bytes.starts_with(b"II*\0") || bytes.starts_with(b"MM\0*") {
        return Some(bytes);
    }
    let head = &bytes[..bytes.len().min(1 << 20)];
    Some(&bytes[memchr::memmem::find(head, b"CMT1")? + 4..])
}

/// Whether what is built like a TIFF is a raw photograph: it says so, or its first picture is a
/// small one that stands for another.
pub(super) fn is_raw(bytes: &[u8]) -> bool {
    if bytes.get(8..10) == Some(b"CR") {
        return true;
    }
    let big = bytes.starts_with(b"MM");
    let short = |at: usize| {
        let pair = *bytes.get(at..)?.first_chunk()?;
        Some(if big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) })
    };
    let long = |at: usize| {
        let four = *bytes.get(at..)?.first_chunk()?;
        Some(if big { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) })
    };
    let walk = || {
        let first = long(4)? as usize;
        let (mut small, mut inner) = (false, false);
        for number in 0..usize::from(short(first)?).min(512) {
            let entry = first + 2 + 12 * number;
            match short(entry)? {
                // DNG's version.
                0xc612 => return Some(true),
                // A smaller version of another picture, and where others are.
                0x00fe => small = long(entry + 8)? & 1 == 1,
                0x014a | 0x0201 => inner = true,
                _ => {}
            }
        }
        Some(small && inner)
    };
    walk().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::{is_raw, preview};
    use crate::{Format, Limits, Rgb, decode, small_jpeg};

    /// A file as cameras write it: a directory that names a small picture, a thumbnail, the
    /// sensor's numbers, and a preview.
    fn raw(preview: &[u8], orientation: u8) -> Vec<u8> {
        let mut file = b"II*\0\x08\0\0\0\x03\0".to_vec();
        for (tag, value) in [(0x00fe_u16, 1u32), (0x0112, orientation.into()), (0x014a, 99)] {
            file.extend(tag.to_le_bytes());
            file.extend([4, 0, 1, 0, 0, 0]);
            file.extend(value.to_le_bytes());
        }
        file.extend([0; 4]);
        let thumbnail = Rgb { width: 16, height: 12, data: vec![200; 16 * 12 * 3] };
        file.extend(small_jpeg(&thumbnail));
        file.extend((0..4000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8));
        file.extend(preview);
        file.extend([7; 100]);
        file
    }

    #[test]
    fn the_preview_stands_for_the_photograph_and_stands_upright() {
        let sky = Rgb { width: 1200, height: 800, data: vec![90; 1200 * 800 * 3] };
        let file = raw(&small_jpeg(&sky), 6);
        assert!(is_raw(&file));
        assert_eq!(Format::of(&file).unwrap(), Format::Raw);
        let picture = decode(&file, &Limits::default()).unwrap();
        assert_eq!((picture.width, picture.height), (800, 1200));
        assert!(picture.data[0].abs_diff(90) < 3);
    }

    #[test]
    fn a_small_preview_does_not() {
        let small = Rgb { width: 640, height: 480, data: vec![90; 640 * 480 * 3] };
        let file = raw(&small_jpeg(&small), 1);
        assert!(preview(&file).is_none());
        let told = decode(&file, &Limits::default()).unwrap_err().to_string();
        assert!(told.starts_with("a raw photograph"), "{told}");
    }

    #[test]
    fn what_is_cut_or_changed_never_panics() {
        let sky = Rgb { width: 1000, height: 16, data: vec![90; 1000 * 16 * 3] };
        let mut file = raw(&small_jpeg(&sky), 1);
        for end in (0..file.len()).step_by(7) {
            let _ = decode(&file[..end], &Limits::default());
        }
        for at in 0..200 {
            file[at] ^= 0x55;
            let _ = decode(&file, &Limits::default());
            file[at] ^= 0x55;
        }
    }
}
