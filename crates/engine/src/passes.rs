//! Steps that belong to no operation: they bring a tensor from one buffer to another.

use kernels::{Element, elementwise};

use crate::action::{Action, Context};
use crate::arena::{BufferId, split};
use crate::lazy::Lazy;

/// Applies what a lazy tensor still waits for.
#[derive(Debug)]
pub(crate) struct Materialise {
    pub(crate) x: Lazy,
    pub(crate) to: BufferId,
}

impl Action for Materialise {
    const KIND: &'static str = "materialise";

    fn numbers(&self) -> Option<BufferId> {
        Some(self.to)
    }

    fn execute<E: Element>(&self, Context { memory, places, state, .. }: Context<'_>) {
        let (out, buffers) = split::<E>(memory, places, self.to);
        elementwise::materialise(self.x.view(&buffers, state), self.x.channels, out);
    }
}

/// Copies a gradient, or adds it to what others have contributed.
#[derive(Debug)]
pub(crate) struct PassOn {
    pub(crate) from: BufferId,
    pub(crate) to: BufferId,
    pub(crate) accumulate: bool,
}

impl Action for PassOn {
    const KIND: &'static str = "pass on";

    fn numbers(&self) -> Option<BufferId> {
        Some(self.to)
    }

    fn execute<E: Element>(&self, Context { memory, places, .. }: Context<'_>) {
        let (out, buffers) = split::<E>(memory, places, self.to);
        elementwise::pass_on(buffers.read(self.from), out, self.accumulate);
    }
}
