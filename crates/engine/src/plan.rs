//! What running a network on one batch size takes: steps on numbered buffers.

use network::{Graph, GraphError, NodeId, Shape};

use crate::action::AnyAction;
use crate::arena::{BufferId, Place, place};
use crate::gradients::Gradients;
use crate::operation::Operation;
use crate::ops::loss::{Loss, OneHot};
use crate::ops::operation;
use crate::planner::{Planner, Purpose, Work};
use crate::store::Layer;

/// Steps, and where their buffers lie.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) actions: Vec<Box<dyn AnyAction>>,
    pub(crate) places: Vec<Place>,
    /// Memory that the buffers take, in floats.
    pub(crate) total: usize,
    /// Pictures in a batch.
    pub(crate) count: usize,
    /// Layers with the norm that is folded into their weights.
    pub(crate) folded: Vec<(Layer, NodeId)>,
    /// Where the logits are after the forward steps.
    pub(crate) logits: BufferId,
    /// In prediction, where the pooled features are after the forward steps.
    pub(crate) features: Option<BufferId>,
    /// In attribution, what can be done again for other classes.
    pub(crate) attribution: Option<Attributing>,
}

/// The half of a plan that goes from logits back to the cut.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attributing {
    /// Its first step.
    pub(crate) from: usize,
    /// The body's map, and the gradient with respect to it.
    pub(crate) map: BufferId,
    pub(crate) gradient: BufferId,
    /// The map's shape for one picture.
    pub(crate) shape: Shape,
}

/// Memory, in floats, above which a step computes sums again instead of keeping them: 4 GiB. That
/// costs a pass over them and saves up to a sixth of the step's memory.
const KEPT_LIMIT: usize = 1 << 30;

impl Plan {
    pub(crate) fn new(graph: &Graph, purpose: Purpose) -> Result<Self, GraphError> {
        let plan = Self::with(graph, purpose, false)?;
        let trains = matches!(purpose.work, Work::Train(_));
        if trains && plan.total > KEPT_LIMIT { Self::with(graph, purpose, true) } else { Ok(plan) }
    }

    /// A plan that keeps all that backward steps read, or one that `recomputes` sums.
    pub(crate) fn with(
        graph: &Graph,
        purpose: Purpose,
        recomputes: bool,
    ) -> Result<Self, GraphError> {
        let operations: Vec<_> = graph.nodes().iter().map(|node| operation(&node.op)).collect();
        let owns = operations.iter().map(|operation| operation.owns()).collect();
        let mut planner = Planner::new(graph, purpose, owns)?;
        let logits = forward(&mut planner, &operations);
        if recomputes {
            planner.recompute_sums();
        }
        let (mut features, mut attribution) = (None, None);
        match purpose.work {
            Work::Predict => features = keep_features(&mut planner),
            Work::Train(_) => backward(&mut planner, &operations, logits),
            Work::Attribute => attribution = attribute(&mut planner, &operations, logits),
        }
        let (places, total) = place(&planner.buffers);
        let Planner { actions, folded, .. } = planner;
        let count = purpose.count;
        Ok(Self { actions, places, total, count, folded, logits, features, attribution })
    }
}

/// Plans all nodes in order; returns where the logits are.
fn forward(planner: &mut Planner<'_>, operations: &[Box<dyn Operation>]) -> BufferId {
    for (node, operation) in (0..).map(NodeId).zip(operations) {
        // Nodes that an earlier step has done along with its own have their value already.
        if planner.planned(node).is_none() {
            let value = operation.forward(node, planner);
            planner.set_value(node, value);
        }
    }
    planner.plain(planner.graph.output())
}

/// Lets the pooled features outlive all steps.
fn keep_features(planner: &mut Planner<'_>) -> Option<BufferId> {
    let value = planner.planned(planner.graph.features()?).filter(|value| value.is_plain())?;
    planner.buffers[value.buffer].last = planner.actions.len();
    Some(value.buffer)
}

