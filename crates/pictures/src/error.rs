use std::path::PathBuf;

/// Why a set of pictures cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PicturesError {
    /// A file or folder could not be read or written.
    #[error(transparent)]
    File(#[from] ground::files::FileError),
    /// A folder that holds no sub-folder and so names no class.
    #[error("`{}` has no sub-folders, so no classes", .0.display())]
    NoClasses(PathBuf),
    /// A set with one class only.
    #[error("`{}` has only one class, `{class}`", .path.display())]
    OneClass {
        /// The folder or table.
        path: PathBuf,
        /// Its one class.
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
}

impl PicturesError {
    /// What to do about it, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        None
    }
}
