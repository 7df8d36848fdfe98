//! What lies beside pictures: system files, and what other programs write next to them.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use ground::words::count;

/// Suffixes of picture formats, read or not: a file of such a name is meant to be a picture.
const PICTURES: [&str; 43] = [
    "jpg", "jpeg", "jpe", "jfif", "jif", "png", "apng", "webp", "gif", "bmp", "dib", "heic",
    "heif", "avif", "tif", "tiff", "jxl", "jp2", "j2k", "jpf", "jpx", "dng", "nef", "cr2", "cr3",
    "arw", "orf", "rw2", "raf", "pef", "srw", "raw", "psd", "svg", "tga", "pcx", "ppm", "pgm",
    "pbm", "pnm", "qoi", "exr", "img",
];
/// Files and folders of systems, photo programs and `collect`.
const SYSTEM: [&str; 15] = [
    "thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "picasa.ini",
    "icon\r",
    "collected.csv",
    "__macosx",
    "@eadir",
    "@synoeastream",
    "@syno_thumb",
    "#recycle",
    "#snapshot",
    "$recycle.bin",
    "system volume information",
    "lost+found",
];
/// Folders of masks, labels and small copies of the pictures next to them.
const COMPANIONS: [&str; 17] = [
    "mask",
    "masks",
    "annotation",
    "annotations",
    "label",
    "labels",
    "segmentation",
    "segmentations",
    "segmentationclass",
    "segmentationobject",
    "groundtruth",
    "gt",
    "bbox",
    "bboxes",
    "thumb",
    "thumbs",
    "thumbnails",
];

/// Whether a system put it there, or `collect` its table.
pub(super) fn is_system(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with('.') || SYSTEM.iter().any(|other| name.eq_ignore_ascii_case(other))
}

/// Whether a folder of this name holds masks, labels or small copies, where pictures lie beside it.
pub(super) fn is_companion(name: &str) -> bool {
    let plain: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
    COMPANIONS.contains(&plain.to_lowercase().as_str())
}

/// Whether a file is no picture and is not meant to be one: neither its name nor its content is a
/// picture's. What has no suffix, or cannot be opened, counts as one until it is read.
pub(super) fn is_other(path: &Path) -> bool {
    let Some(suffix) = path.extension().map(|suffix| suffix.to_string_lossy().to_lowercase())
    else {
        return false;
    };
    let named = suffix.len() <= 10 && suffix.starts_with(|c: char| c.is_ascii_alphabetic());
    if !named || PICTURES.contains(&suffix.as_str()) {
        return false;
    }
    let mut start = [0; 16];
    let read = File::open(path).and_then(|file| {
        let mut read = 0;
        let mut file = file.take(start.len() as u64);
        while let n @ 1.. = file.read(&mut start[read..])? {
            read += n;
        }
        Ok(read)
    });
    read.is_ok_and(|read| !begins_like_a_picture(&start[..read]))
}

/// Whether the first bytes of a file, sixteen or more, are those of a picture of any format.
#[must_use]
pub fn begins_like_a_picture(start: &[u8]) -> bool {
    let at = |from: usize, bytes: &[u8]| start.get(from..from + bytes.len()) == Some(bytes);
    let heif = [&b"heic"[..], b"heix", b"heif", b"mif1", b"msf1", b"avif", b"avis"];
    at(0, b"\xff\xd8\xff")
        || at(0, b"\x89PNG")
        || at(0, b"GIF8")
        || at(0, b"RIFF") && at(8, b"WEBP")
        || at(0, b"BM") && at(6, &[0; 4])
        || at(0, b"II*\0")
        || at(0, b"MM\0*")
        || at(0, b"\xff\x0a")
        || at(4, b"JXL ")
        || at(4, b"ftyp") && heif.iter().any(|brand| at(8, brand))
}

/// Files that were passed over, by suffix.
#[derive(Debug, Default)]
pub(super) struct PassedOver(BTreeMap<String, usize>);

impl PassedOver {
    pub(super) fn add(&mut self, path: &Path) {
        let suffix = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        *self.0.entry(suffix).or_default() += 1;
    }

    /// All of them in one line: ``ignored 120 files that are not pictures (60 .json, 60 .txt)``.
    pub(super) fn told(self) -> Option<String> {
        const NAMED: usize = 4;
        let all: usize = self.0.values().sum();
        let mut kinds: Vec<(String, usize)> = self.0.into_iter().collect();
        kinds.sort_by_key(|(suffix, count)| (usize::MAX - count, suffix.clone()));
        let mut parts: Vec<String> =
            kinds.iter().take(NAMED).map(|(suffix, count)| format!("{count} .{suffix}")).collect();
        parts.extend((kinds.len() > NAMED).then(|| "…".to_owned()));
        let are = if all == 1 { "is not a picture" } else { "are not pictures" };
        let all = count(all, "file");
        (!kinds.is_empty()).then(|| format!("ignored {all} that {are} ({})", parts.join(", ")))
    }
}
