//! Where labelled pictures are named: a folder or a table.

#[cfg(feature = "parquet")]
mod parquet;

use std::path::{Path, PathBuf};

use ground::files::folder_of;
use insight::{COLUMNS, Fact};
use labels::How;
use pictures::{Columns, Folder, Labelled, Need, PicturesError, Place};

use crate::{Error, Kind};

/// Where labelled pictures are named.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// A folder with one sub-folder a class, or with `train` and `valid` in it; or one that holds
    /// labels in a file of its own.
    Folder(PathBuf),
    /// A table of `path,label[,split][,group][,fold]` or a file of labels or boxes of another program,
    /// recognised by its content, and how it is read; its paths start where it lies, unless that says
    /// otherwise.
    Table(PathBuf, How),
    /// Features of pictures in Parquet files, as `features` writes them, for `train` alone; and a table
    /// of labels by the names of their rows, where those of the rows are not to count.
    Features(Vec<PathBuf>, Option<(PathBuf, Columns)>),
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
    /// A table with the usual columns.
    #[must_use]
    pub fn table(path: impl Into<PathBuf>) -> Self {
        Self::Table(path.into(), How::default())
    }

    /// The folder or the table.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Folder(path) | Self::Table(path, _) => path,
            Self::Features(files, _) => {
                files.first().map_or(Path::new("."), |file| folder_of(file))
            }
        }
    }

    /// Lists the pictures with their labels; none is opened.
    ///
    /// # Errors
    /// When the folder or table cannot be read, or names fewer than two classes.
    pub fn pictures(&self) -> Result<Folder, PicturesError> {
        self.read(Need::Classes)
    }

    /// Like [`Source::pictures`], but there may be a single class: to evaluate a classifier, or to add
    /// to it, takes no two.
    ///
    /// # Errors
    /// When the folder or table cannot be read, or names no class.
    pub(crate) fn one_class_or_more(&self) -> Result<Folder, PicturesError> {
        match (self.pictures(), self) {
            (Err(error @ PicturesError::OneClass { .. }), Self::Folder(folder)) => {
                one_class(folder).unwrap_or(Err(error))
            }
            (Err(PicturesError::OneClass { .. }), Self::Table(..)) => self.any_pictures(),
            (pictures, _) => pictures,
        }
    }

    /// Lists the pictures to look at, sorted into classes or not; none is opened.
    ///
    /// # Errors
    /// When the folder or table cannot be read, or names no picture.
    pub fn any_pictures(&self) -> Result<Folder, PicturesError> {
        self.read(Need::Anything)
    }

    fn read(&self, need: Need) -> Result<Folder, PicturesError> {
        match self {
            Self::Table(table, how) => data_set(table, &how.columns, need)
                .unwrap_or_else(|| labels::read(table, how, need)),
            Self::Folder(folder) => {
                let scanned = match (labels::in_folder(folder), need) {
                    (Some(file), _) => labels::read(&file, &How::default(), need),
                    (None, Need::Classes) => Folder::scan(folder),
                    (None, Need::Anything) => Folder::of_any(folder),
                };
                scanned
                    .or_else(|why| data_set(folder, &Columns::default(), need).unwrap_or(Err(why)))
            }
            Self::Features(..) => Err(PicturesError::NoClasses(self.path().to_owned())),
        }
    }

    /// How a table is read, where not as usual: facts to keep with a classifier.
    pub(crate) fn facts(&self) -> Vec<Fact> {
        let how = match self {
            Self::Table(_, how) => how.clone(),
            Self::Features(_, Some((_, columns))) => {
                How { columns: columns.clone(), ..How::default() }
            }
            Self::Folder(_) | Self::Features(_, None) => return vec![],
        };
        let Columns { path, label, fold, boxes } = how.columns;
        let root = how.root.map(|root| root.display().to_string());
        let confidence = how.min_confidence.map(|least| least.to_string());
        let said = [path, label, fold, boxes, root, confidence, how.detected];
        let fact = |((fact, _), value): (&(&str, &str), Option<String>)| {
            Some(Fact { name: (*fact).into(), value: value? })
        };
        COLUMNS.iter().zip(said).filter_map(fact).collect()
    }

    /// The folder or table as arguments of a command.
    #[must_use]
    pub fn arguments(&self) -> String {
        if let Self::Features(_, labels) = self {
            let files = self.path().join("*.parquet");
            let files = insight::quoted(&files.to_string_lossy());
            let labels = labels.as_ref().map_or(String::new(), |(table, _)| {
                format!(" {}", insight::arguments(&table.to_string_lossy(), true, &self.facts()))
            });
            return format!("--features {files}{labels}");
        }
        let in_table = matches!(self, Self::Table(..));
        insight::arguments(&self.path().to_string_lossy(), in_table, &self.facts())
    }

    /// The table of which these facts are kept.
    pub(crate) fn recorded(table: PathBuf, facts: &[Fact]) -> Self {
        let [path, label, fold, boxes, root, confidence, detected] = COLUMNS.map(|(name, _)| {
            let fact = facts.iter().find(|fact| fact.name == name);
            fact.map(|fact| fact.value.clone())
        });
        let how = How {
            columns: Columns { path, label, fold, boxes },
            root: root.map(PathBuf::from),
            min_confidence: confidence.and_then(|least| least.parse().ok()),
            detected,
        };
        Self::Table(table, how)
    }

    /// The folder that the pictures' names are relative to.
    #[must_use]
    pub fn folder(&self) -> &Path {
        match self {
            Self::Folder(folder) => folder,
            Self::Table(table, _) if table.is_dir() => table,
            Self::Table(table, how) => how.root.as_deref().unwrap_or(folder_of(table)),
            // They are called what their rows say.
            Self::Features(..) => Path::new(""),
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
            Self::Folder(_) | Self::Features(..) => {
                path.file_name().map(|name| name.to_string_lossy().into_owned())
            }
            Self::Table(..) => path.file_stem().map(|name| name.to_string_lossy().into_owned()),
        };
        let path = self.path();
        named(path).or_else(|| named(&path.canonicalize().ok()?)).ok_or_else(|| {
            let path = path.display();
            let what = format!("`{path}` has no name to call the classifier by; pass `-o FILE`");
            Error::refused(Kind::Failed, what)
        })
    }
}

