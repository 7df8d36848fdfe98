//! A network's parameters as the kernels want them: weights with their filters innermost, and
//! packed copies that are made again when a weight has changed.

use kernels::adam::Adam as Constants;
use kernels::norm::{Moments, Statistics};
use kernels::{Conv, Direction, Pack, Precision};
use network::{Graph, NodeId, Norm, Op, ParameterId, Parameters, Role, Tensor};

use crate::layout::{to_torch, transpose};
use crate::{Adam, EngineError, Trained};

/// A convolution or linear layer of a graph, for a batch of some size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layer {
    pub(crate) node: NodeId,
    pub(crate) conv: Conv,
    pub(crate) weight: ParameterId,
}

/// One parameter, in the kernels' order.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    /// Empty while a weight [waits](Store::waits).
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
    /// By [`Direction`].
    plain: [Copy<Pack>; 2],
    folded: Copy<(Pack, Vec<f32>)>,
}

/// All parameters of a network, with what learning needs.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) slots: Vec<Slot>,
    /// What was given, as long as weights wait.
    given: Option<Parameters>,
    waiting: usize,
    packs: Vec<Packs>,
    /// Set where weights of the body are there as packs alone, for products of these numbers.
    pub(crate) packed: Option<Precision>,
    /// The copy of whichever layer is at work, where each serves once.
    passing: Pack,
    /// Room for a layer's weights with a norm's scale in them.
    scaled: Vec<f32>,
    /// Adam's steps since its state was forgotten.
    pub(crate) steps: i32,
    pub(crate) clock: u64,
}

impl Store {
    /// All parameters 0.
    pub(crate) fn new(graph: &Graph) -> Self {
        Self::of(graph, graph.parameters().iter().map(|p| vec![0.0; p.len()]).collect())
    }

    /// With these values, in the kernels' order.
    pub(crate) fn of(graph: &Graph, values: Vec<Vec<f32>>) -> Self {
        let slot = |values| Slot { values, version: 1, ..Slot::default() };
        let slots = values.into_iter().map(slot).collect();
        let packs = graph.nodes().iter().map(|_| Packs::default()).collect();
        Self {
            slots,
            given: None,
            waiting: 0,
            packs,
            packed: None,
            passing: Pack::default(),
            scaled: vec![],
            steps: 0,
            clock: 1,
        }
    }

    pub(crate) fn set(
        &mut self,
        graph: &Graph,
        parameters: &Parameters,
    ) -> Result<(), EngineError> {
        parameters.check(graph)?;
        self.clock += 1;
        for (slot, (parameter, tensor)) in
            self.slots.iter_mut().zip(graph.parameters().iter().zip(parameters.tensors()))
        {
            slot.version = self.clock;
            let waits = parameter.role == Role::Weight;
            slot.values = if waits { vec![] } else { tensor.data.clone() };
        }
        self.waiting = self.slots.iter().filter(|slot| slot.values.is_empty()).count();
        self.given = Some(parameters.clone());
        self.packed = None;
        self.forget();
        Ok(())
    }

    /// A weight that nothing but a folded product has asked for since it was given: such a network
    /// only predicts, and needs no weights beside its packs.
    fn waits(&self, id: ParameterId) -> Option<&Tensor> {
        let given = self.given.as_ref()?;
        self.slots[id.0].values.is_empty().then(|| &*given.tensors()[id.0])
    }

    /// For when every slot gets its numbers.
    pub(crate) fn wait_for_none(&mut self) {
        (self.given, self.waiting, self.packed) = (None, 0, None);
    }

    /// Ends a weight's waiting.
    fn fetch(&mut self, id: ParameterId) {
        let Some(Tensor { shape, data }) = self.waits(id) else { return };
        let mut values = vec![0.0; data.len()];
        transpose(shape, data, |_| 1.0, &mut values, false);
        self.slots[id.0].values = values;
        self.waiting -= 1;
        if self.waiting == 0 {
            self.wait_for_none();
        }
    }

    /// Forgets Adam's state and all gradients.
    pub(crate) fn forget(&mut self) {
        self.steps = 0;
        for slot in &mut self.slots {
            slot.averages = Default::default();
            slot.gradient = Vec::new();
        }
    }

    /// A parameter's numbers, in PyTorch's order.
    pub(crate) fn tensor(&self, graph: &Graph, id: ParameterId) -> Tensor {
        assert!(self.packed.is_none(), "an engine that keeps packs alone has no weights to give");
        let ours = || to_torch(&graph.parameters()[id.0], &self.slots[id.0].values);
        self.waits(id).cloned().unwrap_or_else(ours)
    }

