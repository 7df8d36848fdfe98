//! Runs a plan, step by step.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::{Duration, Instant};

use ground::random::{Draws, Purpose};
use kernels::norm::{Backward, Moments, Statistics};
use kernels::{
    Added, Bf16, Convolve, Direction, Element, Epilogue, Precision, View, elementwise, loss, pool,
};
use network::{Graph, NodeId};

use crate::arena::{Split, split};
use crate::cpu::Between;
use crate::plan::{Action, Attributing, Destination, Plan, Value};
use crate::store::norm_of;
use crate::{Cpu, Step};

/// Measured times by kind of step and node.
type Timings = Option<BTreeMap<(&'static str, String), Duration>>;

/// A value as kernels read it.
fn view<'a, E: Element>(
    value: Value,
    buffers: &Split<'a>,
    statistics: &'a [(Statistics, bool)],
) -> View<'a, E> {
    lazy(value, buffers.read(value.buffer), statistics)
}

fn lazy<'a, E: Element>(
    value: Value,
    data: &'a [E],
    statistics: &'a [(Statistics, bool)],
) -> View<'a, E> {
    let affine = value.norm.map(|norm| {
        let constants = &statistics[norm.0].0;
        (&constants.scale[..], &constants.shift[..])
    });
    View { data, affine, relu: value.relu }
}

/// The stream of a dropout in a step.
fn dropout_key(step: Step, node: NodeId) -> u64 {
    Draws::new(step.seed, Purpose::Dropout, &[step.index, node.0 as u64]).bits()
}

/// What a plan leaves.
#[derive(Debug, Default)]
pub(crate) struct Ran {
    /// The mean loss; 0 without labels.
    pub(crate) loss: f32,
    pub(crate) logits: Vec<f32>,
    /// In prediction, the pooled features.
    pub(crate) features: Vec<f32>,
    /// In attribution, the map of each class that was asked about, picture by picture.
    pub(crate) maps: Vec<f32>,
}

