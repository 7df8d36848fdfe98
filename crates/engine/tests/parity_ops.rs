//! Every operation against PyTorch in float64: small networks with odd sizes and channel counts.
//! A tensor may be off by 1e-4 of its norm.

#![allow(clippy::unwrap_used)] // a test may panic

mod common;

use common::{Batch, Differences, all_pass, engine_with, filled, golden, norm, small_graphs, step};
use engine::{Engine, Trained};
use network::{Graph, Role};

const TRAINED: [(&str, Trained); 3] =
    [("all", Trained::All), ("norms", Trained::HeadAndNorms), ("head", Trained::Head)];

/// Compares logits, losses, gradients, and what three steps leave behind.
fn compare(
    name: &str,
    graph: &Graph,
    shape: [usize; 3],
    mode: &str,
    trained: Trained,
) -> Result<(), String> {
    let case = format!("{name}/{mode}");
    let golden = golden("operations.safetensors");
    let expected = |what: &str| golden.get(&format!("{case}/{what}")).map(Vec::as_slice);
    let largest = golden.iter().filter(|(key, _)| key.starts_with(&format!("{case}/gradient")));
    let largest = largest.map(|(_, gradient)| norm(gradient)).fold(0.0, f64::max);

    let mut differences = Differences::new(&case);
    let mut engine = engine_with(graph, &filled(graph, None), trained);
    let batches: Vec<_> = (0..3).map(|step| Batch::new(step, shape, graph)).collect();
    let logits = engine.predict(batches[0].images()).unwrap().logits;
    differences.add("logits", &logits, expected("logits").unwrap(), 0.0, 1e-4);

    let mut losses = vec![];
    for (index, batch) in batches.iter().enumerate() {
        losses.push(engine.gradients(batch.images(), &batch.labels, step(index as u64)).unwrap());
        if index > 0 {
            continue;
        }
        for (parameter, tensor) in graph.parameters().iter().zip(engine.gradient().tensors()) {
            let name = format!("gradient/{}", parameter.name);
            match expected(&name) {
                Some(gradient) => {
                    differences.add(name, &tensor.data, gradient, 1e-2 * largest, 1e-4);
                }
                // not trained, or a running statistic
                None => differences.add(name, &tensor.data, &vec![0.0; parameter.len()], 1.0, 0.0),
            }
        }
    }
    differences.add("losses", &losses, expected("losses").unwrap(), 0.0, 1e-4);
    for (parameter, tensor) in graph.parameters().iter().zip(engine.parameters().tensors()) {
        if matches!(parameter.role, Role::RunningMean | Role::RunningVariance) {
            let name = format!("statistic/{}", parameter.name);
            differences.add(&name, &tensor.data, expected(&name).unwrap(), 0.0, 1e-4);
        }
    }
    let logits = engine.predict(batches[0].images()).unwrap().logits;
    differences.add("logits_after", &logits, expected("logits_after").unwrap(), 0.0, 1e-4);
    differences.check()
}

#[test]
fn small_networks_are_pytorchs() {
    all_pass(small_graphs().iter().flat_map(|(name, graph, shape)| {
        let modes = if graph.cut() == graph.input() { &TRAINED[..1] } else { &TRAINED };
        modes.iter().map(move |&(mode, trained)| compare(name, graph, *shape, mode, trained))
    }));
}
