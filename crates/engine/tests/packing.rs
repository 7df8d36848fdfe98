//! An engine whose weights went straight into packs says what any other says, and refuses what it
//! keeps too little for.

#![allow(clippy::unwrap_used)] // a test may panic

mod common;

use common::{Batch, engine_with, filled, small_graphs, step};
use engine::{Cpu, Engine, EngineError, Packing, Trained};
use ground::Precision;
use network::{Architecture, Backbone, Graph, Head, Op, Parameters, Role, Tensor};

/// Gives the parameters as a file would: norms and biases, then weights, the last first.
fn packed(graph: &Graph, values: &Parameters, size: [usize; 2], precision: Precision) -> Cpu {
    let packing = Packing::new(graph.clone(), size[0], size[1], precision).unwrap();
    let is_weight = |&index: &usize| graph.parameters()[index].role == Role::Weight;
    let (weights, others): (Vec<_>, Vec<_>) =
        (0..graph.parameters().len()).partition(|index| is_weight(index));
    let give = |index: usize| packing.give(index, Tensor::clone(&values.tensors()[index]));
    others.into_iter().for_each(give);
    std::thread::scope(|scope| {
        for weight in weights.into_iter().rev() {
            scope.spawn(move || give(weight));
        }
    });
    packing.finish().unwrap()
}

/// A network whose head begins with a convolution and a norm, as no head of ours does: maps go back
/// through them, so that they cannot be packed as one.
fn deep_head() -> Graph {
    let mut graph = Graph::new(3);
    let body = graph.conv("body", graph.input(), 0, [8, 3, 1, 1]);
    let body = graph.add("seen", Op::RELU, &[body]);
    graph.cut_here();
    let head = graph.conv("head.conv", body, 1, [6, 3, 1, 1]);
    let head = graph.norm("head.norm", head, 1, 0.0);
    let head = graph.add("head.relu", Op::RELU, &[head]);
    let head = graph.add("head.pool", Op::AveragePool, &[head]);
    graph.linear("head.linear", head, 1, 3, true);
    graph
}

fn graphs() -> Vec<(String, Graph, [usize; 3])> {
    let architecture =
        Architecture { backbone: Backbone::ResNet18, head: Head::Fastai { classes: 3 } };
    let mut graphs = small_graphs();
    graphs.push(("a deep head".into(), deep_head(), [2, 12, 9]));
    graphs.push(("resnet18".into(), architecture.graph(), [2, 64, 64]));
    graphs
}

fn bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn packed_weights_give_the_same_bits() {
    for (name, graph, shape) in graphs() {
        let values = filled(&graph, None);
        let batch = Batch::new(0, shape, &graph);
        // The little graphs end where no network of ours does, and are for fp32 alone.
        let both = [Precision::Fp32, Precision::Bf16];
        let precisions = if name == "resnet18" { &both[..] } else { &both[..1] };
        for &precision in precisions {
            let mut whole = engine_with(&graph, &values, Trained::All);
            whole.set_precision(Precision::Fp32, precision);
            let mut alone = packed(&graph, &values, [shape[1], shape[2]], precision);
            let [expected, said] =
                [&mut whole, &mut alone].map(|engine| engine.predict(batch.images()).unwrap());
            assert_eq!(bits(&said.logits), bits(&expected.logits), "{name} {precision}");
            assert_eq!(bits(&said.features), bits(&expected.features), "{name} {precision}");
            // Of maps too, where there is a body to make them of and they are in the same numbers.
            if graph.cut() == graph.input() {
                continue;
            }
            let asked = alone.attribute(batch.images(), &batch.labels);
            if precision == Precision::Fp32 {
                let expected = whole.attribute(batch.images(), &batch.labels).unwrap();
                assert_eq!(bits(&asked.unwrap().values), bits(&expected.values), "{name}");
            } else {
                assert!(matches!(asked, Err(EngineError::Packed { .. })), "{name}");
            }
        }
    }
}

#[test]
fn what_needs_the_weights_themselves_is_refused() {
    let (_, graph, shape) = graphs().pop().unwrap();
    let values = filled(&graph, None);
    let batch = Batch::new(0, shape, &graph);
    let mut engine = packed(&graph, &values, [shape[1], shape[2]], Precision::Fp32);
    let learned = engine.gradients(batch.images(), &batch.labels, step(0));
    let error = learned.unwrap_err().to_string();
    assert!(error.contains("packed for predictions in fp32 can do nothing else"), "{error}");
    engine.set_precision(Precision::Fp32, Precision::Bf16);
    let said = engine.predict(batch.images());
    assert!(matches!(said, Err(EngineError::Packed { kept: Precision::Fp32 })));
    // Given all of them it is an engine like any other.
    engine.set_parameters(&values).unwrap();
    engine.gradients(batch.images(), &batch.labels, step(0)).unwrap();
    engine.predict(batch.images()).unwrap();
}

#[test]
fn a_parameter_that_was_not_given_is_named() {
    let (_, graph, shape) = graphs().pop().unwrap();
    let packing = Packing::new(graph.clone(), shape[1], shape[2], Precision::Fp32).unwrap();
    let error = packing.finish().unwrap_err().to_string();
    assert!(error.contains("`conv1.weight` was not given"), "{error}");
    assert!(Packing::new(graph, 0, 0, Precision::Fp32).is_err());
}
