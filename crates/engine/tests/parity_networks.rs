//! Whole networks against PyTorch in float64: logits, losses, gradients and running statistics, in
//! each stage of training.
//!
//! With values spread as training leaves them, some of a network's millions of ReLUs open in
//! float32 and not in float64, and gradients then differ by up to 2 % in PyTorch itself: there only
//! their norms are compared, within 5 %. With a filling that keeps each channel's ReLU open or shut
//! (`smooth`) PyTorch's float32 is within 5e-5, and every gradient is held to 1e-4.

#![allow(clippy::unwrap_used)] // a test may panic

mod common;

use common::{Batch, Differences, all_pass, engine_with, filled, golden, step, without_dropout};
use engine::{Engine, Trained};
use network::{Architecture, Backbone, Head, Role};

const SHAPE: [usize; 3] = [8, 96, 96];

/// The file of what PyTorch computed.
fn computed(backbone: Backbone) -> &'static str {
    match backbone {
        Backbone::EfficientNetLite0 | Backbone::EfficientNetLite2 => "efficientnet.safetensors",
        _ => "networks.safetensors",
    }
}
const SKETCH: usize = 64;

/// The norm, and up to 64 of the values; see `sketch` in make.py.
fn sketch(values: &[f32]) -> Vec<f32> {
    let norm = common::norm(values) as f32;
    let chosen = (0..SKETCH).map(|i| values[i * values.len() / SKETCH]);
    let chosen = if values.len() > SKETCH { chosen.collect() } else { values.to_vec() };
    [vec![norm], chosen].concat()
}

fn compare(
    backbone: Backbone,
    head: Head,
    mode: &str,
    trained: Trained,
    smooth: Option<&str>,
) -> Result<(), String> {
    let graph = without_dropout(&Architecture { backbone, head }.graph());
    let kind = match head {
        Head::Fastai { .. } => "fastai",
        Head::Hidden { .. } => "hidden",
        Head::Linear { .. } => "linear",
    };
    let suffix = if smooth.is_some() { "-smooth" } else { "" };
    let case = format!("{backbone}-{kind}/{mode}{suffix}");
    let golden = golden(computed(backbone));
    let expected = |what: &str| golden.get(&format!("{case}/{what}")).map(Vec::as_slice);
    let gradients = golden.iter().filter(|(key, _)| key.starts_with(&format!("{case}/gradient")));
    let largest = gradients.map(|(_, sketch)| f64::from(sketch[0])).fold(0.0, f64::max);

    let mut differences = Differences::new(&case);
    let mut engine = engine_with(&graph, &filled(&graph, smooth), trained);
    let batches: Vec<_> = (0..3).map(|step| Batch::new(step, SHAPE, &graph)).collect();
    let logits = engine.predict(batches[0].images()).unwrap().logits;
    differences.add("logits", &sketch(&logits), expected("logits").unwrap(), 0.0, 1e-4);

    let mut losses = vec![];
    for (index, batch) in batches.iter().enumerate() {
        losses.push(engine.gradients(batch.images(), &batch.labels, step(index as u64)).unwrap());
        if index > 0 {
            continue;
        }
        for (parameter, tensor) in graph.parameters().iter().zip(engine.gradient().tensors()) {
            let name = format!("gradient/{}", parameter.name);
            let Some(gradient) = expected(&name) else {
                differences.add(name, &tensor.data, &vec![0.0; parameter.len()], 1.0, 0.0);
                continue;
            };
            let found = sketch(&tensor.data);
            differences.add(
                format!("norm of {name}"),
                &found[..1],
                &gradient[..1],
                1e-2 * largest,
                if smooth.is_some() { 1e-4 } else { 5e-2 },
            );
            if smooth.is_some() {
                // a sample of a tensor is not its norm: its floor is smaller
                let floor =
                    1e-2 * largest * ((found.len() - 1) as f64 / parameter.len() as f64).sqrt();
                differences.add(name, &found[1..], &gradient[1..], floor, 1e-4);
            }
        }
    }
    differences.add("losses", &sketch(&losses), expected("losses").unwrap(), 0.0, 1e-4);
    for (parameter, tensor) in graph.parameters().iter().zip(engine.parameters().tensors()) {
        if matches!(parameter.role, Role::RunningMean | Role::RunningVariance) {
            let name = format!("statistic/{}", parameter.name);
            differences.add(&name, &sketch(&tensor.data), expected(&name).unwrap(), 0.0, 1e-4);
        }
    }
    let logits = engine.predict(batches[0].images()).unwrap().logits;
    differences.add("logits_after", &sketch(&logits), expected("logits_after").unwrap(), 0.0, 1e-4);
    differences.check()
}

const ALL: (&str, Trained) = ("all", Trained::All);
const NORMS: (&str, Trained) = ("norms", Trained::HeadAndNorms);
const HEAD: (&str, Trained) = ("head", Trained::Head);

/// Compares a network with both fillings; `last` is the norm before each sum.
fn both(backbone: Backbone, head: Head, last: &str, modes: &[(&str, Trained)]) {
    all_pass(modes.iter().flat_map(|&(mode, trained)| {
        [None, Some(last)].map(|smooth| compare(backbone, head, mode, trained, smooth))
    }));
}

const FASTAI: Head = Head::Fastai { classes: 3 };
const LINEAR: Head = Head::Linear { classes: 1000 };

#[test]
fn resnet18_with_fastais_head() {
    both(Backbone::ResNet18, FASTAI, ".bn2", &[ALL, NORMS, HEAD]);
}

#[test]
fn resnet18_whole() {
    both(Backbone::ResNet18, LINEAR, ".bn2", &[ALL, NORMS, HEAD]);
}

#[test]
fn resnet50_with_fastais_head() {
    both(Backbone::ResNet50, FASTAI, ".bn3", &[ALL, NORMS]);
}

#[test]
fn resnet50_whole() {
    both(Backbone::ResNet50, LINEAR, ".bn3", &[ALL, NORMS]);
}

#[test]
fn efficientnet_lite0_whole() {
    let backbone = Backbone::EfficientNetLite0;
    both(backbone, LINEAR, "bn", &[ALL, NORMS]);
    // In eval mode ReLU6 would cut the smooth filling off.
    all_pass([compare(backbone, LINEAR, HEAD.0, HEAD.1, None)]);
}

#[test]
fn efficientnet_lite2_whole() {
    both(Backbone::EfficientNetLite2, LINEAR, "bn", &[ALL]);
}