    pub(crate) fn parameters(&self, graph: &Graph) -> Parameters {
        let tensors = (0..self.slots.len()).map(|index| self.tensor(graph, ParameterId(index)));
        Parameters::new(graph, tensors.collect()).expect("shapes are the graph's own")
    }

    pub(crate) fn gradients(&self, graph: &Graph) -> Parameters {
        let tensors = self.slots.iter().zip(graph.parameters()).map(|(slot, parameter)| {
            if slot.gradient.is_empty() {
                return Tensor { shape: parameter.shape.clone(), data: vec![0.0; parameter.len()] };
            }
            to_torch(parameter, &slot.gradient)
        });
        Parameters::new(graph, tensors.collect()).expect("shapes are the graph's own")
    }

    pub(crate) fn values(&self, id: ParameterId) -> &[f32] {
        &self.slots[id.0].values
    }

    /// A weight in the kernels' order, as it is, for what multiplies by it without packing it.
    pub(crate) fn weight(&mut self, id: ParameterId) -> &[f32] {
        self.fetch(id);
        self.values(id)
    }

    /// Where a parameter's gradient is written.
    pub(crate) fn gradient_mut(&mut self, id: ParameterId) -> &mut Vec<f32> {
        self.fetch(id);
        let slot = &mut self.slots[id.0];
        slot.gradient.resize(slot.values.len(), 0.0);
        &mut slot.gradient
    }

    fn newest(&self, ids: &[ParameterId]) -> u64 {
        ids.iter().map(|id| self.slots[id.0].version).max().unwrap_or(0)
    }

    /// Packed weights for a product. Weights that `change` with every step are not worth a place of
    /// their own.
    pub(crate) fn pack(
        &mut self,
        layer: Layer,
        direction: Direction,
        precision: Precision,
        change: bool,
    ) -> &Pack {
        self.fetch(layer.weight);
        let Slot { values, version, .. } = &self.slots[layer.weight.0];
        let copy = &mut self.packs[layer.node.0].plain[direction as usize];
        if change {
            *copy = Copy::default();
            self.passing.set(&layer.conv, values, precision, direction);
            return &self.passing;
        }
        if copy.of != (*version, precision) {
            copy.made.set(&layer.conv, values, precision, direction);
            copy.of = (*version, precision);
        }
        &copy.made
    }

    /// What a folded pack is a copy of.
    fn folded_of(&self, layer: Layer, norm: &Norm, precision: Precision) -> (u64, Precision) {
        let of = [layer.weight, norm.weight, norm.bias, norm.mean, norm.variance];
        (self.newest(&of), precision)
    }

    /// Takes a folded pack that was made elsewhere of what is here, or would be if it were kept.
    pub(crate) fn set_folded(
        &mut self,
        layer: Layer,
        norm: &Norm,
        precision: Precision,
        made: (Pack, Vec<f32>),
    ) {
        let of = self.folded_of(layer, norm, precision);
        self.packs[layer.node.0].folded = Copy { of, made };
    }

    /// Packed weights with a norm's scale in them, and its shift as a bias.
    pub(crate) fn folded_pack(
        &mut self,
        layer: Layer,
        norm: &Norm,
        precision: Precision,
    ) -> (&Pack, &[f32]) {
        self.fold(layer, norm, precision);
        self.folded(layer)
    }

    /// What was [folded](Self::fold) for a layer.
    pub(crate) fn folded(&self, layer: Layer) -> (&Pack, &[f32]) {
        let (pack, bias) = &self.packs[layer.node.0].folded.made;
        (pack, bias)
    }

    /// Packs weights with a norm's scale in them, unless that has been done.
    pub(crate) fn fold(&mut self, layer: Layer, norm: &Norm, precision: Precision) {
        let of = self.folded_of(layer, norm, precision);
        if self.packs[layer.node.0].folded.of == of {
            return;
        }
        let Statistics { scale, shift, .. } = self.fixed(norm);
        let mut scaled = std::mem::take(&mut self.scaled);
        scaled.resize(layer.conv.weight_len(), 0.0);
        if let Some(Tensor { shape, data }) = self.waits(layer.weight) {
            transpose(shape, data, |filter| scale[filter], &mut scaled, false);
        } else {
            let (values, filters) = (&self.slots[layer.weight.0].values, layer.conv.filters);
            let rows = values.chunks_exact(filters).zip(scaled.chunks_exact_mut(filters));
            for (from, to) in rows {
                from.iter().zip(to).zip(&scale).for_each(|((w, to), scale)| *to = w * scale);
            }
        }
        let copy = &mut self.packs[layer.node.0].folded;
        copy.made.0.set(&layer.conv, &scaled, precision, Direction::Forward);
        copy.made.1 = shift;
        copy.of = of;
        self.scaled = scaled;
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