/// Plans the loss and all backward steps that the trained parameters need.
fn backward(planner: &mut Planner<'_>, operations: &[Box<dyn Operation>], logits: BufferId) {
    let graph = planner.graph;
    // Whether some node at or before this one learns, so that a gradient must reach it.
    let mut wanted: Vec<bool> = vec![];
    for (index, node) in graph.nodes().iter().enumerate() {
        let before = node.inputs.iter().any(|input| wanted[input.0]);
        wanted.push(before || planner.learns(NodeId(index)));
    }
    planner.gradients = Gradients::new(wanted);
    let to = planner.buffer_of(graph.output());
    planner.push(Loss { logits, to }, &[logits, to]);
    planner.gradients.set(graph.output(), to);
    back_to(NodeId(0), planner, operations);
}

/// Plans the backward steps of all nodes down to this one, in reverse order.
fn back_to(first: NodeId, planner: &mut Planner<'_>, operations: &[Box<dyn Operation>]) {
    for index in (first.0..operations.len()).rev() {
        let node = NodeId(index);
        // A node that nothing read (a folded sum) has no gradient; its successor did its work.
        if planner.gradients.wanted(node) && planner.gradients.get(node).is_some() {
            operations[index].backward(node, planner);
        }
    }
}

/// Plans the steps back from one logit a picture to the body's map, such that they can be done
/// again for other classes. `None` where the logits do not depend on it.
fn attribute(
    planner: &mut Planner<'_>,
    operations: &[Box<dyn Operation>],
    logits: BufferId,
) -> Option<Attributing> {
    let (graph, cut) = (planner.graph, planner.graph.cut());
    let map = planner.plain(cut);
    let mut wanted: Vec<bool> = vec![];
    for (index, node) in graph.nodes().iter().enumerate() {
        let behind = node.inputs.iter().any(|input| wanted[input.0]);
        wanted.push(index == cut.0 || behind);
    }
    planner.gradients = Gradients::new(wanted);
    let from = planner.actions.len();
    // What the forward steps left for these, and the logits, must outlive each round of them.
    let forward = planner.buffers.len();
    let to = planner.buffer_of(graph.output());
    planner.push(OneHot { to }, &[to]);
    planner.gradients.set(graph.output(), to);
    back_to(NodeId(cut.0 + 1), planner, operations);
    let gradient = planner.gradients.get(cut)?;
    let end = planner.actions.len();
    let kept = planner.buffers[..forward].iter_mut().enumerate();
    for (_, buffer) in kept.filter(|(id, b)| b.last >= from || [map, logits].contains(id)) {
        buffer.last = end;
    }
    planner.buffers[gradient].last = end;
    Some(Attributing { from, map, gradient, shape: planner.shapes[cut.0] })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // a test may panic

    use kernels::{Precision, threads};
    use network::{Architecture, Backbone, Head, Parameters};

    use super::{Plan, Purpose, Work};
    use crate::run::{Job, Runner};
    use crate::store::Store;
    use crate::{Step, Trained};

    #[test]
    fn sums_computed_again_are_the_same_and_take_less_memory() {
        let head = Head::Fastai { classes: 3 };
        for (backbone, precision, trained) in [
            (Backbone::ResNet50, Precision::Fp32, Trained::All),
            (Backbone::ResNet50, Precision::Bf16, Trained::HeadAndNorms),
            (Backbone::ResNet18, Precision::Bf16, Trained::AllButNorms),
        ] {
            let graph = Architecture { backbone, head }.graph();
            let pixels: Vec<f32> =
                (0..4 * 64 * 64 * 3).map(|i| (i * 7 % 31) as f32 / 16.0 - 1.0).collect();
            let work = Work::Train(trained);
            let purpose = Purpose { count: 4, height: 64, width: 64, work, precision };
            let [(kept, all), (again, some)] = [false, true].map(|again| {
                let plan = Plan::with(&graph, purpose, again).unwrap();
                let mut runner = Runner::new(graph.clone(), Store::new(&graph));
                runner.store.set(&graph, &Parameters::start(&graph, 1)).unwrap();
                let job = Job::Train(&[0, 1, 2, 1], Step { seed: 1, index: 0 });
                threads::within(|| runner.run(&plan, &pixels, job, &mut None));
                (runner.store.gradients(&graph), plan.total)
            });
            let same = kept.tensors().iter().zip(again.tensors()).all(|(a, b)| a.data == b.data);
            assert!(same, "{backbone}: gradients differ");
            assert!(some * 10 < all * 9, "{backbone}: {some} of {all} floats");
        }
    }
}
