//! Which format a file or folder has, by its content.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use ground::files::FileError;
use pictures::{PicturesError, begins_like_a_picture, natural};

use crate::{imagefolder, imagenet_txt, json, one_hot, yolo};

/// A way in which pictures have labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A table of paths and labels, which may have boxes.
    Table,
    /// COCO: images, annotations and categories in one JSON file; with boxes, or without as COCO
    /// Camera Traps has them.
    Coco,
    /// The boxes that MegaDetector found, in one JSON file.
    MegaDetector,
    /// JSON or JSON-MIN of Label Studio: choices, or rectangles.
    LabelStudio,
    /// `labels.json` of FiftyOne beside a folder `data`.
    FiftyOne,
    /// `metadata.jsonl` of Hugging Face's imagefolder.
    ImageFolder,
    /// `_classes.csv` of Roboflow: a column of zeros and ones for each class.
    OneHot,
    /// Lines of a path and the number of a class, as CVAT and Datumaro write them.
    ImageNetTxt,
    /// Tar archives with `key.jpg` and `key.cls`, `key.json` or `key.txt`.
    WebDataset,
    /// A text file of boxes for each picture, with the classes in `data.yaml` or `classes.txt`.
    Yolo,
}

/// What is read of a file to recognise it, in bytes.
const START: u64 = 64 << 10;

impl Format {
    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Table => "a table",
            Self::Coco => "COCO",
            Self::MegaDetector => "MegaDetector",
            Self::LabelStudio => "Label Studio",
            Self::FiftyOne => "FiftyOne",
            Self::ImageFolder => "imagefolder",
            Self::OneHot => "one column a class",
            Self::ImageNetTxt => "ImageNet txt",
            Self::WebDataset => "WebDataset",
            Self::Yolo => "YOLO",
        }
    }

    pub(crate) fn refuses(self, path: &Path, why: impl Into<String>) -> PicturesError {
        PicturesError::Labels { path: path.to_owned(), format: self.name(), why: why.into() }
    }
}

/// The format of what is there. What is nothing else is taken for a table, which says what is wrong.
pub(crate) fn of(path: &Path) -> Result<Format, PicturesError> {
    if path.is_dir() {
        return Ok(match yolo::is_folder(path) {
            true => Format::Yolo,
            false => Format::WebDataset,
        });
    }
    let mut start = vec![];
    let read = File::open(path).and_then(|file| file.take(START).read_to_end(&mut start));
    read.map_err(FileError::at("read", path))?;
    if begins_like_a_picture(&start) {
        return Err(PicturesError::NotAFolder(path.to_owned()));
    }
    if start.get(257..262) == Some(b"ustar") {
        return Ok(Format::WebDataset);
    }
    let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&start);
    match text.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') if imagefolder::begins(text) => Ok(Format::ImageFolder),
        Some(b'{' | b'[') => json::format(path),
        _ if yolo::is_yaml(path, text) => Ok(Format::Yolo),
        _ if one_hot::begins(text) => Ok(Format::OneHot),
        _ if imagenet_txt::begins(path, text) => Ok(Format::ImageNetTxt),
        _ => Ok(Format::Table),
    }
}

/// What to read in a folder that holds labels in a file of its own.
pub(crate) fn in_folder(folder: &Path) -> Option<PathBuf> {
    let named = |name: &str| Some(folder.join(name)).filter(|path| path.is_file());
    let is = |path: &PathBuf, format| of(path).is_ok_and(|found| found == format);
    let metadata = ["metadata.csv", "metadata.jsonl"].into_iter().find_map(named);
    if let Some(metadata) = metadata.filter(|path| imagefolder::labels(path)) {
        return Some(metadata);
    }
    let fiftyone = named("labels.json").filter(|path| is(path, Format::FiftyOne));
    let coco = || named("_annotations.coco.json").filter(|path| is(path, Format::Coco));
    let one_hot = || named("_classes.csv").filter(|path| is(path, Format::OneHot));
    if let Some(found) = fiftyone.or_else(coco).or_else(one_hot) {
        return Some(found);
    }
    if yolo::is_folder(folder) || !archives(folder).is_empty() {
        return Some(folder.to_owned());
    }
    None
}

/// The tar archives in a folder that holds nothing else to learn from.
pub(crate) fn archives(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![];
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let tar = path.extension().is_some_and(|suffix| suffix.eq_ignore_ascii_case("tar"));
        if tar && path.is_file() {
            found.push(path);
        } else if path.is_dir() && !entry.file_name().to_string_lossy().starts_with('.') {
            return vec![];
        }
    }
    found.sort_by(|a, b| natural(&a.to_string_lossy(), &b.to_string_lossy()));
    found
}
