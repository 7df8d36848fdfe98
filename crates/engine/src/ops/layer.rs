//! Convolutions and linear layers: products with a weight, with what follows them done while the
//! results are in registers.

use kernels::{Activation, Added, Convolve, Direction, Epilogue, elementwise};
use network::{NodeId, ParameterId};

use crate::action::{Action, Context};
use crate::arena::{BufferId, split};
use crate::lazy::{Lazy, NormState};
use crate::operation::Operation;
use crate::ops::geometry::Product;
use crate::ops::inverted;
use crate::planner::{Owns, Planner};
use crate::store::{Layer, norm_of};

impl Operation for Product {
    fn owns(&self) -> Owns {
        Owns::Weights
    }

    fn forward(&self, node: NodeId, planner: &mut Planner<'_>) -> Lazy {
        let layer = self.layer(node, planner);
        let x = planner.value(planner.input(node));
        if let Some(value) = inverted::forward(node, planner) {
            return value;
        }
        let norm = planner.norm_after(node);
        if let (Some(norm), None, true) = (norm, self.bias, planner.folds(node)) {
            return forward_folded(layer, x, norm, planner);
        }
        let to = planner.buffer_of(node);
        let norm = norm.filter(|&norm| !planner.is_eval(norm));
        let changes = planner.learns(node);
        planner.push(Forward { layer, x, bias: self.bias, to, norm, changes }, &[x.buffer, to]);
        planner.stored(node, to)
    }

    fn backward(&self, node: NodeId, planner: &mut Planner<'_>) {
        let layer = self.layer(node, planner);
        let gradient = planner.take_gradient(node);
        let input = planner.input(node);
        let changes = planner.learns(node);
        if changes {
            let x = planner.value_again(input);
            planner.push(BackwardWeights { layer, x, gradient }, &[x.buffer, gradient]);
            if let Some(bias) = self.bias {
                planner.push(BackwardBias { bias, gradient }, &[gradient]);
            }
        }
        if planner.gradients.wanted(input) {
            let (to, accumulate) = planner.gradient_target(input);
            let step = BackwardData { layer, gradient, to, accumulate, changes };
            planner.push(step, &[gradient, to]);
        }
    }
}

/// A layer whose norm, and the addition and activation behind it where they can be, are done while its
/// results are in registers.
fn forward_folded(layer: Layer, x: Lazy, norm: NodeId, planner: &mut Planner<'_>) -> Lazy {
    let (last, residual) = planner.residual_after(norm);
    let (after, activation) = planner.activation_after(last).unzip();
    let activation = activation.unwrap_or_default();
    let to = planner.buffer_of(norm);
    let touched: Vec<BufferId> = [x.buffer, to].into_iter().chain(residual).collect();
    planner.folded.push((layer, norm));
    planner.push(ForwardFolded { layer, x, norm, residual, activation, to }, &touched);
    let value = planner.stored(norm, to);
    for done in [Some(norm), Some(last), after].into_iter().flatten() {
        planner.set_value(done, value);
    }
    value
}

/// The product with its bias; a norm that follows has its sums gathered.
#[derive(Debug)]
struct Forward {
    layer: Layer,
    x: Lazy,
    bias: Option<ParameterId>,
    to: BufferId,
    norm: Option<NodeId>,
    /// Whether the weights change with each step.
    changes: bool,
}

impl Action for Forward {
    const KIND: &'static str = "conv";

    fn node(&self) -> Option<NodeId> {
        Some(self.layer.node)
    }

    fn numbers(&self) -> Option<BufferId> {
        Some(self.to)
    }

