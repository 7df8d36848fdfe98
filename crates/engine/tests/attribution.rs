//! Where a network looks, against PyTorch's autograd, against slopes, and against a network that
//! has learned something else.

#![allow(clippy::unwrap_used)] // a test may panic

mod common;

use common::{Batch, Differences, all_pass, engine_with, filled, golden, small_graphs, step};
use engine::{Cpu, Engine, EngineError, Trained};
use network::{Architecture, Backbone, Graph, Head, NodeId, Op, Parameters, Tensor};

/// Classes asked about for each picture, as in make.py.
const ASKED: usize = 2;

fn asked(count: usize, classes: usize) -> Vec<usize> {
    (0..count).flat_map(|picture| (0..ASKED).map(move |i| (picture + i) % classes)).collect()
}

/// The maps of a graph's first batch.
fn maps(engine: &mut Cpu, shape: [usize; 3]) -> Vec<f32> {
    let batch = Batch::new(0, shape, engine.graph());
    let classes = asked(shape[0], engine.graph().classes());
    engine.attribute(batch.images(), &classes).unwrap().values
}

fn as_pytorch(case: &str, graph: &Graph, shape: [usize; 3]) -> Result<(), String> {
    as_in("attribution.safetensors", case, graph, shape)
}

fn as_in(file: &str, case: &str, graph: &Graph, shape: [usize; 3]) -> Result<(), String> {
    let mut engine = engine_with(graph, &filled(graph, None), Trained::All);
    let mut differences = Differences::new(case);
    let expected = &golden(file)[case];
    differences.add("maps", &maps(&mut engine, shape), expected, 0.0, 1e-4);
    differences.check()
}

#[test]
fn small_networks_with_a_cut_look_where_pytorch_says() {
    let cut = |(_, graph, _): &(String, Graph, [usize; 3])| graph.cut() != graph.input();
    let graphs: Vec<_> = small_graphs().into_iter().filter(cut).collect();
    assert!(graphs.len() >= 3, "a stem, a basic block, a bottleneck");
    all_pass(graphs.iter().map(|(name, graph, shape)| as_pytorch(name, graph, *shape)));
}

#[test]
fn resnets_with_both_heads_look_where_pytorch_says() {
    let (fastai, linear) = (Head::Fastai { classes: 3 }, Head::Linear { classes: 1000 });
    let cases = [(Backbone::ResNet18, "resnet18"), (Backbone::ResNet50, "resnet50")];
    all_pass(cases.iter().flat_map(|&(backbone, name)| {
        [(fastai, "fastai"), (linear, "linear")].map(|(head, kind)| {
            let graph = Architecture { backbone, head }.graph();
            as_pytorch(&format!("{name}-{kind}"), &graph, [8, 96, 96])
        })
    }));
}

#[test]
fn efficientnet_looks_where_pytorch_says() {
    let (backbone, head) = (Backbone::EfficientNetLite0, Head::Linear { classes: 1000 });
    let graph = Architecture { backbone, head }.graph();
    let case = "efficientnet-lite0-linear/map";
    all_pass([as_in("efficientnet.safetensors", case, &graph, [8, 96, 96])]);
}

