//! A new folder of files that are named after what they show.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use ground::files::{self, FileError};

use crate::{Error, Kind};

/// More of a name than this is left out, as file systems have limits.
const LONGEST: usize = 80;

/// A folder where files are written, each under the name of a picture or class.
#[derive(Debug)]
pub struct NamedFolder {
    folder: PathBuf,
    /// Names given so far, in lower case, as some file systems see no difference.
    taken: HashSet<String>,
}

impl NamedFolder {
    /// A folder that is made if need be and must be empty, so that no file of anyone's can be
    /// replaced.
    ///
    /// # Errors
    /// When it cannot be made, or holds something.
    pub fn new(folder: &Path) -> Result<Self, Error> {
        fs::create_dir_all(folder).map_err(FileError::at("create", folder))?;
        if fs::read_dir(folder).map_err(FileError::at("read", folder))?.next().is_some() {
            let what = format!("`{}` is not empty", folder.display());
            return Err(
                Error::refused(Kind::Failed, what).advise("name a folder that is new or empty")
            );
        }
        Ok(Self { folder: folder.to_owned(), taken: HashSet::new() })
    }

    /// Writes a file named after a picture or class, with this suffix; returns its path.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&mut self, name: &str, suffix: &str, bytes: &[u8]) -> Result<PathBuf, FileError> {
        let path = self.place(name, suffix);
        files::write(&path, bytes)?;
        Ok(path)
    }

    /// The path of a file named after a picture or class, which no other file has been given.
    pub fn place(&mut self, name: &str, suffix: &str) -> PathBuf {
        let name = self.name(name, suffix);
        self.folder.join(name)
    }

    /// A folder within it, named so.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn folder(&mut self, name: &str) -> Result<Self, Error> {
        let name = self.name(name, "");
        Self::new(&self.folder.join(name))
    }

    /// The name with the suffix, if there is one; with a number where that was given to another. Nothing in it leads
    /// elsewhere.
    fn name(&mut self, name: &str, suffix: &str) -> String {
        let apart = |c: char| if c.is_control() || "/\\:".contains(c) { '_' } else { c };
        let stem: String = name.chars().take(LONGEST).map(apart).collect();
        // A name that begins with a point is hidden, or no file's at all.
        let stem = if stem.is_empty() || stem.starts_with('.') { format!("_{stem}") } else { stem };
        let dot = if suffix.is_empty() { "" } else { "." };
        let numbered = (2u64..).map(|number| format!("{stem}-{number}{dot}{suffix}"));
        let mut names = std::iter::once(format!("{stem}{dot}{suffix}")).chain(numbered);
        names.find(|name| self.taken.insert(name.to_lowercase())).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::NamedFolder;

    #[test]
    fn every_picture_gets_a_name_of_its_own() {
        let place = tempfile::tempdir().unwrap();
        let mut folder = NamedFolder::new(&place.path().join("a/new/one")).unwrap();
        let names = [
            "1",
            "1",
            "1-2",
            "B",
            "b",
            "a.b",
            "1",
            "../x",
            "..",
            "",
            "a\u{1b}[2J",
            &"ä".repeat(120),
        ];
        let names: Vec<String> = names.iter().map(|name| folder.name(name, "jpg")).collect();
        let expected = [
            "1.jpg",
            "1-2.jpg",
            "1-2-2.jpg",
            "B.jpg",
            "b-2.jpg",
            "a.b.jpg",
            "1-3.jpg",
            "_.._x.jpg",
            "_...jpg",
            "_.jpg",
            "a_[2J.jpg",
            &format!("{}.jpg", "ä".repeat(80)),
        ];
        assert_eq!(names, expected);
        assert_eq!(folder.name("Husky", ""), "Husky");
        assert_eq!(folder.name("husky", ""), "husky-2");
    }

    #[test]
    fn a_folder_that_holds_something_is_refused() {
        let place = tempfile::tempdir().unwrap();
        std::fs::write(place.path().join("1.jpg"), "mine").unwrap();
        assert!(NamedFolder::new(place.path()).is_err());
    }
}
