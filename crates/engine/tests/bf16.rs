//! Computing in bfloat16 beside computing in `f32`: near in every result, in the same direction in
//! every gradient, as good a teacher, and as independent of the threads.

#![allow(clippy::unwrap_used)] // a test may panic

mod common;

use common::{Batch, distance, engine_with, filled, norm, step, without_dropout};
use engine::{Adam, Cpu, Engine, GroupRates, Trained};
use kernels::{Precision, threads};
use network::{Architecture, Backbone, Graph, Head, Parameters};

fn engine(graph: &Graph, parameters: &Parameters, trained: Trained, precision: Precision) -> Cpu {
    let mut engine = engine_with(graph, parameters, trained);
    engine.set_precision(precision, precision);
    engine
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot: f64 = a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
    dot / (norm(a) * norm(b))
}

/// Logits, loss and gradients of a network whose ReLUs are well away from their corners, so that
/// rounding does not open or shut them. A bfloat16 has 8 bits: a product of two is off by up to
/// 1/256, and a sum of many by less, as errors cancel.
/// fastai's head would not do here: its norms see eight numbers a channel, all nearly the same.
fn compare(backbone: Backbone, last: &str, trained: Trained) {
    let graph = Architecture { backbone, head: Head::Linear { classes: 1000 } }.graph();
    let parameters = filled(&graph, Some(last));
    let batch = Batch::new(0, [8, 96, 96], &graph);
    let mut results = [Precision::Fp32, Precision::Bf16].map(|precision| {
        let mut engine = engine(&graph, &parameters, trained, precision);
        let logits = engine.predict(batch.images()).unwrap().logits;
        let loss = engine.gradients(batch.images(), &batch.labels, step(0)).unwrap();
        (logits, loss, engine.gradient())
    });
    let ((logits, loss, exact), (near_logits, near_loss, near)) = {
        let [exact, near] = &mut results;
        (exact, near)
    };
    let off = distance(near_logits, logits) / norm(logits);
    assert!(off > 0.0 && off < 2e-2, "{backbone}: logits are off by {off}");
    assert!((*near_loss - *loss).abs() < 2e-2 * loss.abs().max(1.0), "{near_loss} for {loss}");
    let largest = exact.tensors().iter().map(|tensor| norm(&tensor.data)).fold(0.0, f64::max);
    for (parameter, (exact, near)) in
        graph.parameters().iter().zip(exact.tensors().iter().zip(near.tensors()))
    {
        let (size, name) = (norm(&exact.data), &parameter.name);
        if size < 1e-3 * largest {
            continue; // the sum of many that cancel
        }
        let along = cosine(&exact.data, &near.data);
        let ratio = norm(&near.data) / size;
        assert!(along > 0.99, "{backbone}, {name}: the cosine is {along}");
        assert!((ratio - 1.0).abs() < 0.05, "{backbone}, {name}: {ratio} of the norm");
    }
}

#[test]
fn whole_networks_are_near_in_all_stages() {
    for trained in [Trained::All, Trained::AllButNorms, Trained::HeadAndNorms, Trained::Head] {
        compare(Backbone::ResNet18, ".bn2", trained);
    }
    compare(Backbone::ResNet50, ".bn3", Trained::All);
}

/// Losses of steps on the same few pictures, which both learn by heart.
#[test]
fn losses_track_each_other() {
    let graph = without_dropout(
        &Architecture { backbone: Backbone::Small, head: Head::Fastai { classes: 4 } }.graph(),
    );
    let start = Parameters::start(&graph, 5);
    let groups = vec![GroupRates { rate: 1e-3, momentum: 0.9 }; graph.groups()];
    let adam = Adam { groups, square_momentum: 0.99, eps: 1e-5, weight_decay: 0.01 };
    let batches: Vec<Batch> = (0..3).map(|at| Batch::new(at, [8, 48, 48], &graph)).collect();
    let losses = [Precision::Fp32, Precision::Bf16].map(|precision| {
        let mut engine = engine(&graph, &start, Trained::All, precision);
        let steps = (0..45).map(|index| {
            let batch = &batches[index % 3];
            let loss = engine.gradients(batch.images(), &batch.labels, step(index as u64));
            engine.update(&adam);
            loss.unwrap()
        });
        steps.collect::<Vec<f32>>()
    });
    let mean = |losses: &[f32]| losses.iter().sum::<f32>() / losses.len() as f32;
    let [exact, near] = &losses;
    assert!(mean(&exact[..3]) > 1.0 && mean(&exact[42..]) < 0.5, "{exact:?}");
    for third in 0..15 {
        let (exact, near) = (mean(&exact[3 * third..][..3]), mean(&near[3 * third..][..3]));
        assert!((exact - near).abs() < 0.1, "steps {}: {near} for {exact}", 3 * third);
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    let graph =
        Architecture { backbone: Backbone::ResNet18, head: Head::Fastai { classes: 3 } }.graph();
    let start = Parameters::start(&graph, 7);
    let batch = Batch::new(0, [5, 64, 64], &graph);
    let bits = |count: usize| {
        threads::with(count, || {
            let mut engine = engine(&graph, &start, Trained::All, Precision::Bf16);
            engine.gradients(batch.images(), &batch.labels, step(0)).unwrap();
            let logits = engine.predict(batch.images()).unwrap().logits;
            let tensors = engine.gradient();
            let all = tensors.tensors().iter().flat_map(|tensor| &tensor.data).chain(&logits);
            all.map(|x| x.to_bits()).collect::<Vec<u32>>()
        })
    };
    let one = bits(1);
    for count in [2, 3, 16] {
        assert!(one == bits(count), "{count} threads");
    }
}
