//! The kinds of head that are compared, and what one is fitted with.

use std::fmt;

use ground::files::FileError;

use crate::head::{Layers, LinearKind, Samples, fit_hidden};

/// A kind of head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadKind {
    /// A linear head.
    Linear(LinearKind),
    /// A two-layer network, as fastai's head is ([`fit_hidden`]).
    Hidden,
}

impl HeadKind {
    /// Pictures up to which the two-layer network is tried: with more it would take longer than all
    /// else.
    pub const MOST_FOR_HIDDEN: usize = 20_000;
}

impl fmt::Display for HeadKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Linear(kind) => kind.fmt(f),
            Self::Hidden => f.write_str("two-layer network"),
        }
    }
}

/// A head with its hyperparameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum HeadSpec {
    /// A linear head, with its regularisation `C`.
    Linear(LinearKind, f64),
    /// A two-layer network, as fastai's head is ([`fit_hidden`]).
    Hidden,
}

impl HeadSpec {
    /// Fits the head on these samples.
    ///
    /// # Errors
    /// When rows cannot be read back from a file.
    pub fn fit(self, samples: Samples<'_>) -> Result<Layers, FileError> {
        match self {
            Self::Linear(kind, c) => {
                let mut heads = kind.fit(samples, &[c])?;
                Ok(heads.swap_remove(0).into())
            }
            Self::Hidden => fit_hidden(samples),
        }
    }
}

impl fmt::Display for HeadSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Linear(kind, c) => write!(f, "{kind}, C = {c}"),
            Self::Hidden => HeadKind::Hidden.fmt(f),
        }
    }
}
