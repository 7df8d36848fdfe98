//! The forward half of a plan.

use network::{NodeId, Op};

use crate::arena::BufferId;
use crate::plan::{Action, Planner, Value, Work};

impl Planner<'_> {
    /// Plans all nodes in order; returns where the logits are.
    pub(crate) fn forward(&mut self) -> BufferId {
        for index in 0..self.graph.nodes().len() {
            let node = NodeId(index);
            // Nodes that an earlier step has done along with its own have their value already.
            if self.values[index].is_none() {
                let value = self.forward_node(node);
                self.values[index] = Some(value);
            }
        }
        self.plain(self.graph.output())
    }

    fn value(&self, node: NodeId) -> Value {
        self.values[node.0].expect("nodes come after their inputs")
    }

    fn plain_value(&self, buffer: BufferId, node: NodeId) -> Value {
        Value { buffer, norm: None, relu: false, channels: self.shapes[node.0].channels }
    }

    /// A node's result as it is to be read by something that cannot apply norm or ReLU.
    pub(crate) fn plain(&mut self, node: NodeId) -> BufferId {
        let x = self.value(node);
        if x.is_plain() {
            return x.buffer;
        }
        let to = self.buffer_of(node);
        self.push(Action::Materialise { x, to }, &[x.buffer, to]);
        to
    }

    fn forward_node(&mut self, node: NodeId) -> Value {
        let inputs = self.graph.node(node).inputs.clone();
        match self.graph.node(node).op {
            Op::Input { .. } => {
                let to = self.buffer_of(node);
                self.push(Action::Input { to }, &[to]);
                self.plain_value(to, node)
            }
            Op::Conv { .. } | Op::Linear { .. } => self.forward_layer(node),
            Op::Norm(_) => self.forward_norm(node),
            Op::Activation(_) => {
                let x = self.value(inputs[0]);
                // Only where nobody needs the value before the ReLU can the two share a gradient.
                if self.only_reader(inputs[0]).is_some() {
                    return Value { relu: true, ..x };
                }
                let to = self.buffer_of(node);
                self.push(
                    Action::Materialise { x: Value { relu: true, ..x }, to },
                    &[x.buffer, to],
                );
                self.plain_value(to, node)
            }
            Op::Add => {
                let (a, b) = (self.value(inputs[0]), self.value(inputs[1]));
                let relu = self.relu_after(node);
                let to = self.buffer_of(node);
                self.push(
                    Action::Add { a, b, relu: relu.is_some(), to },
                    &[a.buffer, b.buffer, to],
                );
                let value = self.plain_value(to, node);
                if let Some(relu) = relu {
                    self.values[relu.0] = Some(value);
                }
                value
            }
            Op::MaxPool { .. } => {
                let pool = self.max_pool(node).expect("a max pool");
                let x = self.value(inputs[0]);
                let to = self.buffer_of(node);
                let learns = matches!(self.purpose.work, Work::Train(_));
                self.push(Action::MaxPool { pool, node, x, learns, to }, &[x.buffer, to]);
                self.plain_value(to, node)
            }
            Op::AveragePool | Op::ConcatPool => {
                let x = self.plain(inputs[0]);
                let channels = self.shapes[inputs[0].0].channels;
                let to = self.buffer_of(node);
                let action = match self.graph.node(node).op {
                    Op::AveragePool => Action::AveragePool { x, channels, to },
                    _ => Action::ConcatPool { node, x, channels, to },
                };
                self.push(action, &[x, to]);
                self.plain_value(to, node)
            }
            Op::Dropout { rate } => {
                if self.is_eval(node) || rate == 0.0 {
                    return self.value(inputs[0]);
                }
                let x = self.plain(inputs[0]);
                let to = self.buffer_of(node);
                self.push(Action::Dropout { node, rate, x, to }, &[x, to]);
                self.plain_value(to, node)
            }
        }
    }

    fn forward_layer(&mut self, node: NodeId) -> Value {
        let (layer, bias) = self.layer(node).expect("a layer");
        let x = self.value(self.graph.node(node).inputs[0]);
        let norm = self
            .only_reader(node)
            .filter(|&reader| matches!(self.graph.node(reader).op, Op::Norm(_)));
        if let (Some(norm), None, true) = (norm, bias, self.folds(node)) {
            return self.forward_folded(layer, x, norm);
        }
        let to = self.buffer_of(node);
        let norm = norm.filter(|&norm| !self.is_eval(norm));
        self.push(Action::Conv { layer, x, bias, to, norm }, &[x.buffer, to]);
        self.plain_value(to, node)
    }

    /// A layer whose norm, and the addition and ReLU behind it where they can be, are done while
    /// its results are in registers.
    fn forward_folded(&mut self, layer: crate::plan::Layer, x: Value, norm: NodeId) -> Value {
        let mut last = norm;
        let mut residual = None;
        if let Some(add) =
            self.only_reader(norm).filter(|&reader| self.graph.node(reader).op == Op::Add)
        {
            let other = self.graph.node(add).inputs.iter().copied().find(|&input| input != norm);
            // The other summand must be there already.
            if let Some(value) =
                other.and_then(|other| self.values[other.0]).filter(|value| value.is_plain())
            {
                (residual, last) = (Some(value.buffer), add);
            }
        }
        let relu = self.relu_after(last);
        let to = self.buffer_of(norm);
        let touched: Vec<BufferId> = [x.buffer, to].into_iter().chain(residual).collect();
        self.push(Action::Folded { layer, x, norm, residual, relu: relu.is_some(), to }, &touched);
        let value = self.plain_value(to, norm);
        for done in [Some(norm), Some(last), relu].into_iter().flatten() {
            self.values[done.0] = Some(value);
        }
        value
    }

    fn forward_norm(&mut self, node: NodeId) -> Value {
        let input = self.graph.node(node).inputs[0];
        let layer_before = matches!(self.graph.node(input).op, Op::Conv { .. } | Op::Linear { .. });
        let gathered = layer_before && self.only_reader(input).is_some();
        let from = self.plain(input);
        if self.is_eval(node) {
            self.push(Action::Fixed { norm: node }, &[]);
        } else {
            self.push(Action::Statistics { norm: node, from, gathered }, &[from]);
        }
        Value { norm: Some(node), ..self.plain_value(from, node) }
    }
}
