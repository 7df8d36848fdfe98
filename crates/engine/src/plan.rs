//! What running a network on one batch size takes: steps on numbered buffers.

use kernels::pool::MaxPool;
use kernels::{Conv, Precision};
use network::{Filter, Graph, GraphError, NodeId, Op, Padding, ParameterId, Shape};

use crate::Trained;
use crate::arena::{Buffer, BufferId, Place, place};

/// A tensor with what is still to be done when it is read: the norm of this node, then ReLU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Value {
    pub(crate) buffer: BufferId,
    pub(crate) norm: Option<NodeId>,
    pub(crate) relu: bool,
    pub(crate) channels: usize,
}

impl Value {
    pub(crate) fn is_plain(self) -> bool {
        self.norm.is_none() && !self.relu
    }
}

/// A convolution or linear layer in a plan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layer {
    pub(crate) node: NodeId,
    pub(crate) conv: Conv,
    pub(crate) weight: ParameterId,
}

/// Where the gradient of a norm's input goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    /// Nobody wants it; only the norm's own parameters do.
    Nowhere,
    /// Over the gradient it is made of.
    InPlace,
    /// Beside it, because others still need that.
    Into(BufferId),
}

/// One step of a plan.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// Copies the pictures in.
    Input {
        to: BufferId,
    },
    /// A layer with the bias of a linear layer; a norm that follows has its sums gathered.
    Conv {
        layer: Layer,
        x: Value,
        bias: Option<ParameterId>,
        to: BufferId,
        norm: Option<NodeId>,
    },
    /// A layer in eval mode, with a norm folded in.
    Folded {
        layer: Layer,
        x: Value,
        norm: NodeId,
        residual: Option<BufferId>,
        relu: bool,
        to: BufferId,
    },
    /// Makes a norm's constants for this batch, from gathered sums or by a pass of its own.
    Statistics {
        norm: NodeId,
        from: BufferId,
        gathered: bool,
    },
    /// A norm's constants from its running statistics.
    Fixed {
        norm: NodeId,
    },
    Materialise {
        x: Value,
        to: BufferId,
    },
    Add {
        a: Value,
        b: Value,
        relu: bool,
        to: BufferId,
    },
    MaxPool {
        pool: MaxPool,
        node: NodeId,
        x: Value,
        /// Whether a backward pass will ask which cells were largest.
        learns: bool,
        to: BufferId,
    },
    AveragePool {
        x: BufferId,
        channels: usize,
        to: BufferId,
    },
    ConcatPool {
        node: NodeId,
        x: BufferId,
        channels: usize,
        to: BufferId,
    },
    Dropout {
        node: NodeId,
        rate: f32,
        x: BufferId,
        to: BufferId,
    },
    /// The loss, and the gradient of the logits.
    Loss {
        logits: BufferId,
        to: BufferId,
    },
    /// A gradient of 1 for one class's logit of each picture, and 0 for the others.
    Seed {
        to: BufferId,
    },
    ConvBackwardWeights {
        layer: Layer,
        x: Value,
        gradient: BufferId,
    },
    ConvBackwardData {
        layer: Layer,
        gradient: BufferId,
        to: BufferId,
        accumulate: bool,
    },
    BiasBackward {
        bias: ParameterId,
        gradient: BufferId,
    },
    /// From the gradient of the normed (and rectified) value to that of the norm's input `y`.
    NormBackward {
        norm: NodeId,
        y: Value,
        gradient: BufferId,
        to: Destination,
        /// Whether the norm's own gradients are kept.
        learns: bool,
    },
    /// Masks a gradient in place by the sign of the value before (or after) the ReLU.
    ReluBackward {
        sign: Value,
        gradient: BufferId,
    },
    PassOn {
        from: BufferId,
        to: BufferId,
        accumulate: bool,
    },
    MaxPoolBackward {
        pool: MaxPool,
        node: NodeId,
        gradient: BufferId,
        to: BufferId,
        accumulate: bool,
    },
    AveragePoolBackward {
        channels: usize,
        gradient: BufferId,
        to: BufferId,
    },
    ConcatPoolBackward {
        node: NodeId,
        channels: usize,
        gradient: BufferId,
        to: BufferId,
    },
    DropoutBackward {
        node: NodeId,
        rate: f32,
        gradient: BufferId,
        to: BufferId,
    },
}

