//! What every error means to whoever called: an exit code (docs/exit-codes.md) and advice.

use std::error::Error as _;
use std::{fmt, io};

use classifier::ClassifierError;
use doctor::plan::PlanError;
use ground::files::FileError;
use lookalike::{Error, Kind};
use pictures::PicturesError;

/// The program's exit codes. A code keeps its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All was done.
    Done = 0,
    /// Something failed that has no code of its own.
    Failed = 1,
    /// The command line is not understood; clap ends the program with the same.
    Usage = 2,
    /// Pictures or labels cannot be used.
    Pictures = 3,
    /// A classifier or weights file is refused.
    Model = 4,
    /// The network failed, or is forbidden.
    Network = 5,
    /// The loss left the range of numbers.
    NotFinite = 6,
    /// A bug of ours, as Rust ends a program that panics.
    Bug = 101,
    /// Stopped on request, by Ctrl-C.
    Interrupted = 130,
    /// Stopped on request, by SIGTERM: what [`crate::interrupt::code`] makes of the former then.
    Terminated = 143,
}

impl From<Kind> for Exit {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Usage => Self::Usage,
            Kind::Pictures => Self::Pictures,
            Kind::Model => Self::Model,
            Kind::Network => Self::Network,
            Kind::NotFinite => Self::NotFinite,
            Kind::Stopped => Self::Interrupted,
            _ => Self::Failed,
        }
    }
}

/// Why a command failed. An error of another crate is one of the library's: the compiler refuses one
/// that has no way there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Library(#[from] Error),
    /// Standard output cannot be written.
    #[error(transparent)]
    Output(#[from] io::Error),
    #[error(transparent)]
    Text(#[from] fmt::Error),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Table(#[from] csv::Error),
}

/// Errors of crates that commands call themselves.
macro_rules! by_way_of_the_library {
    ($($error:ty),*) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::Library(error.into())
            }
        }
    )*};
}
by_way_of_the_library!(ClassifierError, FileError, PicturesError, PlanError);

impl Failure {
    /// The exit code and the advice.
    pub(crate) fn explain(&self) -> (Exit, Option<String>) {
        match self {
            Self::Library(error) => (error.kind().into(), error.help()),
            Self::Output(error) => (Exit::Failed, lookalike::advice(error).map(Into::into)),
            Self::Text(_) | Self::Json(_) | Self::Table(_) => (Exit::Failed, None),
        }
    }

    /// Whether it is the end that was asked for.
    pub(crate) fn is_stop(&self) -> bool {
        matches!(self, Self::Library(Error::Stopped))
    }

    /// Whether the reader of standard output has gone (`… | head`), which is no failure.
    pub(crate) fn nobody_reads(&self) -> bool {
        let broken = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
        match self {
            Self::Output(error) => broken(error),
            _ => self.source().and_then(|cause| cause.downcast_ref()).is_some_and(broken),
        }
    }
}
