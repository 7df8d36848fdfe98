use std::fmt;

use serde::{Deserialize, Serialize};

/// The index of a node in its graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub usize);

/// The index of a parameter in its graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParameterId(pub usize);

/// The parameters and constants of a batch norm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Norm {
    /// Scale γ, one a channel.
    pub weight: ParameterId,
    /// Shift β, one a channel.
    pub bias: ParameterId,
    /// Running mean, one a channel.
    pub mean: ParameterId,
    /// Running variance (unbiased), one a channel.
    pub variance: ParameterId,
    /// Added to the variance before the root.
    pub eps: f32,
    /// How far the running statistics move to the batch's in a step.
    pub momentum: f32,
}

/// One operation, on tensors in `batch × height × width × channels`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Op {
    /// The pictures.
    Input {
        /// Channels of a picture.
        channels: usize,
    },
    /// A square convolution without bias.
    Conv {
        /// Channels out.
        channels: usize,
        /// Height and width of the filter.
        kernel: usize,
        /// Step between outputs.
        stride: usize,
        /// Zeros around the input.
        padding: usize,
        /// Filter, in PyTorch's order: out, in, height, width.
        weight: ParameterId,
    },
    /// Batch norm (Ioffe, Szegedy, arXiv 1502.03167).
    Norm(Norm),
    /// max(x, 0).
    Relu,
    /// The sum of two inputs.
    Add,
    /// The largest of each window; padding counts as −∞.
    MaxPool {
        /// Height and width of the window.
        kernel: usize,
        /// Step between windows.
        stride: usize,
        /// Cells around the input.
        padding: usize,
    },
    /// The average over the picture, one value a channel.
    AveragePool,
    /// The largest over the picture, then the average: twice the channels.
    ConcatPool,
    /// In training, zeroes each value with this probability and scales the rest by 1 / (1 − rate).
    Dropout {
        /// The probability.
        rate: f32,
    },
    /// A matrix product, with a bias or without, on one vector a picture.
    Linear {
        /// Values out.
        channels: usize,
        /// Matrix: out, in.
        weight: ParameterId,
        /// Added to the result.
        bias: Option<ParameterId>,
    },
}

/// An operation with its name and where its inputs come from.
#[derive(Clone, Debug)]
pub struct Node {
    /// Unique in the graph; for layers with parameters the stem of their names.
    pub name: String,
    /// What is done.
    pub op: Op,
    /// Earlier nodes.
    pub inputs: Vec<NodeId>,
}

/// What a parameter is, which decides how it starts and whether it decays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Of a convolution or a linear layer: trained, decays.
    Weight,
    /// Of a linear layer: trained, does not decay.
    Bias,
    /// Scale of a norm: trained, does not decay.
    NormWeight,
    /// Shift of a norm: trained, does not decay.
    NormBias,
    /// Running mean of a norm: moves by itself.
    RunningMean,
    /// Running variance of a norm: moves by itself.
    RunningVariance,
}

impl Role {
    /// Whether an optimiser may change it.
    #[must_use]
    pub fn is_trained(self) -> bool {
        !matches!(self, Self::RunningMean | Self::RunningVariance)
    }

    /// Whether it belongs to a norm's affine part.
    #[must_use]
    pub fn is_norm(self) -> bool {
        matches!(self, Self::NormWeight | Self::NormBias)
    }
}

/// A named parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// torchvision's name in the body (`layer1.0.conv1.weight`), `head.…` in the head.
    pub name: String,
    /// PyTorch's shape.
    pub shape: Vec<usize>,
    /// What it is.
    pub role: Role,
    /// Parameter group: 0 and 1 the body's lower and upper half, 2 the head.
    pub group: usize,
    /// The value it starts with where no weights are loaded.
    pub start: Start,
}

impl Parameter {
    /// How many numbers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it has no numbers (it never has none in a graph of ours).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// How a parameter starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Start {
    /// All this value.
    Constant(f32),
    /// Normal with this standard deviation (He et al., arXiv 1502.01852).
    Normal(f32),
}

