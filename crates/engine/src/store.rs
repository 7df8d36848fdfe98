//! A network's parameters as the kernels want them: weights with their filters innermost, and
//! packed copies that are made again when a weight has changed.

use std::sync::{Mutex, PoisonError};

use kernels::adam::Adam as Constants;
use kernels::norm::{Moments, Statistics};
use kernels::{Pack, Precision, threads};
use network::{Graph, NodeId, Norm, Op, Parameter, ParameterId, Parameters, Role, Tensor};

use crate::plan::Layer;
use crate::{Adam, EngineError, Trained};

/// One parameter, in the kernels' order.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    pub(crate) values: Vec<f32>,
    gradient: Vec<f32>,
    /// Adam's averages; empty until the first step.
    pub(crate) averages: [Vec<f32>; 2],
    /// Rises with every change.
    pub(crate) version: u64,
}

/// A copy of weights made from parameters of some version, for products of some numbers.
#[derive(Debug, Default)]
struct Copy<T> {
    of: (u64, Precision),
    made: T,
}

/// The packed copies of one layer.
#[derive(Debug, Default)]
struct Packs {
    forward: Copy<Pack>,
    backward: Copy<Pack>,
    folded: Copy<(Pack, Vec<f32>)>,
}

/// All parameters of a network, with what learning needs.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) slots: Vec<Slot>,
    packs: Vec<Packs>,
    /// The copy of whichever layer is at work, where each serves once.
    passing: Pack,
    /// Room for a layer's weights with a norm's scale in them.
    scaled: Vec<f32>,
    /// Adam's steps since its state was forgotten.
    pub(crate) steps: i32,
    pub(crate) clock: u64,
}

/// Calls `place(index in the kernels' order, index in PyTorch's)` for each number of a weight: of
/// shape out, in, height, width there, and height, width, in, out here.
fn each_place(shape: &[usize], mut place: impl FnMut(usize, usize)) {
    let (out, inner) = (shape[0], shape[1]);
    let taps: usize = shape[2..].iter().product();
    // In strips of inputs, so that both sides stay in the cache.
    const STRIP: usize = 16;
    for tap in 0..taps {
        for strip in (0..inner).step_by(STRIP) {
            for o in 0..out {
                for i in strip..(strip + STRIP).min(inner) {
                    place((tap * inner + i) * out + o, (o * inner + i) * taps + tap);
                }
            }
        }
    }
}

pub(crate) fn to_kernels(parameter: &Parameter, torch: &[f32]) -> Vec<f32> {
    let mut values = torch.to_vec();
    if parameter.role == Role::Weight {
        each_place(&parameter.shape, |here, there| values[here] = torch[there]);
    }
    values
}

pub(crate) fn to_torch(parameter: &Parameter, values: &[f32]) -> Tensor {
    let mut data = values.to_vec();
    if parameter.role == Role::Weight {
        each_place(&parameter.shape, |here, there| data[there] = values[here]);
    }
    Tensor { shape: parameter.shape.clone(), data }
}

impl Store {
    /// All parameters 0.
    pub(crate) fn new(graph: &Graph) -> Self {
        let slot = |parameter: &Parameter| Slot {
            values: vec![0.0; parameter.len()],
            version: 1,
            ..Slot::default()
        };
        let slots = graph.parameters().iter().map(slot).collect();
        let packs = graph.nodes().iter().map(|_| Packs::default()).collect();
        Self { slots, packs, passing: Pack::default(), scaled: vec![], steps: 0, clock: 1 }
    }

    pub(crate) fn set(
        &mut self,
        graph: &Graph,
        parameters: &Parameters,
    ) -> Result<(), EngineError> {
        for (parameter, tensor) in graph.parameters().iter().zip(parameters.tensors()) {
            if parameter.shape != tensor.shape || tensor.data.len() != parameter.len() {
                let (name, wanted, found) = (&parameter.name, &parameter.shape, &tensor.shape);
                return Err(EngineError::Parameters(format!(
                    "`{name}` has shape {found:?} instead of {wanted:?}"
                )));
            }
        }
        if graph.parameters().len() != parameters.tensors().len() {
            return Err(EngineError::Parameters("values for another network".into()));
        }
        self.clock += 1;
        let made: Vec<Mutex<Vec<f32>>> = self.slots.iter().map(|_| Mutex::default()).collect();
        threads::parallel(made.len(), |index| {
            let (parameter, tensor) = (&graph.parameters()[index], &parameters.tensors()[index]);
            *made[index].lock().unwrap_or_else(PoisonError::into_inner) =
                to_kernels(parameter, &tensor.data);
        });
        for (slot, made) in self.slots.iter_mut().zip(made) {
            slot.values = made.into_inner().unwrap_or_else(PoisonError::into_inner);
            slot.version = self.clock;
        }
        self.forget();
        Ok(())
    }

    /// Forgets Adam's state and all gradients.
    pub(crate) fn forget(&mut self) {
        self.steps = 0;
        for slot in &mut self.slots {
            slot.averages = Default::default();
            slot.gradient = Vec::new();
        }
    }

    fn collect(&self, graph: &Graph, values: impl Fn(&Slot) -> &[f32]) -> Parameters {
        let tensors = self.slots.iter().zip(graph.parameters()).map(|(slot, parameter)| {
            let values = values(slot);
            if values.is_empty() {
                return Tensor { shape: parameter.shape.clone(), data: vec![0.0; parameter.len()] };
            }
            to_torch(parameter, values)
        });
        Parameters::new(graph, tensors.collect()).expect("shapes are the graph's own")
    }

    pub(crate) fn parameters(&self, graph: &Graph) -> Parameters {
        self.collect(graph, |slot| &slot.values)
    }

