//! Depthwise convolutions: each channel has a filter of its own, and a norm and an activation that
//! follow are done along with it in eval mode.

use kernels::{Activation, Convolve, Finish};
use network::{NodeId, Norm};

use crate::action::{Action, Context};
use crate::arena::{BufferId, split};
use crate::lazy::{Lazy, NormState};
use crate::operation::Operation;
use crate::ops::geometry::{DepthwiseConv, DepthwiseLayer};
use crate::ops::inverted;
use crate::planner::{Owns, Planner};
use crate::store::norm_of;

impl Operation for DepthwiseConv {
    fn owns(&self) -> Owns {
        Owns::Weights
    }

    fn forward(&self, node: NodeId, planner: &mut Planner<'_>) -> Lazy {
        let layer = self.layer(node, planner);
        if let Some(value) = inverted::forward(node, planner) {
            return value;
        }
        let x = planner.value(planner.input(node));
        let norm = planner.norm_after(node);
        if let (Some(norm), true) = (norm, planner.folds(node)) {
            let (after, activation) = planner.activation_after(norm).unzip();
            let activation = activation.unwrap_or_default();
            let to = planner.buffer_of(norm);
            let constants = norm_of(planner.graph, norm);
            let step = ForwardNormed { layer, x, norm: constants, activation, to };
            planner.push(step, &[x.buffer, to]);
            let value = planner.stored(norm, to);
            for done in [Some(norm), after].into_iter().flatten() {
                planner.set_value(done, value);
            }
            return value;
        }
        let to = planner.buffer_of(node);
        let norm = norm.filter(|&norm| !planner.is_eval(norm));
        planner.push(Forward { layer, x, to, norm }, &[x.buffer, to]);
        planner.stored(node, to)
    }

    fn backward(&self, node: NodeId, planner: &mut Planner<'_>) {
        let layer = self.layer(node, planner);
        let gradient = planner.take_gradient(node);
        let input = planner.input(node);
        if planner.learns(node) {
            let x = planner.value_again(input);
            planner.push(BackwardWeights { layer, x, gradient }, &[x.buffer, gradient]);
        }
        if planner.gradients.wanted(input) {
            let (to, accumulate) = planner.gradient_target(input);
            planner.push(BackwardData { layer, gradient, to, accumulate }, &[gradient, to]);
        }
    }
}

/// The convolution; a norm that follows has its sums gathered.
#[derive(Debug)]
struct Forward {
    layer: DepthwiseLayer,
    x: Lazy,
    to: BufferId,
    norm: Option<NodeId>,
}

impl Action for Forward {
    const KIND: &'static str = "depthwise conv";

    fn node(&self) -> Option<NodeId> {
        Some(self.layer.node)
    }

    fn numbers(&self) -> Option<BufferId> {
        Some(self.to)
    }

    fn execute<E: Convolve>(&self, Context { memory, places, store, state, .. }: Context<'_>) {
        let DepthwiseLayer { conv, weight, .. } = self.layer;
        let (out, buffers) = split::<E>(memory, places, self.to);
        let mut sums = self.norm.map(|norm| {
            let mut sums = std::mem::take(&mut state.get_mut::<NormState>(norm).sums);
            sums.resize(2 * conv.channels, 0.0);
            sums
        });
        let finish = Finish { sums: sums.as_deref_mut(), ..Finish::default() };
        conv.forward(self.x.view(&buffers, state), store.weight(weight), out, finish);
        if let (Some(norm), Some(sums)) = (self.norm, sums) {
            state.get_mut::<NormState>(norm).sums = sums;
        }
    }
}

/// The convolution in eval mode, with its norm and activation.
#[derive(Debug)]
struct ForwardNormed {
    layer: DepthwiseLayer,
    x: Lazy,
    norm: Norm,
    activation: Activation,
    to: BufferId,
}

impl Action for ForwardNormed {
    const KIND: &'static str = "depthwise conv and norm";

    fn node(&self) -> Option<NodeId> {
        Some(self.layer.node)
    }

    fn numbers(&self) -> Option<BufferId> {
        Some(self.to)
    }

    fn execute<E: Convolve>(&self, Context { memory, places, store, state, .. }: Context<'_>) {
        let DepthwiseLayer { conv, weight, .. } = self.layer;
        let (out, buffers) = split::<E>(memory, places, self.to);
        let constants = store.fixed(&self.norm);
        let affine = Some((&constants.scale[..], &constants.shift[..]));
        let finish = Finish { affine, activation: self.activation, sums: None };
        conv.forward(self.x.view(&buffers, state), store.weight(weight), out, finish);
    }
}

#[derive(Debug)]
struct BackwardWeights {
    layer: DepthwiseLayer,
    x: Lazy,
    gradient: BufferId,
}

impl Action for BackwardWeights {
    const KIND: &'static str = "depthwise conv backward weights";

    fn node(&self) -> Option<NodeId> {
        Some(self.layer.node)
    }

    fn numbers(&self) -> Option<BufferId> {
        Some(self.gradient)
    }

    fn execute<E: Convolve>(&self, Context { memory, places, store, state, .. }: Context<'_>) {
        let DepthwiseLayer { conv, weight, .. } = self.layer;
        let of = |id: BufferId| places[id].of::<E>(memory);
        let x = self.x.view_of(of(self.x.buffer), state);
        conv.backward_weights(x, of(self.gradient), store.gradient_mut(weight));
    }
}

#[derive(Debug)]
struct BackwardData {
    layer: DepthwiseLayer,
    gradient: BufferId,
    to: BufferId,
    accumulate: bool,
}

impl Action for BackwardData {
    const KIND: &'static str = "depthwise conv backward data";

    fn node(&self) -> Option<NodeId> {
        Some(self.layer.node)
    }

    fn numbers(&self) -> Option<BufferId> {
        Some(self.to)
    }

    fn execute<E: Convolve>(&self, Context { memory, places, store, .. }: Context<'_>) {
        let DepthwiseLayer { conv, weight, .. } = self.layer;
        let (out, buffers) = split::<E>(memory, places, self.to);
        let gradient = buffers.read::<E>(self.gradient);
        conv.backward_data(gradient, store.weight(weight), out, self.accumulate);
    }
}