/// The channels' weights are slopes: they are found again by moving one channel of the map. A norm
/// stands at the cut, so that its shift moves one channel everywhere alike.
#[test]
fn the_weights_of_channels_are_slopes() {
    let mut graph = Graph::new(3);
    let conv = graph.conv("conv", graph.input(), 0, [6, 3, 2, 1]);
    let norm = graph.norm("norm", conv, 0, 0.0);
    graph.cut_here();
    let pool = graph.add("pool", Op::ConcatPool, &[norm]);
    let inner = graph.norm("inner", pool, 2, 0.0);
    let linear = graph.linear("first", inner, 2, 8, false);
    let relu = graph.add("relu", Op::RELU, &[linear]);
    let after = graph.norm("after", relu, 2, 0.0);
    graph.linear("second", after, 2, 3, false);
    let parameters = filled(&graph, None);
    let mut engine = engine_with(&graph, &parameters, Trained::All);
    let batch = Batch::new(0, [2, 9, 7], &graph);
    let found = engine.attribute(batch.images(), &[2, 1]).unwrap();
    let places = found.height * found.width;
    // The body alone gives the map: its own weights as a head of one channel each.
    let (class, mut sum) = ([2, 1], vec![0.0f64; 2 * places]);
    for channel in 0..6 {
        let moved = |by: f32| {
            let mut values = parameters.clone();
            let at = graph.parameters().iter().position(|p| p.name == "norm.bias").unwrap();
            values.tensor_mut(at).data[channel] += by;
            let mut engine = engine_with(&graph, &values, Trained::All);
            engine.predict(batch.images()).unwrap().logits
        };
        let (up, down) = (moved(1e-2), moved(-1e-2));
        let map = channel_map(&graph, &parameters, &batch, channel);
        for picture in 0..2 {
            let at = picture * 3 + class[picture];
            let slope = f64::from(up[at] - down[at]) / 2e-2;
            for place in 0..places {
                // Moving all places alike gathers their slopes: `places` times their mean.
                sum[picture * places + place] +=
                    slope / places as f64 * f64::from(map[picture * places + place]);
            }
        }
    }
    let sum: Vec<f32> = sum.iter().map(|&x| x as f32).collect();
    let mut differences = Differences::new("slopes");
    differences.add("maps", &found.values, &sum, 0.0, 2e-3);
    all_pass([differences.check()]);
}

/// One channel of the body's map, by a head that weighs that channel alone: the map of a linear
/// head of one class on averages is the weighted sum of channels over the number of places.
fn channel_map(full: &Graph, parameters: &Parameters, batch: &Batch, channel: usize) -> Vec<f32> {
    let mut graph = Graph::new(3);
    let conv = graph.conv("conv", graph.input(), 0, [6, 3, 2, 1]);
    graph.norm("norm", conv, 0, 0.0);
    graph.cut_here();
    let pool = graph.add("pool", Op::AveragePool, &[NodeId(2)]);
    graph.linear("head", pool, 2, 1, false);
    let mut tensors = parameters.tensors()[..5].to_vec();
    let mut head = Tensor::clone(filled(&graph, None).tensors().last().unwrap());
    head.data.iter_mut().enumerate().for_each(|(c, x)| *x = f32::from(u8::from(c == channel)));
    tensors.push(head.into());
    let values = Parameters::new(&graph, tensors).unwrap();
    let mut engine = engine_with(&graph, &values, Trained::All);
    let found = engine.attribute(batch.images(), &[0, 0]).unwrap();
    let places = (found.height * found.width) as f32;
    assert_eq!(full.cut(), graph.cut());
    found.values.iter().map(|x| x * places).collect()
}

/// With a linear head on averages (Zhou et al., arXiv 1512.04150) a map adds up to its logit.
#[test]
fn the_mean_of_a_map_is_the_logit_of_a_linear_head() {
    let head = Head::Linear { classes: 5 };
    let graph = Architecture { backbone: Backbone::Small, head }.graph();
    let parameters = filled(&graph, None);
    let bias = parameters.tensors().last().unwrap().data.clone();
    let mut engine = engine_with(&graph, &parameters, Trained::All);
    let batch = Batch::new(0, [3, 64, 48], &graph);
    let logits = engine.predict(batch.images()).unwrap().logits;
    let classes = asked(3, 5);
    let found = engine.attribute(batch.images(), &classes).unwrap();
    let places = (found.height * found.width) as f32;
    let sums: Vec<f32> = found.each().map(|map| map.iter().sum::<f32>()).collect();
    assert!(places > 1.0);
    for (i, (&class, sum)) in classes.iter().zip(&sums).enumerate() {
        let logit = logits[i / ASKED * 5 + class] - bias[class];
        assert!((logit - sum).abs() <= 1e-4 * logit.abs().max(1.0), "{logit} and {sum}");
    }
}

