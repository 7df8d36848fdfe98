//! The largest of each window.

use kernels::Element;
use kernels::pool::MaxPool;
use network::{NodeId, Shape};

use crate::action::{Action, Context};
use crate::arena::{BufferId, split};
use crate::lazy::Lazy;
use crate::operation::Operation;
use crate::planner::{Owns, Planner, Work};

pub(super) struct Max {
    pub(super) kernel: usize,
    pub(super) stride: usize,
    pub(super) padding: usize,
}

/// The winning cell of each window, which the forward step leaves for the backward step.
type Cells = Vec<u8>;

impl Max {
    fn pool(&self, node: NodeId, planner: &Planner<'_>) -> MaxPool {
        let Self { kernel, stride, padding } = *self;
        let Shape { height, width, channels } = planner.shapes[planner.input(node).0];
        let count = planner.purpose.count;
        MaxPool { count, height, width, channels, kernel, stride, padding }
    }
}

impl Operation for Max {
    fn owns(&self) -> Owns {
        Owns::Nothing
    }

    fn forward(&self, node: NodeId, planner: &mut Planner<'_>) -> Lazy {
        let pool = self.pool(node, planner);
        let x = planner.value(planner.input(node));
        let to = planner.buffer_of(node);
        let trains = matches!(planner.purpose.work, Work::Train(_));
        planner.push(Forward { pool, node, x, trains, to }, &[x.buffer, to]);
        planner.stored(node, to)
    }

    fn backward(&self, node: NodeId, planner: &mut Planner<'_>) {
        let pool = self.pool(node, planner);
        let gradient = planner.take_gradient(node);
        let input = planner.input(node);
        if planner.gradients.wanted(input) {
            let (to, accumulate) = planner.gradient_target(input);
            planner.push(Backward { pool, node, gradient, to, accumulate }, &[gradient, to]);
        }
    }
}

#[derive(Debug)]
struct Forward {
    pool: MaxPool,
    node: NodeId,
    x: Lazy,
    /// Whether a backward pass will ask which cells were largest.
    trains: bool,
    to: BufferId,
}

impl Action for Forward {
    const KIND: &'static str = "max pool";

    fn node(&self) -> Option<NodeId> {
        Some(self.node)
    }

    fn numbers(&self) -> Option<BufferId> {
        Some(self.to)
    }

    fn execute<E: Element>(&self, Context { memory, places, state, .. }: Context<'_>) {
        let (out, buffers) = split::<E>(memory, places, self.to);
        let mut cells = self.trains.then(|| {
            let mut cells = std::mem::take(state.get_mut::<Cells>(self.node));
            cells.resize(out.len(), 0);
            cells
        });
        self.pool.forward(self.x.view(&buffers, state), out, cells.as_deref_mut());
        if let Some(cells) = cells {
            *state.get_mut(self.node) = cells;
        }
    }
}

#[derive(Debug)]
struct Backward {
    pool: MaxPool,
    node: NodeId,
    gradient: BufferId,
    to: BufferId,
    accumulate: bool,
}

impl Action for Backward {
    const KIND: &'static str = "max pool backward";

    fn node(&self) -> Option<NodeId> {
        Some(self.node)
    }

    fn numbers(&self) -> Option<BufferId> {
        Some(self.to)
    }

    fn execute<E: Element>(&self, Context { memory, places, state, .. }: Context<'_>) {
        let (out, buffers) = split::<E>(memory, places, self.to);
        let cells = state.get::<Cells>(self.node);
        self.pool.backward(buffers.read(self.gradient), cells, out, self.accumulate);
    }
}
