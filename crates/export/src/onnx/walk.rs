//! The network: one arm an operation of [`network::Op`], so that a new one does not compile until it
//! is written down here.

use std::sync::Arc;

use network::{
    Activation, Filter, Graph, GraphError, NodeId, Norm, Op, Padding, Parameters, Shape, Tensor,
};

use super::builder::{Builder, int, ints};

/// A norm in prediction: a factor and a shift a channel.
struct Folded {
    factors: Vec<f64>,
    shifts: Vec<f64>,
}

/// Where a network's results are found.
pub(crate) struct Walked {
    /// The pooled features, averaged over the views.
    pub(crate) features: String,
    /// One number a class, not calibrated.
    pub(crate) logits: String,
}

/// A network that is being written down.
struct Walk<'b, 'a> {
    builder: &'b mut Builder<'a>,
    graph: &'a Graph,
    parameters: &'a Parameters,
    shapes: Vec<Shape>,
    /// The name of each result so far.
    values: Vec<Option<String>>,
    /// How many views each picture has.
    views: usize,
}

/// Writes down a network for pictures of `size` pixels a side, from its input, which holds `views`
/// of each picture: first one view of all, then the next. Behind the pool there is one row a
/// picture.
pub(crate) fn walk<'a>(
    builder: &mut Builder<'a>,
    graph: &'a Graph,
    parameters: &'a Parameters,
    size: usize,
    input: &str,
    views: usize,
) -> Result<Walked, GraphError> {
    let shapes = graph.shapes(size, size)?;
    let values = vec![None; graph.nodes().len()];
    let mut walk = Walk { builder, graph, parameters, shapes, values, views };
    walk.values[graph.input().0] = Some(input.to_owned());
    let mut features = String::new();
    for id in (0..graph.nodes().len()).map(NodeId) {
        if walk.values[id.0].is_none() {
            let value = walk.node(id);
            walk.values[id.0] = Some(value);
        }
        if graph.features() == Some(id) {
            features = walk.averaged(id);
            walk.values[id.0] = Some(features.clone());
        }
    }
    Ok(Walked { features, logits: walk.value(graph.output()) })
}

