//! Labelled pictures: which files there are and what they show.

use std::path::{Path, PathBuf};

use ground::Stop;
use ground::progress::Progress;
use serde::{Deserialize, Serialize};

use crate::{PicturesError, Place};
pub use absent::Absent;
pub use beside::begins_like_a_picture;
pub use columns::Columns;
use entry::build;
pub use entry::{Entry, Need};
pub use fixes::Fixed;
pub use found::Finder;
pub use group::{GroupBy, Grouped};
use natural::Natural;
pub use natural::natural;
pub use sides::of_name as side_of;
use unicode_normalization::UnicodeNormalization;

mod absent;
mod beside;
mod columns;
mod entry;
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
    /// Where it is.
    pub place: Place,
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
    /// What the pictures and labels were read as, in a line, where that is not for all to see.
    pub read_as: Option<String>,
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

    /// Pictures that somebody else found, in the natural order of their classes and names; `path` is
    /// what names them all.
    ///
    /// # Errors
    /// As [`Folder::scan`] for what they are needed for.
    pub fn of_entries(
        path: &Path,
        mut entries: Vec<Entry>,
        warnings: Vec<String>,
        need: Need,
    ) -> Result<Self, PicturesError> {
        for entry in &mut entries {
            entry.class = composed(&entry.class);
        }
        entries.sort_by_cached_key(|entry| {
            (Natural(entry.class.clone()), Natural(entry.place.name().to_string_lossy().into()))
        });
        // What is listed again under the same class says nothing new.
        entries.dedup_by(|a, b| a.place == b.place && a.class == b.class);
        build(path, entries, &[], warnings, need)
    }

    /// Pictures that somebody else listed, in the order of the list, with labels that are indices into
    /// `names`; `path` is what names them all. Names that no picture has are left out.
    ///
    /// # Errors
    /// As [`Folder::scan`] to train on them.
    ///
    /// # Panics
    /// If a label has no name.
    pub fn in_order(
        path: &Path,
        names: &[String],
        pictures: Vec<Labelled>,
        warnings: Vec<String>,
    ) -> Result<Self, PicturesError> {
        let names: Vec<String> = names.iter().map(|name| composed(name)).collect();
        entry::of_named(path, &names, pictures, &[], warnings, Need::Classes)
    }

    /// Reads a table with the columns `path` (relative to the table's folder), `label` and, if
    /// wanted, `split` (`train`, `valid`, `test` or empty), `group` and `fold`; `columns` may give
    /// them other names. Fields are separated by commas, semicolons or tabs.
    ///
    /// # Errors
    /// When it cannot be read or understood, with the line; or as [`Folder::scan`].
    pub fn from_csv(path: &Path, columns: &Columns) -> Result<Self, PicturesError> {
        Self::from_table(path, ground::files::folder_of(path), columns, Need::Classes)
    }

    /// As [`Folder::from_csv`], of a table whose paths start in `base`, for what the pictures are needed
    /// for. With four columns for a box each row is that part of its picture.
    ///
    /// # Errors
    /// When it cannot be read or understood, with the line; or as [`Folder::scan`] for that need.
    pub fn from_table(
        path: &Path,
        base: &Path,
        columns: &Columns,
        need: Need,
    ) -> Result<Self, PicturesError> {
        table::from_csv(path, base, columns, need)
    }
}

/// A name with its accents encoded in one way: systems encode `é` as one character or as two.
fn composed(name: &str) -> String {
    name.nfc().collect()
}
