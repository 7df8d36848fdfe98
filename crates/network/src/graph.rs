//! A network as a list of operations, and the small language in which backbones and heads build one.

use crate::{Backbone, Filter, Norm, Op, Parameter, Role, Shape, Start};

/// The index of a node in its graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub usize);

/// The index of a parameter in its graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParameterId(pub usize);

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

/// What a batch norm adds and starts with, besides its channels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NormConstants {
    /// Added to the variance before the root.
    pub eps: f32,
    /// How far the running statistics move to the batch's in a step.
    pub momentum: f32,
    /// The value that its shift starts with.
    pub shift: f32,
}

impl Default for NormConstants {
    /// PyTorch's.
    fn default() -> Self {
        Self { eps: 1e-5, momentum: 0.1, shift: 0.0 }
    }
}

/// A network: operations in an order in which each can be computed, and their parameters.
#[derive(Clone, Debug)]
pub struct Graph {
    nodes: Vec<Node>,
    parameters: Vec<Parameter>,
    cut: NodeId,
    /// How many of the parameters are the body's.
    body: usize,
    pub(crate) backbone: Option<Backbone>,
}

impl Graph {
    /// A graph that so far only takes pictures of this many channels.
    #[must_use]
    pub fn new(channels: usize) -> Self {
        let input = Node { name: "input".into(), op: Op::Input { channels }, inputs: vec![] };
        Self { nodes: vec![input], parameters: vec![], cut: NodeId(0), body: 0, backbone: None }
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

    /// Where the body ends and the head begins: the map on which heat maps are drawn, a cell for
    /// each of its places.
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

    /// The backbone that the body is; nothing for a graph built otherwise.
    #[must_use]
    pub fn backbone(&self) -> Option<Backbone> {
        self.backbone
    }

    /// Says that all nodes so far are the body.
    pub fn cut_here(&mut self) {
        self.cut = self.output();
        self.body = self.parameters.len();
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

    /// All parameters, in the order of their operations: first the body's, then the head's.
    #[must_use]
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// The parameters of the body, which are the first of all.
    #[must_use]
    pub fn body_parameters(&self) -> &[Parameter] {
        &self.parameters[..self.body]
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
        node.op.channels(node.inputs.first().map_or(0, |&input| self.channels(input)))
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
    ///
    /// # Panics
    /// When the groups do not divide the channels.
    pub fn conv(
        &mut self,
        name: &str,
        input: NodeId,
        group: usize,
        filter: impl Into<Filter>,
    ) -> NodeId {
        let filter = filter.into();
        let Filter { channels, kernel, groups, .. } = filter;
        let from = self.channels(input);
        assert!(
            from.is_multiple_of(groups) && channels.is_multiple_of(groups),
            "whole groups of channels"
        );
        let fan_out = channels / groups * kernel * kernel;
        let start = Start::Normal((2.0 / fan_out as f32).sqrt());
        let shape = [channels, from / groups, kernel, kernel];
        let weight =
            self.parameter_of(format!("{name}.weight"), &shape, Role::Weight, group, start);
        self.add(name, Op::Conv { filter, weight }, &[input])
    }

    /// Adds a batch norm with PyTorch's constants whose shift starts at `shift` (fastai's head
    /// starts it at 1e-3).
    pub fn norm(&mut self, name: &str, input: NodeId, group: usize, shift: f32) -> NodeId {
        self.norm_with(name, input, group, NormConstants { shift, ..NormConstants::default() })
    }

    /// Adds a batch norm with constants of its own.
    pub fn norm_with(
        &mut self,
        name: &str,
        input: NodeId,
        group: usize,
        constants: NormConstants,
    ) -> NodeId {
        let NormConstants { eps, momentum, shift } = constants;
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
            eps,
            momentum,
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
        let pictures = Shape { height, width, channels: self.channels(self.input()) };
        let mut shapes: Vec<Shape> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let input = node.inputs.first().map_or(pictures, |id| shapes[id.0]);
            shapes.push(node.op.shape(input).ok_or_else(|| GraphError {
                height,
                width,
                node: node.name.clone(),
                kernel: node.op.window(),
            })?);
        }
        Ok(shapes)
    }
}
