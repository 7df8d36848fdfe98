//! Labelled pictures: which files there are and what they show.

use std::path::{Path, PathBuf};

use ground::Stop;
use ground::progress::Progress;
use serde::{Deserialize, Serialize};

use crate::PicturesError;
pub use absent::Absent;
pub use beside::begins_like_a_picture;
pub use columns::Columns;
pub use fixes::Fixed;
pub use group::{GroupBy, Grouped};
pub(crate) use natural::natural;
use unicode_normalization::UnicodeNormalization;

mod absent;
mod beside;
mod columns;
mod fixes;
mod found;
mod group;
mod natural;
mod scan;
mod sides;
mod table;

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
    /// The fold in which its table holds it out, if it has folds.
    pub fold: Option<String>,
    /// Further groups: one place for each way that [`Folder::group`] was asked for.
    pub also: Vec<Option<String>>,
}

/// Which pictures there are and what they show, in an order that depends on names alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folder {
    /// Names in natural order; at least two, but for [`Folder::of_any`].
    pub classes: Vec<String>,
    /// Every candidate; whether it is a picture is known once it is decoded.
    pub pictures: Vec<Labelled>,
    /// Pictures whose files are gone; none but those of [`Folder::add_absent`].
    pub absent: Vec<Absent>,
    /// What the owner should know, a line each.
    pub warnings: Vec<String>,
}

impl Folder {
    /// Finds classes and pictures below `dir`: each sub-folder is a class, with all files at any
    /// depth in it but hidden ones; or `train`, `valid` (`val`, `validation`) and `test` hold the
    /// classes, matched by name.
    ///
    /// # Errors
    /// When a folder cannot be read, there are fewer than two classes, or a class has nothing to
    /// train on.
    pub fn scan(dir: &Path) -> Result<Self, PicturesError> {
        scan::scan(dir, Need::Classes)
    }

    /// Finds pictures to look at, sorted into classes or not: as [`Folder::scan`], but a folder
    /// without sub-folders is one class of its own name, and nothing is too little.
    ///
    /// # Errors
    /// When a folder cannot be read, or there is no picture.
    pub fn of_any(dir: &Path) -> Result<Self, PicturesError> {
        scan::scan(dir, Need::Anything)
    }

    /// All pictures below a folder in natural order, each real folder once, and what else was passed
    /// over there, in a line.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub fn pictures_below(dir: &Path) -> Result<(Vec<PathBuf>, Option<String>), PicturesError> {
        scan::pictures_below(dir)
    }

    /// Corrects labels by a table with the columns `path` (relative to `base`), `label` (what the
    /// picture is filed under) and `suggested` (what it is; empty to leave it out). Where there is a
    /// column `decision`, rows without one change nothing: it says `relabel`, `leave out`, `keep` or
    /// the name of a class. Lines for
    /// pictures that are not there, or are filed elsewhere by now, are told and passed over, so
    /// that a table can be used again after the files were moved.
    ///
    /// # Errors
    /// When the table cannot be read, or suggests a class that there is not.
    pub fn fix(&mut self, base: &Path, table: &Path) -> Result<Fixed, PicturesError> {
        fixes::apply(self, base, table)
    }

    /// Finds pictures that belong together in one of these ways, beside what the folder or table
    /// says; none of their groups will be parted. `base` is the folder whose pictures they are.
    ///
    /// # Errors
    /// When a way keeps no two pictures together, or on request.
    pub fn group(
        &mut self,
        ways: &[GroupBy],
        base: &Path,
        threads: usize,
        progress: &dyn Progress,
        stop: &Stop,
    ) -> Result<Vec<Grouped>, PicturesError> {
        ways.iter().map(|way| group::apply(self, way, base, threads, progress, stop)).collect()
    }

    /// Reads a table with the columns `path` (relative to the table's folder), `label` and, if
    /// wanted, `split` (`train`, `valid`, `test` or empty), `group` and `fold`; `columns` may give
    /// them other names. Fields are separated by commas, semicolons or tabs.
    ///
    /// # Errors
    /// When it cannot be read or understood, with the line; or as [`Folder::scan`].
    pub fn from_csv(path: &Path, columns: &Columns) -> Result<Self, PicturesError> {
        table::from_csv(path, columns, Need::Classes)
    }

    /// As [`Folder::from_csv`], of a table to look at: nothing is too little.
    ///
    /// # Errors
    /// When it cannot be read or understood, with the line, or has no picture.
    pub fn from_csv_of_any(path: &Path, columns: &Columns) -> Result<Self, PicturesError> {
        table::from_csv(path, columns, Need::Anything)
    }
}

/// What a folder is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    /// To train on it: classes, each with pictures.
    Classes,
    /// To look at it: any pictures.
    Anything,
}

/// A name with its accents encoded in one way: systems encode `é` as one character or as two.
fn composed(name: &str) -> String {
    name.nfc().collect()
}

/// A picture whose class has a name but no number yet.
struct Entry {
    class: String,
    path: PathBuf,
    side: Option<Side>,
    group: Option<String>,
    fold: Option<String>,
}

/// Numbers the classes, checks them, and warns of what is thin. `empty` are classes without files.
fn build(
    path: &Path,
    entries: Vec<Entry>,
    empty: &[String],
    mut warnings: Vec<String>,
    need: Need,
) -> Result<Folder, PicturesError> {
    let mut classes: Vec<String> = entries.iter().map(|entry| entry.class.clone()).collect();
    classes.extend_from_slice(empty);
    classes.sort_by(|a, b| natural(a, b));
    classes.dedup();
    match &classes[..] {
        [] => return Err(PicturesError::NoClasses(path.to_owned())),
        [class] if need == Need::Classes => {
            return Err(PicturesError::OneClass { path: path.to_owned(), class: class.clone() });
        }
        _ => {}
    }
    let place = |class: &str| classes.binary_search_by(|other| natural(other, class)).unwrap_or(0);
    let pictures: Vec<Labelled> = entries
        .into_iter()
        .map(|Entry { class, path, side, group, fold }| Labelled {
            path,
            label: place(&class),
            side,
            group,
            fold,
            also: vec![],
        })
        .collect();
    // Per class: pictures in all, to train on, and to validate on.
    let mut counts = vec![[0; 3]; classes.len()];
    for picture in &pictures {
        let count = &mut counts[picture.label];
        count[0] += 1;
        count[1] += usize::from(matches!(picture.side, None | Some(Side::Train)));
        count[2] += usize::from(picture.side == Some(Side::Valid));
    }
    let validated = counts.iter().any(|count| count[2] > 0);
    for (class, &[all, train, valid]) in classes.iter().zip(&counts) {
        let (path, class) = (path.to_owned(), class.clone());
        match (all, train, valid) {
            _ if need == Need::Anything => {}
            (0, ..) => return Err(PicturesError::EmptyClass { path, class }),
            (_, 0, _) => return Err(PicturesError::NotTrained { path, class }),
            (1, ..) => warnings
                .push(format!("`{class}` has only one picture, too few to evaluate it: add more")),
            (.., 0) if validated => warnings
                .push(format!("`{class}` has no held-out picture, so its scores are unknown")),
            _ => {}
        }
    }
    Ok(Folder { classes, pictures, absent: vec![], warnings })
}
