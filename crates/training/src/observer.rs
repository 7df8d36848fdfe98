use std::time::Duration;

use engine::Trained;
use insight::Epoch;

use crate::{Movement, Stage, Standing, Tried};

/// Who hears how a run is going: the binary draws it, a test notes it down.
pub trait Observer {
    /// A stage begins.
    fn stage_started(&mut self, _plan: &Plan, _movement: &Movement) {}

    /// A training step is done.
    fn batch_done(&mut self, _progress: Progress) {}

    /// An epoch is done and measured.
    fn epoch_finished(&mut self, _epoch: &Epoch) {}

    /// The run resumes from a checkpoint. Before this the stages that had begun and the epochs that
    /// were done are told again, in order.
    fn resumed(&mut self, _standing: Standing) {}

    /// Something is not as the user would expect, but the run goes on.
    fn warned(&mut self, _words: &str) {}

    /// Fine-tuning is skipped, begins, or goes on with a fold.
    fn fine_tuning(&mut self, _stands: FineTuning) {}

    /// The rate finder has tried a rate.
    fn rate_tried(&mut self, _tried: Tried) {}
}

/// Hears nothing.
impl Observer for () {}

/// What a stage is going to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Which stage.
    pub stage: Stage,
    /// Its epochs.
    pub epochs: usize,
    /// Training steps in each.
    pub batches: usize,
    /// The largest rate of each parameter group.
    pub max_rates: Vec<f32>,
    /// What learns.
    pub trained: Trained,
    /// Pictures that an epoch trains on.
    pub pictures: usize,
    /// Pictures that it is measured on.
    pub held_out: usize,
}

/// How far an epoch is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Which stage.
    pub stage: Stage,
    /// The epoch within the stage, from 1.
    pub epoch: usize,
    /// Steps done in it.
    pub batch: usize,
    /// Steps that it has.
    pub batches: usize,
    /// The smoothed training loss.
    pub loss: f64,
}

/// How fine-tuning stands, as the observer hears it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FineTuning {
    /// Not tried: one fold would take longer than the time that is granted.
    Skipped {
        /// What one fold takes, about.
        time: Duration,
    },
    /// Fine-tuning is tried.
    Begun(TuningPlan),
    /// A fold begins.
    Fold {
        /// Which, from 1.
        fold: usize,
        /// How many folds are tried.
        of: usize,
    },
    /// Fine-tuning is better, and now trains on all pictures.
    OnAll {
        /// How many there are.
        pictures: usize,
    },
}

/// How much fine-tuning is tried.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TuningPlan {
    /// Folds in which the fitted head and the fine-tuned network are compared.
    pub folds: usize,
    /// How many folds there are.
    pub of: usize,
    /// How long it will take, about.
    pub time: Duration,
    /// Whether the result is kept whatever comes of it.
    pub kept_anyway: bool,
}