    fn execute<E: Convolve>(&self, Context { memory, places, store, state, .. }: Context<'_>) {
        let (out, buffers) = split::<E>(memory, places, self.to);
        let mut sums = self.norm.map(|norm| {
            let mut sums = std::mem::take(&mut state.get_mut::<NormState>(norm).sums);
            sums.resize(2 * self.layer.conv.filters, 0.0);
            sums
        });
        let bias = self.bias.map(|id| store.values(id).to_vec());
        let pack = store.pack(self.layer, Direction::Forward, E::PRECISION, self.changes);
        let epilogue =
            Epilogue { bias: bias.as_deref(), sums: sums.as_deref_mut(), ..Epilogue::default() };
        self.layer.conv.forward(self.x.view(&buffers, state), pack, out, epilogue);
        if let (Some(norm), Some(sums)) = (self.norm, sums) {
            state.get_mut::<NormState>(norm).sums = sums;
        }
    }
}

/// The product in eval mode, with a norm folded into the weights.
#[derive(Debug)]
struct ForwardFolded {
    layer: Layer,
    x: Lazy,
    norm: NodeId,
    residual: Option<BufferId>,
    activation: Activation,
    to: BufferId,
}

impl Action for ForwardFolded {
    const KIND: &'static str = "conv and norm";

    fn node(&self) -> Option<NodeId> {
        Some(self.layer.node)
    }

    fn numbers(&self) -> Option<BufferId> {
        Some(self.to)
    }

    fn execute<E: Convolve>(&self, context: Context<'_>) {
        let Context { graph, memory, places, store, state, .. } = context;
        let (out, buffers) = split::<E>(memory, places, self.to);
        let (pack, bias) = store.folded_pack(self.layer, &norm_of(graph, self.norm), E::PRECISION);
        let added = self.residual.map_or(Added::Nothing, |id| Added::Residual(buffers.read(id)));
        let epilogue =
            Epilogue { bias: Some(bias), added, activation: self.activation, sums: None };
        self.layer.conv.forward(self.x.view(&buffers, state), pack, out, epilogue);
    }
}

#[derive(Debug)]
struct BackwardWeights {
    layer: Layer,
    x: Lazy,
    gradient: BufferId,
}

impl Action for BackwardWeights {
    const KIND: &'static str = "conv backward weights";

    fn node(&self) -> Option<NodeId> {
        Some(self.layer.node)
    }

    fn numbers(&self) -> Option<BufferId> {
        Some(self.gradient)
    }

    fn execute<E: Convolve>(&self, Context { memory, places, store, state, .. }: Context<'_>) {
        // Nothing in the arena is written: the whole of it can be read.
        let of = |id: BufferId| places[id].of::<E>(memory);
        let x = self.x.view_of(of(self.x.buffer), state);
        let gradient = store.gradient_mut(self.layer.weight);
        self.layer.conv.backward_weights(x, of(self.gradient), gradient);
    }
}

#[derive(Debug)]
struct BackwardBias {
    bias: ParameterId,
    gradient: BufferId,
}

impl Action for BackwardBias {
    const KIND: &'static str = "bias backward";

    /// Linear layers stand in the head.
    fn numbers(&self) -> Option<BufferId> {
        None
    }

    fn execute<E: Convolve>(&self, Context { memory, places, store, .. }: Context<'_>) {
        let gradient = places[self.gradient].of(memory);
        elementwise::bias_backward(gradient, store.gradient_mut(self.bias));
    }
}

#[derive(Debug)]
struct BackwardData {
    layer: Layer,
    gradient: BufferId,
    to: BufferId,
    accumulate: bool,
    /// Whether the weights change with each step.
    changes: bool,
}

impl Action for BackwardData {
    const KIND: &'static str = "conv backward data";

    fn node(&self) -> Option<NodeId> {
        Some(self.layer.node)
    }

    fn numbers(&self) -> Option<BufferId> {
        Some(self.to)
    }

    fn execute<E: Convolve>(&self, Context { memory, places, store, .. }: Context<'_>) {
        let (out, buffers) = split::<E>(memory, places, self.to);
        let pack = store.pack(self.layer, Direction::BackwardData, E::PRECISION, self.changes);
        let gradient = buffers.read::<E>(self.gradient);
        self.layer.conv.backward_data(gradient, pack, out, self.accumulate);
    }
}
