//! What every error means to whoever called: an exit code (docs/exit-codes.md) and advice.

use std::error::Error as StdError;
use std::io;

use classifier::ClassifierError;
use collect::CollectError;
use doctor::plan::PlanError;
use ground::files::FileError;
use lookalike::{Error, Kind};
use pictures::PicturesError;
use training::TrainingError;
use training::auto::AutoError;
use training::features::FeaturesError;
use weights::WeightsError;

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

/// A failure of the binary's own, with its code and advice.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub(crate) struct Fault {
    what: String,
    exit: Exit,
    help: Option<String>,
}

impl Fault {
    pub(crate) fn new(exit: Exit, what: impl Into<String>) -> Self {
        Self { what: what.into(), exit, help: None }
    }

    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// The exit code and the advice for an error from any room. The outermost room that knows the
/// error decides; where it has no advice, what the system said may suggest some.
pub(crate) fn explain(error: &anyhow::Error) -> (Exit, Option<String>) {
    let system = || {
        let io = error.chain().find_map(|cause| {
            let file = cause.downcast_ref::<FileError>().map(|error| &error.source);
            file.or_else(|| cause.downcast_ref::<io::Error>())
        });
        io.and_then(of_system)
    };
    let known = error.chain().find_map(room);
    let (exit, help) = known.unwrap_or((Exit::Failed, None));
    (exit, help.or_else(system))
}

/// What the crate that an error is from says of it.
fn room(error: &(dyn StdError + 'static)) -> Option<(Exit, Option<String>)> {
    macro_rules! of {
        ($($type:ty),*) => {
            $(if let Some(error) = error.downcast_ref::<$type>() {
                return Some((Kind::from(error).into(), error.help()));
            })*
        };
    }
    if let Some(fault) = error.downcast_ref::<Fault>() {
        return Some((fault.exit, fault.help.clone()));
    }
    if let Some(error) = error.downcast_ref::<Error>() {
        return Some((error.kind().into(), error.help()));
    }
    of!(
        PlanError,
        TrainingError,
        AutoError,
        FeaturesError,
        ClassifierError,
        CollectError,
        PicturesError,
        WeightsError
    );
    None
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

/// Whether it is the end that was asked for.
pub(crate) fn stopped(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(Error::Stopped))
}

/// Whether the reader of standard output has gone (`… | head`), which is no failure.
pub(crate) fn nobody_reads(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
    })
}

fn of_system(error: &io::Error) -> Option<String> {
    let help = match error.kind() {
        io::ErrorKind::NotFound => {
            "there is no such file or folder; check the spelling, and which folder you are in"
        }
        io::ErrorKind::IsADirectory => "name a file, not a folder",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "make room on the disk, then run the same again"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "choose a place that you may read from and write to"
        }
        _ => return None,
    };
    Some(help.into())
}
