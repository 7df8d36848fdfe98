//! A plan being made: buffers, steps, and what operations ask about their neighbours.

use kernels::{Activation, Precision};
use network::{Graph, GraphError, NodeId, Op, Shape};

use crate::Trained;
use crate::action::AnyAction;
use crate::arena::{Buffer, BufferId};
use crate::gradients::Gradients;
use crate::lazy::Lazy;
use crate::passes::{Materialise, PassOn};
use crate::store::Layer;

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
    /// A training step in which these parameters are trained.
    Train(Trained),
    /// In eval mode, back from one logit a picture to the cut.
    Attribute,
}

/// Which kind of parameters an operation has: what decides when they are trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owns {
    Nothing,
    Weights,
    Norm,
}

/// A sum of two tensors, with the activation behind it. It can be computed again where keeping it would
/// take too much memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sum {
    pub(crate) a: Lazy,
    pub(crate) b: Lazy,
    pub(crate) activation: Activation,
    pub(crate) to: BufferId,
}

/// A graph's activation, as kernels know it.
pub(crate) fn activation_of(kind: network::Activation) -> Activation {
    match kind {
        network::Activation::Relu => Activation::Relu,
        network::Activation::Relu6 => Activation::Relu6,
    }
}

/// A plan being made.
pub(crate) struct Planner<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) shapes: Vec<Shape>,
    pub(crate) purpose: Purpose,
    /// Which nodes read each node.
    readers: Vec<Vec<NodeId>>,
    owns: Vec<Owns>,
    /// Each node's result, where it has one of its own (folded nodes share their successor's).
    values: Vec<Option<Lazy>>,
    pub(crate) actions: Vec<Box<dyn AnyAction>>,
    pub(crate) buffers: Vec<Buffer>,
    /// All sums that forward steps make.
    sums: Vec<Sum>,
    /// Those that backward steps compute again, so that their memory is free in between.
    recomputed: Vec<BufferId>,
    /// Layers with the norm that is folded into their weights.
    pub(crate) folded: Vec<(Layer, NodeId)>,
    pub(crate) gradients: Gradients,
}

impl<'a> Planner<'a> {
    /// A plan without steps; `owns` says what each node has to train.
    pub(crate) fn new(
        graph: &'a Graph,
        purpose: Purpose,
        owns: Vec<Owns>,
    ) -> Result<Self, GraphError> {
        let mut readers = vec![vec![]; graph.nodes().len()];
        for (index, node) in graph.nodes().iter().enumerate() {
            node.inputs.iter().for_each(|input| readers[input.0].push(NodeId(index)));
        }
        Ok(Self {
            graph,
            shapes: graph.shapes(purpose.height, purpose.width)?,
            purpose,
            readers,
            owns,
            values: vec![None; graph.nodes().len()],
            actions: vec![],
            buffers: vec![],
            sums: vec![],
            recomputed: vec![],
            folded: vec![],
            gradients: Gradients::default(),
        })
    }

    /// A buffer for a whole batch of a node's results.
    pub(crate) fn buffer_of(&mut self, node: NodeId) -> BufferId {
        let len = self.shapes[node.0].len() * self.purpose.count;
        let in_body = node <= self.graph.cut();
        let precision = if in_body { self.purpose.precision } else { Precision::Fp32 };
        self.buffers.push(Buffer::new(len, precision));
        self.buffers.len() - 1
    }

    /// Adds a step and notes which buffers it touches.
    pub(crate) fn push(&mut self, action: impl AnyAction + 'static, touches: &[BufferId]) {
        let now = self.actions.len();
        for &id in touches {
            let buffer = &mut self.buffers[id];
            buffer.first = buffer.first.min(now);
            buffer.last = buffer.last.max(now);
        }
        self.actions.push(Box::new(action));
    }

    /// The only input of a node that has one.
    pub(crate) fn input(&self, node: NodeId) -> NodeId {
        self.graph.node(node).inputs[0]
    }

    pub(crate) fn owns(&self, node: NodeId) -> Owns {
        self.owns[node.0]
    }

    /// Whether a node has parameters that this plan trains.
    pub(crate) fn learns(&self, node: NodeId) -> bool {
        let Work::Train(trained) = self.purpose.work else { return false };
        let in_head = node > self.graph.cut();
        match self.owns(node) {
            Owns::Nothing => false,
            Owns::Weights => in_head || trained.layers(),
            Owns::Norm => in_head || trained.norms(),
        }
    }

    /// Whether a node runs as in prediction.
    pub(crate) fn is_eval(&self, node: NodeId) -> bool {
        let in_body = node <= self.graph.cut();
        match self.purpose.work {
            Work::Predict | Work::Attribute => true,
            Work::Train(Trained::Head) => in_body,
            Work::Train(Trained::AllButNorms) => in_body && self.owns(node) == Owns::Norm,
            Work::Train(Trained::HeadAndNorms | Trained::All) => false,
        }
    }

    /// Whether a layer may take the norm behind it in: no step goes back through such a pair.
    pub(crate) fn folds(&self, node: NodeId) -> bool {
        let back = self.purpose.work == Work::Attribute && node > self.graph.cut();
        self.is_eval(node) && !back
    }

    /// The one node that reads this one, if it is the only one.
    pub(crate) fn only_reader(&self, node: NodeId) -> Option<NodeId> {
        match self.readers[node.0][..] {
            [reader] => Some(reader),
            _ => None,
        }
    }

