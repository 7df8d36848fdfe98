//! ReLU: part of how its input is read, and undone together with a norm where one is before it.

use kernels::{Element, elementwise};
use network::NodeId;

use crate::action::{Action, Context};
use crate::arena::{BufferId, split};
use crate::lazy::Lazy;
use crate::operation::Operation;
use crate::passes::Materialise;
use crate::planner::{Owns, Planner};

pub(super) struct Relu;

impl Operation for Relu {
    fn owns(&self) -> Owns {
        Owns::Nothing
    }

    fn forward(&self, node: NodeId, planner: &mut Planner<'_>) -> Lazy {
        let input = planner.input(node);
        let x = Lazy { relu: true, ..planner.value(input) };
        // Only where nobody needs the value before the ReLU can the two share a gradient.
        if planner.only_reader(input).is_some() {
            return x;
        }
        let to = planner.buffer_of(node);
        planner.push(Materialise { x, to }, &[x.buffer, to]);
        planner.stored(node, to)
    }

    fn backward(&self, node: NodeId, planner: &mut Planner<'_>) {
        let (input, value) = (planner.input(node), planner.value_again(node));
        if value.norm.is_some() && value.relu {
            // Undone together with the norm.
            let gradient = planner.take_gradient(node);
            planner.gradients.set(input, gradient);
            return;
        }
        // The stored value before the ReLU, or the result: both have its sign.
        let sign = Lazy { relu: false, ..value };
        let gradient = planner.own_gradient(node);
        planner.push(Mask { sign, gradient }, &[sign.buffer, gradient]);
        planner.gradients.take(node);
        planner.hand_on(gradient, input);
    }
}

/// Masks a gradient in place by the sign of the value before (or after) the ReLU.
#[derive(Debug)]
struct Mask {
    sign: Lazy,
    gradient: BufferId,
}

impl Action for Mask {
    const KIND: &'static str = "relu backward";

    fn numbers(&self) -> Option<BufferId> {
        Some(self.gradient)
    }

    fn execute<E: Element>(&self, Context { memory, places, state, .. }: Context<'_>) {
        let (own, buffers) = split::<E>(memory, places, self.gradient);
        elementwise::relu_backward(self.sign.view(&buffers, state), self.sign.channels, own);
    }
}
