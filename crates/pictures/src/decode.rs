use std::path::Path;

use ground::Digest;

use crate::{Limits, Rgb};

/// Why a picture cannot be used, in one line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// Of no known format.
    #[error("not a picture")]
    NotAPicture,
    /// Of a known format that is not read.
    #[error("{what} is not supported; {advice}")]
    Unsupported {
        /// The format.
        what: &'static str,
        /// What to do instead.
        advice: &'static str,
    },
    /// The end is missing.
    #[error("cut off: the end of the file is missing")]
    CutOff,
    /// Beyond a limit of [`Limits`]; says which.
    #[error("too large: {0}")]
    TooLarge(String),
    /// No bytes at all.
    #[error("empty file")]
    Empty,
    /// Of a known format, but damaged; the decoder's words.
    #[error("broken: {0}")]
    Broken(String),
    /// The decoder panicked (a bug in it, caught); its words.
    #[error("the decoder panicked: {0}")]
    Panicked(String),
    /// The file could not be read.
    #[error("cannot be read: {0}")]
    Unreadable(std::io::Error),
}

/// Decodes.
///
/// # Errors
/// With the reason why not.
pub fn decode(_bytes: &[u8], _limits: &Limits) -> Result<Rgb, Reason> {
    Err(Reason::NotAPicture)
}

/// Reads and decodes a file.
///
/// # Errors
/// With the reason why not.
pub fn read(_path: &Path, _limits: &Limits) -> Result<(Rgb, Digest), Reason> {
    Err(Reason::NotAPicture)
}