/// Where pictures are, and what they were read as.
type Places = (Vec<Place>, String);

/// The pictures that a file of another program names or holds, in its order, and what it was read as:
/// labels or boxes, an archive, a data set in Parquet. `None` where it is no such file by its suffix, as
/// many files may be asked about.
///
/// # Errors
/// When it cannot be read or understood.
pub fn pictures_in(path: &Path, how: &How) -> Result<Option<Places>, Error> {
    if labels::is_labels(path) {
        return Ok(Some(labels::listed(path, how)?));
    }
    let is_parquet = path.extension().is_some_and(|end| end == "parquet");
    let found = is_parquet.then(|| places_of_data_set(path, &how.columns)).flatten();
    Ok(found.transpose()?)
}

/// The pictures of a data set in Parquet files; `None` where there is none.
#[cfg(feature = "parquet")]
fn data_set(path: &Path, columns: &Columns, need: Need) -> Option<Result<Folder, PicturesError>> {
    parquet::files_of(path).map(|files| parquet::folder(path, &files, columns, need))
}

#[cfg(not(feature = "parquet"))]
fn data_set(_: &Path, _: &Columns, _: Need) -> Option<Result<Folder, PicturesError>> {
    None
}

/// The pictures of such files in the order of their rows, whatever their labels.
#[cfg(feature = "parquet")]
fn places_of_data_set(path: &Path, columns: &Columns) -> Option<Result<Places, PicturesError>> {
    parquet::files_of(path).map(|files| parquet::places(path, &files, columns))
}

#[cfg(not(feature = "parquet"))]
fn places_of_data_set(_: &Path, _: &Columns) -> Option<Result<Places, PicturesError>> {
    None
}

/// The pictures in a folder with a single sub-folder, which is their class; `None` if there are more.
fn one_class(folder: &Path) -> Option<Result<Folder, PicturesError>> {
    let entries = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    let hidden =
        |path: &Path| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'));
    let folders: Vec<PathBuf> = entries.filter(|path| path.is_dir() && !hidden(path)).collect();
    let [class] = &folders[..] else { return None };
    let name = class.file_name()?.to_string_lossy().into_owned();
    let labelled = |path: PathBuf| Labelled {
        place: path.into(),
        label: 0,
        side: None,
        group: None,
        fold: None,
        also: vec![],
    };
    Some(Folder::pictures_below(class).map(|(pictures, passed_over)| Folder {
        classes: vec![name],
        pictures: pictures.into_iter().map(labelled).collect(),
        warnings: passed_over.into_iter().collect(),
        ..Folder::default()
    }))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use labels::How;
    use pictures::Columns;

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
    fn a_table_is_found_again_with_its_columns() {
        let columns =
            Columns { path: Some("image_id".into()), fold: Some("k".into()), ..Columns::default() };
        let how =
            How { columns, root: Some("night".into()), min_confidence: Some(0.35), detected: None };
        let source = Source::Table("dogs.csv".into(), how);
        let facts = source.facts();
        assert_eq!(facts.len(), 4);
        let arguments = "--labels dogs.csv --path-column image_id --fold-column k --root night \
                         --min-confidence 0.35";
        assert_eq!(source.arguments(), arguments);
        assert_eq!(Source::recorded("dogs.csv".into(), &facts), source);
        assert_eq!(Source::recorded("dogs.csv".into(), &[]), Source::table("dogs.csv"));
    }

    #[test]
    fn features_are_named_after_their_folder() {
        let files = vec!["runs/feats/a.parquet".into(), "runs/feats/b.parquet".into()];
        let source = Source::Features(files, Some(("birds.csv".into(), Columns::default())));
        assert_eq!(source.name().unwrap(), "feats");
        let arguments = "--features 'runs/feats/*.parquet' --labels birds.csv";
        assert_eq!(source.arguments(), arguments);
        assert_eq!(source.name_of(Path::new("wren/1.jpg")), "wren/1.jpg");
    }

    #[test]
    fn a_source_has_a_name_and_a_folder() {
        let name = |source: &Source| source.name().unwrap();
        assert_eq!(name(&"data/birds/".into()), "birds");
        assert_eq!(name(&Source::table("data/birds.v2.csv")), "birds.v2");
        let here = std::env::current_dir().unwrap();
        assert_eq!(name(&".".into()), here.file_name().unwrap().to_string_lossy());
        assert!(Source::from("/").name().is_err());
        assert_eq!(Source::table("data/birds.csv").folder(), Path::new("data"));
        // As the pictures of a table in this folder are found.
        assert_eq!(Source::table("birds.csv").name_of(Path::new("./ants/1.jpg")), "ants/1.jpg");
    }
}
