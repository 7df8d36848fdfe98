use std::path::PathBuf;

use engine::EngineError;
use ground::Digest;
use pictures::PicturesError;
use weights::WeightsError;
use weights::safetensors::Malformed;

use crate::Limits;

/// What can go wrong with a classifier.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClassifierError {
    /// The file is not one of tensors, does not fit its own network, or cannot be written.
    #[error(transparent)]
    Weights(WeightsError),
    /// Not a file of tensors at all, or a damaged one.
    #[error("`{}` is not a Lookalike classifier (*.lookalike)", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        reason: Malformed,
    },
    /// The engine was given something that does not suit its network.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A picture that was decoded cannot be read back.
    #[error(transparent)]
    Pictures(#[from] PicturesError),
    /// A picture to be predicted cannot be read.
    #[error("the picture cannot be used: {0}")]
    Unreadable(pictures::Reason),
    /// A file of tensors, and no classifier.
    #[error("`{}` is not a Lookalike classifier: it has no `{missing}` in its metadata", path.display())]
    NotOne {
        /// The file.
        path: PathBuf,
        /// What it lacks.
        missing: &'static str,
    },
    /// Written by a program that knows more, or by none of ours.
    #[error("`{}` is a {name} file of version {version}; this program reads lookalike version {}", path.display(), crate::VERSION)]
    Version {
        /// The file.
        path: PathBuf,
        /// What it calls itself.
        name: String,
        /// Its version.
        version: u64,
    },
    /// Text in it is not the JSON it should be.
    #[error("the {part} of `{}` cannot be read", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Which text.
        part: &'static str,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The content is not what was written.
    #[error("the {part} of `{}` has changed: its BLAKE3 digest is {found}, not {expected}", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// Which part.
        part: &'static str,
        /// When written.
        expected: Digest,
        /// Now.
        found: Digest,
    },
    /// Something in the file cannot be.
    #[error("`{}` is not a sound classifier: {reason}", path.display())]
    Unsound {
        /// The file read or to be written.
        path: PathBuf,
        /// What cannot be.
        reason: String,
    },
    /// More is known of its pictures than a file may hold.
    #[error("`{}` would have a record of {bytes} bytes, and {} are the most", path.display(), Limits::DEFAULT.max_record_bytes)]
    TooLarge {
        /// The file to be written.
        path: PathBuf,
        /// How many bytes.
        bytes: usize,
    },
    /// The network has no pool that features could be taken from.
    #[error("the network has no pooled features")]
    NoFeatures,
    /// The network's output for a picture left the range of numbers.
    #[error("the network's answer is not a number")]
    NotANumber,
    /// The engine does not say what the classifier said when it was made.
    #[error("the self-test fails: picture {picture} gets {found:.5} for {what}, not {expected:.5}")]
    SelfTest {
        /// Which picture of the self-test, from 0.
        picture: usize,
        /// What differs: a class's probability, or the novelty.
        what: String,
        /// Its value when the classifier was made.
        expected: f32,
        /// And now.
        found: f32,
    },
    /// What was read back is not what was written.
    #[error("`{}` does not hold what was written to it", path.display())]
    NotAsSaved {
        /// The file.
        path: PathBuf,
    },
}

impl From<WeightsError> for ClassifierError {
    fn from(error: WeightsError) -> Self {
        match error {
            WeightsError::Malformed { path, reason } => Self::Foreign { path, reason },
            other => Self::Weights(other),
        }
    }
}

impl ClassifierError {
    /// What the user can do about it, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Foreign { .. } => Some(
                "pass the file that `train` wrote, `*.lookalike`, before any pictures; if this is \
                 it, it is truncated or damaged: fetch or train it again"
                    .into(),
            ),
            Self::Weights(error) => error.help(),
            Self::Pictures(error) => error.help(),
            Self::NotOne { .. } => {
                Some("`lookalike train` makes classifiers, `*.lookalike`".into())
            }
            Self::Version { .. } => {
                Some("use the version of lookalike that wrote it, or a newer one".into())
            }
            Self::Json { .. } | Self::Changed { .. } | Self::Unsound { .. } | Self::NotANumber => {
                Some("the file is damaged or was altered: fetch or train it again".into())
            }
            Self::TooLarge { .. } => Some("train on fewer pictures".into()),
            Self::SelfTest { .. } => Some(
                "do not trust this machine's answers: the program computes something else here; \
                 please report it"
                    .into(),
            ),
            Self::NotAsSaved { .. } => {
                Some("look after the disk and the memory, then save it elsewhere".into())
            }
            Self::Engine(_) | Self::NoFeatures | Self::Unreadable(_) => None,
        }
    }
}
