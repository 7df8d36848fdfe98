//! The kinds of head that compete.

use std::fmt;

use ground::files::FileError;

use crate::head::{Kind, Layers, Samples, fit_hidden};

/// A kind of head that competes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rival {
    /// A linear head.
    Linear(Kind),
    /// fastai's small network ([`fit_hidden`]).
    Hidden,
}

impl Rival {
    /// Pictures above which fastai's small network does not compete: by then it would take longer
    /// than all else.
    pub const MOST_FOR_HIDDEN: usize = 20_000;
}

impl fmt::Display for Rival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Linear(kind) => kind.fmt(f),
            Self::Hidden => f.write_str("fastai's small network"),
        }
    }
}

/// A way to make a head, with what it needs beside pictures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Way {
    /// A linear head, with a strength.
    Linear(Kind, f64),
    /// fastai's small network ([`fit_hidden`]).
    Hidden,
}

impl Way {
    /// Makes the head on these rows of the table.
    ///
    /// # Errors
    /// When rows cannot be read back from a file.
    pub fn fit(self, samples: Samples<'_>) -> Result<Layers, FileError> {
        match self {
            Self::Linear(kind, strength) => {
                let mut heads = kind.fit(samples, &[strength])?;
                Ok(heads.swap_remove(0).into())
            }
            Self::Hidden => fit_hidden(samples),
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Linear(kind, strength) => write!(f, "{kind}, strength {strength}"),
            Self::Hidden => Rival::Hidden.fmt(f),
        }
    }
}
