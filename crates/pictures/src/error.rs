use std::path::PathBuf;

/// Why a set of pictures cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PicturesError {
    /// A file or folder could not be read or written.
    #[error(transparent)]
    File(#[from] ground::files::FileError),
    /// A folder without sub-folders, or a table without rows.
    #[error("`{}` names no classes", .0.display())]
    NoClasses(PathBuf),
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
    /// A class of which every picture is held out.
    #[error("the class `{class}` in `{}` has pictures to validate or test on but none to train on", .path.display())]
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
    /// More than half of the pictures are bad.
    #[error("{bad} of {all} pictures cannot be used, the first being `{}`: {reason}", .path.display())]
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
    /// A way of grouping that keeps no two pictures together.
    #[error("`--group-by {way}` keeps no two pictures together")]
    NothingGrouped {
        /// The way, as it was asked for.
        way: String,
    },
    /// A folder to draw into that holds something already.
    #[error("`{}` is not empty", .0.display())]
    NotEmpty(PathBuf),
    /// The end was asked for.
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
                "make one folder a class and put its pictures there: `bees/1.jpg`, `ants/2.jpg`; \
                 or write a table with the columns `path` and `label`"
                    .into()
            }
            Self::OneClass { path, class } if path.is_dir() => format!(
                "add a folder for each other class; if `{class}` holds the classes, name `{}`",
                path.join(class).display()
            ),
            Self::OneClass { .. } => "a classifier tells at least two classes apart".into(),
            Self::EmptyClass { .. } => "add pictures of it, or remove the folder".into(),
            Self::NotTrained { .. } => {
                "add pictures of it to train on, or remove it; classes are matched by name, so look \
                 for one that is spelt differently"
                    .into()
            }
            Self::Table { .. } => {
                "the first line is `path,label`, with `split` and `group` if wanted; each further \
                 line is one picture"
                    .into()
            }
            Self::MostlyBad { .. } => {
                "see whether this is the right folder; JPEG, PNG, WebP, GIF and BMP are read".into()
            }
            Self::ClassLost { class, .. } => {
                format!("add good pictures of `{class}`, or remove the class")
            }
            Self::NothingGrouped { way } if way == "folder" => {
                "it keeps those together that lie in one folder below that of their class; if there \
                 are none such, leave it out"
                    .into()
            }
            Self::NothingGrouped { way } if way == "burst" => {
                "it goes by camera and time in the EXIF blocks, which many programs and sites \
                 remove; leave it out, or write a table with a column `group`"
                    .into()
            }
            Self::NothingGrouped { .. } => {
                "the pattern is looked for in the files' names, without folders; try it on one of \
                 them"
                    .into()
            }
            Self::NotEmpty(_) => "name a folder that is new or empty".into(),
        };
        Some(help)
    }
}