impl Action {
    /// A buffer whose kind of numbers is that of the step: where body and head meet, the body's.
    /// None where all are `f32`.
    fn numbers(&self) -> Option<BufferId> {
        match *self {
            Self::Input { to }
            | Self::Conv { to, .. }
            | Self::Folded { to, .. }
            | Self::Materialise { to, .. }
            | Self::Add { to, .. }
            | Self::MaxPool { to, .. }
            | Self::ConvBackwardData { to, .. }
            | Self::PassOn { to, .. }
            | Self::MaxPoolBackward { to, .. }
            | Self::AveragePoolBackward { to, .. }
            | Self::ConcatPoolBackward { to, .. } => Some(to),
            Self::AveragePool { x, .. } | Self::ConcatPool { x, .. } => Some(x),
            Self::Statistics { from, .. } => Some(from),
            Self::ConvBackwardWeights { gradient, .. }
            | Self::NormBackward { gradient, .. }
            | Self::ReluBackward { gradient, .. } => Some(gradient),
            Self::Fixed { .. }
            | Self::Dropout { .. }
            | Self::Loss { .. }
            | Self::Seed { .. }
            | Self::BiasBackward { .. }
            | Self::DropoutBackward { .. } => None,
        }
    }
}

/// Steps, and where their buffers lie.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) actions: Vec<Action>,
    pub(crate) places: Vec<Place>,
    pub(crate) total: usize,
    /// Pictures in a batch.
    pub(crate) count: usize,
    /// Whether it is for training steps.
    pub(crate) trains: bool,
    /// Where the logits are after the forward steps.
    pub(crate) logits: BufferId,
    /// In prediction, where the pooled features are after the forward steps.
    pub(crate) features: Option<BufferId>,
    /// In attribution, what can be done again for other classes.
    pub(crate) attribution: Option<Attributing>,
}

/// The half of a plan that goes from logits back to the cut.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attributing {
    /// Its first step.
    pub(crate) from: usize,
    /// The body's map, and the gradient with respect to it.
    pub(crate) map: BufferId,
    pub(crate) gradient: BufferId,
    /// The map's shape for one picture.
    pub(crate) shape: Shape,
}

/// For what a plan is made; plans are kept by this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Purpose {
    pub(crate) count: usize,
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) work: Work,
    /// Of the body's tensors; the head's are always `f32`.
    pub(crate) precision: Precision,
}

/// What is done with a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    Predict,
    /// A training step in which these parameters learn.
    Train(Trained),
    /// In eval mode, back from one logit a picture to the cut.
    Attribute,
}

/// A plan being made.
pub(crate) struct Planner<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) shapes: Vec<Shape>,
    pub(crate) purpose: Purpose,
    /// Which nodes read each node.
    pub(crate) readers: Vec<Vec<NodeId>>,
    /// Each node's result, where it has one of its own (folded nodes share their successor's).
    pub(crate) values: Vec<Option<Value>>,
    pub(crate) actions: Vec<Action>,
    pub(crate) buffers: Vec<Buffer>,
    /// Sums that forward steps let go once they are read, and backward steps make again.
    pub(crate) let_go: Vec<BufferId>,
}

/// Memory, in floats, that a step may take before it lets sums go: 4 GiB. Making them again costs
/// a pass over them and saves up to a sixth of its memory.
const ROOM: usize = 1 << 30;

impl Plan {
    pub(crate) fn new(graph: &Graph, purpose: Purpose) -> Result<Self, GraphError> {
        let plan = Self::with(graph, purpose, false)?;
        if plan.trains && plan.total > ROOM { Self::with(graph, purpose, true) } else { Ok(plan) }
    }

    /// A plan that keeps all that backward steps read, or one that makes sums again.
    pub(crate) fn with(graph: &Graph, purpose: Purpose, again: bool) -> Result<Self, GraphError> {
        let shapes = graph.shapes(purpose.height, purpose.width)?;
        let mut readers = vec![vec![]; graph.nodes().len()];
        for (index, node) in graph.nodes().iter().enumerate() {
            node.inputs.iter().for_each(|input| readers[input.0].push(NodeId(index)));
        }
        let values = vec![None; graph.nodes().len()];
        let (actions, buffers, let_go) = (vec![], vec![], vec![]);
        let mut planner =
            Planner { graph, shapes, purpose, readers, values, actions, buffers, let_go };
        let logits = planner.forward();
        if again {
            planner.let_go();
        }
        let (mut features, mut attribution) = (None, None);
        match purpose.work {
            Work::Predict => features = planner.keep_features(),
            Work::Train(trained) => planner.backward(logits, trained),
            Work::Attribute => attribution = planner.attribute(logits),
        }
        let (places, total) = place(&planner.buffers);
        let (actions, count) = (planner.actions, purpose.count);
        let trains = matches!(purpose.work, Work::Train(_));
        Ok(Self { actions, places, total, count, trains, logits, features, attribution })
    }