impl<'a> Walk<'_, 'a> {
    fn value(&self, id: NodeId) -> String {
        self.values[id.0].clone().unwrap_or_default()
    }

    fn tensor(&self, id: network::ParameterId) -> Arc<Tensor> {
        Arc::clone(&self.parameters.tensors()[id.0])
    }

    fn node(&mut self, id: NodeId) -> String {
        let graph = self.graph;
        let node = graph.node(id);
        let inputs: Vec<String> = node.inputs.iter().map(|&input| self.value(input)).collect();
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        let name = node.name.as_str();
        match node.op {
            Op::Input { .. } => self.value(id),
            Op::Conv { filter, weight } => self.convolution(id, &inputs, filter, weight),
            Op::Norm(norm) => self.norm(id, inputs[0], &norm),
            Op::Activation(Activation::Relu) => self.builder.op("Relu", &inputs, name),
            Op::Activation(Activation::Relu6) => {
                let low = self.builder.floats("zero", &[], vec![0.0]);
                let high = self.builder.floats("six", &[], vec![6.0]);
                self.builder.op("Clip", &[inputs[0], &low, &high], name)
            }
            Op::Add => self.builder.op("Add", &inputs, name),
            Op::MaxPool { kernel, stride, padding } => {
                let window = square(kernel, stride, [padding; 2], [padding; 2]);
                self.builder.op_with("MaxPool", &inputs, name, window.to_vec())
            }
            Op::AveragePool => {
                let pooled = self.builder.op("GlobalAveragePool", &inputs, &format!("{name}/mean"));
                self.flat(&pooled, name)
            }
            Op::ConcatPool => {
                let most = self.builder.op("GlobalMaxPool", &inputs, &format!("{name}/max"));
                let mean = self.builder.op("GlobalAveragePool", &inputs, &format!("{name}/mean"));
                let both = format!("{name}/both");
                let both =
                    self.builder.op_with("Concat", &[&most, &mean], &both, vec![int("axis", 1)]);
                self.flat(&both, name)
            }
            // In prediction it passes on what comes in.
            Op::Dropout { .. } => inputs[0].to_owned(),
            Op::Linear { weight, bias, .. } => {
                let tensor = self.tensor(weight);
                let shape = tensor.shape.clone();
                let weight = format!("{name}.weight");
                let weight = self.builder.weights(&weight, &shape, move || tensor.data.clone());
                let bias = bias.map(|bias| {
                    let data = self.tensor(bias).data.clone();
                    self.builder.floats(&format!("{name}.bias"), &shape[..1], data)
                });
                let inputs: Vec<&str> =
                    [inputs[0], &weight].into_iter().chain(bias.as_deref()).collect();
                self.builder.op_with("Gemm", &inputs, name, vec![int("transB", 1)])
            }
        }
    }

    /// One row a picture, of numbers that were 1 × 1 maps.
    fn flat(&mut self, input: &str, name: &str) -> String {
        self.builder.op_with("Flatten", &[input], name, vec![int("axis", 1)])
    }

    /// A convolution, and in it the norm that alone reads it, where there is one.
    fn convolution(
        &mut self,
        id: NodeId,
        inputs: &[&str],
        filter: Filter,
        weight: network::ParameterId,
    ) -> String {
        let graph = self.graph;
        let node = graph.node(id);
        let norm = self.norm_behind(id);
        let tensor = self.tensor(weight);
        let shape = tensor.shape.clone();
        let folded = norm.map(|(at, norm)| (at, self.folded(&norm)));
        let factors = folded.as_ref().map(|(_, folded)| folded.factors.clone());
        let weight = format!("{}.weight", node.name);
        let weight = self.builder.weights(&weight, &shape, move || match &factors {
            Some(factors) => scaled(&tensor, factors),
            None => tensor.data.clone(),
        });
        let bias = folded.as_ref().map(|(at, folded)| {
            let name = format!("{}.bias", graph.node(*at).name);
            let shifts = folded.shifts.iter().map(|&shift| shift as f32).collect();
            self.builder.floats(&name, &shape[..1], shifts)
        });
        let Filter { kernel, stride, padding, groups, .. } = filter;
        let input = self.shapes[node.inputs[0].0];
        let [vertical, horizontal] =
            [input.height, input.width].map(|side| around(padding, side, kernel, stride));
        let mut attributes = square(kernel, stride, vertical, horizontal).to_vec();
        attributes.push(int("group", groups as i64));
        let inputs: Vec<&str> = [inputs[0], &weight].into_iter().chain(bias.as_deref()).collect();
        let value = self.builder.op_with("Conv", &inputs, &node.name, attributes);
        if let Some((norm, _)) = folded {
            self.values[norm.0] = Some(value.clone());
        }
        value
    }

    /// The norm that a node's result goes through before anyone else reads it.
    fn norm_behind(&self, id: NodeId) -> Option<(NodeId, Norm)> {
        let mut readers =
            self.graph.nodes().iter().enumerate().filter(|(_, node)| node.inputs.contains(&id));
        match (readers.next(), readers.next()) {
            (Some((at, reader)), None) => match reader.op {
                Op::Norm(norm) => Some((NodeId(at), norm)),
                _ => None,
            },
            _ => None,
        }
    }

    /// A norm as factors and shifts, computed in 64 bits.
    fn folded(&self, norm: &Norm) -> Folded {
        let of = |id| self.tensor(id).data.iter().map(|&x| f64::from(x)).collect::<Vec<f64>>();
        let [weight, bias, mean, variance] =
            [norm.weight, norm.bias, norm.mean, norm.variance].map(of);
        let factors: Vec<f64> = weight
            .iter()
            .zip(&variance)
            .map(|(weight, variance)| weight / (variance + f64::from(norm.eps)).sqrt())
            .collect();
        let shift = |((bias, mean), factor): ((&f64, &f64), &f64)| bias - mean * factor;
        let shifts = bias.iter().zip(&mean).zip(&factors).map(shift).collect();
        Folded { factors, shifts }
    }

    /// A norm that stands by itself.
    fn norm(&mut self, id: NodeId, input: &str, norm: &Norm) -> String {
        let name = self.graph.node(id).name.as_str();
        let Folded { factors, shifts } = self.folded(norm);
        // Rows need no more than a number a channel, maps have their places behind the channels.
        let dims: &[usize] =
            if self.is_row(id) { &[1, factors.len()] } else { &[1, factors.len(), 1, 1] };
        let narrow = |numbers: Vec<f64>| numbers.into_iter().map(|x| x as f32).collect();
        let factors = self.builder.floats(&format!("{name}.factors"), dims, narrow(factors));
        let shifts = self.builder.floats(&format!("{name}.shifts"), dims, narrow(shifts));
        let scaled = self.builder.op("Mul", &[input, &factors], &format!("{name}/scaled"));
        self.builder.op("Add", &[&scaled, &shifts], name)
    }

    /// Whether a result is a row a picture, and no map.
    fn is_row(&self, id: NodeId) -> bool {
        let node = self.graph.node(id);
        match node.op {
            Op::AveragePool | Op::ConcatPool | Op::Linear { .. } => true,
            Op::Input { .. } => false,
            _ => node.inputs.first().is_some_and(|&input| self.is_row(input)),
        }
    }

    /// The average over the views of a picture.
    fn averaged(&mut self, id: NodeId) -> String {
        let (rows, views) = (self.value(id), self.views);
        if views == 1 {
            return rows;
        }
        let channels = self.graph.channels(id);
        let shape = vec![views as i64, -1, channels as i64];
        let shape = self.builder.ints("views/shape", &[3], shape);
        let apart = self.builder.op("Reshape", &[&rows, &shape], "views/apart");
        let first = self.builder.int(0);
        let sum = self.builder.op_with(
            "ReduceSum",
            &[&apart, &first],
            "views/sum",
            vec![int("keepdims", 0)],
        );
        let share = self.builder.float("views/share", 1.0 / views as f32);
        self.builder.op("Mul", &[&sum, &share], "features")
    }
}

/// Filters, each times its factor.
fn scaled(weight: &Tensor, factors: &[f64]) -> Vec<f32> {
    let each = weight.data.len() / factors.len().max(1);
    let filters = weight.data.chunks_exact(each).zip(factors);
    filters
        .flat_map(|(filter, factor)| filter.iter().map(move |&x| (f64::from(x) * factor) as f32))
        .collect()
}

fn around(padding: Padding, side: usize, kernel: usize, stride: usize) -> [usize; 2] {
    padding.around(side, kernel, stride)
}

/// The settings of a square window.
fn square(
    kernel: usize,
    stride: usize,
    [top, bottom]: [usize; 2],
    [left, right]: [usize; 2],
) -> [crate::proto::Attribute; 3] {
    let [kernel, stride] = [kernel, stride].map(|n| n as i64);
    let pads = [top, left, bottom, right].map(|n| n as i64);
    [ints("kernel_shape", &[kernel; 2]), ints("strides", &[stride; 2]), ints("pads", &pads)]
}
