//! Why a picture cannot be used.

use std::io;

use image::ImageError;

use crate::Cut;

/// What [`Reason::Missing`] says.
pub const MISSING: &str = "there is no such file";

/// Why a picture cannot be used, in one line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// An unknown format.
    #[error("not a picture")]
    NotAPicture,
    /// A known format that is not supported.
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
    /// Beyond one of the [`crate::Limits`]; says which.
    #[error("too large: {0}")]
    TooLarge(String),
    /// No bytes at all.
    #[error("empty file")]
    Empty,
    /// A supported format, but damaged; the decoder's message.
    #[error("broken: {0}")]
    Broken(String),
    /// The decoder panicked, which is a fault in it; its words.
    #[error("broken: the decoder gave up with `{0}`")]
    Panicked(String),
    /// Nothing is left of a box.
    #[error("the box {cut} has no pixel of the picture, which is {width} × {height}")]
    NoBox {
        /// The box.
        cut: Cut,
        /// Width of the upright picture, in pixels.
        width: u32,
        /// Height of the upright picture, in pixels.
        height: u32,
    },
    /// Nothing has its name.
    #[error("{MISSING}")]
    Missing,
    /// The file could not be read.
    #[error("cannot be read: {0}")]
    Unreadable(io::Error),
}

impl Reason {
    /// Why the system did not hand over a file's bytes.
    pub(crate) fn of_system(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            _ => Self::Unreadable(error),
        }
    }
}

/// The reason in a decoder's words.
pub(super) fn reason(error: ImageError) -> Reason {
    match error {
        ImageError::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Reason::CutOff
        }
        ImageError::Limits(_) => {
            Reason::TooLarge("it takes more memory than its size allows".into())
        }
        error => {
            // The innermost cause tells most; what wraps it repeats the format's name.
            let mut cause: &dyn std::error::Error = &error;
            while let Some(inner) = cause.source() {
                cause = inner;
            }
            let end = cause.downcast_ref::<io::Error>().map(io::Error::kind);
            if end == Some(io::ErrorKind::UnexpectedEof) {
                return Reason::CutOff;
            }
            Reason::Broken(one_line(&cause.to_string()))
        }
    }
}

/// A decoder's words, which may quote the file, as one printable line.
pub(super) fn one_line(text: &str) -> String {
    let printable = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200);
    let printable = printable.collect::<String>();
    printable.trim_matches(['"', ' ']).trim_start_matches("[strict-mode]: ").to_owned()
}