/// What a batch is run for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Job<'a> {
    Predict,
    Train(&'a [usize], Step),
    /// As many classes for each picture.
    Attribute(&'a [usize]),
}

/// Runs all steps on a batch.
pub(crate) fn run(
    cpu: &mut Cpu,
    plan: &Plan,
    pixels: &[f32],
    job: Job<'_>,
    timings: &mut Timings,
) -> Ran {
    let mut ran = Ran::default();
    let (labels, step) = match job {
        Job::Train(labels, step) => (labels, step),
        Job::Predict | Job::Attribute(_) => (&[][..], Step { seed: 0, index: 0 }),
    };
    let all = 0..plan.actions.len();
    match (job, plan.attribution) {
        (Job::Attribute(classes), Some(half)) => {
            let rounds = classes.len() / plan.count;
            ran.maps = vec![0.0; classes.len() * half.shape.height * half.shape.width];
            for round in 0..rounds {
                let own: Vec<usize> = classes.iter().skip(round).step_by(rounds).copied().collect();
                let from = if round == 0 { 0 } else { half.from };
                steps(cpu, plan, from..all.end, pixels, (&own, step), &mut ran, timings);
                let memory = cpu.arena.take(plan.total);
                gather(memory, plan, half, (round, rounds), &mut ran.maps);
            }
        }
        _ => steps(cpu, plan, all, pixels, (labels, step), &mut ran, timings),
    }
    if !matches!(job, Job::Train(..)) {
        let memory = cpu.arena.take(plan.total);
        let [logits, features] = [Some(plan.logits), plan.features]
            .map(|kept| kept.map(|id| plan.places[id].of(memory).to_vec()));
        ran.logits = logits.unwrap_or_default();
        ran.features = features.unwrap_or_default();
    }
    ran
}

/// Runs some of a plan's steps.
fn steps(
    cpu: &mut Cpu,
    plan: &Plan,
    range: Range<usize>,
    pixels: &[f32],
    (labels, step): (&[usize], Step),
    ran: &mut Ran,
    timings: &mut Timings,
) {
    for action in &plan.actions[range] {
        let start = timings.is_some().then(Instant::now);
        let batch = (pixels, labels, step);
        match plan.precision(action) {
            Precision::Fp32 => act::<f32>(cpu, plan, action, batch, ran),
            Precision::Bf16 => act::<Bf16>(cpu, plan, action, batch, ran),
        }
        if let (Some(start), Some(timings)) = (start, timings.as_mut()) {
            *timings.entry(describe(action, &cpu.graph)).or_default() += start.elapsed();
        }
    }
}

/// Runs one step, whose tensors of the body hold numbers `E`.
fn act<E: Convolve>(
    cpu: &mut Cpu,
    plan: &Plan,
    action: &Action,
    (pixels, labels, step): (&[f32], &[usize], Step),
    ran: &mut Ran,
) {
    let change = match *action {
        Action::Conv { layer, .. } | Action::ConvBackwardData { layer, .. } => {
            cpu.changes(plan, layer)
        }
        _ => false,
    };
    let Cpu { graph, store, arena, state, .. } = cpu;
    let memory = arena.take(plan.total);
    match *action {
        Action::Input { to } => {
            elementwise::convert(pixels, split::<E>(memory, &plan.places, to).0);
        }
        Action::Conv { layer, x, bias, to, norm } => {
            let (out, buffers) = split::<E>(memory, &plan.places, to);
            let mut sums = norm.map(|norm| {
                let mut sums = std::mem::take(&mut state.sums[norm.0]);
                sums.resize(2 * layer.conv.filters, 0.0);
                (norm, sums)
            });
            let bias = bias.map(|id| store.values(id).to_vec());
            let pack = store.pack(layer, Direction::Forward, E::PRECISION, change);
            let sums_of = sums.as_mut().map(|(_, sums)| &mut sums[..]);
            let epilogue = Epilogue { bias: bias.as_deref(), sums: sums_of, ..Epilogue::default() };
            layer.conv.forward(view(x, &buffers, &state.statistics), pack, out, epilogue);
            if let Some((norm, sums)) = sums {
                state.sums[norm.0] = sums;
            }
        }
        Action::Folded { layer, x, norm, residual, relu, to } => {
            let (out, buffers) = split::<E>(memory, &plan.places, to);
            let norm = norm_of(graph, norm);
            let (pack, bias) = store.folded_pack(layer, &norm, E::PRECISION);
            let added = residual.map_or(Added::Nothing, |id| Added::Residual(buffers.read(id)));
            let epilogue = Epilogue { bias: Some(bias), added, relu, sums: None };
            layer.conv.forward(view(x, &buffers, &state.statistics), pack, out, epilogue);
        }
        Action::Statistics { norm: node, from, gathered } => {
            let norm = norm_of(graph, node);
            let channels = graph.channels(node);
            let data: &[E] = plan.places[from].of(memory);
            let n = data.len() / channels;
            // One value a channel has no variance: the running statistics must do.
            let of_batch = n > 1;
            let statistics = if !of_batch {
                store.fixed(&norm)
            } else if gathered {
                store.of_batch(&norm, &Moments::of_sums(&state.sums[node.0], n))
            } else {
                store.of_batch(&norm, &Moments::of(data, channels))
            };
            state.statistics[node.0] = (statistics, of_batch);
        }
        Action::Fixed { norm } => {
            state.statistics[norm.0] = (store.fixed(&norm_of(graph, norm)), false);
        }
        Action::Materialise { x, to } => {
            let (out, buffers) = split::<E>(memory, &plan.places, to);
            elementwise::materialise(view(x, &buffers, &state.statistics), x.channels, out);
        }
        Action::Add { a, b, relu, to } => {
            let (out, buffers) = split::<E>(memory, &plan.places, to);
            let of = |value| view(value, &buffers, &state.statistics);
            elementwise::add(of(a), of(b), relu, a.channels, out);
        }
        Action::MaxPool { pool, node, x, learns, to } => {
            let (out, buffers) = split::<E>(memory, &plan.places, to);
            let Between { cells, statistics, .. } = state;
            if learns {
                cells[node.0].resize(out.len(), 0);
            }
            let cells = learns.then_some(&mut cells[node.0][..]);
            pool.forward(view(x, &buffers, statistics), out, cells);
        }
        Action::AveragePool { x, channels, to } => {
            let (out, buffers) = split(memory, &plan.places, to);
            pool::average(buffers.read::<E>(x), channels, out);
        }
        Action::ConcatPool { node, x, channels, to } => {
            let (out, buffers) = split(memory, &plan.places, to);
            state.largest[node.0].resize(out.len() / 2, 0);
            pool::concat(buffers.read::<E>(x), channels, out, &mut state.largest[node.0]);
        }
        Action::Dropout { node, rate, x, to } => {
            let (out, buffers) = split(memory, &plan.places, to);
            elementwise::dropout(buffers.read(x), rate, dropout_key(step, node), out);
        }
        Action::Loss { logits: from, to } => {
            let (gradient, buffers) = split::<f32>(memory, &plan.places, to);
            let rows = buffers.read::<f32>(from);
            ran.logits = rows.to_vec();
            ran.loss = loss::cross_entropy_backward(rows, graph.classes(), labels, gradient);
        }
        Action::Seed { to } => {
            let (seed, _) = split::<f32>(memory, &plan.places, to);
            seed.fill(0.0);
            let rows = seed.chunks_exact_mut(graph.classes());
            rows.zip(labels).for_each(|(row, &class)| row[class] = 1.0);
        }
        Action::ConvBackwardWeights { layer, x, gradient } => {
            // Nothing in the arena is written: the whole of it can be read.
            let of = |id: usize| plan.places[id].of::<E>(memory);
            let x = lazy(x, of(x.buffer), &state.statistics);
            layer.conv.backward_weights(x, of(gradient), store.gradient_mut(layer.weight));
        }
        Action::ConvBackwardData { layer, gradient, to, accumulate } => {
            let (out, buffers) = split::<E>(memory, &plan.places, to);
            let pack = store.pack(layer, Direction::BackwardData, E::PRECISION, change);
            layer.conv.backward_data(buffers.read::<E>(gradient), pack, out, accumulate);
        }
        Action::BiasBackward { bias, gradient } => {
            elementwise::bias_backward(plan.places[gradient].of(memory), store.gradient_mut(bias));
        }
        Action::NormBackward { norm: node, y, gradient, to, learns } => {
            let norm = norm_of(graph, node);
            let (statistics, of_batch) = &state.statistics[node.0];
            let backward = {
                let of = |id: usize| plan.places[id].of::<E>(memory);
                let y = lazy(y, of(y.buffer), &state.statistics);
                Backward::new(y, of(gradient), statistics, store.values(norm.weight), *of_batch)
            };
            if learns {
                store.gradient_mut(norm.weight).copy_from_slice(&backward.weight);
                store.gradient_mut(norm.bias).copy_from_slice(&backward.bias);
            }
            match to {
                Destination::Nowhere => {}
                Destination::InPlace => {
                    let (own, buffers) = split::<E>(memory, &plan.places, gradient);
                    backward.apply(view(y, &buffers, &state.statistics), own);
                }
                Destination::Into(to) => {
                    let (out, buffers) = split::<E>(memory, &plan.places, to);
                    backward.apply_to(
                        view(y, &buffers, &state.statistics),
                        buffers.read(gradient),
                        out,
                    );
                }
            }
        }
        Action::ReluBackward { sign, gradient } => {
            let (own, buffers) = split::<E>(memory, &plan.places, gradient);
            elementwise::relu_backward(view(sign, &buffers, &state.statistics), sign.channels, own);
        }
        Action::PassOn { from, to, accumulate } => {
            let (out, buffers) = split::<E>(memory, &plan.places, to);
            elementwise::pass_on(buffers.read(from), out, accumulate);
        }
        Action::MaxPoolBackward { pool, node, gradient, to, accumulate } => {
            let (out, buffers) = split::<E>(memory, &plan.places, to);
            pool.backward(buffers.read(gradient), &state.cells[node.0], out, accumulate);
        }
        Action::AveragePoolBackward { channels, gradient, to } => {
            let (out, buffers) = split::<E>(memory, &plan.places, to);
            pool::average_backward(buffers.read(gradient), channels, out);
        }
        Action::ConcatPoolBackward { node, channels, gradient, to } => {
            let (out, buffers) = split::<E>(memory, &plan.places, to);
            pool::concat_backward(buffers.read(gradient), &state.largest[node.0], channels, out);
        }
        Action::DropoutBackward { node, rate, gradient, to } => {
            let (out, buffers) = split(memory, &plan.places, to);
            elementwise::dropout(buffers.read(gradient), rate, dropout_key(step, node), out);
        }
    }
}

/// Each picture's map for the class asked about in this round: the channels of the body's map,
/// each weighted by the mean of the gradient with respect to it.
fn gather(
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

/// The kind of a step and the node it is for.
fn describe(action: &Action, graph: &Graph) -> (&'static str, String) {
    let name = |node: NodeId| graph.node(node).name.clone();
    match *action {
        Action::Input { .. } => ("input", String::new()),
        Action::Conv { layer, .. } => ("conv", name(layer.node)),
        Action::Folded { layer, .. } => ("conv and norm", name(layer.node)),
        Action::Statistics { norm, .. } | Action::Fixed { norm } => ("norm constants", name(norm)),
        Action::Materialise { .. } => ("materialise", String::new()),
        Action::Add { .. } => ("add", String::new()),
        Action::MaxPool { node, .. } => ("max pool", name(node)),
        Action::AveragePool { .. } | Action::ConcatPool { .. } => ("pool", String::new()),
        Action::Dropout { node, .. } => ("dropout", name(node)),
        Action::Loss { .. } | Action::Seed { .. } => ("loss", String::new()),
        Action::ConvBackwardWeights { layer, .. } => ("conv backward weights", name(layer.node)),
        Action::ConvBackwardData { layer, .. } => ("conv backward data", name(layer.node)),
        Action::BiasBackward { .. } => ("bias backward", String::new()),
        Action::NormBackward { norm, .. } => ("norm backward", name(norm)),
        Action::ReluBackward { .. } => ("relu backward", String::new()),
        Action::PassOn { .. } => ("pass on", String::new()),
        Action::MaxPoolBackward { node, .. } => ("max pool backward", name(node)),
        Action::AveragePoolBackward { .. } | Action::ConcatPoolBackward { .. } => {
            ("pool backward", String::new())
        }
        Action::DropoutBackward { node, .. } => ("dropout backward", name(node)),
    }
}
