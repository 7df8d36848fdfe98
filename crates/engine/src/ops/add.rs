//! The sum of two inputs, with the activation behind it.

use kernels::{Element, elementwise};
use network::NodeId;

use crate::action::{Action, Context};
use crate::arena::{BufferId, split};
use crate::lazy::Lazy;
use crate::operation::Operation;
use crate::passes::PassOn;
use crate::planner::{Owns, Planner, Sum};

pub(super) struct Add;

impl Operation for Add {
    fn owns(&self) -> Owns {
        Owns::Nothing
    }

    fn forward(&self, node: NodeId, planner: &mut Planner<'_>) -> Lazy {
        let inputs = &planner.graph.node(node).inputs;
        let (a, b) = (planner.value(inputs[0]), planner.value(inputs[1]));
        let to = planner.buffer_of(node);
        let (value, after) = (planner.stored(node, to), planner.activation_after(node));
        let activation = after.map(|(_, activation)| activation).unwrap_or_default();
        planner.sum(Sum { a, b, activation, to });
        if let Some((after, _)) = after {
            planner.set_value(after, value);
        }
        value
    }

    fn backward(&self, node: NodeId, planner: &mut Planner<'_>) {
        let gradient = planner.take_gradient(node);
        let mut inputs = planner.graph.node(node).inputs.clone();
        inputs.retain(|&input| planner.gradients.wanted(input));
        // Those without a gradient yet share this buffer for now.
        for input in inputs {
            if planner.gradients.get(input).is_none() {
                planner.gradients.set(input, gradient);
            } else {
                let (to, accumulate) = planner.gradient_target(input);
                planner.push(PassOn { from: gradient, to, accumulate }, &[gradient, to]);
            }
        }
    }
}

impl Action for Sum {
    const KIND: &'static str = "add";

    fn numbers(&self) -> Option<BufferId> {
        Some(self.to)
    }

    fn execute<E: Element>(&self, Context { memory, places, state, .. }: Context<'_>) {
        let (out, buffers) = split::<E>(memory, places, self.to);
        let [a, b] = [self.a, self.b].map(|summand| summand.view(&buffers, state));
        elementwise::add(a, b, self.activation, self.a.channels, out);
    }
}
