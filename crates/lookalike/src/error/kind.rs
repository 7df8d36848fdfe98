//! What kind of failure an error is, by which a program exits.

use std::io;

use classifier::ClassifierError;
use collect::CollectError;
use doctor::plan::PlanError;
use export::ExportError;
use pictures::PicturesError;
use tables::TablesError;
use training::TrainingError;
use training::auto::AutoError;
use training::features::FeaturesError;
use weights::WeightsError;

/// What to blame for an error. The program's exit codes are made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Something failed that has no kind of its own, such as a disk.
    Failed,
    /// The request makes no sense.
    Usage,
    /// Pictures or labels cannot be used.
    Pictures,
    /// A classifier or weights file is refused.
    Model,
    /// The network cannot be reached, or must not be used.
    Network,
    /// The loss left the range of numbers.
    NotFinite,
    /// Stopped on request.
    Stopped,
}

impl From<&TrainingError> for Kind {
    fn from(error: &TrainingError) -> Self {
        match error {
            TrainingError::NotFinite(_) => Self::NotFinite,
            TrainingError::Pictures(error) => error.into(),
            TrainingError::NoPictures { .. } | TrainingError::ClassNames(_) => Self::Pictures,
            TrainingError::NothingToDo { .. } => Self::Usage,
            _ => Self::Failed,
        }
    }
}

impl From<&TablesError> for Kind {
    fn from(error: &TablesError) -> Self {
        match error {
            TablesError::File(_) | TablesError::Unwritten { .. } => Self::Failed,
            // Rows stand for pictures.
            _ => Self::Pictures,
        }
    }
}

impl From<&AutoError> for Kind {
    fn from(error: &AutoError) -> Self {
        match error {
            AutoError::File(_) => Self::Failed,
            AutoError::Pictures(error) => error.into(),
            AutoError::Training(error) => error.into(),
            AutoError::Features(error) => error.into(),
            AutoError::Classes(_) | AutoError::Related => Self::Pictures,
        }
    }
}

impl From<&FeaturesError> for Kind {
    fn from(error: &FeaturesError) -> Self {
        match error {
            FeaturesError::Classifier(error) => error.into(),
            FeaturesError::Pictures(error) => error.into(),
            FeaturesError::File(_) => Self::Failed,
        }
    }
}

impl From<&ClassifierError> for Kind {
    fn from(error: &ClassifierError) -> Self {
        match error {
            ClassifierError::Weights(error) => error.into(),
            ClassifierError::Pictures(error) => error.into(),
            ClassifierError::Unreadable(_) | ClassifierError::TooLarge { .. } => Self::Pictures,
            ClassifierError::Engine(_) | ClassifierError::NotAsSaved { .. } => Self::Failed,
            _ => Self::Model,
        }
    }
}

impl From<&ExportError> for Kind {
    fn from(error: &ExportError) -> Self {
        match error {
            ExportError::Classifier(error) => error.into(),
            ExportError::Weights(error) => error.into(),
            ExportError::Option { .. }
            | ExportError::Target { .. }
            | ExportError::Head { .. }
            | ExportError::Backbone { .. } => Self::Usage,
            _ => Self::Failed,
        }
    }
}

impl From<&PicturesError> for Kind {
    fn from(error: &PicturesError) -> Self {
        match error {
            PicturesError::File(error) if error.source.kind() != io::ErrorKind::NotFound => {
                Self::Failed
            }
            PicturesError::NotEmpty(_) => Self::Failed,
            PicturesError::Stopped => Self::Stopped,
            _ => Self::Pictures,
        }
    }
}

impl From<&CollectError> for Kind {
    fn from(error: &CollectError) -> Self {
        match error {
            CollectError::File(error) if error.source.kind() != io::ErrorKind::NotFound => {
                Self::Failed
            }
            CollectError::Busy(_) => Self::Failed,
            CollectError::ClassName { .. }
            | CollectError::NoClass(_)
            | CollectError::Contact(_) => Self::Usage,
            CollectError::Offline { .. } => Self::Network,
            _ => Self::Pictures,
        }
    }
}

impl From<&PlanError> for Kind {
    fn from(error: &PlanError) -> Self {
        match error {
            PlanError::File(error) if error.source.kind() != io::ErrorKind::NotFound => {
                Self::Failed
            }
            PlanError::Stopped => Self::Stopped,
            _ => Self::Pictures,
        }
    }
}

impl From<&WeightsError> for Kind {
    fn from(error: &WeightsError) -> Self {
        match error {
            WeightsError::File(error) => match error.source.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::IsADirectory => Self::Model,
                _ => Self::Failed,
            },
            WeightsError::Unwritable { .. } => Self::Failed,
            WeightsError::Offline { .. }
            | WeightsError::Unreachable { .. }
            | WeightsError::Status { .. }
            | WeightsError::BrokenOff { .. }
            | WeightsError::Redirect { .. }
            | WeightsError::TooLarge { .. }
            | WeightsError::WrongSize { .. }
            | WeightsError::WrongHash { .. }
            | WeightsError::NotWeights { .. } => Self::Network,
            WeightsError::Stopped { .. } => Self::Stopped,
            WeightsError::NoSuchName { .. } => Self::Usage,
            _ => Self::Model,
        }
    }
}