    pub(crate) fn gradients(&self, graph: &Graph) -> Parameters {
        self.collect(graph, |slot| &slot.gradient)
    }

    pub(crate) fn values(&self, id: ParameterId) -> &[f32] {
        &self.slots[id.0].values
    }

    /// Where a parameter's gradient is written.
    pub(crate) fn gradient_mut(&mut self, id: ParameterId) -> &mut Vec<f32> {
        let slot = &mut self.slots[id.0];
        slot.gradient.resize(slot.values.len(), 0.0);
        &mut slot.gradient
    }

    fn newest(&self, ids: &[ParameterId]) -> u64 {
        ids.iter().map(|id| self.slots[id.0].version).max().unwrap_or(0)
    }

    /// Packed weights for the forward pass. Weights that `change` with every step are not worth a
    /// place of their own.
    pub(crate) fn forward_pack(
        &mut self,
        layer: Layer,
        precision: Precision,
        change: bool,
    ) -> &Pack {
        let Slot { values, version, .. } = &self.slots[layer.weight.0];
        if change {
            self.packs[layer.node.0].forward = Copy::default();
            self.passing.set_forward(&layer.conv, values, precision);
            return &self.passing;
        }
        let copy = &mut self.packs[layer.node.0].forward;
        if copy.of != (*version, precision) {
            copy.made.set_forward(&layer.conv, values, precision);
            copy.of = (*version, precision);
        }
        &copy.made
    }

    /// Packed weights for the gradient of the input; see [`Store::forward_pack`].
    pub(crate) fn backward_pack(
        &mut self,
        layer: Layer,
        precision: Precision,
        change: bool,
    ) -> &Pack {
        let Slot { values, version, .. } = &self.slots[layer.weight.0];
        if change {
            self.packs[layer.node.0].backward = Copy::default();
            self.passing.set_backward_data(&layer.conv, values, precision);
            return &self.passing;
        }
        let copy = &mut self.packs[layer.node.0].backward;
        if copy.of != (*version, precision) {
            copy.made.set_backward_data(&layer.conv, values, precision);
            copy.of = (*version, precision);
        }
        &copy.made
    }

    /// Packed weights with a norm's scale in them, and its shift as a bias.
    pub(crate) fn folded_pack(
        &mut self,
        layer: Layer,
        norm: &Norm,
        precision: Precision,
    ) -> (&Pack, &[f32]) {
        let of = [layer.weight, norm.weight, norm.bias, norm.mean, norm.variance];
        let of = (self.newest(&of), precision);
        if self.packs[layer.node.0].folded.of != of {
            let statistics = self.fixed(norm);
            self.scaled.clear();
            self.scaled.extend_from_slice(&self.slots[layer.weight.0].values);
            for row in self.scaled.chunks_exact_mut(layer.conv.filters) {
                row.iter_mut().zip(&statistics.scale).for_each(|(w, scale)| *w *= scale);
            }
            let copy = &mut self.packs[layer.node.0].folded;
            copy.made.0.set_forward(&layer.conv, &self.scaled, precision);
            copy.made.1 = statistics.shift;
            copy.of = of;
        }
        let (pack, bias) = &self.packs[layer.node.0].folded.made;
        (pack, bias)
    }

    /// A norm's constants from its running statistics.
    pub(crate) fn fixed(&self, norm: &Norm) -> Statistics {
        let of = |id: ParameterId| self.values(id);
        Statistics::fixed(
            of(norm.mean),
            of(norm.variance),
            norm.eps,
            of(norm.weight),
            of(norm.bias),
        )
    }

    /// A norm's constants for a batch; its running statistics move.
    pub(crate) fn of_batch(&mut self, norm: &Norm, moments: &Moments) -> Statistics {
        let mut mean = std::mem::take(&mut self.slots[norm.mean.0].values);
        let mut variance = std::mem::take(&mut self.slots[norm.variance.0].values);
        let (weight, bias) = (self.values(norm.weight), self.values(norm.bias));
        let running = [&mut mean[..], &mut variance[..]];
        let statistics =
            Statistics::of_batch(moments, norm.eps, weight, bias, norm.momentum, running);
        self.clock += 1;
        for (id, values) in [(norm.mean, mean), (norm.variance, variance)] {
            self.slots[id.0].values = values;
            self.slots[id.0].version = self.clock;
        }
        statistics
    }

    /// One step of Adam on all that learns.
    pub(crate) fn update(&mut self, graph: &Graph, trained: Trained, adam: &Adam) {
        self.steps += 1;
        self.clock += 1;
        let head = graph.groups() - 1;
        for (slot, parameter) in self.slots.iter_mut().zip(graph.parameters()) {
            let learns = parameter.role.is_trained()
                && (parameter.group == head
                    || if parameter.role.is_norm() { trained.norms() } else { trained.layers() });
            if !learns || slot.gradient.is_empty() {
                continue;
            }
            let rates = adam.groups[parameter.group];
            let constants = Constants {
                rate: rates.rate,
                momentum: rates.momentum,
                square_momentum: adam.square_momentum,
                eps: adam.eps,
                weight_decay: if parameter.role == Role::Weight { adam.weight_decay } else { 0.0 },
                step: self.steps,
            };
            let [m, v] = &mut slot.averages;
            m.resize(slot.values.len(), 0.0);
            v.resize(slot.values.len(), 0.0);
            constants.update(&mut slot.values, &slot.gradient, m, v);
            slot.version = self.clock;
        }
    }
}

/// The norm of a node.
pub(crate) fn norm_of(graph: &Graph, node: NodeId) -> Norm {
    match graph.node(node).op {
        Op::Norm(norm) => norm,
        ref other => unreachable!("{other:?} is no norm"),
    }
}
