//! Inverted residual blocks in prediction: a chain of layers that is planned as one step where its
//! wide tensors are large.

use kernels::inverted::{InvertedResidual, Pointwise, pays};
use kernels::{Activation, Bf16, Convolve, Precision};
use network::{Filter, NodeId, Norm, Op};

use crate::action::{Action, Context};
use crate::arena::{BufferId, split};
use crate::lazy::Lazy;
use crate::ops::geometry::{DepthwiseConv, DepthwiseLayer, Form, Product};
use crate::planner::Planner;
use crate::store::{Layer, norm_of};

/// A layer, the norm behind it, and the activation behind that.
struct Normed<L> {
    layer: L,
    norm: NodeId,
    activation: Activation,
    /// The last of these nodes.
    last: NodeId,
}

/// Plans the block that begins with this node, a convolution of any kind, if one does and is faster
/// as one step.
pub(super) fn forward(node: NodeId, planner: &mut Planner<'_>) -> Option<Lazy> {
    let expand = pointwise(node, planner);
    let next = expand.as_ref().map_or(Some(node), |expand| planner.only_reader(expand.last))?;
    let swept = swept(next, planner)?;
    let project = pointwise(planner.only_reader(swept.last)?, planner)?;
    let x = planner.value(planner.input(node));
    let worth = match planner.purpose.precision {
        Precision::Fp32 => pays::<f32>(x.channels, &swept.layer.conv),
        Precision::Bf16 => pays::<Bf16>(x.channels, &swept.layer.conv),
    };
    if !worth || expand.is_some() && !x.is_plain() {
        return None;
    }
    let (mut last, mut activation, mut residual) = (project.last, project.activation, None);
    if last == project.norm {
        (last, residual) = planner.residual_after(project.norm);
        let (after, behind) = planner.activation_after(last).unzip();
        (last, activation) = (after.unwrap_or(last), behind.unwrap_or_default());
    }
    let to = planner.buffer_of(project.norm);
    let layers = expand.iter().chain([&project]).map(|normed| (normed.layer, normed.norm));
    let layers: Vec<(Layer, NodeId)> = layers.collect();
    planner.folded.extend(&layers);
    let step = Block {
        expand: expand.as_ref().map(|expand| (expand.layer, expand.norm, expand.activation)),
        swept: swept.layer,
        norm: norm_of(planner.graph, swept.norm),
        between: swept.activation,
        project: (project.layer, project.norm, activation),
        x,
        residual,
        to,
    };
    let touched: Vec<BufferId> = [x.buffer, to].into_iter().chain(residual).collect();
    planner.push(step, &touched);
    // Every node of the chain has been done; nothing but the last one's result is ever read.
    let value = planner.stored(project.norm, to);
    let mut done = node;
    planner.set_value(done, value);
    while done != last {
        done = planner.only_reader(done)?;
        planner.set_value(done, value);
    }
    Some(value)
}

/// Such a layer with what is behind it, if all of it runs as in prediction.
fn normed<L>(node: NodeId, layer: L, planner: &Planner<'_>) -> Option<Normed<L>> {
    let norm = planner.norm_after(node).filter(|_| planner.folds(node))?;
    let (after, activation) = planner.activation_after(norm).unzip();
    let last = after.unwrap_or(norm);
    Some(Normed { layer, norm, activation: activation.unwrap_or_default(), last })
}

/// A 1×1 convolution of stride 1.
fn pointwise(node: NodeId, planner: &Planner<'_>) -> Option<Normed<Layer>> {
    let Op::Conv { filter, weight } = planner.graph.node(node).op else { return None };
    let Filter { kernel: 1, stride: 1, groups: 1, .. } = filter else { return None };
    let product = Product { form: Form::Convolution(filter), weight, bias: None };
    normed(node, product.layer(node, planner), planner)
}

/// A depthwise convolution.
fn swept(node: NodeId, planner: &Planner<'_>) -> Option<Normed<DepthwiseLayer>> {
    let Op::Conv { filter, weight } = planner.graph.node(node).op else { return None };
    let layer =
        (filter.groups > 1).then(|| DepthwiseConv { filter, weight }.layer(node, planner))?;
    normed(node, layer, planner)
}

/// The whole block.
#[derive(Debug)]
struct Block {
    expand: Option<(Layer, NodeId, Activation)>,
    swept: DepthwiseLayer,
    norm: Norm,
    /// What follows the depthwise convolution's norm.
    between: Activation,
    project: (Layer, NodeId, Activation),
    x: Lazy,
    residual: Option<BufferId>,
    to: BufferId,
}

impl Action for Block {
    const KIND: &'static str = "inverted residual block";

    fn node(&self) -> Option<NodeId> {
        Some(self.project.0.node)
    }

    fn numbers(&self) -> Option<BufferId> {
        Some(self.to)
    }

    fn execute<E: Convolve>(&self, context: Context<'_>) {
        let Context { graph, memory, places, store, state, .. } = context;
        let (out, buffers) = split::<E>(memory, places, self.to);
        for &(layer, norm, _) in self.expand.iter().chain([&self.project]) {
            store.fold(layer, &norm_of(graph, norm), E::PRECISION);
        }
        store.weight(self.swept.weight);
        let constants = store.fixed(&self.norm);
        let store = &*store;
        let pointwise = |&(layer, _, activation): &(Layer, NodeId, Activation)| {
            let (weights, bias) = store.folded(layer);
            Pointwise { conv: layer.conv, weights, bias, activation }
        };
        let block = InvertedResidual {
            expand: self.expand.as_ref().map(pointwise),
            depthwise: self.swept.conv,
            weights: store.values(self.swept.weight),
            affine: (&constants.scale, &constants.shift),
            activation: self.between,
            project: pointwise(&self.project),
            residual: self.residual.map(|id| buffers.read(id)),
        };
        block.forward(self.x.view(&buffers, state), out);
    }
}
