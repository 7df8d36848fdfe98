use std::path::{Path, PathBuf};

/// Why a set of pictures cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PicturesError {
    /// A file or folder could not be read or written.
    #[error(transparent)]
    File(#[from] ground::files::FileError),
    /// A folder without sub-folders, or a table without rows.
    #[error("`{}` has no class folders", .0.display())]
    NoClasses(PathBuf),
    /// A file where a folder should be.
    #[error("`{}` is a file, not a folder", .0.display())]
    NotAFolder(PathBuf),
    /// A set with one class only.
    #[error("`{}` has only one class, `{class}`", .path.display())]
    OneClass {
        /// The folder or table.
        path: PathBuf,
        /// Its one class.
        class: String,
    },
    /// A class folder without files.
    #[error("the class `{class}` in `{}` has no pictures", .path.display())]
    EmptyClass {
        /// The set.
        path: PathBuf,
        /// The class.
        class: String,
    },
    /// A class all of whose pictures are held out.
    #[error("the class `{class}` in `{}` has held-out pictures but none to train on", .path.display())]
    NotTrained {
        /// The set.
        path: PathBuf,
        /// The class.
        class: String,
    },
    /// A table of labels that cannot be read as one.
    #[error("`{}`, line {line}: {why}", .path.display())]
    Table {
        /// The table.
        path: PathBuf,
        /// Which line, from 1.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
    /// A file of labels of another format.
    #[error("`{}`, read as {format}: {why}", .path.display())]
    Labels {
        /// The file.
        path: PathBuf,
        /// The format that it was taken for.
        format: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// More than half of the pictures are bad.
    #[error("{bad} of {all} pictures cannot be used, the first is `{}`: {reason}", .path.display())]
    MostlyBad {
        /// How many are bad …
        bad: usize,
        /// … of how many.
        all: usize,
        /// The first of them.
        path: PathBuf,
        /// What is wrong with that one.
        reason: String,
    },
    /// A class without a usable picture to train on.
    #[error(
        "the class `{class}` has no picture left to train on: {bad} of its {all} cannot be used"
    )]
    ClassLost {
        /// The class.
        class: String,
        /// Its pictures.
        all: usize,
        /// How many of them are bad.
        bad: usize,
    },
    /// A way of grouping that groups no pictures.
    #[error("`--group-by {way}` groups no pictures")]
    NothingGrouped {
        /// The way of grouping, as typed.
        way: String,
    },
    /// The pixels of a picture whose file is gone.
    #[error("the file of `{}` is gone", .0.display())]
    Absent(PathBuf),
    /// A folder to draw into that is not empty.
    #[error("`{}` is not empty", .0.display())]
    NotEmpty(PathBuf),
    /// Stopped on request.
    #[error("stopped on request")]
    Stopped,
}

impl PicturesError {
    /// What to do about it, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        let help = match self {
            Self::File(_) | Self::Stopped => return None,
            Self::NoClasses(_) => {
                "make one folder per class and put its pictures there: `bees/1.jpg`, `ants/2.jpg`; \
                 or write a table with the columns `path` and `label`"
                    .into()
            }
            Self::NotAFolder(path) => format!(
                "name a folder with one sub-folder per class; if this is a table of labels, pass \
                 `--labels {}`",
                path.display()
            ),
            Self::OneClass { path, class } if has_folders(&path.join(class)) => format!(
                "add a folder for each other class; if `{class}` holds the classes, name `{}`",
                path.join(class).display()
            ),
            Self::OneClass { .. } => {
                "a classifier needs at least two classes: add a folder for each. `lookalike check` and \
                 `lookalike look` take a single one"
                    .into()
            }
            Self::EmptyClass { .. } => "add pictures of it, or remove the folder".into(),
            Self::NotTrained { .. } => {
                "add pictures of it to train on, or remove it; classes are matched by name, so \
                 check the spelling"
                    .into()
            }
            Self::Table { .. } => {
                "the first line is `path,label`, optionally with `split`, `group` and `fold`; each further \
                 line is one picture. `--path-column` and `--label-column` name other columns"
                    .into()
            }
            Self::Labels { .. } => {
                "export it again from the program that wrote it; `docs/labels.md` says what is read of \
                 each format"
                    .into()
            }
            Self::MostlyBad { path, .. } if !crate::Place::named(path).file().exists() => {
                "check the paths: those of a table are relative to the folder that it lies in; `--root` names \
                 another"
                    .into()
            }
            Self::MostlyBad { .. } => {
                "check that this is the right folder; the README lists the formats that are read"
                    .into()
            }
            Self::ClassLost { class, .. } => {
                format!("add good pictures of `{class}`, or remove the class")
            }
            Self::NothingGrouped { way } if way == "folder" => {
                "it groups pictures in the same sub-folder of a class; without sub-folders, leave \
                 it out"
                    .into()
            }
            Self::NothingGrouped { way } if way == "burst" => {
                "it needs camera and time in EXIF, which many programs and web sites remove; leave \
                 it out, or write a table with a column `group`"
                    .into()
            }
            Self::NothingGrouped { .. } => {
                "the pattern is matched against file names without folders; try it on one of them"
                    .into()
            }
            Self::Absent(_) => "put it back where it was".into(),
            Self::NotEmpty(_) => "name a folder that is new or empty".into(),
        };
        Some(help)
    }
}

/// Whether classes might lie in a folder.
fn has_folders(folder: &Path) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| entry.path().is_dir())
}
