//! The one error of the library, and what each error of the crates below means to whoever called.

mod kind;

use std::error::Error as StdError;
use std::io;

use ::export::ExportError;
use classifier::ClassifierError;
use collect::CollectError;
use doctor::plan::PlanError;
use engine::EngineError;
use ground::files::FileError;
use pictures::PicturesError;
use tables::TablesError;
use training::TrainingError;
use training::auto::AutoError;
use training::features::FeaturesError;
use weights::WeightsError;

pub use kind::Kind;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A run of training failed.
    #[error(transparent)]
    Training(#[from] TrainingError),
    /// The default recipe failed.
    #[error(transparent)]
    Auto(#[from] AutoError),
    /// Features cannot be computed or read.
    #[error(transparent)]
    Features(#[from] FeaturesError),
    /// A classifier is refused, or cannot be saved.
    #[error(transparent)]
    Classifier(#[from] ClassifierError),
    /// Pictures cannot be collected.
    #[error(transparent)]
    Collect(#[from] CollectError),
    /// A classifier cannot be exported.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// A plan cannot be read, applied or undone.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Pictures or labels cannot be used.
    #[error(transparent)]
    Pictures(#[from] PicturesError),
    /// A Parquet file cannot be read or written.
    #[error(transparent)]
    Tables(#[from] TablesError),
    /// Weights are refused, or cannot be had.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// An engine was given something that does not suit its network.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Something cannot be written as JSON, or read as such.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// A request that cannot be granted.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Stopped on request, with nothing to show for it.
    #[error("stopped on request")]
    Stopped,
}

/// Why a request cannot be granted, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct Refusal {
    kind: Kind,
    what: String,
    help: Option<String>,
}

impl Error {
    /// A request that cannot be granted, in words.
    #[must_use]
    pub fn refused(kind: Kind, what: impl Into<String>) -> Self {
        Self::Refused(Refusal { kind, what: what.into(), help: None })
    }

    /// The same refusal with advice; other errors bring their own.
    #[must_use]
    pub fn advise(mut self, help: impl Into<String>) -> Self {
        if let Self::Refused(refusal) = &mut self {
            refusal.help = Some(help.into());
        }
        self
    }

    /// What to blame.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Training(error) => error.into(),
            Self::Auto(error) => error.into(),
            Self::Features(error) => error.into(),
            Self::Classifier(error) => error.into(),
            Self::Collect(error) => error.into(),
            Self::Export(error) => error.into(),
            Self::Plan(error) => error.into(),
            Self::Pictures(error) => error.into(),
            Self::Tables(error) => error.into(),
            Self::Weights(error) => error.into(),
            Self::Refused(refusal) => refusal.kind,
            Self::Engine(_) | Self::File(_) | Self::Json(_) => Kind::Failed,
            Self::Stopped => Kind::Stopped,
        }
    }

    /// What the user can do about it, where that is known: advice of the crate that failed, or else
    /// what the system's own error suggests.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        let help = match self {
            Self::Training(error) => error.help(),
            Self::Auto(error) => error.help(),
            Self::Features(error) => error.help(),
            Self::Classifier(error) => error.help(),
            Self::Collect(error) => error.help(),
            Self::Export(error) => error.help(),
            Self::Plan(error) => error.help(),
            Self::Pictures(error) => error.help(),
            Self::Tables(error) => error.help(),
            Self::Weights(error) => error.help(),
            Self::Refused(refusal) => refusal.help.clone(),
            Self::Engine(_) | Self::File(_) | Self::Json(_) | Self::Stopped => None,
        };
        help.or_else(|| advice_of_system(self).map(Into::into))
    }
}

/// Advice by the first error of the system among an error's causes.
fn advice_of_system(error: &Error) -> Option<&'static str> {
    let mut causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.find_map(|cause| cause.downcast_ref::<io::Error>()).and_then(advice)
}

/// What to do about an error of the system, where that is known.
#[must_use]
pub fn advice(error: &io::Error) -> Option<&'static str> {
    Some(match error.kind() {
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
    })
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::path::Path;

    use ground::files::FileError;
    use pictures::PicturesError;
    use training::TrainingError;

    use super::{Error, Kind};

    fn file(kind: ErrorKind) -> FileError {
        FileError::at("read", Path::new("photos"))(kind.into())
    }

    #[test]
    fn an_error_keeps_its_kind_however_deep_it_lies() {
        let missing = || PicturesError::from(file(ErrorKind::NotFound));
        assert_eq!(Error::from(missing()).kind(), Kind::Pictures);
        assert_eq!(Error::from(TrainingError::from(missing())).kind(), Kind::Pictures);
        assert_eq!(Error::from(file(ErrorKind::NotFound)).kind(), Kind::Failed);
        assert_eq!(Error::from(PicturesError::Stopped).kind(), Kind::Stopped);
    }

    #[test]
    fn the_systems_error_brings_advice_where_the_crate_has_none() {
        for error in [
            Error::from(file(ErrorKind::StorageFull)),
            Error::from(PicturesError::from(file(ErrorKind::StorageFull))),
            Error::from(TrainingError::from(PicturesError::from(file(ErrorKind::StorageFull)))),
        ] {
            let help = error.help().unwrap();
            assert!(help.starts_with("make room on the disk"), "{help}");
        }
    }
}
