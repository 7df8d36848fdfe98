//! What the engine has to know of an operation.

use network::NodeId;

use crate::lazy::Lazy;
use crate::planner::{Owns, Planner};

/// An operation of a network: how its steps are planned. The steps, [`crate::action::Action`]s,
/// stand beside it in the same file, each with its name, its numbers and how it is executed.
pub(crate) trait Operation {
    /// Which kind of parameters it has.
    fn owns(&self) -> Owns;

    /// Plans the forward steps of a node, whose inputs are planned; returns the node's result.
    fn forward(&self, node: NodeId, planner: &mut Planner<'_>) -> Lazy;

    /// Plans the backward steps of a node that has a gradient: takes it
    /// ([`Planner::take_gradient`]), and gives each input that wants one its own
    /// ([`Planner::gradient_target`], [`Planner::hand_on`]).
    fn backward(&self, node: NodeId, planner: &mut Planner<'_>);
}
