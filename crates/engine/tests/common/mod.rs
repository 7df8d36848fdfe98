//! What the tests share: inputs that PyTorch computed too (`golden/make.py` has the same formulas),
//! the golden files, and the one measure of nearness.

#![allow(dead_code, unreachable_pub)] // each test file uses its own part

use std::collections::HashMap;
use std::path::PathBuf;

use engine::{Cpu, Engine, Images, Step, Trained};
use network::{
    Activation, Filter, Graph, NodeId, Norm, NormConstants, Op, Padding, Parameters, Tensor,
};

/// Uniform in [0, 1), of 24 bits: FNV-1a of the name, then SplitMix64's finaliser.
pub fn uniform(name: &str, count: usize) -> impl Iterator<Item = f64> + use<> {
    let key = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |key, byte| {
        (key ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (1..=count as u64).map(move |i| {
        let mut z = i.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(key);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 40) as f64 / f64::from(1 << 24)
    })
}

/// Values for all parameters; see `fill` in make.py. `smooth` names the norm before each sum.
pub fn filled(graph: &Graph, smooth: Option<&str>) -> Parameters {
    let tensors = graph.parameters().iter().map(|parameter| {
        let name = parameter.name.as_str();
        let head = name.starts_with("head") || name.starts_with("fc");
        if let Some(last) = smooth.filter(|_| name.ends_with("bias") && !head) {
            let always = name.contains("downsample") || name.contains(last);
            let up = uniform(name, parameter.len()).map(|u| always || u < 0.5);
            let data = up.map(|up| if up { 3.0 } else { -3.0 }).collect();
            return Tensor { shape: parameter.shape.clone(), data };
        }
        let (low, width) = if name.ends_with("running_var") {
            (0.75, 0.5)
        } else if name.ends_with("running_mean") || name.ends_with("bias") {
            (-0.1, 0.2)
        } else if parameter.shape.len() == 1 && smooth == Some("bn") {
            (0.5, 0.25)
        } else if parameter.shape.len() == 1 {
            (0.75, 0.5)
        } else {
            let width = (24.0 / parameter.shape[1..].iter().product::<usize>() as f64).sqrt();
            (-0.5 * width, width)
        };
        let data = uniform(name, parameter.len()).map(|u| (low + u * width) as f32).collect();
        Tensor { shape: parameter.shape.clone(), data }
    });
    Parameters::new(graph, tensors.collect()).unwrap()
}

/// A batch that owns its numbers.
pub struct Batch {
    pub pixels: Vec<f32>,
    pub count: usize,
    pub height: usize,
    pub width: usize,
    pub labels: Vec<usize>,
}

impl Batch {
    /// The pictures and labels of a step; see `images` and `labels` in make.py.
    pub fn new(step: usize, [count, height, width]: [usize; 3], graph: &Graph) -> Self {
        let channels = graph.channels(graph.input());
        let contrast: Vec<f64> =
            uniform(&format!("contrasts.{step}"), count).map(|u| u * 4.0 + 0.5).collect();
        let colour: Vec<f64> = uniform(&format!("colours.{step}"), count * channels)
            .map(|u| (u - 0.5) * 4.0)
            .collect();
        let pixels = uniform(&format!("pictures.{step}"), count * height * width * channels)
            .enumerate()
            .map(|(index, u)| {
                let picture = index / (height * width * channels);
                let colour = colour[picture * channels + index % channels];
                ((u - 0.5) * contrast[picture] + colour) as f32
            })
            .collect();
        let labels = (0..count).map(|i| (3 * i + 5 * step + 1) % graph.classes()).collect();
        Self { pixels, count, height, width, labels }
    }

    pub fn images(&self) -> Images<'_> {
        Images { pixels: &self.pixels, count: self.count, height: self.height, width: self.width }
    }
}

/// An engine with its values.
pub fn engine_with(graph: &Graph, parameters: &Parameters, trained: Trained) -> Cpu {
    let mut engine = Cpu::new(graph.clone());
    engine.set_parameters(parameters).unwrap();
    engine.set_trained(trained);
    engine
}

pub fn step(index: u64) -> Step {
    Step { seed: 1, index }
}

