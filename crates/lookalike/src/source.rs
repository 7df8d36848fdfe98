use std::path::{Path, PathBuf};

use pictures::{Folder, PicturesError};

use crate::{Error, Kind};

/// Where labelled pictures are named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A folder with one sub-folder a class, or with `train` and `valid` in it.
    Folder(PathBuf),
    /// A table of `path,label[,split][,group]`; its paths start where it lies.
    Table(PathBuf),
}

/// A folder of folders.
impl From<&str> for Source {
    fn from(folder: &str) -> Self {
        Self::Folder(folder.into())
    }
}

/// A folder of folders.
impl From<&Path> for Source {
    fn from(folder: &Path) -> Self {
        Self::Folder(folder.into())
    }
}

/// A folder of folders.
impl From<PathBuf> for Source {
    fn from(folder: PathBuf) -> Self {
        Self::Folder(folder)
    }
}

impl Source {
    /// The folder or the table.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Folder(path) | Self::Table(path) => path,
        }
    }

    /// Lists the pictures with their labels; none is opened.
    ///
    /// # Errors
    /// When the folder or table cannot be read, or names fewer than two classes.
    pub fn pictures(&self) -> Result<Folder, PicturesError> {
        match self {
            Self::Folder(folder) => Folder::scan(folder),
            Self::Table(table) => Folder::from_csv(table),
        }
    }

    /// The folder that the pictures' names are relative to.
    #[must_use]
    pub fn folder(&self) -> &Path {
        match self {
            Self::Folder(folder) => folder,
            Self::Table(table) => table.parent().unwrap_or(Path::new("")),
        }
    }

    /// What a classifier of these pictures is called: `photos` for `photos/`, `birds` for
    /// `birds.csv`, and the folder's own name for `.`.
    ///
    /// # Errors
    /// When the path has no name, as `/` has none.
    pub fn name(&self) -> Result<String, Error> {
        let named = |path: &Path| match self {
            Self::Folder(_) => path.file_name().map(|name| name.to_string_lossy().into_owned()),
            Self::Table(_) => path.file_stem().map(|name| name.to_string_lossy().into_owned()),
        };
        let path = self.path();
        named(path).or_else(|| named(&path.canonicalize().ok()?)).ok_or_else(|| {
            let path = path.display();
            let what = format!("`{path}` has no name to call the classifier by; pass `-o FILE`");
            Error::refused(Kind::Failed, what)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Source;

    #[test]
    fn a_source_has_a_name_and_a_folder() {
        let name = |source: &Source| source.name().unwrap();
        assert_eq!(name(&"data/birds/".into()), "birds");
        assert_eq!(name(&Source::Table("data/birds.v2.csv".into())), "birds.v2");
        let here = std::env::current_dir().unwrap();
        assert_eq!(name(&".".into()), here.file_name().unwrap().to_string_lossy());
        assert!(Source::from("/").name().is_err());
        assert_eq!(Source::Table("data/birds.csv".into()).folder(), Path::new("data"));
    }
}
