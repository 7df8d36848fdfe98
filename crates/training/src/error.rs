use engine::EngineError;
use pictures::PicturesError;

use crate::{CheckpointsLeft, Run, Stage};

/// Why a run cannot begin or go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainingError {
    /// The engine was given something that does not suit its network.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The pictures could not be read.
    #[error(transparent)]
    Pictures(#[from] PicturesError),
    /// Settings that ask for no epoch, or for batches of no picture.
    #[error("the recipe asks for {epochs} epochs of batches of {batch}: there is nothing to do")]
    NothingToDo {
        /// Epochs of both stages together.
        epochs: usize,
        /// Pictures in a step.
        batch: usize,
    },
    /// No picture to train on.
    #[error("there is no picture to learn from ({held_out} are held out)")]
    NoPictures {
        /// Pictures on the other side.
        held_out: usize,
    },
    /// Class names that no classifier could be saved with.
    #[error("the classes cannot be saved: {0}")]
    ClassNames(String),
    /// The set and the network disagree.
    #[error("the pictures have {found} classes and the network has {expected}")]
    Classes {
        /// The network's.
        expected: usize,
        /// The set's.
        found: usize,
    },
    /// The loss is no number any more. The run ends at once.
    #[error(transparent)]
    NotFinite(Box<NotFinite>),
}

/// Where the numbers of a run went out of range, and what it had until then.
#[derive(Debug, thiserror::Error)]
#[error(
    "the loss became {loss} in the {stage} stage, epoch {epoch}, batch {batch}, at a rate of {rate:.1e}"
)]
pub struct NotFinite {
    /// The stage.
    pub stage: Stage,
    /// The epoch within it, from 1.
    pub epoch: usize,
    /// The batch within that, from 1; one past the last where the measuring after it failed.
    pub batch: usize,
    /// The head's rate at that step.
    pub rate: f32,
    /// The loss: NaN or infinite (finite where it is a weight that is not).
    pub loss: f32,
    /// The run up to the end of the last epoch in which all was well, if there was one.
    pub last_good: Option<Run>,
    /// The checkpoints that it leaves. They lead to the same end.
    pub kept: CheckpointsLeft,
}

impl TrainingError {
    /// What the user can do about it, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::NotFinite(at) => {
                let setting = match at.stage {
                    Stage::Frozen => "--frozen-lr",
                    Stage::Unfrozen => "--lr",
                };
                Some(format!(
                    "the rate is probably too high: try `{setting} {:.0e}`",
                    at.rate / 10.0
                ))
            }
            Self::Pictures(error) => error.help(),
            Self::NothingToDo { .. } => Some("ask for at least one epoch with `--epochs`".into()),
            Self::ClassNames(_) => Some("rename the folders, or the labels in the table".into()),
            Self::NoPictures { .. } => {
                Some("hold out fewer pictures with `--valid`, or add pictures".into())
            }
            _ => None,
        }
    }
}

/// What is said of a name that is none of these.
pub(crate) fn no_such(name: &str, names: &[&str]) -> String {
    format!("`{name}` is none of {}", names.join(", "))
}
