//! The backward half of a plan: nodes in reverse order, each handing its gradient to its inputs.

use network::{NodeId, Op};

use crate::Trained;
use crate::arena::{Buffer, BufferId};
use crate::plan::{Action, Attributing, Destination, Planner, Value};

/// Gradients on their way: which buffer holds each node's so far, and how many nodes share it.
struct Gradients {
    of: Vec<Option<BufferId>>,
    sharers: Vec<usize>,
}

impl Gradients {
    /// Whether only one node refers to this buffer, so that it may be changed in place.
    fn is_own(&self, buffer: BufferId) -> bool {
        self.sharers[buffer] == 1
    }

    fn set(&mut self, node: NodeId, buffer: BufferId) {
        if buffer >= self.sharers.len() {
            self.sharers.resize(buffer + 1, 0);
        }
        self.sharers[buffer] += 1;
        self.of[node.0] = Some(buffer);
    }

    /// Takes a node's gradient away from it; the buffer stays.
    fn take(&mut self, node: NodeId) -> Option<BufferId> {
        let buffer = self.of[node.0].take()?;
        self.sharers[buffer] -= 1;
        Some(buffer)
    }
}

impl Planner<'_> {
    /// Plans the loss and all backward steps that the trained parameters need.
    pub(crate) fn backward(&mut self, logits: BufferId, trained: Trained) {
        let count = self.graph.nodes().len();
        // Whether some node at or before this one learns, so that a gradient must reach it.
        let mut wanted = vec![false; count];
        for index in 0..count {
            let node = self.graph.node(NodeId(index));
            wanted[index] = self.learns(NodeId(index), Some(trained))
                || node.inputs.iter().any(|input| wanted[input.0]);
        }
        let output = self.graph.output();
        let mut gradients = Gradients { of: vec![None; count], sharers: vec![] };
        let to = self.buffer_of(output);
        self.push(Action::Loss { logits, to }, &[logits, to]);
        gradients.set(output, to);
        for index in (0..count).rev() {
            let node = NodeId(index);
            if !wanted[index] {
                continue;
            }
            // A node that nothing read (a folded sum) has none; its successor did its work.
            if gradients.of[index].is_some() {
                self.backward_node(node, Some(trained), &wanted, &mut gradients);
            }
        }
    }

    /// Plans the steps back from one logit a picture to the body's map, such that they can be done
    /// again for other classes. `None` where the logits do not depend on it.
    pub(crate) fn attribute(&mut self, logits: BufferId) -> Option<Attributing> {
        let (count, cut) = (self.graph.nodes().len(), self.graph.cut());
        let map = self.plain(cut);
        let mut wanted = vec![false; count];
        for index in cut.0..count {
            let inputs = &self.graph.node(NodeId(index)).inputs;
            wanted[index] = index == cut.0 || inputs.iter().any(|input| wanted[input.0]);
        }
        let from = self.actions.len();
        // What the forward steps left for these, and the logits, must outlive each round of them.
        let forward = self.buffers.len();
        let output = self.graph.output();
        let mut gradients = Gradients { of: vec![None; count], sharers: vec![] };
        let to = self.buffer_of(output);
        self.push(Action::Seed { to }, &[to]);
        gradients.set(output, to);
        for index in (cut.0 + 1..count).rev() {
            if wanted[index] && gradients.of[index].is_some() {
                self.backward_node(NodeId(index), None, &wanted, &mut gradients);
            }
        }
        let gradient = gradients.of[cut.0]?;
        let end = self.actions.len();
        let kept = self.buffers[..forward].iter_mut().enumerate();
        for (_, buffer) in kept.filter(|(id, b)| b.last >= from || [map, logits].contains(id)) {
            buffer.last = end;
        }
        self.buffers[gradient].last = end;
        Some(Attributing { from, map, gradient, shape: self.shapes[cut.0] })
    }

    /// Chooses the sums that need not outlive the forward steps: those of which both summands do.
    pub(crate) fn let_go(&mut self) {
        for action in &self.actions {
            if let &Action::Add { a, b, to, .. } = action
                && ![a, b].iter().any(|summand| self.let_go.contains(&summand.buffer))
            {
                self.let_go.push(to);
            }
        }
    }

    /// A node's value for a backward step; a sum that was let go is made again, once.
    fn again(&mut self, node: NodeId) -> Value {
        let value = self.values[node.0].expect("planned");
        let Some(at) = self.let_go.iter().position(|&id| id == value.buffer) else { return value };
        self.let_go.swap_remove(at);
        let made = self.actions.iter().find_map(|action| match *action {
            Action::Add { a, b, relu, to } if to == value.buffer => Some((a, b, relu)),
            _ => None,
        });
        let (a, b, relu) = made.expect("only sums are let go");
        let to = self.buffer_of(node);
        self.push(Action::Add { a, b, relu, to }, &[a.buffer, b.buffer, to]);
        let values = self.values.iter_mut().flatten();
        values.filter(|of| of.buffer == value.buffer).for_each(|of| of.buffer = to);
        Value { buffer: to, ..value }
    }

    /// Whether a node has parameters that learn; nothing learns where nothing is trained.
    fn learns(&self, node: NodeId, trained: Option<Trained>) -> bool {
        let Some(trained) = trained else { return false };
        let in_head = node > self.graph.cut();
        match self.graph.node(node).op {
            Op::Conv { .. } | Op::Linear { .. } => in_head || trained.layers(),
            Op::Norm(_) => in_head || trained.norms(),
            _ => false,
        }
    }

    fn backward_node(
        &mut self,
        node: NodeId,
        trained: Option<Trained>,
        wanted: &[bool],
        gradients: &mut Gradients,
    ) {
        let inputs = self.graph.node(node).inputs.clone();
        let wants = |input: NodeId| wanted[input.0];
        match self.graph.node(node).op {
            Op::Input { .. } => {}
            Op::Conv { .. } | Op::Linear { .. } => {
                let (layer, bias) = self.layer(node).expect("a layer");
                let Some(gradient) = gradients.take(node) else { return };
                if self.learns(node, trained) {
                    let x = self.again(inputs[0]);
                    self.push(
                        Action::ConvBackwardWeights { layer, x, gradient },
                        &[x.buffer, gradient],
                    );
                    if let Some(bias) = bias {
                        self.push(Action::BiasBackward { bias, gradient }, &[gradient]);
                    }
                }
                if wants(inputs[0]) {
                    let (to, accumulate) = self.target(inputs[0], gradients);
                    self.push(
                        Action::ConvBackwardData { layer, gradient, to, accumulate },
                        &[gradient, to],
                    );
                }
            }
            Op::Norm(_) => {
                let y = self.values[node.0].expect("planned");
                let Some(gradient) = gradients.take(node) else { return };
                // A ReLU that is read along with this norm is undone along with it.
                let relu = self
                    .relu_after(node)
                    .is_some_and(|relu| self.values[relu.0] == Some(Value { relu: true, ..y }));
                let y = Value { relu, ..y };
                let free = gradients.sharers[gradient] == 0 && gradients.of[inputs[0].0].is_none();
                let to = match () {
                    () if !wants(inputs[0]) => Destination::Nowhere,
                    () if free => Destination::InPlace,
                    () => Destination::Into(self.buffer_of(node)),
                };
                let result = if let Destination::Into(buffer) = to { buffer } else { gradient };
                self.push(
                    Action::NormBackward {
                        norm: node,
                        y,
                        gradient,
                        to,
                        learns: self.learns(node, trained),
                    },
                    &[y.buffer, gradient, result],
                );
                if wants(inputs[0]) {
                    self.hand_on(result, inputs[0], gradients);
                }
            }
            Op::Activation(_) => {
                let value = self.again(node);
                if value.norm.is_some() && value.relu {
                    // Undone together with the norm.
                    let Some(gradient) = gradients.take(node) else { return };
                    gradients.set(inputs[0], gradient);
                    return;
                }
                // The stored value before the ReLU, or the result: both have its sign.
                let sign = Value { relu: false, ..value };
                let gradient = self.own(node, gradients);
                self.push(Action::ReluBackward { sign, gradient }, &[sign.buffer, gradient]);
                gradients.take(node);
                self.hand_on(gradient, inputs[0], gradients);
            }
            Op::Add => {
                let Some(gradient) = gradients.take(node) else { return };
                let targets: Vec<NodeId> =
                    inputs.iter().copied().filter(|&input| wants(input)).collect();
                // Those without a gradient yet share this buffer for now.
                for &input in &targets {
                    if gradients.of[input.0].is_none() {
                        gradients.set(input, gradient);
                    } else {
                        let (to, accumulate) = self.target(input, gradients);
                        self.push(
                            Action::PassOn { from: gradient, to, accumulate },
                            &[gradient, to],
                        );
                    }
                }
            }
            Op::MaxPool { .. } => {
                let pool = self.max_pool(node).expect("a max pool");
                let Some(gradient) = gradients.take(node) else { return };
                if wants(inputs[0]) {
                    let (to, accumulate) = self.target(inputs[0], gradients);
                    self.push(
                        Action::MaxPoolBackward { pool, node, gradient, to, accumulate },
                        &[gradient, to],
                    );
                }
            }
            Op::AveragePool | Op::ConcatPool => {
                let Some(gradient) = gradients.take(node) else { return };
                if wants(inputs[0]) {
                    let channels = self.shapes[inputs[0].0].channels;
                    let to = self.buffer_of(inputs[0]);
                    let action = match self.graph.node(node).op {
                        Op::AveragePool => Action::AveragePoolBackward { channels, gradient, to },
                        _ => Action::ConcatPoolBackward { node, channels, gradient, to },
                    };
                    self.push(action, &[gradient, to]);
                    self.hand_on(to, inputs[0], gradients);
                }
            }
            Op::Dropout { rate } => {
                let Some(gradient) = gradients.take(node) else { return };
                if wants(inputs[0]) {
                    let mut passed = gradient;
                    if rate != 0.0 && !self.is_eval(node) {
                        passed = self.buffer_of(node);
                        self.push(
                            Action::DropoutBackward { node, rate, gradient, to: passed },
                            &[gradient, passed],
                        );
                    }
                    self.hand_on(passed, inputs[0], gradients);
                }
            }
        }
    }

    /// Where a step can write a node's gradient: a new buffer, or the one with what others have
    /// contributed, to be added to.
    fn target(&mut self, node: NodeId, gradients: &mut Gradients) -> (BufferId, bool) {
        if gradients.of[node.0].is_some() {
            return (self.own(node, gradients), true);
        }
        let to = self.buffer_of(node);
        gradients.set(node, to);
        (to, false)
    }

    /// A node's gradient in a buffer that no other node shares.
    fn own(&mut self, node: NodeId, gradients: &mut Gradients) -> BufferId {
        let shared = gradients.of[node.0].expect("a gradient");
        if gradients.is_own(shared) {
            return shared;
        }
        gradients.take(node);
        let Buffer { len, precision, .. } = self.buffers[shared];
        self.buffers.push(Buffer::new(len, precision));
        let to = self.buffers.len() - 1;
        self.push(Action::PassOn { from: shared, to, accumulate: false }, &[shared, to]);
        gradients.set(node, to);
        to
    }

    /// Gives a buffer to a node as its gradient, or adds it to what the node has.
    fn hand_on(&mut self, buffer: BufferId, node: NodeId, gradients: &mut Gradients) {
        if gradients.of[node.0].is_none() {
            gradients.set(node, buffer);
            return;
        }
        let to = self.own(node, gradients);
        self.push(Action::PassOn { from: buffer, to, accumulate: true }, &[buffer, to]);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // a test may panic

    use kernels::{Precision, threads};
    use network::{Architecture, Backbone, Head, Parameters};

    use crate::plan::{Plan, Purpose, Work};
    use crate::run::{Job, run};
    use crate::{Cpu, Engine, Step, Trained};

    #[test]
    fn sums_made_again_are_the_same_and_take_less_memory() {
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
                let mut cpu = Cpu::new(graph.clone());
                cpu.set_precision(precision, precision);
                cpu.set_trained(trained);
                cpu.set_parameters(&Parameters::start(&graph, 1)).unwrap();
                let job = Job::Train(&[0, 1, 2, 1], Step { seed: 1, index: 0 });
                threads::within(|| run(&mut cpu, &plan, &pixels, job, &mut None));
                (cpu.gradient(), plan.total)
            });
            let same = kept.tensors().iter().zip(again.tensors()).all(|(a, b)| a.data == b.data);
            assert!(same, "{backbone}: gradients differ");
            assert!(some * 10 < all * 9, "{backbone}: {some} of {all} floats");
        }
    }
}
