//! Where the way back begins: the loss of a training step, or the logit that an attribution asks
//! about. No node of a graph stands for these.

use kernels::{Element, loss};

use crate::action::{Action, Context};
use crate::arena::{BufferId, split};

/// The mean cross-entropy, and the gradient of the logits.
#[derive(Debug)]
pub(crate) struct Loss {
    pub(crate) logits: BufferId,
    pub(crate) to: BufferId,
}

impl Action for Loss {
    const KIND: &'static str = "loss";

    fn numbers(&self) -> Option<BufferId> {
        None
    }

    fn execute<E: Element>(&self, context: Context<'_>) {
        let Context { graph, memory, places, labels, result, .. } = context;
        let (gradient, buffers) = split::<f32>(memory, places, self.to);
        let rows = buffers.read::<f32>(self.logits);
        result.logits = rows.to_vec();
        result.loss = loss::cross_entropy_backward(rows, graph.classes(), labels, gradient);
    }
}

/// A gradient of 1 for one class's logit of each picture, and 0 for the others.
#[derive(Debug)]
pub(crate) struct OneHot {
    pub(crate) to: BufferId,
}

impl Action for OneHot {
    const KIND: &'static str = "loss";

    fn numbers(&self) -> Option<BufferId> {
        None
    }

    fn execute<E: Element>(&self, context: Context<'_>) {
        let Context { graph, memory, places, labels, .. } = context;
        let (gradient, _) = split::<f32>(memory, places, self.to);
        gradient.fill(0.0);
        let rows = gradient.chunks_exact_mut(graph.classes());
        rows.zip(labels).for_each(|(row, &class)| row[class] = 1.0);
    }
}
