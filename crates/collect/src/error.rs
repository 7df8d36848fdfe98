use std::path::PathBuf;

/// Why a run ends. A picture that cannot be fetched or used is no error: its row says why.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CollectError {
    /// A file or folder could not be read or written.
    #[error(transparent)]
    File(#[from] ground::files::FileError),
    /// A list that cannot be read.
    #[error("`{}`, line {line}: {why}", .path.display())]
    List {
        /// The list.
        path: PathBuf,
        /// Which line, from 1.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
    /// A source in which no picture is named.
    #[error("`{}` names no pictures", .0.display())]
    Nothing(PathBuf),
    /// A source that does not say which class its pictures are of.
    #[error("`{}` does not say which class its pictures are of", .0.display())]
    NoClass(PathBuf),
    /// A name that cannot be a class's.
    #[error("`{name}` cannot be the name of a class: {why}")]
    ClassName {
        /// The name.
        name: String,
        /// Why not.
        why: &'static str,
    },
    /// The table of an earlier run, which cannot be resumed.
    #[error("`{}` is not a table that `collect` wrote: {why}", .path.display())]
    Table {
        /// The table.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Somebody else collects into the same folder.
    #[error("another run is collecting into `{}`", .0.display())]
    Busy(PathBuf),
    /// A contact that cannot stand in a header.
    #[error("`{0}` cannot be a contact")]
    Contact(String),
    /// The network is forbidden.
    #[error("{addresses} addresses cannot be fetched without the network")]
    Offline {
        /// How many there are.
        addresses: usize,
    },
}

impl CollectError {
    /// What the user can do about it, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        let help = match self {
            Self::File(_) | Self::Busy(_) => return None,
            Self::List { .. } => {
                "a line is an address, or a class, a tab and an address; a table has the columns \
                 `url` and `class`; JSON lines have the same as keys"
            }
            Self::Nothing(_) => {
                "pass a list of addresses, a saved web page, an archive, or a folder of pictures"
            }
            Self::NoClass(_) => "say it with `--class NAME`",
            Self::ClassName { .. } => "a class is a folder; give it a name that a folder can have",
            Self::Table { .. } => "move it elsewhere, or collect into another folder",
            Self::Contact(_) => "pass a page or a mail address, without spaces and brackets",
            Self::Offline { .. } => "leave out `--offline` and unset LOOKALIKE_OFFLINE",
        };
        Some(help.into())
    }
}
