//! The pictures, as the numbers that the body computes in.

use kernels::{Element, elementwise};
use network::NodeId;

use crate::action::{Action, Context};
use crate::arena::{BufferId, split};
use crate::lazy::Lazy;
use crate::operation::Operation;
use crate::planner::{Owns, Planner};

pub(super) struct Input;

impl Operation for Input {
    fn owns(&self) -> Owns {
        Owns::Nothing
    }

    fn forward(&self, node: NodeId, planner: &mut Planner<'_>) -> Lazy {
        let to = planner.buffer_of(node);
        planner.push(CopyIn { to }, &[to]);
        planner.stored(node, to)
    }

    /// Nothing learns before the pictures.
    fn backward(&self, _: NodeId, _: &mut Planner<'_>) {}
}

#[derive(Debug)]
struct CopyIn {
    to: BufferId,
}

impl Action for CopyIn {
    const KIND: &'static str = "input";

    fn numbers(&self) -> Option<BufferId> {
        Some(self.to)
    }

    fn execute<E: Element>(&self, Context { memory, places, pixels, .. }: Context<'_>) {
        elementwise::convert(pixels, split::<E>(memory, places, self.to).0);
    }
}
