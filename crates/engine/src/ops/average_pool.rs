//! The average over the picture, in 32-bit numbers whatever those of the body are.

use kernels::{Element, pool};
use network::NodeId;

use crate::action::{Action, Context};
use crate::arena::{BufferId, split};
use crate::lazy::Lazy;
use crate::operation::Operation;
use crate::planner::{Owns, Planner};

pub(super) struct Average;

impl Operation for Average {
    fn owns(&self) -> Owns {
        Owns::Nothing
    }

    fn forward(&self, node: NodeId, planner: &mut Planner<'_>) -> Lazy {
        let input = planner.input(node);
        let channels = planner.shapes[input.0].channels;
        let (x, to) = (planner.plain(input), planner.buffer_of(node));
        planner.push(Forward { x, channels, to }, &[x, to]);
        planner.stored(node, to)
    }

    fn backward(&self, node: NodeId, planner: &mut Planner<'_>) {
        let gradient = planner.take_gradient(node);
        let input = planner.input(node);
        if planner.gradients.wanted(input) {
            let channels = planner.shapes[input.0].channels;
            let to = planner.buffer_of(input);
            planner.push(Backward { channels, gradient, to }, &[gradient, to]);
            planner.hand_on(to, input);
        }
    }
}

#[derive(Debug)]
struct Forward {
    x: BufferId,
    channels: usize,
    to: BufferId,
}

impl Action for Forward {
    const KIND: &'static str = "pool";

    fn numbers(&self) -> Option<BufferId> {
        Some(self.x)
    }

    fn execute<E: Element>(&self, Context { memory, places, .. }: Context<'_>) {
        let (out, buffers) = split(memory, places, self.to);
        pool::average(buffers.read::<E>(self.x), self.channels, out);
    }
}

#[derive(Debug)]
struct Backward {
    channels: usize,
    gradient: BufferId,
    to: BufferId,
}

impl Action for Backward {
    const KIND: &'static str = "pool backward";

    fn numbers(&self) -> Option<BufferId> {
        Some(self.to)
    }

    fn execute<E: Element>(&self, Context { memory, places, .. }: Context<'_>) {
        let (out, buffers) = split::<E>(memory, places, self.to);
        pool::average_backward(buffers.read(self.gradient), self.channels, out);
    }
}