    /// In which numbers a step of this plan reads and writes the body's tensors.
    pub(crate) fn precision(&self, action: &Action) -> Precision {
        action.numbers().map_or(Precision::Fp32, |id| self.places[id].precision)
    }
}

impl Planner<'_> {
    /// A buffer for a whole batch of a node's results.
    pub(crate) fn buffer_of(&mut self, node: NodeId) -> BufferId {
        let len = self.shapes[node.0].len() * self.purpose.count;
        let in_body = node <= self.graph.cut();
        let precision = if in_body { self.purpose.precision } else { Precision::Fp32 };
        self.buffers.push(Buffer::new(len, precision));
        self.buffers.len() - 1
    }

    /// Adds a step and notes which buffers it touches.
    pub(crate) fn push(&mut self, action: Action, touches: &[BufferId]) {
        let now = self.actions.len();
        for &id in touches {
            let buffer = &mut self.buffers[id];
            buffer.first = buffer.first.min(now);
            buffer.last = buffer.last.max(now);
        }
        self.actions.push(action);
    }

    /// Whether a node runs as in prediction.
    pub(crate) fn is_eval(&self, node: NodeId) -> bool {
        match self.purpose.work {
            Work::Predict | Work::Attribute => true,
            Work::Train(Trained::Head) => node <= self.graph.cut(),
            Work::Train(Trained::AllButNorms) => {
                node <= self.graph.cut() && matches!(self.graph.node(node).op, Op::Norm(_))
            }
            Work::Train(Trained::HeadAndNorms | Trained::All) => false,
        }
    }

    /// Whether a layer may take the norm behind it in: no step goes back through such a pair.
    pub(crate) fn folds(&self, node: NodeId) -> bool {
        let back = self.purpose.work == Work::Attribute && node > self.graph.cut();
        self.is_eval(node) && !back
    }

    /// Lets the pooled features outlive all steps.
    fn keep_features(&mut self) -> Option<BufferId> {
        let value = self.values[self.graph.features()?.0].filter(|value| value.is_plain())?;
        self.buffers[value.buffer].last = self.actions.len();
        Some(value.buffer)
    }

    /// The one node that reads this one, if it is the only one.
    pub(crate) fn only_reader(&self, node: NodeId) -> Option<NodeId> {
        match self.readers[node.0][..] {
            [reader] => Some(reader),
            _ => None,
        }
    }

    /// The only reader, if it is a ReLU.
    pub(crate) fn relu_after(&self, node: NodeId) -> Option<NodeId> {
        self.only_reader(node).filter(|&reader| self.graph.node(reader).op == Op::RELU)
    }

    /// The layer of a convolution or linear node.
    pub(crate) fn layer(&self, node: NodeId) -> Option<(Layer, Option<ParameterId>)> {
        let input = self.shapes[self.graph.node(node).inputs.first()?.0];
        let count = self.purpose.count;
        match self.graph.node(node).op {
            Op::Conv { filter, weight } => {
                let Filter { channels, kernel, stride, padding: Padding::Each(padding), groups: 1 } =
                    filter
                else {
                    unreachable!("no backbone has such a convolution")
                };
                let Shape { height, width, channels: from } = input;
                let conv = Conv {
                    count,
                    height,
                    width,
                    channels: from,
                    filters: channels,
                    kernel,
                    stride,
                    padding,
                };
                Some((Layer { node, conv, weight }, None))
            }
            Op::Linear { channels, weight, bias } => Some((
                Layer { node, conv: Conv::linear(count, input.len(), channels), weight },
                bias,
            )),
            _ => None,
        }
    }

    /// The max pool of a node.
    pub(crate) fn max_pool(&self, node: NodeId) -> Option<MaxPool> {
        let Op::MaxPool { kernel, stride, padding } = self.graph.node(node).op else { return None };
        let Shape { height, width, channels } = self.shapes[self.graph.node(node).inputs[0].0];
        Some(MaxPool {
            count: self.purpose.count,
            height,
            width,
            channels,
            kernel,
            stride,
            padding,
        })
    }
}
