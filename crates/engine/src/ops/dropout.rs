//! Dropout, in the head alone.

use ground::random::{Draws, Purpose};
use kernels::{Element, elementwise};
use network::NodeId;

use crate::Step;
use crate::action::{Action, Context};
use crate::arena::{BufferId, split};
use crate::lazy::Lazy;
use crate::operation::Operation;
use crate::planner::{Owns, Planner};

pub(super) struct Dropout {
    pub(super) rate: f32,
}

impl Dropout {
    fn drops(&self, node: NodeId, planner: &Planner<'_>) -> bool {
        self.rate != 0.0 && !planner.is_eval(node)
    }
}

impl Operation for Dropout {
    fn owns(&self) -> Owns {
        Owns::Nothing
    }

    fn forward(&self, node: NodeId, planner: &mut Planner<'_>) -> Lazy {
        let (input, rate) = (planner.input(node), self.rate);
        if !self.drops(node, planner) {
            return planner.value(input);
        }
        let (from, to) = (planner.plain(input), planner.buffer_of(node));
        planner.push(Drop::<false> { node, rate, from, to }, &[from, to]);
        planner.stored(node, to)
    }

    fn backward(&self, node: NodeId, planner: &mut Planner<'_>) {
        let from = planner.take_gradient(node);
        let (input, rate) = (planner.input(node), self.rate);
        if planner.gradients.wanted(input) {
            let mut passed = from;
            if self.drops(node, planner) {
                passed = planner.buffer_of(node);
                planner.push(Drop::<true> { node, rate, from, to: passed }, &[from, passed]);
            }
            planner.hand_on(passed, input);
        }
    }
}

/// Multiplies each value by its factor, or each gradient on the way `BACK`.
#[derive(Debug)]
struct Drop<const BACK: bool> {
    node: NodeId,
    rate: f32,
    from: BufferId,
    to: BufferId,
}

impl<const BACK: bool> Action for Drop<BACK> {
    const KIND: &'static str = if BACK { "dropout backward" } else { "dropout" };

    fn node(&self) -> Option<NodeId> {
        Some(self.node)
    }

    fn numbers(&self) -> Option<BufferId> {
        None
    }

    fn execute<E: Element>(&self, Context { memory, places, step, .. }: Context<'_>) {
        let (out, buffers) = split(memory, places, self.to);
        elementwise::dropout(buffers.read(self.from), self.rate, key(step, self.node), out);
    }
}

/// The stream of a dropout in a step.
fn key(step: Step, node: NodeId) -> u64 {
    Draws::new(step.seed, Purpose::Dropout, &[step.index, node.0 as u64]).bits()
}
