//! Labels and boxes that other programs wrote, read as pictures with classes.
//!
//! [`read`] takes a file or folder of any [`Format`], which is recognised by its content, and gives a
//! [`Folder`] as `pictures` gives one of a folder of folders; [`listed`] gives the pictures alone, in
//! the file's order, to predict them. [`How`] says what is not in the file: where its paths start, and
//! how sure a detector has to be. Each box is a picture of its own
//! ([`Place::cut`](pictures::Place::cut)), and a member of an archive is read where it lies.
//!
//! ```
//! use labels::{How, read};
//! use pictures::Need;
//! # let dir = std::env::temp_dir().join(format!("labels-{}", std::process::id()));
//! # std::fs::create_dir_all(&dir)?;
//! # let file = dir.join("boxes.json");
//! let coco = r#"{"images": [{"id": 1, "file_name": "garden.jpg"}],
//!     "categories": [{"id": 1, "name": "bee"}, {"id": 2, "name": "wasp"}],
//!     "annotations": [{"image_id": 1, "category_id": 1, "bbox": [10, 20, 64, 48]},
//!                     {"image_id": 1, "category_id": 2, "bbox": [90, 20, 50, 50]}]}"#;
//! std::fs::write(&file, coco)?;
//! let folder = read(&file, &How::default(), Need::Classes)?;
//! assert_eq!(folder.read_as.as_deref(), Some("read as COCO: 2 boxes of 1 photograph"));
//! assert!(folder.pictures[0].place.name().ends_with("garden.jpg#10,20,64,48"));
//! # std::fs::remove_dir_all(&dir)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::path::{Path, PathBuf};

use pictures::{Columns, Folder, Need, PicturesError, Place};

mod coco;
mod fiftyone;
mod format;
mod gathered;
mod imagefolder;
mod imagenet_txt;
mod json;
mod label_studio;
pub mod megadetector;
mod one_hot;
mod webdataset;
mod yolo;

pub use format::Format;
use gathered::Gathered;

/// How sure a detector has to be of a box, unless [`How::min_confidence`] says otherwise.
pub const MIN_CONFIDENCE: f64 = 0.2;

/// What to read of a detector's boxes, unless [`How::detected`] says otherwise.
pub const DETECTED: &str = "animal";

/// What a file of labels does not say itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct How {
    /// Names of a table's columns.
    pub columns: Columns,
    /// The folder that its paths start in. Default: the one that it lies in.
    pub root: Option<PathBuf>,
    /// The least confidence of a detector's box (0 to 1). Default: [`MIN_CONFIDENCE`].
    pub min_confidence: Option<f64>,
    /// What a detector calls the boxes that are read, or `all`. Default: [`DETECTED`].
    pub detected: Option<String>,
}

impl How {
    /// The folder that the paths of a file start in.
    fn base<'a>(&'a self, file: &'a Path) -> &'a Path {
        self.root.as_deref().unwrap_or(ground::files::folder_of(file))
    }
}

/// Pictures and their classes, from a file or folder of any [`Format`].
///
/// # Errors
/// When it cannot be read or understood, or as [`Folder::scan`] for what the pictures are needed for.
pub fn read(path: &Path, how: &How, need: Need) -> Result<Folder, PicturesError> {
    let path = &resolved(path)?;
    match format::of(path)? {
        Format::Table => Folder::from_table(path, how.base(path), &how.columns, need),
        format => gather(path, how, format)?.folder(path, need),
    }
}

/// The pictures of a file alone, with or without labels, in its order; and what it was read as.
///
/// # Errors
/// When it cannot be read or understood.
pub fn listed(path: &Path, how: &How) -> Result<(Vec<Place>, String), PicturesError> {
    let path = &resolved(path)?;
    match format::of(path)? {
        Format::Table => {
            let folder = Folder::from_table(path, how.base(path), &how.columns, Need::Anything)?;
            let places = folder.pictures.into_iter().map(|picture| picture.place).collect();
            Ok((places, "read as a table".into()))
        }
        format => {
            let gathered = gather(path, how, format)?;
            let told = gathered.told();
            Ok((gathered.places(), told))
        }
    }
}

/// Whether a folder holds pictures with labels of one of the [`Format`]s, and no folder for each class:
/// the file or folder to [`read`].
#[must_use]
pub fn in_folder(folder: &Path) -> Option<PathBuf> {
    format::in_folder(folder)
}

/// Whether a file names pictures or boxes, or holds them, and so is one for [`listed`]: by its suffix,
/// as many files may be asked about.
#[must_use]
pub fn is_labels(path: &Path) -> bool {
    let suffix = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    ["json", "jsonl", "tar", "yaml", "yml"].contains(&suffix.as_str()) && path.is_file()
}

/// Whether a file has the boxes of MegaDetector.
#[must_use]
pub fn is_megadetector(path: &Path) -> bool {
    is_labels(path) && matches!(format::of(path), Ok(Format::MegaDetector))
}

/// What to read: a file, or what a folder holds.
fn resolved(path: &Path) -> Result<PathBuf, PicturesError> {
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    in_folder(path).ok_or_else(|| PicturesError::Labels {
        path: path.to_owned(),
        format: "a folder with labels",
        why: "there is no file of labels in it; class folders need no options for labels".into(),
    })
}

fn gather(path: &Path, how: &How, format: Format) -> Result<Gathered, PicturesError> {
    let mut gathered = Gathered::new(format);
    match format {
        Format::Table => {}
        Format::Coco => coco::read(path, how, &mut gathered)?,
        Format::MegaDetector => megadetector::read(path, how, &mut gathered)?,
        Format::LabelStudio => label_studio::read(path, how, &mut gathered)?,
        Format::FiftyOne => fiftyone::read(path, how, &mut gathered)?,
        Format::ImageFolder => imagefolder::read(path, how, &mut gathered)?,
        Format::OneHot => one_hot::read(path, how, &mut gathered)?,
        Format::ImageNetTxt => imagenet_txt::read(path, how, &mut gathered)?,
        Format::WebDataset => webdataset::read(path, &mut gathered)?,
        Format::Yolo => yolo::read(path, how, &mut gathered)?,
    }
    Ok(gathered)
}
