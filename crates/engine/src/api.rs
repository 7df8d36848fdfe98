//! What recipes and classifiers see of an engine.

use std::collections::BTreeMap;

use kernels::Precision;
use network::{Graph, GraphError, Parameters, ParametersError, Tensor};

/// A batch of normalised pictures, `count × height × width × channels`.
#[derive(Clone, Copy, Debug)]
pub struct Images<'a> {
    /// The numbers.
    pub pixels: &'a [f32],
    /// How many pictures.
    pub count: usize,
    /// Rows of each.
    pub height: usize,
    /// Columns of each.
    pub width: usize,
}

/// What the network says of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Outputs {
    /// One row of logits a picture.
    pub logits: Vec<f32>,
    /// Logits in a row.
    pub classes: usize,
    /// One row of pooled features a picture ([`Graph::features`]); empty where the graph has none.
    pub features: Vec<f32>,
}

impl Outputs {
    /// The rows.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.logits.chunks_exact(self.classes)
    }

    /// The features of each picture; none where the graph has none.
    pub fn feature_rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        let pictures = self.logits.len() / self.classes;
        self.features.chunks_exact((self.features.len() / pictures.max(1)).max(1))
    }
}

/// Where in a picture the body found what speaks for a class, and by how much.
#[derive(Clone, Debug, PartialEq)]
pub struct Maps {
    /// One map after the other, each row by row.
    pub values: Vec<f32>,
    /// Rows of each.
    pub height: usize,
    /// Columns of each.
    pub width: usize,
}

impl Maps {
    /// The maps.
    pub fn each(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.values.chunks_exact((self.height * self.width).max(1))
    }
}

/// Which parameters learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trained {
    /// The head alone, on a body that runs as in prediction (running statistics, nothing moves).
    Head,
    /// The head, and the body's norms: their affine parameters learn, they use the batch's
    /// statistics and their running statistics move. This is fastai's frozen stage (`train_bn`).
    HeadAndNorms,
    /// Everything but the body's norms, which run as in prediction: running statistics, nothing
    /// moves. The statistics of few pictures in small batches are worse than those that they came
    /// with.
    AllButNorms,
    /// Everything.
    All,
}

impl Trained {
    /// Whether the body's convolutions learn.
    #[must_use]
    pub fn layers(self) -> bool {
        matches!(self, Self::All | Self::AllButNorms)
    }

    /// Whether the body's norms do.
    #[must_use]
    pub fn norms(self) -> bool {
        matches!(self, Self::All | Self::HeadAndNorms)
    }
}

/// Where a training step stands; the only source of its randomness (dropout).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The run's seed.
    pub seed: u64,
    /// The step's number, from 0 over the whole run.
    pub index: u64,
}

/// Adam's settings for one step (Kingma, Ba, arXiv 1412.6980; decoupled decay: Loshchilov, Hutter,
/// arXiv 1711.05101), in fastai's form: see [`Engine::update`].
#[derive(Clone, Debug, PartialEq)]
pub struct Adam {
    /// One for each parameter group of the graph.
    pub groups: Vec<GroupRates>,
    /// Decay of the squared gradient's average (fastai: 0.99).
    pub square_momentum: f32,
    /// Added to the root (fastai: 1e-5).
    pub eps: f32,
    /// Decoupled weight decay (fastai: 0.01); norms and biases never decay.
    pub weight_decay: f32,
}

/// What the schedule sets for one parameter group at one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroupRates {
    /// Learning rate.
    pub rate: f32,
    /// Momentum: decay of the gradient's average.
    pub momentum: f32,
}

/// All that the next training step depends on, beside its pictures, its number and its rates:
/// plain tensors by name, so that a file can hold them. Put back with [`Engine::set_state`], it
/// makes every later step give the same bits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The optimiser's steps since its state was forgotten.
    pub steps: u32,
    /// Every parameter under its own name; for those that have learned, Adam's averages of the
    /// gradient and of its square too, under `adam.mean.` and `adam.square.` and that name.
    pub tensors: BTreeMap<String, Tensor>,
}

