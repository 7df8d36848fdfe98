//! fastai's pool: the largest over the picture, then the average, in 32-bit numbers.

use kernels::{Element, pool};
use network::NodeId;

use crate::action::{Action, Context};
use crate::arena::{BufferId, split};
use crate::lazy::Lazy;
use crate::operation::Operation;
use crate::planner::{Owns, Planner};

pub(super) struct Concat;

/// The pixel of each largest value, which the forward step leaves for the backward step.
type Largest = Vec<u32>;

impl Operation for Concat {
    fn owns(&self) -> Owns {
        Owns::Nothing
    }

    fn forward(&self, node: NodeId, planner: &mut Planner<'_>) -> Lazy {
        let input = planner.input(node);
        let channels = planner.shapes[input.0].channels;
        let (x, to) = (planner.plain(input), planner.buffer_of(node));
        planner.push(Forward { node, x, channels, to }, &[x, to]);
        planner.stored(node, to)
    }

    fn backward(&self, node: NodeId, planner: &mut Planner<'_>) {
        let gradient = planner.take_gradient(node);
        let input = planner.input(node);
        if planner.gradients.wanted(input) {
            let channels = planner.shapes[input.0].channels;
            let to = planner.buffer_of(input);
            planner.push(Backward { node, channels, gradient, to }, &[gradient, to]);
            planner.hand_on(to, input);
        }
    }
}

#[derive(Debug)]
struct Forward {
    node: NodeId,
    x: BufferId,
    channels: usize,
    to: BufferId,
}

impl Action for Forward {
    const KIND: &'static str = "pool";

    fn numbers(&self) -> Option<BufferId> {
        Some(self.x)
    }

    fn execute<E: Element>(&self, Context { memory, places, state, .. }: Context<'_>) {
        let (out, buffers) = split(memory, places, self.to);
        let largest = state.get_mut::<Largest>(self.node);
        largest.resize(out.len() / 2, 0);
        pool::concat(buffers.read::<E>(self.x), self.channels, out, largest);
    }
}

#[derive(Debug)]
struct Backward {
    node: NodeId,
    channels: usize,
    gradient: BufferId,
    to: BufferId,
}

impl Action for Backward {
    const KIND: &'static str = "pool backward";

    fn numbers(&self) -> Option<BufferId> {
        Some(self.to)
    }

    fn execute<E: Element>(&self, Context { memory, places, state, .. }: Context<'_>) {
        let (out, buffers) = split::<E>(memory, places, self.to);
        let largest = state.get::<Largest>(self.node);
        pool::concat_backward(buffers.read(self.gradient), largest, self.channels, out);
    }
}
