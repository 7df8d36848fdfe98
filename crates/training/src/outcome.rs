use insight::Epoch;
use network::Parameters;

use crate::checkpoint::CheckpointsLeft;
use crate::snapshot::HeldOutLogits;

/// What training made.
#[derive(Clone, Debug)]
pub struct Run {
    /// Every finished epoch, in order.
    pub history: Vec<Epoch>,
    /// The weights that were kept. The engine holds them too.
    pub parameters: Parameters,
    /// What the kept weights say of each held-out picture; none before the first epoch is done.
    pub held_out: Vec<HeldOutLogits>,
    /// Whether it ended because it was asked to.
    pub stopped: bool,
    /// Training steps taken.
    pub steps: u64,
    /// The checkpoints that it leaves, to be discarded once its result is saved.
    pub kept: CheckpointsLeft,
}
