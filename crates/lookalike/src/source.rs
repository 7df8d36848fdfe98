use std::path::{Path, PathBuf};

use pictures::{Folder, Labelled, PicturesError};

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

    /// Like [`Source::pictures`], but a folder may have a single class: to evaluate a classifier, or to
    /// add to it, takes no two.
    ///
    /// # Errors
    /// When the folder or table cannot be read, or names no class.
    pub(crate) fn one_class_or_more(&self) -> Result<Folder, PicturesError> {
        match (self.pictures(), self) {
            (Err(error @ PicturesError::OneClass { .. }), Self::Folder(folder)) => {
                one_class(folder).unwrap_or(Err(error))
            }
            (pictures, _) => pictures,
        }
    }

    /// Lists the pictures to look at, sorted into classes or not; none is opened.
    ///
    /// # Errors
    /// When the folder or table cannot be read, or names no picture.
    pub fn any_pictures(&self) -> Result<Folder, PicturesError> {
        match self {
            Self::Folder(folder) => Folder::of_any(folder),
            Self::Table(table) => Folder::from_csv_of_any(table),
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

    /// What a picture is called: its path within that folder.
    #[must_use]
    pub fn name_of(&self, picture: &Path) -> String {
        picture.strip_prefix(self.folder()).unwrap_or(picture).to_string_lossy().into_owned()
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

/// The pictures in a folder with a single sub-folder, which is their class; `None` if there are more.
fn one_class(folder: &Path) -> Option<Result<Folder, PicturesError>> {
    let entries = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    let hidden =
        |path: &Path| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'));
    let folders: Vec<PathBuf> = entries.filter(|path| path.is_dir() && !hidden(path)).collect();
    let [class] = &folders[..] else { return None };
    let name = class.file_name()?.to_string_lossy().into_owned();
    let labelled = |path| Labelled { path, label: 0, side: None, group: None, also: vec![] };
    Some(Folder::pictures_below(class).map(|(pictures, passed_over)| Folder {
        classes: vec![name],
        pictures: pictures.into_iter().map(labelled).collect(),
        warnings: passed_over.into_iter().collect(),
    }))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Source;

    #[test]
    fn one_class_will_do_where_nothing_is_trained() {
        let place = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(place.path().join("moth/day 1")).unwrap();
        std::fs::write(place.path().join("moth/day 1/1.jpg"), "").unwrap();
        let source = Source::from(place.path());
        assert!(source.pictures().is_err());
        let folder = source.one_class_or_more().unwrap();
        assert_eq!((folder.classes, folder.pictures.len()), (vec!["moth".into()], 1));
    }

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
