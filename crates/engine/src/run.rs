//! Runs a plan, step by step.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::{Duration, Instant};

use network::Graph;

use crate::Step;
use crate::action::{Context, RunResult};
use crate::arena::Arena;
use crate::lazy::RunState;
use crate::plan::{Attributing, Plan};
use crate::store::Store;

/// Measured times by kind of step and node.
pub(crate) type Timings = BTreeMap<(&'static str, String), Duration>;

/// What a batch is run for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Job<'a> {
    Predict,
    Train(&'a [usize], Step),
    /// As many classes for each picture.
    Attribute(&'a [usize]),
}

/// A network with its parameters and the memory that plans run in.
#[derive(Debug)]
pub(crate) struct Runner {
    pub(crate) graph: Graph,
    pub(crate) store: Store,
    arena: Arena,
    state: RunState,
}

/// What the steps of one run have in common.
struct Batch<'a> {
    pixels: &'a [f32],
    labels: &'a [usize],
    step: Step,
}

impl Runner {
    pub(crate) fn new(graph: Graph, store: Store) -> Self {
        let state = RunState::new(graph.nodes().len());
        Self { graph, store, arena: Arena::default(), state }
    }

    /// Runs all steps on a batch.
    pub(crate) fn run(
        &mut self,
        plan: &Plan,
        pixels: &[f32],
        job: Job<'_>,
        timings: &mut Option<Timings>,
    ) -> RunResult {
        let mut result = RunResult::default();
        let all = 0..plan.actions.len();
        let step = Step { seed: 0, index: 0 };
        match (job, plan.attribution) {
            (Job::Attribute(classes), Some(half)) => {
                let rounds = classes.len() / plan.count;
                result.maps = vec![0.0; classes.len() * half.shape.height * half.shape.width];
                for round in 0..rounds {
                    let labels: Vec<usize> =
                        classes.iter().skip(round).step_by(rounds).copied().collect();
                    let from = if round == 0 { 0 } else { half.from };
                    let batch = Batch { pixels, labels: &labels, step };
                    self.steps(plan, from..all.end, &batch, &mut result, timings);
                    let memory = self.arena.take(plan.total);
                    add_map(memory, plan, half, (round, rounds), &mut result.maps);
                }
            }
            (Job::Train(labels, step), _) => {
                self.steps(plan, all, &Batch { pixels, labels, step }, &mut result, timings);
            }
            _ => {
                let batch = Batch { pixels, labels: &[], step };
                self.steps(plan, all, &batch, &mut result, timings);
            }
        }
        if !matches!(job, Job::Train(..)) {
            let memory = self.arena.take(plan.total);
            let [logits, features] = [Some(plan.logits), plan.features]
                .map(|kept| kept.map(|id| plan.places[id].of(memory).to_vec()));
            result.logits = logits.unwrap_or_default();
            result.features = features.unwrap_or_default();
        }
        result
    }

    /// Runs some of a plan's steps.
    fn steps(
        &mut self,
        plan: &Plan,
        range: Range<usize>,
        batch: &Batch<'_>,
        result: &mut RunResult,
        timings: &mut Option<Timings>,
    ) {
        let Self { graph, store, arena, state } = self;
        let memory = arena.take(plan.total);
        for action in &plan.actions[range] {
            let start = timings.is_some().then(Instant::now);
            action.execute(Context {
                graph,
                store,
                state,
                memory,
                places: &plan.places,
                pixels: batch.pixels,
                labels: batch.labels,
                step: batch.step,
                result,
            });
            if let (Some(start), Some(timings)) = (start, timings.as_mut()) {
                *timings.entry(action.describe(graph)).or_default() += start.elapsed();
            }
        }
    }
}

/// Each picture's map for the class asked about in this round: the channels of the body's map,
/// each weighted by the mean of the gradient with respect to it.
fn add_map(
    memory: &[f32],
    plan: &Plan,
    half: Attributing,
    (round, rounds): (usize, usize),
    maps: &mut [f32],
) {
    let [map, gradient] = [half.map, half.gradient].map(|id| plan.places[id].of::<f32>(memory));
    let (channels, places) = (half.shape.channels, half.shape.height * half.shape.width);
    let one = half.shape.len();
    let pictures = map.chunks_exact(one).zip(gradient.chunks_exact(one));
    for (picture, (map, gradient)) in pictures.enumerate() {
        let mut weights = vec![0.0f64; channels];
        for place in gradient.chunks_exact(channels) {
            weights.iter_mut().zip(place).for_each(|(sum, &g)| *sum += f64::from(g));
        }
        let out = &mut maps[(picture * rounds + round) * places..][..places];
        for (out, place) in out.iter_mut().zip(map.chunks_exact(channels)) {
            let sum: f64 = weights.iter().zip(place).map(|(w, &a)| w * f64::from(a)).sum();
            *out = (sum / places as f64) as f32;
        }
    }
}
