#[cfg(feature = "parquet")]
use std::path::Path;
use std::path::PathBuf;

use ground::files::FileError;

/// Why a table cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum TablesError {
    /// The system refuses.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file that is no Parquet file, is damaged or beyond the limits.
    #[error("cannot read `{}` as Parquet: {why}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A column that is not there, or is of another type.
    #[error("`{}`, column `{column}`: {why}", path.display())]
    Column {
        /// Which file.
        path: PathBuf,
        /// Which column.
        column: String,
        /// What is wrong with it.
        why: String,
    },
    /// A sound file that is not what it is taken for.
    #[error("`{}` {why}", path.display())]
    Other {
        /// Which file.
        path: PathBuf,
        /// What it is not.
        why: String,
        /// What to do.
        help: &'static str,
    },
    /// A row or its file cannot be encoded.
    #[error("cannot write rows to `{}`: {why}", path.display())]
    Unwritten {
        /// Which file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
}

impl TablesError {
    #[cfg(feature = "parquet")]
    pub(crate) fn damaged(path: &Path, why: String) -> Self {
        Self::Damaged { path: path.to_owned(), why }
    }

    #[cfg(feature = "parquet")]
    pub(crate) fn column(path: &Path, column: &str, why: impl Into<String>) -> Self {
        Self::Column { path: path.to_owned(), column: column.to_owned(), why: why.into() }
    }

    /// What the user can do about it, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::File(_) | Self::Unwritten { .. } => None,
            Self::Damaged { .. } => Some("download or write the file again".into()),
            Self::Column { .. } => Some("docs/features.md says which columns are read".into()),
            Self::Other { help, .. } => Some((*help).into()),
        }
    }
}
