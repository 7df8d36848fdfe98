//! What every error means to whoever called: an exit code (docs/exit-codes.md) and advice.

use std::error::Error;
use std::io;

use classifier::ClassifierError;
use collect::CollectError;
use doctor::plan::PlanError;
use ground::files::FileError;
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

/// What the room that an error is from says of it.
fn room(error: &(dyn Error + 'static)) -> Option<(Exit, Option<String>)> {
    if let Some(fault) = error.downcast_ref::<Fault>() {
        Some((fault.exit, fault.help.clone()))
    } else if let Some(error) = error.downcast_ref::<PlanError>() {
        Some((crate::commands::apply::exit(error), error.help()))
    } else if let Some(error) = error.downcast_ref::<TrainingError>() {
        Some((of_training(error), error.help()))
    } else if let Some(error) = error.downcast_ref::<AutoError>() {
        Some((of_auto(error), error.help()))
    } else if let Some(error) = error.downcast_ref::<FeaturesError>() {
        Some((of_features(error), error.help()))
    } else if let Some(error) = error.downcast_ref::<ClassifierError>() {
        Some((of_classifier(error), error.help()))
    } else if let Some(error) = error.downcast_ref::<CollectError>() {
        Some((of_collect(error), error.help()))
    } else if let Some(error) = error.downcast_ref::<PicturesError>() {
        Some((of_pictures(error), error.help()))
    } else {
        error.downcast_ref::<WeightsError>().map(|error| (of_weights(error), error.help()))
    }
}

/// Whether the reader of standard output has gone (`… | head`), which is no failure.
pub(crate) fn nobody_reads(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
    })
}

fn of_training(error: &TrainingError) -> Exit {
    match error {
        TrainingError::NotFinite(_) => Exit::NotFinite,
        TrainingError::Pictures(error) => of_pictures(error),
        TrainingError::NoPictures { .. } | TrainingError::ClassNames(_) => Exit::Pictures,
        TrainingError::NothingToDo { .. } => Exit::Usage,
        _ => Exit::Failed,
    }
}

fn of_auto(error: &AutoError) -> Exit {
    match error {
        AutoError::File(_) => Exit::Failed,
        AutoError::Pictures(error) => of_pictures(error),
        AutoError::Training(error) => of_training(error),
        AutoError::Features(error) => of_features(error),
        AutoError::Classes(_) => Exit::Pictures,
    }
}

fn of_features(error: &FeaturesError) -> Exit {
    match error {
        FeaturesError::Classifier(error) => of_classifier(error),
        FeaturesError::Pictures(error) => of_pictures(error),
        FeaturesError::File(_) => Exit::Failed,
    }
}

fn of_classifier(error: &ClassifierError) -> Exit {
    match error {
        ClassifierError::Weights(error) => of_weights(error),
        ClassifierError::Pictures(error) => of_pictures(error),
        ClassifierError::Engine(_) | ClassifierError::NotAsSaved { .. } => Exit::Failed,
        _ => Exit::Model,
    }
}

fn of_pictures(error: &PicturesError) -> Exit {
    match error {
        PicturesError::File(error) if error.source.kind() != io::ErrorKind::NotFound => {
            Exit::Failed
        }
        PicturesError::NotEmpty(_) => Exit::Failed,
        PicturesError::Stopped => Exit::Interrupted,
        _ => Exit::Pictures,
    }
}

fn of_collect(error: &CollectError) -> Exit {
    match error {
        CollectError::File(error) if error.source.kind() != io::ErrorKind::NotFound => Exit::Failed,
        CollectError::Busy(_) => Exit::Failed,
        CollectError::ClassName { .. } | CollectError::NoClass(_) | CollectError::Contact(_) => {
            Exit::Usage
        }
        CollectError::Offline { .. } => Exit::Network,
        _ => Exit::Pictures,
    }
}

fn of_weights(error: &WeightsError) -> Exit {
    match error {
        WeightsError::File(error) => match error.source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::IsADirectory => Exit::Model,
            _ => Exit::Failed,
        },
        WeightsError::Unwritable { .. } => Exit::Failed,
        WeightsError::Offline { .. }
        | WeightsError::Unreachable { .. }
        | WeightsError::Status { .. }
        | WeightsError::BrokenOff { .. }
        | WeightsError::Redirect { .. }
        | WeightsError::TooLarge { .. }
        | WeightsError::WrongSize { .. }
        | WeightsError::WrongHash { .. }
        | WeightsError::NotWeights { .. } => Exit::Network,
        WeightsError::Stopped { .. } => Exit::Interrupted,
        WeightsError::NoSuchName { .. } => Exit::Usage,
        _ => Exit::Model,
    }
}

fn of_system(error: &io::Error) -> Option<String> {
    let help = match error.kind() {
        io::ErrorKind::NotFound => {
            "nothing has this name; see how it is spelt, and in which folder you are"
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