/// Height, width and channels of one picture's tensor; vectors are 1 × 1 × channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Values a place.
    pub channels: usize,
}

impl Shape {
    /// Numbers in one picture's tensor.
    #[must_use]
    pub fn len(self) -> usize {
        self.height * self.width * self.channels
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}×{}×{}", self.height, self.width, self.channels)
    }
}

/// Why a graph cannot take pictures of a size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "pictures of {height}×{width} are too small for `{node}`: its window of {kernel} does not fit"
)]
pub struct GraphError {
    /// Height asked for.
    pub height: usize,
    /// Width asked for.
    pub width: usize,
    /// The operation that cannot.
    pub node: String,
    /// Its window.
    pub kernel: usize,
}

/// A network: operations in an order in which each can be computed, and their parameters.
#[derive(Clone, Debug)]
pub struct Graph {
    nodes: Vec<Node>,
    parameters: Vec<Parameter>,
    cut: NodeId,
}

impl Graph {
    /// A graph that so far only takes pictures of this many channels.
    #[must_use]
    pub fn new(channels: usize) -> Self {
        let input = Node { name: "input".into(), op: Op::Input { channels }, inputs: vec![] };
        Self { nodes: vec![input], parameters: vec![], cut: NodeId(0) }
    }

    /// The pictures.
    #[must_use]
    pub fn input(&self) -> NodeId {
        NodeId(0)
    }

    /// The last node: the logits.
    #[must_use]
    pub fn output(&self) -> NodeId {
        NodeId(self.nodes.len() - 1)
    }

    /// Where the body ends and the head begins.
    #[must_use]
    pub fn cut(&self) -> NodeId {
        self.cut
    }

    /// The body's map pooled to one row of numbers a picture, by which pictures can be compared:
    /// the pool that the head begins with, where it begins with one.
    #[must_use]
    pub fn features(&self) -> Option<NodeId> {
        let pools = |node: &Node| {
            matches!(node.op, Op::AveragePool | Op::ConcatPool) && node.inputs == [self.cut]
        };
        self.nodes.iter().position(pools).map(NodeId)
    }

    /// Says that all nodes so far are the body.
    pub fn cut_here(&mut self) {
        self.cut = self.output();
    }