/// Graph, and batch, height and width of the networks in graphs.txt.
pub fn small_graphs() -> Vec<(String, Graph, [usize; 3])> {
    let text = include_str!("../golden/graphs.txt");
    let mut graphs = vec![];
    let mut ids = HashMap::new();
    let mut group = 0;
    for line in text.lines() {
        let words: Vec<&str> = line.split('#').next().unwrap().split_whitespace().collect();
        let numbers: Vec<usize> = words.iter().filter_map(|word| word.parse().ok()).collect();
        if let ["graph", name, ..] = words[..] {
            let graph = Graph::new(numbers[3]);
            ids = HashMap::from([("input", graph.input())]);
            group = 0;
            graphs.push((name.to_string(), graph, [numbers[0], numbers[1], numbers[2]]));
            continue;
        }
        let Some((_, graph, _)) = graphs.last_mut() else { continue };
        match words[..] {
            [] => {}
            ["group", _] => group = numbers[0],
            ["cut"] => graph.cut_here(),
            [name, op, source, ..] => {
                let input = ids[source];
                let id = match op {
                    "conv" | "depthwise" => {
                        let from = graph.channels(input);
                        let (groups, channels, window) = match op {
                            "conv" => (1, numbers[0], &numbers[1..]),
                            _ => (from, from, &numbers[..]),
                        };
                        let padding = match window.get(2) {
                            Some(&padding) => Padding::Each(padding),
                            None => Padding::Same,
                        };
                        let [kernel, stride] = [window[0], window[1]];
                        let filter = Filter { channels, kernel, stride, padding, groups };
                        graph.conv(name, input, group, filter)
                    }
                    "norm" => {
                        let constants = match words[3..] {
                            [eps, momentum] => NormConstants {
                                eps: eps.parse().unwrap(),
                                momentum: momentum.parse().unwrap(),
                                shift: 0.0,
                            },
                            _ => NormConstants::default(),
                        };
                        graph.norm_with(name, input, group, constants)
                    }
                    "linear" => {
                        graph.linear(name, input, group, numbers[0], words.contains(&"bias"))
                    }
                    "relu" => graph.add(name, Op::RELU, &[input]),
                    "relu6" => graph.add(name, Op::Activation(Activation::Relu6), &[input]),
                    "add" => graph.add(name, Op::Add, &[input, ids[words[3]]]),
                    "average" => graph.add(name, Op::AveragePool, &[input]),
                    "concat" => graph.add(name, Op::ConcatPool, &[input]),
                    "dropout" => graph.add(name, Op::Dropout { rate: 0.0 }, &[input]),
                    "maxpool" => {
                        let [kernel, stride, padding] = numbers[..].try_into().unwrap();
                        graph.add(name, Op::MaxPool { kernel, stride, padding }, &[input])
                    }
                    _ => panic!("graphs.txt: `{line}`"),
                };
                ids.insert(name, id);
            }
            _ => panic!("graphs.txt: `{line}`"),
        }
    }
    graphs
}

/// One of them.
pub fn small_graph(name: &str) -> (Graph, [usize; 3]) {
    let (_, graph, shape) = small_graphs().into_iter().find(|(n, ..)| n == name).unwrap();
    (graph, shape)
}

/// The same graph with dropout that drops nothing, so that PyTorch can be followed.
pub fn without_dropout(graph: &Graph) -> Graph {
    let mut copy = Graph::new(graph.channels(graph.input()));
    for (index, node) in graph.nodes().iter().enumerate().skip(1) {
        let (name, input) = (node.name.as_str(), node.inputs[0]);
        match node.op {
            Op::Conv { filter, weight } => {
                copy.conv(name, input, graph.parameter(weight).group, filter);
            }
            Op::Norm(Norm { weight, eps, momentum, .. }) => {
                let constants = NormConstants { eps, momentum, shift: 0.0 };
                copy.norm_with(name, input, graph.parameter(weight).group, constants);
            }
            Op::Linear { channels, weight, bias } => {
                copy.linear(name, input, graph.parameter(weight).group, channels, bias.is_some());
            }
            Op::Dropout { .. } => drop(copy.add(name, Op::Dropout { rate: 0.0 }, &[input])),
            op => drop(copy.add(name, op, &node.inputs)),
        }
        if NodeId(index) == graph.cut() {
            copy.cut_here();
        }
    }
    copy
}

/// The tensors of a golden file, by name.
pub fn golden(file: &str) -> HashMap<String, Vec<f32>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(file);
    let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let (length, rest) = bytes.split_at(8);
    let (header, data) = rest.split_at(u64::from_le_bytes(length.try_into().unwrap()) as usize);
    let header: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(header).unwrap();
    let tensors = header.into_iter().filter(|(name, _)| name != "__metadata__");
    let read = |about: &serde_json::Value| {
        let offset = |i: usize| about["data_offsets"][i].as_u64().unwrap() as usize;
        let numbers = data[offset(0)..offset(1)].as_chunks::<4>().0.iter();
        numbers.map(|bytes| f32::from_le_bytes(*bytes)).collect()
    };
    tensors.map(|(name, about)| (name, read(&about))).collect()
}

/// Euclid's norm, in double precision.
pub fn norm(values: &[f32]) -> f64 {
    values.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt()
}

/// ‖a − b‖.
pub fn distance(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len(), "lengths differ");
    a.iter().zip(b).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum::<f64>().sqrt()
}

/// The largest difference of a case, gathered so that a failure shows all that is wrong at once.
pub struct Differences {
    case: String,
    found: Vec<(f64, f64, String)>,
}

impl Differences {
    pub fn new(case: impl Into<String>) -> Self {
        Self { case: case.into(), found: vec![] }
    }

    /// ‖a − b‖ / max(‖b‖, floor) against a limit. Not-a-numbers count as infinitely far.
    pub fn add(&mut self, name: impl Into<String>, a: &[f32], b: &[f32], floor: f64, limit: f64) {
        let ratio = distance(a, b) / norm(b).max(floor).max(1e-30);
        self.found.push((if ratio.is_nan() { f64::INFINITY } else { ratio }, limit, name.into()));
    }

    /// The tensors that are too far, worst first.
    pub fn check(mut self) -> Result<(), String> {
        self.found.retain(|(ratio, limit, _)| ratio > limit);
        self.found.sort_by(|a, b| b.0.total_cmp(&a.0));
        let lines: Vec<String> = self
            .found
            .iter()
            .take(8)
            .map(|(ratio, limit, name)| format!("  {name}: {ratio:.1e} > {limit:.0e}"))
            .collect();
        match lines.len() {
            0 => Ok(()),
            _ => Err(format!(
                "{}, {} tensors too far:\n{}",
                self.case,
                self.found.len(),
                lines.join("\n")
            )),
        }
    }
}

/// Panics with all failures.
pub fn all_pass(results: impl IntoIterator<Item = Result<(), String>>) {
    let failures: Vec<String> = results.into_iter().filter_map(Result::err).collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}
