//! A state carries a run over: to another engine, to the bit, and nothing odd is taken.

#![allow(clippy::unwrap_used)] // a test may panic

mod common;

use std::collections::BTreeMap;

use common::{Batch, engine_with, small_graphs, step};
use engine::{Adam, Cpu, Engine, GroupRates, State, Trained};
use network::Parameters;

/// Step `index` of a training whose rates and momentum change, as schedules do.
fn learn(engine: &mut Cpu, shape: [usize; 3], index: u64) -> f32 {
    let batch = Batch::new(index as usize, shape, engine.graph());
    let loss = engine.gradients(batch.images(), &batch.labels, step(index)).unwrap();
    let group =
        GroupRates { rate: 1e-3 * (index + 1) as f32, momentum: 0.95 - 0.01 * index as f32 };
    let groups = vec![group; engine.graph().groups()];
    engine.update(&Adam { groups, square_momentum: 0.99, eps: 1e-5, weight_decay: 0.01 });
    loss
}

fn bits(state: &State) -> BTreeMap<&str, Vec<u32>> {
    let bits = |data: &[f32]| data.iter().map(|x| x.to_bits()).collect();
    state.tensors.iter().map(|(name, tensor)| (name.as_str(), bits(&tensor.data))).collect()
}

#[test]
fn another_engine_goes_on_to_the_same_bits() {
    for (name, graph, shape) in small_graphs() {
        for trained in [Trained::All, Trained::AllButNorms, Trained::HeadAndNorms, Trained::Head] {
            let mut whole = engine_with(&graph, &Parameters::start(&graph, 7), trained);
            for index in 0..2 {
                learn(&mut whole, shape, index);
            }
            let state = whole.state();
            assert_eq!(state.steps, 2);
            let mut other = Cpu::new(graph.clone());
            // What it did before must not show.
            other.set_parameters(&Parameters::start(&graph, 8)).unwrap();
            learn(&mut other, shape, 9);
            other.set_trained(trained);
            other.set_state(&state).unwrap();
            assert_eq!(bits(&other.state()), bits(&state), "{name}");
            for index in 2..4 {
                let losses = [&mut whole, &mut other].map(|e| learn(e, shape, index).to_bits());
                assert_eq!(losses[0], losses[1], "{name} {trained:?} {index}");
            }
            assert_eq!(bits(&other.state()), bits(&whole.state()), "{name} {trained:?}");
        }
    }
}

/// Weights are turned for a product only when it asks for them; whether they have been before must not
/// show, neither in what is predicted nor in what is read back.
#[test]
fn weights_that_nothing_has_asked_for_are_the_same_weights() {
    for (name, graph, shape) in small_graphs() {
        let start = Parameters::start(&graph, 7);
        let batch = Batch::new(0, shape, &graph);
        // Others that still wait give way.
        let mut fresh = engine_with(&graph, &Parameters::start(&graph, 8), Trained::All);
        fresh.set_parameters(&start).unwrap();
        let untouched = fresh.state();
        let mut turned = Cpu::new(graph.clone());
        turned.set_state(&untouched).unwrap();
        let logits = [&mut fresh, &mut turned].map(|engine| {
            let said = engine.predict(batch.images()).unwrap();
            said.rows().flatten().map(|x| x.to_bits()).collect::<Vec<_>>()
        });
        assert_eq!(logits[0], logits[1], "{name}");
        assert!(fresh.parameters() == start && turned.parameters() == start, "{name}");
        // Now a step asks for all of them.
        assert_eq!(learn(&mut fresh, shape, 0).to_bits(), learn(&mut turned, shape, 0).to_bits());
        assert_eq!(bits(&fresh.state()), bits(&turned.state()), "{name}");
        fresh.set_parameters(&start).unwrap();
        assert!(fresh.parameters() == start, "{name}: what was learned is gone");
    }
}

#[test]
fn what_has_not_learned_has_no_averages() {
    let (_, graph, shape) = small_graphs().remove(0);
    let mut engine = engine_with(&graph, &Parameters::start(&graph, 7), Trained::Head);
    assert_eq!(engine.state().tensors.len(), graph.parameters().len());
    learn(&mut engine, shape, 0);
    let head = graph.groups() - 1;
    let learned = graph.parameters().iter().filter(|p| p.group == head && p.role.is_trained());
    assert_eq!(engine.state().tensors.len(), graph.parameters().len() + 2 * learned.count());
}

#[test]
fn a_state_that_does_not_fit_is_refused_and_changes_nothing() {
    let (_, graph, shape) = small_graphs().remove(0);
    let mut engine = engine_with(&graph, &Parameters::start(&graph, 7), Trained::All);
    learn(&mut engine, shape, 0);
    let good = engine.state();
    let of = |name: &str| good.tensors.keys().find(|key| key.starts_with(name)).unwrap().clone();
    let (mean, plain) = (of("adam.mean."), graph.parameters()[0].name.clone());
    let strange = |s: &mut State| drop(s.tensors.insert("x".into(), good.tensors[&plain].clone()));
    type Spoil<'a> = &'a dyn Fn(&mut State);
    let cases: [(&str, Spoil<'_>); 5] = [
        ("is missing", &|s| drop(s.tensors.remove(&plain))),
        ("one of two averages", &|s| drop(s.tensors.remove(&mean))),
        ("instead of", &|s| s.tensors.get_mut(&plain).unwrap().shape.push(1)),
        ("belong to nothing", &strange),
        ("too many", &|s| s.steps = u32::MAX),
    ];
    for (words, spoil) in cases {
        let mut state = good.clone();
        spoil(&mut state);
        let error = engine.set_state(&state).unwrap_err().to_string();
        assert!(error.contains(words), "{words}: {error}");
        assert_eq!(bits(&engine.state()), bits(&good), "{words}");
    }
}