    /// All operations, in order.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// One operation.
    #[must_use]
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }

    /// All parameters, in the order of their operations.
    #[must_use]
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// One parameter.
    #[must_use]
    pub fn parameter(&self, id: ParameterId) -> &Parameter {
        &self.parameters[id.0]
    }

    /// How many parameter groups there are.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.parameters.iter().map(|p| p.group + 1).max().unwrap_or(0)
    }

    /// How many logits come out.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.channels(self.output())
    }

    /// Channels of a node's result.
    #[must_use]
    pub fn channels(&self, id: NodeId) -> usize {
        let node = self.node(id);
        match node.op {
            Op::Input { channels } | Op::Conv { channels, .. } | Op::Linear { channels, .. } => {
                channels
            }
            Op::ConcatPool => 2 * self.channels(node.inputs[0]),
            _ => self.channels(node.inputs[0]),
        }
    }

    /// Adds an operation.
    pub fn add(&mut self, name: impl Into<String>, op: Op, inputs: &[NodeId]) -> NodeId {
        debug_assert!(inputs.iter().all(|input| input.0 < self.nodes.len()));
        self.nodes.push(Node { name: name.into(), op, inputs: inputs.to_vec() });
        self.output()
    }

    fn parameter_of(
        &mut self,
        name: String,
        shape: &[usize],
        role: Role,
        group: usize,
        start: Start,
    ) -> ParameterId {
        self.parameters.push(Parameter { name, shape: shape.to_vec(), role, group, start });
        ParameterId(self.parameters.len() - 1)
    }

    /// Adds a convolution `name` with its weight `name.weight`, which starts as torchvision's do
    /// (He normal over the fan out).
    pub fn conv(
        &mut self,
        name: &str,
        input: NodeId,
        group: usize,
        [channels, kernel, stride, padding]: [usize; 4],
    ) -> NodeId {
        let start = Start::Normal((2.0 / (channels * kernel * kernel) as f32).sqrt());
        let shape = [channels, self.channels(input), kernel, kernel];
        let weight =
            self.parameter_of(format!("{name}.weight"), &shape, Role::Weight, group, start);
        self.add(name, Op::Conv { channels, kernel, stride, padding, weight }, &[input])
    }

    /// Adds a batch norm whose shift starts at `shift` (fastai's head starts it at 1e-3).
    pub fn norm(&mut self, name: &str, input: NodeId, group: usize, shift: f32) -> NodeId {
        let shape = [self.channels(input)];
        let mut parameter = |suffix, role, start| {
            self.parameter_of(
                format!("{name}.{suffix}"),
                &shape,
                role,
                group,
                Start::Constant(start),
            )
        };
        let norm = Norm {
            weight: parameter("weight", Role::NormWeight, 1.0),
            bias: parameter("bias", Role::NormBias, shift),
            mean: parameter("running_mean", Role::RunningMean, 0.0),
            variance: parameter("running_var", Role::RunningVariance, 1.0),
            eps: 1e-5,
            momentum: 0.1,
        };
        self.add(name, Op::Norm(norm), &[input])
    }

    /// Adds a linear layer that starts as fastai's do (He normal over the fan in, bias 0).
    pub fn linear(
        &mut self,
        name: &str,
        input: NodeId,
        group: usize,
        channels: usize,
        bias: bool,
    ) -> NodeId {
        let fan_in = self.channels(input);
        let start = Start::Normal((2.0 / fan_in as f32).sqrt());
        let weight = self.parameter_of(
            format!("{name}.weight"),
            &[channels, fan_in],
            Role::Weight,
            group,
            start,
        );
        let bias = bias.then(|| {
            self.parameter_of(
                format!("{name}.bias"),
                &[channels],
                Role::Bias,
                group,
                Start::Constant(0.0),
            )
        });
        self.add(name, Op::Linear { channels, weight, bias }, &[input])
    }

    /// The shape of every node's result for pictures of this size.
    ///
    /// # Errors
    /// When a window does not fit.
    pub fn shapes(&self, height: usize, width: usize) -> Result<Vec<Shape>, GraphError> {
        let mut shapes: Vec<Shape> = Vec::with_capacity(self.nodes.len());
        for (index, node) in self.nodes.iter().enumerate() {
            let channels = self.channels(NodeId(index));
            let input = node.inputs.first().map(|id| shapes[id.0]);
            let windows = |kernel: usize, stride: usize, padding: usize| {
                let along =
                    |size: usize| Some((size + 2 * padding).checked_sub(kernel)? / stride + 1);
                let input = input?;
                Some(Shape { height: along(input.height)?, width: along(input.width)?, channels })
            };
            let shape = match node.op {
                Op::Input { .. } if height > 0 && width > 0 => {
                    Some(Shape { height, width, channels })
                }
                Op::Input { .. } => None,
                Op::Conv { kernel, stride, padding, .. }
                | Op::MaxPool { kernel, stride, padding } => windows(kernel, stride, padding),
                Op::AveragePool | Op::ConcatPool | Op::Linear { .. } => {
                    Some(Shape { height: 1, width: 1, channels })
                }
                Op::Norm(_) | Op::Relu | Op::Add | Op::Dropout { .. } => input,
            };
            let kernel = match node.op {
                Op::Conv { kernel, .. } | Op::MaxPool { kernel, .. } => kernel,
                _ => 1,
            };
            shapes.push(shape.ok_or_else(|| GraphError {
                height,
                width,
                node: node.name.clone(),
                kernel,
            })?);
        }
        Ok(shapes)
    }
}
