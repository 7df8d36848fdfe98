use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::PicturesError;

/// What a picture is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Trained on.
    Train,
    /// Held out, to measure while training.
    Valid,
    /// Held out for the end.
    Test,
}

/// A picture and what it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labelled {
    /// Where it lies.
    pub path: PathBuf,
    /// An index into [`Folder::classes`].
    pub label: usize,
    /// Which side its folder or table puts it on, if any.
    pub side: Option<Side>,
    /// Pictures of one group (one animal, one film) stay on one side.
    pub group: Option<String>,
}

/// Which pictures there are and what they show, in a fixed order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folder {
    /// Names, in natural order.
    pub classes: Vec<String>,
    /// Every candidate; whether it is a picture is known once it is decoded.
    pub pictures: Vec<Labelled>,
    /// What the owner should know, a line each.
    pub warnings: Vec<String>,
}

impl Folder {
    /// Finds the classes and pictures of a folder.
    ///
    /// # Errors
    /// When it cannot be read or holds fewer than two classes.
    pub fn scan(dir: &Path) -> Result<Self, PicturesError> {
        Err(PicturesError::NoClasses(dir.to_owned()))
    }

    /// Reads a table of `path,label[,split][,group]`.
    ///
    /// # Errors
    /// When it cannot be read, with the line.
    pub fn from_csv(path: &Path) -> Result<Self, PicturesError> {
        Err(PicturesError::NoClasses(path.to_owned()))
    }
}
