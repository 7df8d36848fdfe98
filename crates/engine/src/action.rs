//! One step of a plan, and what it runs with.

use std::fmt::Debug;

use kernels::{Bf16, Convolve, Precision};
use network::{Graph, NodeId};

use crate::Step;
use crate::arena::{BufferId, Place};
use crate::lazy::RunState;
use crate::store::Store;

/// One step of a plan.
pub(crate) trait Action: Debug + Send + Sync + 'static {
    /// What is done, as timings call it.
    const KIND: &'static str;

    /// The node for which it is done, where timings are to tell nodes apart.
    fn node(&self) -> Option<NodeId> {
        None
    }

    /// A buffer whose kind of numbers is that of the step: where body and head meet, the body's.
    /// `None` where all are `f32`.
    fn numbers(&self) -> Option<BufferId>;

    /// Runs the step, whose tensors of the body hold numbers `E`.
    fn execute<E: Convolve>(&self, context: Context<'_>);
}

/// What a step may read and change.
pub(crate) struct Context<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) store: &'a mut Store,
    pub(crate) state: &'a mut RunState,
    /// The arena, and where in it the plan's buffers lie.
    pub(crate) memory: &'a mut [f32],
    pub(crate) places: &'a [Place],
    pub(crate) pixels: &'a [f32],
    /// Of the pictures, or the classes asked about in an attribution.
    pub(crate) labels: &'a [usize],
    pub(crate) step: Step,
    pub(crate) result: &'a mut RunResult,
}

/// What a plan's run results in.
#[derive(Debug, Default)]
pub(crate) struct RunResult {
    /// The mean loss; 0 without labels.
    pub(crate) loss: f32,
    pub(crate) logits: Vec<f32>,
    /// In prediction, the pooled features.
    pub(crate) features: Vec<f32>,
    /// In attribution, the map of each class that was asked about, picture by picture.
    pub(crate) maps: Vec<f32>,
}

/// An [`Action`] of any type.
pub(crate) trait AnyAction: Debug + Send + Sync {
    /// What is done, and for which node; the name is empty where timings do not tell nodes apart.
    fn describe(&self, graph: &Graph) -> (&'static str, String);

    /// Runs the step in the numbers of its tensors.
    fn execute(&self, context: Context<'_>);
}

impl<A: Action> AnyAction for A {
    fn describe(&self, graph: &Graph) -> (&'static str, String) {
        (A::KIND, self.node().map(|node| graph.node(node).name.clone()).unwrap_or_default())
    }

    fn execute(&self, context: Context<'_>) {
        match self.numbers().map_or(Precision::Fp32, |id| context.places[id].precision) {
            Precision::Fp32 => Action::execute::<f32>(self, context),
            Precision::Bf16 => Action::execute::<Bf16>(self, context),
        }
    }
}
