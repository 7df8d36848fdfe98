//! The rate finder on the real engine.
#![allow(clippy::unwrap_used)] // in helpers of tests too

mod common;

use common::{SIZE, dataset, engine, recipe, train};
use engine::{Adam, Cpu, Engine, GroupRates, Images, Step};
use ground::Stop;
use pictures::{Dataset, Preprocess};
use training::{Classic, Ended, Found, Observer, Rates, Stage, Sweep, Tried, find};

/// Notes what it hears and asks for a stop after so many batches.
#[derive(Default)]
struct Ear {
    tried: Vec<Tried>,
    stop_after: usize,
    stop: Stop,
}

impl Observer for Ear {
    fn rate_tried(&mut self, tried: Tried) {
        self.tried.push(tried);
        if self.tried.len() == self.stop_after {
            self.stop.ask();
        }
    }
}

fn sweep(
    engine: &mut Cpu,
    data: &Dataset,
    recipe: &Classic,
    sweep: &Sweep,
    ear: &mut Ear,
) -> Found {
    let stop = ear.stop.clone();
    find(
        engine,
        data,
        &Preprocess::square(network::Backbone::ResNet50.preprocessing(), SIZE),
        recipe,
        sweep,
        ear,
        &stop,
    )
    .unwrap()
}

#[test]
fn a_rate_is_found_that_teaches() {
    let data = dataset(3, 48, 12);
    let recipe = Classic { epochs: 3, ..recipe(3) };
    let mut ear = Ear::default();
    let mut engine = engine(&recipe);
    let found = sweep(&mut engine, &data, &recipe, &Sweep::of(Stage::Unfrozen), &mut ear);
    assert_eq!((found.rates[0], found.rates.len()), (1e-7, found.losses.len()));
    assert_eq!(ear.tried.len(), found.rates.len());
    assert_eq!((ear.tried[0].batch, ear.tried[0].batches), (1, 100));
    let rate = found.suggested.unwrap();
    assert!((1e-5..0.1).contains(&rate), "{rate}");
    let last = |rates| {
        let (run, ..) = train(&data, &Classic { rates, ..recipe.clone() }).unwrap();
        run.history[2].train_loss
    };
    let (taught, idle) = (last(Rates::same(rate)), last(Rates::same(1e-7)));
    assert!(taught < 0.8 * idle, "{taught} {idle}");
}

#[test]
fn nothing_is_left_of_a_sweep() {
    let data = dataset(2, 16, 4);
    let recipe = recipe(2);
    let mut engine = engine(&recipe);
    let few = Sweep { batches: 20, ..Sweep::of(Stage::Unfrozen) };
    // With something in the optimiser's memory.
    let gray = vec![0.3; 2 * SIZE * SIZE * 3];
    let images = Images { pixels: &gray, count: 2, height: SIZE, width: SIZE };
    engine.gradients(images, &[0, 1], Step { seed: 1, index: 0 }).unwrap();
    let groups = vec![GroupRates { rate: 0.0, momentum: 0.9 }; engine.graph().groups()];
    engine.update(&Adam { groups, square_momentum: 0.99, eps: 1e-5, weight_decay: 0.0 });
    let before = engine.state();
    assert_eq!(before.steps, 1);
    for stop_after in [0, 3] {
        let mut ear = Ear { stop_after, ..Ear::default() };
        let found = sweep(&mut engine, &data, &recipe, &few, &mut ear);
        assert_eq!(found.ended == Ended::Stopped, stop_after > 0);
        assert_eq!(found.suggested.is_some(), stop_after == 0);
        assert!(engine.state() == before);
    }
    // A run after it gives the bits of a run without it.
    let plain = train(&data, &recipe).unwrap().0.parameters;
    engine.set_parameters(&common::engine(&recipe).parameters()).unwrap();
    sweep(&mut engine, &data, &recipe, &few, &mut Ear::default());
    let preprocess = Preprocess::square(network::Backbone::ResNet50.preprocessing(), SIZE);
    let run = training::run(&mut engine, &data, &preprocess, &recipe, None, &mut (), &Stop::new());
    assert!(run.unwrap().parameters == plain);
}

#[test]
fn a_sweep_ends_where_the_loss_runs_away() {
    let data = dataset(2, 16, 4);
    let recipe = recipe(2);
    let wild = Sweep { from: 1e-3, to: 1e30, ..Sweep::of(Stage::Unfrozen) };
    let mut engine = engine(&recipe);
    let found = sweep(&mut engine, &data, &recipe, &wild, &mut Ear::default());
    assert_eq!(found.ended, Ended::Diverged);
    assert!(found.rates.len() < 100);
    let (last, before) = found.losses.split_last().unwrap();
    let best = before.iter().copied().fold(f64::INFINITY, f64::min);
    assert!(!last.is_finite() || *last > 4.0 * best, "{last} {best}");
    assert!(engine.parameters().first_not_finite(engine.graph()).is_none());
}

#[test]
fn spread_reaches_the_lower_groups() {
    let found = Found {
        rates: vec![],
        losses: vec![],
        suggested: Some(1e-2),
        ended: Ended::Done,
        spread: 0.01,
    };
    let [low, _, head] = found.suggested_rates().unwrap().of_groups(3)[..] else { panic!() };
    assert!((low / 1e-4 - 1.0).abs() < 1e-5 && head == 1e-2, "{low} {head}");
    // And the sweep itself: the body of one with a tiny spread hardly learns, so losses differ.
    let data = dataset(2, 16, 4);
    let recipe = recipe(2);
    let losses = |spread| {
        let how = Sweep { batches: 20, spread, ..Sweep::of(Stage::Unfrozen) };
        sweep(&mut engine(&recipe), &data, &recipe, &how, &mut Ear::default()).losses
    };
    assert_ne!(losses(1.0), losses(1e-6));
    assert_eq!(losses(1.0), losses(1.0));
}

#[test]
fn without_pictures_it_says_so() {
    let data = dataset(2, 0, 4);
    let recipe = recipe(2);
    let sweep = Sweep::of(Stage::Unfrozen);
    let preprocess = Preprocess::square(network::Backbone::ResNet50.preprocessing(), SIZE);
    let mut engine = engine(&recipe);
    let error = find(&mut engine, &data, &preprocess, &recipe, &sweep, &mut (), &Stop::new());
    assert!(error.unwrap_err().to_string().contains("no picture to learn from"));
}
