//! The optimiser: fastai's Adam, its state, and what it leaves alone.

#![allow(clippy::unwrap_used)] // a test may panic

mod common;

use common::{Batch, Differences, all_pass, engine_with, filled, golden, small_graph, step};
use engine::{Adam, Cpu, Engine, GroupRates, Trained};
use network::{Parameters, Role};

const NETWORK: &str = "bottleneck";

/// The schedule of `adam` in make.py at one of its five steps.
fn schedule(index: usize) -> Adam {
    let momentum = 0.95 - 0.02 * index as f64;
    let rates = [1e-3, 3e-3, 1e-2].map(|rate: f64| rate * (index + 1) as f64 / 5.0);
    let group = |rate: f64| GroupRates { rate: rate as f32, momentum: momentum as f32 };
    Adam { groups: rates.map(group).to_vec(), square_momentum: 0.99, eps: 1e-5, weight_decay: 0.01 }
}

fn train(engine: &mut Cpu, shape: [usize; 3], steps: std::ops::Range<usize>) {
    for index in steps {
        let batch = Batch::new(index, shape, engine.graph());
        engine.gradients(batch.images(), &batch.labels, step(index as u64)).unwrap();
        engine.update(&schedule(index));
    }
}

/// What moved; 1e-3, as Adam divides gradients by their size, small ones and their rounding too.
#[test]
fn five_steps_are_fastais() {
    let (graph, shape) = small_graph(NETWORK);
    let start = filled(&graph, None);
    let mut engine = engine_with(&graph, &start, Trained::All);
    train(&mut engine, shape, 0..5);
    let golden = golden("adam.safetensors");
    let mut differences = Differences::new("adam");
    let values = engine.parameters();
    for ((parameter, after), before) in
        graph.parameters().iter().zip(values.tensors()).zip(start.tensors())
    {
        if parameter.role.is_trained() {
            let moved: Vec<f32> = after.data.iter().zip(&before.data).map(|(a, b)| a - b).collect();
            let name = format!("moved/{}", parameter.name);
            differences.add(&name, &moved, &golden[&name], 0.0, 1e-3);
        }
    }
    all_pass([differences.check()]);
}

/// Each value against the formula in double precision, on the engine's own gradients, over both
/// stages: the change of stage forgets moments and step count.
#[test]
fn every_value_follows_the_formula() {
    let (graph, shape) = small_graph(NETWORK);
    let mut engine = engine_with(&graph, &filled(&graph, None), Trained::HeadAndNorms);
    for (stage, steps) in [(Trained::HeadAndNorms, 0..3), (Trained::All, 3..5)] {
        engine.set_trained(stage);
        let mut state: Vec<_> =
            graph.parameters().iter().map(|p| vec![(0.0_f64, 0.0_f64); p.len()]).collect();
        for (count, index) in steps.enumerate() {
            let batch = Batch::new(index, shape, &graph);
            engine.gradients(batch.images(), &batch.labels, step(index as u64)).unwrap();
            let (before, gradient) = (engine.parameters(), engine.gradient());
            let adam = schedule(index);
            engine.update(&adam);
            let after = engine.parameters();
            for (i, parameter) in graph.parameters().iter().enumerate() {
                let body = parameter.group < 2;
                let frozen = stage == Trained::HeadAndNorms && body && !parameter.role.is_norm();
                let rates = adam.groups[parameter.group];
                let (rate, momentum) = (f64::from(rates.rate), f64::from(rates.momentum));
                let decay = if parameter.role == Role::Weight { rate * 0.01 } else { 0.0 };
                let (sq, n) = (f64::from(adam.square_momentum), count as i32 + 1);
                for (j, (m, v)) in state[i].iter_mut().enumerate() {
                    let old = before.tensors()[i].data[j];
                    let new = after.tensors()[i].data[j];
                    if frozen || !parameter.role.is_trained() {
                        assert_eq!(
                            old.to_bits(),
                            new.to_bits(),
                            "{} moved in {stage:?}",
                            parameter.name
                        );
                        continue;
                    }
                    let g = f64::from(gradient.tensors()[i].data[j]);
                    *m = momentum * *m + (1.0 - momentum) * g;
                    *v = sq * *v + (1.0 - sq) * g * g;
                    let root = (*v / (1.0 - sq.powi(n))).sqrt() + f64::from(adam.eps);
                    let expected = f64::from(old) * (1.0 - decay)
                        - rate / (1.0 - momentum.powi(n)) * *m / root;
                    let error = (f64::from(new) - expected).abs();
                    let allowed = 1e-5 * rate + 2e-7 * expected.abs();
                    assert!(
                        error <= allowed,
                        "{}[{j}] at {index}: {new}, not {expected}",
                        parameter.name
                    );
                }
            }
        }
    }
}

/// New values or a new stage: the optimiser remembers nothing.
#[test]
fn state_is_forgotten() {
    let (graph, shape) = small_graph(NETWORK);
    let mut first = engine_with(&graph, &filled(&graph, None), Trained::All);
    train(&mut first, shape, 0..2);
    let after_two = first.parameters();
    first.set_trained(Trained::All);
    train(&mut first, shape, 2..3);

    let mut second = engine_with(&graph, &filled(&graph, None), Trained::All);
    train(&mut second, shape, 0..1);
    second.set_parameters(&after_two).unwrap();
    train(&mut second, shape, 2..3);
    assert_eq!(first.parameters(), second.parameters());

    let mut remembering = engine_with(&graph, &filled(&graph, None), Trained::All);
    train(&mut remembering, shape, 0..3);
    assert_ne!(first.parameters(), remembering.parameters());
}

/// The head alone learns, and the body's statistics stand still.
#[test]
fn a_frozen_body_does_not_move() {
    let (graph, shape) = small_graph(NETWORK);
    let start = filled(&graph, None);
    let mut engine = engine_with(&graph, &start, Trained::Head);
    train(&mut engine, shape, 0..2);
    for (i, parameter) in graph.parameters().iter().enumerate() {
        let same = engine.parameters().tensors()[i] == start.tensors()[i];
        assert_eq!(same, parameter.group < 2, "{}", parameter.name);
    }
}

/// A wrong set of values changes nothing.
#[test]
fn foreign_parameters_are_refused() {
    let (graph, _) = small_graph(NETWORK);
    let mut engine = engine_with(&graph, &filled(&graph, None), Trained::All);
    let (other, _) = small_graph("basic");
    assert!(engine.set_parameters(&Parameters::start(&other, 1)).is_err());
    assert_eq!(engine.parameters(), filled(&graph, None));
}
