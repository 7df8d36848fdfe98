//! What a file is, by its first bytes and never by its name.

use super::raw;
use super::reason::Reason;

/// A format that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Format {
    /// Joint Photographic Experts Group.
    Jpeg,
    /// Portable Network Graphics.
    Png,
    /// WebP, lossy or lossless.
    WebP,
    /// Graphics Interchange Format.
    Gif,
    /// Windows bitmap.
    Bmp,
    /// Tagged Image File Format, its first page.
    Tiff,
    /// High Efficiency Image File, which telephones write.
    Heic,
    /// Portable any map: PBM, PGM, PPM or PAM.
    Pnm,
    /// Windows icon, its largest picture.
    Ico,
    /// A camera's raw file, of which the preview is read.
    Raw,
}

impl Format {
    /// What a file is by its first bytes; whether all of it is sound only decoding tells.
    ///
    /// # Errors
    /// With the reason why it is none that is read.
    pub fn of(bytes: &[u8]) -> Result<Self, Reason> {
        sniff(bytes)
    }

    /// Its common name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::WebP => "WebP",
            Self::Gif => "GIF",
            Self::Bmp => "BMP",
            Self::Tiff => "TIFF",
            Self::Heic => "HEIC",
            Self::Pnm => "PNM",
            Self::Ico => "ICO",
            Self::Raw => "raw",
        }
    }

    /// How names of such files end, without the dot; the usual way first.
    #[must_use]
    pub fn suffixes(self) -> &'static [&'static str] {
        match self {
            Self::Jpeg => &["jpg", "jpeg", "jpe", "jfif"],
            Self::Png => &["png", "apng"],
            Self::WebP => &["webp"],
            Self::Gif => &["gif"],
            Self::Bmp => &["bmp", "dib"],
            Self::Tiff => &["tif", "tiff"],
            Self::Heic => &["heic", "heif", "hif"],
            Self::Pnm => &["ppm", "pgm", "pbm", "pnm", "pam"],
            Self::Ico => &["ico"],
            Self::Raw => &["dng", "nef", "cr2", "cr3", "arw", "raf", "orf", "rw2", "pef", "srw"],
        }
    }
}

const SAVE: &str = "save it as JPEG or PNG";
/// How to save what viewers open, on the systems that people have.
const VIEWED: &str = "save it as JPEG or PNG: on a Mac with Preview (File, Export), on Windows with Photos or Paint (Save as)";
/// The same for photographs of telephones.
pub(super) const HEIC: &str = "save it as JPEG: on a Mac with Preview (File, Export), on Windows with Photos (Save as); an iPhone takes JPEGs after Settings, Camera, Formats, Most Compatible";
/// The same for raw photographs.
const RAW: &str = "it has no preview of at least 1,000 pixels; export it as JPEG from the camera's program or any raw converter";
const VIDEO: &str = "save single frames of it as JPEG or PNG";
const UNPACK: &str = "unpack it first";
const NO_PICTURE: &str = "look for the picture itself";

/// Formats that people take for pictures: where, which bytes, what it is, what to do.
const OTHERS: &[(usize, &[u8], &str, &str)] = &[
    (4, b"ftypavif", "AVIF", VIEWED),
    (4, b"ftypavis", "AVIF", VIEWED),
    (4, b"ftyphe", "HEIC", HEIC),
    (4, b"ftypmif1", "HEIF", HEIC),
    (4, b"ftypmsf1", "HEIF", HEIC),
    (4, b"ftypqt", "a QuickTime film", VIDEO),
    (4, b"ftyp", "an MP4 film", VIDEO),
    (0, b"\x1aE\xdf\xa3", "a Matroska or WebM film", VIDEO),
    (8, b"AVI ", "an AVI film", VIDEO),
    (0, b"II*\0", "TIFF", VIEWED),
    (0, b"MM\0*", "TIFF", VIEWED),
    (0, b"II+\0", "TIFF", VIEWED),
    (0, b"MM\0+", "TIFF", VIEWED),
    (0, b"II\xbc", "JPEG XR", SAVE),
    (0, b"\0\0\0\x0cJXL ", "JPEG XL", VIEWED),
    (0, b"\xff\x0a", "JPEG XL", VIEWED),
    (0, b"\0\0\0\x0cjP  ", "JPEG 2000", VIEWED),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000", VIEWED),
    (0, b"8BPS", "a Photoshop file", SAVE),
    (0, b"gimp xcf", "a GIMP file", SAVE),
    (0, b"\0\0\x01\0", "an icon (ICO)", SAVE),
    (0, b"\0\0\x02\0", "a cursor (CUR)", SAVE),
    (0, b"icns", "an icon (ICNS)", SAVE),
    (0, b"DDS ", "DDS", SAVE),
    (0, b"qoif", "QOI", SAVE),
    (0, b"v/1\x01", "OpenEXR", SAVE),
    (0, b"#?RADIANCE", "Radiance HDR", SAVE),
    (0, b"farbfeld", "farbfeld", SAVE),
    (0, b"FLIF", "FLIF", SAVE),
    (0, b"%PDF", "PDF", "save its pictures as JPEG or PNG"),
    (0, b"%!PS", "PostScript", SAVE),
    (0, b"\xc5\xd0\xd3\xc6", "PostScript", SAVE),
    (0, b"PK\x03\x04", "a ZIP archive", UNPACK),
    (0, b"PK\x05\x06", "a ZIP archive", UNPACK),
    (0, b"Rar!", "a RAR archive", UNPACK),
    (0, b"7z\xbc\xaf", "a 7z archive", UNPACK),
    (0, b"\x1f\x8b", "a gzip file", UNPACK),
    (0, b"\xfd7zXZ", "an xz file", UNPACK),
    (0, b"\x28\xb5\x2f\xfd", "a Zstandard file", UNPACK),
    (0, b"BZh", "a bzip2 file", UNPACK),
    (257, b"ustar", "a tar archive", UNPACK),
    (0, b"version https://git-lfs", "a Git LFS pointer", "fetch the file with `git lfs pull`"),
];