/// The sanity check of Adebayo et al. (arXiv 1810.03292): what does not change with the network's
/// values says nothing about the network.
#[test]
fn a_network_with_other_values_looks_elsewhere() {
    for head in [Head::Linear { classes: 3 }, Head::Fastai { classes: 3 }] {
        let graph = Architecture { backbone: Backbone::Small, head }.graph();
        let learned = filled(&graph, None);
        let other = Parameters::start(&graph, 7);
        let shape = [4, 96, 96];
        let seen = maps(&mut engine_with(&graph, &learned, Trained::All), shape);
        let first_of_head = graph.groups() - 1;
        for whole in [false, true] {
            let mut values = learned.clone();
            for (at, parameter) in graph.parameters().iter().enumerate() {
                if whole || parameter.group == first_of_head {
                    values.tensor_mut(at).data.clone_from(&other.tensors()[at].data);
                }
            }
            let elsewhere = maps(&mut engine_with(&graph, &values, Trained::All), shape);
            let likeness = correlation(&seen, &elsewhere);
            assert!(likeness.abs() < 0.7, "{head:?}, whole {whole}: {likeness}");
        }
    }
}

fn correlation(a: &[f32], b: &[f32]) -> f64 {
    let mean = |x: &[f32]| x.iter().map(|&x| f64::from(x)).sum::<f64>() / x.len() as f64;
    let (of_a, of_b) = (mean(a), mean(b));
    let dot = |x: &[f32], mx: f64, y: &[f32], my: f64| {
        x.iter().zip(y).map(|(&x, &y)| (f64::from(x) - mx) * (f64::from(y) - my)).sum::<f64>()
    };
    dot(a, of_a, b, of_b) / (dot(a, of_a, a, of_a) * dot(b, of_b, b, of_b)).sqrt()
}

#[test]
fn looking_changes_neither_learning_nor_answers() {
    let head = Head::Fastai { classes: 3 };
    let graph = Architecture { backbone: Backbone::Small, head }.graph();
    let batch = Batch::new(0, [4, 64, 64], &graph);
    let mut engine = engine_with(&graph, &filled(&graph, None), Trained::All);
    engine.gradients(batch.images(), &batch.labels, step(0)).unwrap();
    let (gradient, state) = (engine.gradient(), engine.state());
    let said = engine.predict(batch.images()).unwrap();
    let first = engine.attribute(batch.images(), &[0, 1, 2, 0]).unwrap();
    assert_eq!(engine.attribute(batch.images(), &[0, 1, 2, 0]).unwrap(), first);
    assert_eq!((engine.gradient(), engine.state()), (gradient, state));
    assert_eq!(engine.predict(batch.images()).unwrap(), said);
    // Two classes at once, or one after the other.
    let second = engine.attribute(batch.images(), &[1, 1, 1, 1]).unwrap();
    let both = engine.attribute(batch.images(), &[0, 1, 1, 1, 2, 1, 0, 1]).unwrap();
    let each: Vec<&[f32]> = both.each().collect();
    for (i, (a, b)) in first.each().zip(second.each()).enumerate() {
        assert_eq!((each[2 * i], each[2 * i + 1]), (a, b), "picture {i}");
    }
}

#[test]
fn classes_that_do_not_suit_are_refused() {
    let head = Head::Linear { classes: 3 };
    let graph = Architecture { backbone: Backbone::Small, head }.graph();
    let batch = Batch::new(0, [2, 64, 64], &graph);
    let mut engine = engine_with(&graph, &filled(&graph, None), Trained::All);
    for wrong in [&[0][..], &[0, 1, 2], &[0, 3]] {
        let refused = engine.attribute(batch.images(), wrong);
        assert!(matches!(refused, Err(EngineError::Labels { .. })), "{wrong:?}");
    }
    assert!(engine.attribute(batch.images(), &[]).unwrap().values.is_empty());
}
