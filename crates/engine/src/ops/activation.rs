//! Activations: part of how their input is read, and undone together with a norm where one is before
//! them.

use kernels::{Activation, Convolve, elementwise};
use network::NodeId;

use crate::action::{Action, Context};
use crate::arena::{BufferId, split};
use crate::lazy::Lazy;
use crate::operation::Operation;
use crate::passes::Materialise;
use crate::planner::{Owns, Planner};

pub(super) struct Activate(pub(super) Activation);

impl Operation for Activate {
    fn owns(&self) -> Owns {
        Owns::Nothing
    }

    fn forward(&self, node: NodeId, planner: &mut Planner<'_>) -> Lazy {
        let (input, activation) = (planner.input(node), self.0);
        let mut value = planner.value(input);
        // A value waits for one activation at a time.
        if value.activation != Activation::Identity {
            value = Lazy::plain(planner.plain(input), value.channels);
        }
        let x = Lazy { activation, ..value };
        // Only where nobody needs the value before the activation can the two share a gradient.
        if planner.only_reader(input).is_some() {
            return x;
        }
        let to = planner.buffer_of(node);
        planner.push(Materialise { x, to }, &[x.buffer, to]);
        planner.stored(node, to)
    }

    fn backward(&self, node: NodeId, planner: &mut Planner<'_>) {
        let (input, value) = (planner.input(node), planner.value_again(node));
        if value.norm.is_some() && value.activation == self.0 {
            // Undone together with the norm.
            let gradient = planner.take_gradient(node);
            planner.gradients.set(input, gradient);
            return;
        }
        // The stored value before the activation, or the result: both tell what passes.
        let at = Lazy { activation: Activation::Identity, ..value };
        let gradient = planner.own_gradient(node);
        planner.push(Mask { activation: self.0, at, gradient }, &[at.buffer, gradient]);
        planner.gradients.take(node);
        planner.hand_on(gradient, input);
    }
}

/// Masks a gradient in place by the value before (or after) the activation.
#[derive(Debug)]
struct Mask {
    activation: Activation,
    at: Lazy,
    gradient: BufferId,
}

impl Action for Mask {
    const KIND: &'static str = "activation backward";

    fn numbers(&self) -> Option<BufferId> {
        Some(self.gradient)
    }

    fn execute<E: Convolve>(&self, Context { memory, places, state, .. }: Context<'_>) {
        let (own, buffers) = split::<E>(memory, places, self.gradient);
        let at = self.at.view(&buffers, state);
        elementwise::activation_backward(self.activation, at, self.at.channels, own);
    }
}
