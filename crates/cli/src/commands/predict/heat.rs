//! Heat maps as files: a folder of their own, a name for each picture.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use classifier::Heat;
use ground::files::{self, FileError};

use crate::fault::{Exit, Fault};

/// More of a picture's name than this is left out, as file systems have limits.
const LONGEST: usize = 80;

/// Where heat maps are written, each under the name of its picture.
pub(super) struct Folder {
    folder: PathBuf,
    /// Names given so far, in lower case, as some file systems see no difference.
    taken: HashSet<String>,
}

impl Folder {
    /// One that holds nothing yet, made if need be, so that no file of anyone's can be replaced.
    pub(super) fn new(folder: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(folder).map_err(FileError::at("create", folder))?;
        if fs::read_dir(folder).map_err(FileError::at("read", folder))?.next().is_some() {
            let fault = Fault::new(Exit::Failed, format!("`{}` is not empty", folder.display()));
            return Err(fault.help("name a folder that is new or empty").into());
        }
        Ok(Self { folder: folder.to_owned(), taken: HashSet::new() })
    }

    /// Writes the heat map of a picture; returns where.
    pub(super) fn write(&mut self, picture: &Path, heat: &Heat) -> anyhow::Result<PathBuf> {
        let name = self.name(picture);
        let path = self.folder.join(name);
        files::write(&path, &heat.overlay())?;
        Ok(path)
    }

    /// The picture's name with `.jpg`; with a number where that was given to another.
    fn name(&mut self, picture: &Path) -> String {
        let stem = picture.file_stem().unwrap_or_default().to_string_lossy();
        let stem: String = stem.chars().take(LONGEST).collect();
        let numbered = (2u64..).map(|number| format!("{stem}-{number}.jpg"));
        let mut names = std::iter::once(format!("{stem}.jpg")).chain(numbered);
        names.find(|name| self.taken.insert(name.to_lowercase())).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Folder;

    #[test]
    fn every_picture_gets_a_name_of_its_own() {
        let place = tempfile::tempdir().unwrap();
        let mut folder = Folder::new(&place.path().join("a/new/one")).unwrap();
        let long = format!("{}.png", "ä".repeat(120));
        let names = ["husky/1.jpg", "malamute/1.png", "1-2.jpg", "B.JPG", "b.jpg", "1.tar.gz", "1"];
        let names: Vec<String> = names.iter().map(|name| folder.name(Path::new(name))).collect();
        let expected =
            ["1.jpg", "1-2.jpg", "1-2-2.jpg", "B.jpg", "b-2.jpg", "1.tar.jpg", "1-3.jpg"];
        assert_eq!(names, expected);
        assert_eq!(folder.name(Path::new(&long)), format!("{}.jpg", "ä".repeat(80)));
    }

    #[test]
    fn a_folder_that_holds_something_is_refused() {
        let place = tempfile::tempdir().unwrap();
        std::fs::write(place.path().join("1.jpg"), "mine").unwrap();
        assert!(Folder::new(place.path()).is_err());
    }
}
