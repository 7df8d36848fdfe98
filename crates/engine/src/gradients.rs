//! Gradients on their way back through a plan that is being made.

use network::NodeId;

use crate::arena::BufferId;

/// Which buffer holds each node's gradient so far, how many nodes share it, and who wants one.
#[derive(Default)]
pub(crate) struct Gradients {
    of: Vec<Option<BufferId>>,
    sharers: Vec<usize>,
    wanted: Vec<bool>,
}

impl Gradients {
    /// Without any yet; `wanted` says which nodes a gradient must reach.
    pub(crate) fn new(wanted: Vec<bool>) -> Self {
        Self { of: vec![None; wanted.len()], sharers: vec![], wanted }
    }

    /// Whether something at or before this node needs its gradient.
    pub(crate) fn wanted(&self, node: NodeId) -> bool {
        self.wanted[node.0]
    }

    /// The node's gradient so far.
    pub(crate) fn get(&self, node: NodeId) -> Option<BufferId> {
        self.of[node.0]
    }

    /// Whether only one node refers to this buffer, so that it may be changed in place.
    pub(crate) fn is_own(&self, buffer: BufferId) -> bool {
        self.sharers[buffer] == 1
    }

    /// Whether no node refers to this buffer any more.
    pub(crate) fn is_free(&self, buffer: BufferId) -> bool {
        self.sharers[buffer] == 0
    }

    pub(crate) fn set(&mut self, node: NodeId, buffer: BufferId) {
        if buffer >= self.sharers.len() {
            self.sharers.resize(buffer + 1, 0);
        }
        self.sharers[buffer] += 1;
        self.of[node.0] = Some(buffer);
    }

    /// Takes a node's gradient away from it; the buffer stays.
    pub(crate) fn take(&mut self, node: NodeId) -> Option<BufferId> {
        let buffer = self.of[node.0].take()?;
        self.sharers[buffer] -= 1;
        Some(buffer)
    }
}