/// Why an engine cannot do what it is asked.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The pictures do not suit the network.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The pixels are not as many as the batch's shape says.
    #[error(
        "a batch of {count} pictures of {height}×{width} needs {expected} numbers and has {found}"
    )]
    Pixels {
        /// Pictures.
        count: usize,
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
        /// Numbers that would be right.
        expected: usize,
        /// Numbers given.
        found: usize,
    },
    /// As many labels as pictures are needed, each below the number of classes.
    #[error(
        "{labels} labels (largest {largest}) do not suit {count} pictures and {classes} classes"
    )]
    Labels {
        /// Labels given.
        labels: usize,
        /// The largest.
        largest: usize,
        /// Pictures.
        count: usize,
        /// Classes.
        classes: usize,
    },
    /// Values for another graph.
    #[error(transparent)]
    Parameters(#[from] ParametersError),
    /// A saved state is not one of this graph.
    #[error("{0}")]
    State(String),
    /// The engine came of a [`crate::Packing`] and keeps too little for this.
    #[error("an engine that keeps weights packed for predictions in {kept} can do nothing else")]
    Packed {
        /// In which numbers it predicts.
        kept: Precision,
    },
}

/// Something that runs one network. Coarse on purpose: a whole batch goes in, a loss comes out.
///
/// Results do not depend on the number of threads.
pub trait Engine: Send {
    /// The network.
    fn graph(&self) -> &Graph;

    /// A copy of all values, running statistics included.
    fn parameters(&self) -> Parameters;

    /// Replaces all values and forgets the optimiser's state.
    ///
    /// # Errors
    /// When they are not for this graph.
    fn set_parameters(&mut self, parameters: &Parameters) -> Result<(), EngineError>;

    /// A copy of all values and of the optimiser's state, to the bit.
    fn state(&self) -> State;

    /// Goes on from a [`State`]. What learns stays as [`Engine::set_trained`] said last.
    ///
    /// # Errors
    /// When a tensor is missing, is of another shape, or belongs to nothing; nothing has changed
    /// then.
    fn set_state(&mut self, state: &State) -> Result<(), EngineError>;

    /// Says what learns from now on and forgets the optimiser's state, as fastai's `freeze_to` does.
    /// An engine starts with [`Trained::All`].
    fn set_trained(&mut self, trained: Trained);

    /// The logits in eval mode: running statistics, no dropout. A batch of 0 pictures is allowed.
    ///
    /// # Errors
    /// When the batch does not suit the network.
    fn predict(&mut self, images: Images<'_>) -> Result<Outputs, EngineError>;

    /// Grad-CAM (Selvaraju et al., arXiv 1610.02391) on the body's last map, in eval mode: its
    /// channels, each weighted by the mean slope of a class's logit with respect to it, summed. The
    /// paper's ReLU is left to the caller, who may want to average several maps before it. For a
    /// linear head on averages the values of a map have the logit without its bias as their mean.
    ///
    /// `classes` holds as many for each picture: those of the first picture, then those of the
    /// second. The maps come in that order. What was learned, and the gradients of the last
    /// training step, stay as they are.
    ///
    /// # Errors
    /// When the batch does not suit the network, or the classes the batch.
    fn attribute(&mut self, images: Images<'_>, classes: &[usize]) -> Result<Maps, EngineError>;

    /// One forward and backward pass in train mode. Returns the mean cross-entropy; gradients are
    /// kept until the next call and running statistics have moved. If the loss is not finite, the
    /// caller should stop and must not call [`Engine::update`]. Batch norm over a single value a channel
    /// (a head norm on a batch of one) uses its running statistics, where PyTorch would raise.
    ///
    /// # Errors
    /// When batch or labels do not suit the network.
    fn gradients(
        &mut self,
        images: Images<'_>,
        labels: &[usize],
        step: Step,
    ) -> Result<f32, EngineError>;

    /// Changes what learns, by the gradients of the last call:
    /// `p *= 1 − rate·decay` (weights only), `m = momentum·m + (1 − momentum)·g`,
    /// `v = sq·v + (1 − sq)·g²`, `n += 1`,
    /// `p −= rate / (1 − momentumⁿ) · m / (√(v / (1 − sqⁿ)) + eps)`, with the momentum of this very
    /// step in the debiasing too, as fastai does.
    fn update(&mut self, adam: &Adam);
}
