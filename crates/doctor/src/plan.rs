//! Plans: tables of changes to a folder that a person edits, applies and undoes.
//!
//! A [`Plan`] moves files and never deletes one. What is left out goes to a folder beside the
//! pictures (`photos-left-out`), where nothing trains on it. [`Plan::apply`] records all
//! moves before the first one, so that an interrupted run can be resumed, and [`undo`] reverses
//! everything.

use std::path::{Path, PathBuf};

use ground::files::{self, read_capped};

pub use apply::{Applied, Moved, Undone, moved, undo};
pub use error::PlanError;
pub use groups::Groups;

mod apply;
mod error;
mod groups;
mod journal;
mod named;
mod place;
mod table;
#[cfg(test)]
mod tests;

/// The largest table, in bytes.
const LIMIT: u64 = 1 << 28;

/// What to do with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing; the line is there for a person to change.
    Keep,
    /// Give it another name within the folder.
    Move,
    /// File it under another class.
    Relabel,
    /// Move it to the folder beside, where nothing trains on it.
    LeaveOut,
}

impl Action {
    /// All actions.
    pub const ALL: [Self; 4] = [Self::Keep, Self::Move, Self::Relabel, Self::LeaveOut];

    /// Its name in a plan.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Move => "move",
            Self::Relabel => "relabel",
            Self::LeaveOut => "leave out",
        }
    }
}

/// A line of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What to do.
    pub action: Action,
    /// The file, relative to the plan's folder.
    pub path: PathBuf,
    /// To [`Action::Move`], its new place, from the plan's folder on; to [`Action::Relabel`], the
    /// class's name; else empty.
    pub to: PathBuf,
    /// Why, for the reader.
    pub reason: String,
    /// The line of the table that it was read from, from 1; 0 if from none.
    pub line: u64,
}

/// What to do with the files of a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The folder that every path is relative to.
    pub folder: PathBuf,
    /// In the order in which they are listed; no two may be on one file.
    pub steps: Vec<Step>,
    /// [`Groups`] that nobody has named, whose pictures stay.
    pub unnamed: usize,
}

impl Plan {
    /// Reads a table that [`Plan::write`] wrote and a person may have changed: with the columns
    /// `action`, `path`, `to` and `reason`, separated by commas, semicolons or tabs. Where no line
    /// names the folder it is the one that the table lies in.
    ///
    /// # Errors
    /// When it cannot be read or understood, with the line.
    pub fn read(path: &Path) -> Result<Self, PlanError> {
        table::read(path, &read_capped(path, LIMIT)?)
    }

    /// Writes it as a table, whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), PlanError> {
        Ok(files::write(path, &table::write(path, self)?)?)
    }

    /// How many steps do something.
    #[must_use]
    pub fn active(&self) -> usize {
        self.steps.iter().filter(|step| step.action != Action::Keep).count()
    }
}

/// The record of an applied plan: beside it, as `plan.csv.applied`.
#[must_use]
pub fn journal_of(plan: &Path) -> PathBuf {
    let mut name = plan.as_os_str().to_owned();
    name.push(".applied");
    name.into()
}