    /// The only reader, if it is a norm.
    pub(crate) fn norm_after(&self, node: NodeId) -> Option<NodeId> {
        self.only_reader(node).filter(|&reader| self.owns(reader) == Owns::Norm)
    }

    /// The only reader, if it is an activation.
    pub(crate) fn activation_after(&self, node: NodeId) -> Option<(NodeId, Activation)> {
        let reader = self.only_reader(node)?;
        match self.graph.node(reader).op {
            Op::Activation(kind) => Some((reader, activation_of(kind))),
            _ => None,
        }
    }

    /// The last node of a norm and the addition behind it, where that can be done along with it: where
    /// the other summand is there already, which is returned too.
    pub(crate) fn residual_after(&self, norm: NodeId) -> (NodeId, Option<BufferId>) {
        let is_sum = |node: &NodeId| self.graph.node(*node).op == Op::Add;
        let residual = self.only_reader(norm).filter(is_sum).and_then(|add| {
            let other = self.graph.node(add).inputs.iter().copied().find(|&input| input != norm)?;
            let value = self.planned(other).filter(|value| value.is_plain())?;
            Some((add, value.buffer))
        });
        residual.map_or((norm, None), |(add, buffer)| (add, Some(buffer)))
    }

    /// A node's result, if it is planned.
    pub(crate) fn planned(&self, node: NodeId) -> Option<Lazy> {
        self.values[node.0]
    }

    /// The result of a node that is planned.
    pub(crate) fn value(&self, node: NodeId) -> Lazy {
        self.values[node.0].expect("nodes come after their inputs")
    }

    /// Says what a node's result is.
    pub(crate) fn set_value(&mut self, node: NodeId, value: Lazy) {
        self.values[node.0] = Some(value);
    }

    /// A buffer as a node's result.
    pub(crate) fn stored(&self, node: NodeId, buffer: BufferId) -> Lazy {
        Lazy::plain(buffer, self.shapes[node.0].channels)
    }

    /// A node's result as it is to be read by something that cannot apply norm or activation.
    pub(crate) fn plain(&mut self, node: NodeId) -> BufferId {
        let x = self.value(node);
        if x.is_plain() {
            return x.buffer;
        }
        let to = self.buffer_of(node);
        self.push(Materialise { x, to }, &[x.buffer, to]);
        to
    }

    /// Plans a sum.
    pub(crate) fn sum(&mut self, sum: Sum) {
        self.push(sum, &[sum.a.buffer, sum.b.buffer, sum.to]);
        self.sums.push(sum);
    }

    /// Chooses the sums that need not outlive the forward steps: those of which both summands do.
    pub(crate) fn recompute_sums(&mut self) {
        for Sum { a, b, to, .. } in &self.sums {
            if ![a, b].iter().any(|summand| self.recomputed.contains(&summand.buffer)) {
                self.recomputed.push(*to);
            }
        }
    }

    /// A node's value for a backward step; a sum that was not kept is computed again, once.
    pub(crate) fn value_again(&mut self, node: NodeId) -> Lazy {
        let value = self.value(node);
        let Some(at) = self.recomputed.iter().position(|&id| id == value.buffer) else {
            return value;
        };
        self.recomputed.swap_remove(at);
        let made = self.sums.iter().find(|sum| sum.to == value.buffer).copied();
        let sum = Sum { to: self.buffer_of(node), ..made.expect("only sums are computed again") };
        self.push(sum, &[sum.a.buffer, sum.b.buffer, sum.to]);
        let values = self.values.iter_mut().flatten();
        values.filter(|of| of.buffer == value.buffer).for_each(|of| of.buffer = sum.to);
        Lazy { buffer: sum.to, ..value }
    }

    /// Takes the gradient of a node, which has one.
    pub(crate) fn take_gradient(&mut self, node: NodeId) -> BufferId {
        self.gradients.take(node).expect("steps back are planned for nodes with a gradient")
    }

    /// Where a step can write a node's gradient: a new buffer, or the one with what others have
    /// contributed, to be added to.
    pub(crate) fn gradient_target(&mut self, node: NodeId) -> (BufferId, bool) {
        if self.gradients.get(node).is_some() {
            return (self.own_gradient(node), true);
        }
        let to = self.buffer_of(node);
        self.gradients.set(node, to);
        (to, false)
    }

    /// A node's gradient in a buffer that no other node shares.
    pub(crate) fn own_gradient(&mut self, node: NodeId) -> BufferId {
        let shared = self.gradients.get(node).expect("a gradient");
        if self.gradients.is_own(shared) {
            return shared;
        }
        self.gradients.take(node);
        let Buffer { len, precision, .. } = self.buffers[shared];
        self.buffers.push(Buffer::new(len, precision));
        let to = self.buffers.len() - 1;
        self.push(PassOn { from: shared, to, accumulate: false }, &[shared, to]);
        self.gradients.set(node, to);
        to
    }

    /// Gives a buffer to a node as its gradient, or adds it to what the node has.
    pub(crate) fn hand_on(&mut self, buffer: BufferId, node: NodeId) {
        if self.gradients.get(node).is_none() {
            self.gradients.set(node, buffer);
            return;
        }
        let to = self.own_gradient(node);
        self.push(PassOn { from: buffer, to, accumulate: true }, &[buffer, to]);
    }
}
