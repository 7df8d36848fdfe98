//! Batch norm. It costs no pass forward: its result is the layer before it, read with a scale and a
//! shift.

use kernels::Element;
use kernels::norm::{Backward, Moments};
use network::{NodeId, Norm};

use crate::action::{Action, Context};
use crate::arena::{BufferId, split};
use crate::lazy::{Lazy, NormState};
use crate::operation::Operation;
use crate::planner::{Owns, Planner};

pub(super) struct BatchNorm(pub(super) Norm);

impl Operation for BatchNorm {
    fn owns(&self) -> Owns {
        Owns::Norm
    }

    fn forward(&self, node: NodeId, planner: &mut Planner<'_>) -> Lazy {
        let input = planner.input(node);
        let layer_before = planner.owns(input) == Owns::Weights;
        let gathered = layer_before && planner.only_reader(input).is_some();
        let from = planner.plain(input);
        let norm = self.0;
        if planner.is_eval(node) {
            planner.push(EvalStatistics { node, norm }, &[]);
        } else {
            planner.push(BatchStatistics { node, norm, from, gathered }, &[from]);
        }
        Lazy { norm: Some(node), ..planner.stored(node, from) }
    }

    fn backward(&self, node: NodeId, planner: &mut Planner<'_>) {
        let (input, y) = (planner.input(node), planner.value(node));
        let gradient = planner.take_gradient(node);
        // An activation that is read along with this norm is undone along with it.
        let after = planner.activation_after(node);
        let along = after.map(|(after, activation)| (after, Lazy { activation, ..y }));
        let along = along.filter(|&(after, lazy)| planner.planned(after) == Some(lazy));
        let y = along.map_or(y, |(_, lazy)| lazy);
        let wanted = planner.gradients.wanted(input);
        let free = planner.gradients.is_free(gradient) && planner.gradients.get(input).is_none();
        let to = match () {
            () if !wanted => Destination::Nowhere,
            () if free => Destination::InPlace,
            () => Destination::Into(planner.buffer_of(node)),
        };
        let result = if let Destination::Into(buffer) = to { buffer } else { gradient };
        let learns = planner.learns(node);
        let step = BackwardNorm { node, norm: self.0, y, gradient, to, learns };
        planner.push(step, &[y.buffer, gradient, result]);
        if wanted {
            planner.hand_on(result, input);
        }
    }
}

/// Makes a norm's constants for this batch, from gathered sums or by a pass of its own.
#[derive(Debug)]
struct BatchStatistics {
    node: NodeId,
    norm: Norm,
    from: BufferId,
    gathered: bool,
}

impl Action for BatchStatistics {
    const KIND: &'static str = "norm constants";

    fn node(&self) -> Option<NodeId> {
        Some(self.node)
    }

    fn numbers(&self) -> Option<BufferId> {
        Some(self.from)
    }

    fn execute<E: Element>(&self, context: Context<'_>) {
        let Context { graph, memory, places, store, state, .. } = context;
        let channels = graph.channels(self.node);
        let data: &[E] = places[self.from].of(memory);
        let n = data.len() / channels;
        let own = state.get_mut::<NormState>(self.node);
        // One value a channel has no variance: the running statistics must do.
        own.of_batch = n > 1;
        own.statistics = if !own.of_batch {
            store.fixed(&self.norm)
        } else if self.gathered {
            store.of_batch(&self.norm, &Moments::of_sums(&own.sums, n))
        } else {
            store.of_batch(&self.norm, &Moments::of(data, channels))
        };
    }
}

/// A norm's constants from its running statistics.
#[derive(Debug)]
struct EvalStatistics {
    node: NodeId,
    norm: Norm,
}

impl Action for EvalStatistics {
    const KIND: &'static str = "norm constants";

    fn node(&self) -> Option<NodeId> {
        Some(self.node)
    }

    fn numbers(&self) -> Option<BufferId> {
        None
    }

    fn execute<E: Element>(&self, Context { store, state, .. }: Context<'_>) {
        let own = state.get_mut::<NormState>(self.node);
        (own.statistics, own.of_batch) = (store.fixed(&self.norm), false);
    }
}

/// Where the gradient of a norm's input goes.
#[derive(Clone, Copy, Debug)]
enum Destination {
    /// Nobody wants it; only the norm's own parameters do.
    Nowhere,
    /// Over the gradient it is made of.
    InPlace,
    /// Beside it, because others still need that.
    Into(BufferId),
}

/// From the gradient of the normed (and activated) value to that of the norm's input `y`.
#[derive(Debug)]
struct BackwardNorm {
    node: NodeId,
    norm: Norm,
    y: Lazy,
    gradient: BufferId,
    to: Destination,
    /// Whether the norm's own gradients are kept.
    learns: bool,
}

impl Action for BackwardNorm {
    const KIND: &'static str = "norm backward";

    fn node(&self) -> Option<NodeId> {
        Some(self.node)
    }

    fn numbers(&self) -> Option<BufferId> {
        Some(self.gradient)
    }

    fn execute<E: Element>(&self, Context { memory, places, store, state, .. }: Context<'_>) {
        let Self { norm, y, gradient, .. } = *self;
        let NormState { statistics, of_batch, .. } = state.get(self.node);
        let backward = {
            let of = |id: BufferId| places[id].of::<E>(memory);
            let y = y.view_of(of(y.buffer), state);
            Backward::new(y, of(gradient), statistics, store.values(norm.weight), *of_batch)
        };
        if self.learns {
            store.gradient_mut(norm.weight).copy_from_slice(&backward.weight);
            store.gradient_mut(norm.bias).copy_from_slice(&backward.bias);
        }
        match self.to {
            Destination::Nowhere => {}
            Destination::InPlace => {
                let (own, buffers) = split::<E>(memory, places, gradient);
                backward.apply(y.view(&buffers, state), own);
            }
            Destination::Into(to) => {
                let (out, buffers) = split::<E>(memory, places, to);
                backward.apply_to(y.view(&buffers, state), buffers.read(gradient), out);
            }
        }
    }
}