/// How text begins that people take for pictures, in lower case.
const TEXTS: &[(&str, &str, &str)] = &[
    ("<svg", "SVG", SAVE),
    ("<!doctype svg", "SVG", SAVE),
    ("<!doctype html", "a web page", NO_PICTURE),
    ("<html", "a web page", NO_PICTURE),
    ("<head", "a web page", NO_PICTURE),
];

/// The format of a file that begins so.
pub(super) fn sniff(bytes: &[u8]) -> Result<Format, Reason> {
    let at = |offset: usize, magic: &[u8]| {
        bytes.get(offset..).is_some_and(|rest| rest.starts_with(magic))
    };
    if at(0, b"\xff\xd8\xff") {
        return Ok(Format::Jpeg);
    }
    if at(0, b"\x89PNG\r\n\x1a\n") {
        return Ok(Format::Png);
    }
    if at(0, b"RIFF") && at(8, b"WEBP") {
        return Ok(Format::WebP);
    }
    if at(0, b"GIF87a") || at(0, b"GIF89a") {
        return Ok(Format::Gif);
    }
    // Two letters are weak evidence; the size of the header that follows them confirms it.
    let header = bytes.get(14..18).and_then(|size| size.try_into().ok()).map(u32::from_le_bytes);
    if at(0, b"BM") && matches!(header, Some(12 | 16 | 40 | 52 | 56 | 64 | 108 | 124)) {
        return Ok(Format::Bmp);
    }
    if let Some(format) = newer(bytes) {
        return Ok(format);
    }
    if let Some(&(_, _, what, advice)) = OTHERS.iter().find(|other| at(other.0, other.1)) {
        return Err(Reason::Unsupported { what, advice });
    }
    // The start of any of ours, and nothing after it.
    let cut = ["\u{89}PNG\r\n\x1a\n", "GIF89a", "GIF87a"]
        .iter()
        .any(|magic| bytes.len() > 3 && latin(magic).starts_with(bytes));
    if cut
        || bytes == b"\xff\xd8"
        || at(0, b"RIFF") && bytes.len() < 12
        || at(0, b"BM") && bytes.len() < 18
    {
        return Err(Reason::CutOff);
    }
    Err(text(bytes).unwrap_or(Reason::NotAPicture))
}

/// Formats that this program may have been built without.
fn newer(bytes: &[u8]) -> Option<Format> {
    let raw = [&b"FUJIFILMCCD-RAW"[..], b"IIU\0", b"IIRO", b"IIRS", b"MMOR"];
    let kind = bytes.get(8..12).filter(|_| bytes[4..].starts_with(b"ftyp"));
    if raw.iter().any(|magic| bytes.starts_with(magic)) || kind == Some(b"crx ") {
        return Some(Format::Raw);
    }
    if bytes.starts_with(b"II*\0") || bytes.starts_with(b"MM\0*") {
        return if raw::is_raw(bytes) {
            Some(Format::Raw)
        } else {
            cfg!(feature = "tiff").then_some(Format::Tiff)
        };
    }
    if let Some(kind) = kind {
        // Others that it is compatible with follow; a general kind may be AVIF.
        let length = bytes.first_chunk().map_or(0, |&length| u32::from_be_bytes(length)) as usize;
        let others = bytes.get(16..length.min(bytes.len())).unwrap_or(&[]);
        let avif = others.as_chunks::<4>().0.contains(b"avif");
        let heic = kind.starts_with(b"he") || (matches!(kind, b"mif1" | b"msf1") && !avif);
        return (cfg!(feature = "heic") && heic).then_some(Format::Heic);
    }
    let pnm = matches!(bytes, [b'P', b'4'..=b'7', space, ..] if space.is_ascii_whitespace());
    if pnm && cfg!(feature = "pnm") {
        return Some(Format::Pnm);
    }
    (bytes.starts_with(b"\0\0\x01\0") && cfg!(feature = "ico")).then_some(Format::Ico)
}

/// What to do about a raw photograph without a preview.
pub(super) fn no_preview() -> Reason {
    Reason::Unsupported { what: "a raw photograph", advice: RAW }
}

/// The bytes of a text of characters below 256.
fn latin(text: &str) -> Vec<u8> {
    text.chars().map(|c| c as u8).collect()
}

/// The reason against a file that is markup.
fn text(bytes: &[u8]) -> Option<Reason> {
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(4096)]).to_ascii_lowercase();
    let start = start.trim_start_matches(|c: char| c == '\u{feff}' || c.is_whitespace());
    let found = |&&(opening, ..): &&(&str, &str, &str)| {
        // An XML file says further down what it is.
        start.starts_with(opening)
            || ((start.starts_with("<?xml") || start.starts_with("<!--"))
                && start.contains(opening))
    };
    let &(_, what, advice) = TEXTS.iter().find(found)?;
    Some(Reason::Unsupported { what, advice })
}
