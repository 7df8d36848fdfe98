//! Whole runs with the real engine on small drawn sets.
#![allow(clippy::unwrap_used)] // in helpers of tests too

mod common;

use classifier::{Classifier, Explain, Made, Material, Picture, Predictor};
use common::{Notes, SIZE, dataset, engine, recipe, train};
use engine::{Adam, Cpu, Engine, EngineError, Images, Maps, Outputs, State, Step, Trained};
use ground::Stop;
use insight::{HeldOut, Protocol, RunRecord};
use network::{Graph, Parameters, Role};
use pictures::Preprocess;
use std::path::Path;
use training::{Classic, Keep, Rates, Stage, TrainingError};

#[test]
fn a_run_learns_is_saved_and_answers_the_same() {
    let data = dataset(3, 48, 13);
    let recipe = Classic { epochs: 5, ..recipe(3) };
    let (run, mut engine, notes) = train(&data, &recipe).unwrap();

    // 48 pictures in batches of 8, five times over; 13 are measured in batches of 8 and 5.
    assert_eq!((run.steps, run.history.len(), run.held_out.len()), (30, 5, 13));
    assert_eq!(notes.epochs, run.history);
    assert_eq!(notes.batches.len(), 30);
    assert_eq!(run.history[4].stage, "unfrozen");
    assert_eq!(run.history[4].errors, Some((0, 13)), "{:?}", run.history);
    assert!(run.history[4].train_loss < run.history[0].train_loss);
    let odds =
        |h: &training::HeldOutLogits| classifier::softmax(&h.logits)[data.items[h.picture].label];
    let loss = run.held_out.iter().map(|h| -f64::from(odds(h)).ln()).sum::<f64>() / 13.0;
    assert!((loss - run.history[4].valid_loss.unwrap()).abs() < 1e-4);

    let preprocess = Preprocess::square(network::Backbone::ResNet50.preprocessing(), SIZE);
    let indices: Vec<usize> = run.held_out.iter().map(|held_out| held_out.picture).collect();
    let held_out = |held_out: &training::HeldOutLogits| HeldOut {
        actual: data.items[held_out.picture].label,
        logits: held_out.logits.clone(),
        group: held_out.picture,
        ..HeldOut::default()
    };
    let material = Material {
        architecture: recipe.architecture,
        preprocess: preprocess.clone(),
        views: classifier::Views::default(),
        parameters: run.parameters,
        recipe: serde_json::to_value(&recipe).unwrap(),
        made: Made { program: "test".into(), pretrained: None },
        data: &data,
        folder: Path::new("/pictures"),
        record: RunRecord {
            classes: data.classes.clone(),
            protocol: Protocol::HeldOut { share: Some(0.2) },
            held_out: run.held_out.iter().map(held_out).collect(),
            history: run.history,
            ..RunRecord::default()
        },
        held_out: &indices,
        reference: None,
        features: None,
    };
    let built = material.build(&mut engine).unwrap();
    assert_eq!(built.record.samples.len(), 3 * 8);
    assert_eq!(built.record.held_out[0].picture, "0/48.png");
    assert!(built.record.held_out.iter().all(|p| p.thumbnail.is_some()));
    assert_eq!(built.data.count(pictures::Side::Valid), 13);

    // Saved, loaded into a fresh engine, asked about the same pictures as files: the same bits.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("colours.lookalike");
    built.save(&path).unwrap();
    let loaded = Classifier::load(&path).unwrap();
    assert!(loaded.record == built.record && loaded.self_test == built.self_test);
    assert!(loaded.parameters == built.parameters);
    assert!(loaded == built);
    let settings: Classic = serde_json::from_value(loaded.recipe.clone()).unwrap();
    assert_eq!(settings, recipe);
    let mut fresh = Cpu::new(loaded.graph());
    fresh.set_parameters(&loaded.parameters).unwrap();
    assert_eq!(loaded.verify(&mut fresh).unwrap(), 0.0);
    let files: Vec<_> =
        run.held_out.iter().map(|h| draw(&data, h.picture, folder.path())).collect();
    let mut answers = vec![];
    let asked = files.iter().cloned().chain([folder.path().join("missing.png")]);
    let asked = asked.map(|file| (file.clone(), Picture::from(file))).collect::<Vec<_>>();
    let mut predictor = Predictor::new(loaded, fresh).unwrap();
    let told = |file, result| answers.push((file, result));
    predictor.predict(asked, Explain::Nothing, &Stop::new(), told).unwrap();
    assert_eq!(answers.len(), 14);
    for ((answer, held_out), file) in answers.iter().zip(&run.held_out).zip(&files) {
        assert_eq!(&answer.0, file);
        let expected = built.calibration.answer(&held_out.logits, None);
        assert_eq!(answer.1.as_ref().unwrap().answer, expected);
    }
    assert!(answers[13].1.is_err());
    drop(answers);
    let (loaded, mut fresh) = predictor.into_parts();

    // A wrong weight is noticed.
    let mut spoilt = loaded.parameters.clone();
    spoilt.tensor_mut(0).data.iter_mut().for_each(|x| *x = -*x);
    fresh.set_parameters(&spoilt).unwrap();
    let error = loaded.verify(&mut fresh).unwrap_err().to_string();
    assert!(error.contains("the self-test fails"), "{error}");
}

fn draw(data: &pictures::Dataset, picture: usize, folder: &Path) -> std::path::PathBuf {
    let mut pixels = vec![0; SIZE * SIZE * 3];
    data.read(picture, &mut pixels).unwrap();
    let path = folder.join(format!("{picture}.png"));
    image::save_buffer(&path, &pixels, SIZE as u32, SIZE as u32, image::ColorType::Rgb8).unwrap();
    path
}

/// Which roles of the body's parameters differ between two sets of values.
fn moved(graph: &Graph, a: &Parameters, b: &Parameters) -> Vec<Role> {
    let pairs = graph.parameters().iter().zip(a.tensors().iter().zip(b.tensors()));
    let mut roles: Vec<Role> =
        pairs.filter(|(p, (a, b))| p.group < 2 && a.data != b.data).map(|(p, _)| p.role).collect();
    roles.dedup();
    roles.sort_by_key(|role| format!("{role:?}"));
    roles.dedup();
    roles
}

#[test]
fn a_frozen_body_moves_as_fastais_does() {
    let data = dataset(2, 16, 4);
    let frozen = Classic { frozen_epochs: 1, epochs: 0, ..recipe(2) };
    let start = engine(&frozen).parameters();
    let graph = frozen.architecture.graph();

    let (run, _, notes) = train(&data, &frozen).unwrap();
    assert_eq!(notes.plans[0].0.trained, Trained::HeadAndNorms);
    let all = [Role::NormBias, Role::NormWeight, Role::RunningMean, Role::RunningVariance];
    assert_eq!(moved(&graph, &start, &run.parameters), all);

    let (run, _, notes) = train(&data, &Classic { freeze_norms: true, ..frozen }).unwrap();
    assert_eq!(notes.plans[0].0.trained, Trained::Head);
    assert_eq!(moved(&graph, &start, &run.parameters), []);
    assert_ne!(run.parameters, start, "the head moves");
}

#[test]
fn both_stages_have_a_cycle_each() {
    let data = dataset(2, 16, 4);
    let settings = Classic {
        frozen_epochs: 1,
        epochs: 2,
        frozen_rates: Rates::same(1e-3),
        rates: Rates::Range(1e-6, 1e-5),
        ..recipe(2)
    };
    let (run, _, notes) = train(&data, &settings).unwrap();
    let rows: Vec<_> = run.history.iter().map(|e| (e.stage.as_str(), e.epoch)).collect();
    assert_eq!(rows, [("frozen", 1), ("unfrozen", 1), ("unfrozen", 2)]);
    let [(frozen, first), (unfrozen, second)] = &notes.plans[..] else { panic!("two stages") };
    assert_eq!((frozen.epochs, frozen.batches, unfrozen.epochs), (1, 2, 2));
    assert_eq!(unfrozen.max_rates, Rates::Range(1e-6, 1e-5).of_groups(3));
    assert!(second.is_negligible(), "{first} / {second}");
}

#[test]
fn the_same_seed_gives_the_same_bits_and_another_does_not() {
    let data = dataset(2, 16, 4);
    let one = train(&data, &recipe(2)).unwrap().0.parameters;
    assert!(train(&data, &recipe(2)).unwrap().0.parameters == one);
    assert!(train(&data, &Classic { seed: 43, ..recipe(2) }).unwrap().0.parameters != one);
}

#[test]
fn small_and_odd_sets_do_not_crash() {
    // Fewer pictures than a batch; one picture; a last held-out batch of one; nothing held out;
    // many classes.
    for (classes, learned, held_out) in [(2, 5, 2), (2, 1, 1), (2, 9, 9), (2, 8, 0), (1000, 9, 3)] {
        let data = dataset(classes, learned, held_out);
        let (run, ..) = train(&data, &Classic { epochs: 1, ..recipe(classes) }).unwrap();
        assert_eq!((run.steps, run.held_out.len()), (1, held_out), "{classes} {learned}");
        let row = &run.history[0];
        assert_eq!(row.errors.map(|(_, of)| of), (held_out > 0).then_some(held_out));
        assert_eq!(row.valid_loss.is_some(), held_out > 0);
        assert!(row.train_loss.is_finite());
    }
}

#[test]
fn what_cannot_begin_says_why() {
    let words = |data: &pictures::Dataset, settings: &Classic| match train(data, settings) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("it began"),
    };
    let none = words(&dataset(2, 0, 4), &recipe(2));
    assert_eq!(none, "there is no picture to learn from (4 are held out)");
    let classes = words(&dataset(3, 6, 0), &recipe(2));
    assert_eq!(classes, "the pictures have 3 classes and the network has 2");
    let nothing = words(&dataset(2, 4, 0), &Classic { epochs: 0, ..recipe(2) });
    assert!(nothing.contains("0 epochs"), "{nothing}");
    let mut odd = dataset(2, 4, 0);
    odd.classes[1] = odd.classes[0].clone();
    assert!(words(&odd, &recipe(2)).contains("two classes are named"));
}

#[test]
fn a_stop_keeps_the_last_finished_epoch() {
    let data = dataset(2, 16, 4);
    let settings = recipe(2);
    let stopped_after = |batches: usize| {
        let stop = Stop::new();
        let mut notes = Notes { stop_after: Some((batches, stop.clone())), ..Notes::default() };
        let mut engine = engine(&settings);
        let preprocess = Preprocess::square(network::Backbone::ResNet50.preprocessing(), SIZE);
        let run =
            training::run(&mut engine, &data, &preprocess, &settings, None, &mut notes, &stop);
        let run = run.unwrap();
        assert!(run.stopped && run.steps == batches as u64);
        assert!(engine.parameters() == run.parameters);
        run
    };
    let early = stopped_after(1);
    assert!(early.history.is_empty() && early.held_out.is_empty());
    let late = stopped_after(3);
    assert_eq!((late.history.len(), late.held_out.len()), (1, 4));
    // What is kept is what the held-out predictions were made with.
    let mut whole = engine(&settings);
    whole.set_parameters(&late.parameters).unwrap();
    let mut pixels = vec![0; SIZE * SIZE * 3];
    let mut scaled = vec![0.0; SIZE * SIZE * 3];
    data.read(late.held_out[0].picture, &mut pixels).unwrap();
    Preprocess::square(network::Backbone::ResNet50.preprocessing(), SIZE)
        .normalise(&pixels, &mut scaled);
    let one = Images { pixels: &scaled, count: 1, height: SIZE, width: SIZE };
    let row = whole.predict(one).unwrap().logits;
    assert_eq!(row, late.held_out[0].logits);
}

/// The real engine with a fault: the loss of one step is not a number.
struct Faulty {
    engine: Cpu,
    at: u64,
}

impl Engine for Faulty {
    fn graph(&self) -> &Graph {
        self.engine.graph()
    }
    fn parameters(&self) -> Parameters {
        self.engine.parameters()
    }
    fn set_parameters(&mut self, parameters: &Parameters) -> Result<(), EngineError> {
        self.engine.set_parameters(parameters)
    }
    fn state(&self) -> State {
        self.engine.state()
    }
    fn set_state(&mut self, state: &State) -> Result<(), EngineError> {
        self.engine.set_state(state)
    }
    fn set_trained(&mut self, trained: Trained) {
        self.engine.set_trained(trained);
    }
    fn predict(&mut self, images: Images<'_>) -> Result<Outputs, EngineError> {
        self.engine.predict(images)
    }
    fn attribute(&mut self, images: Images<'_>, classes: &[usize]) -> Result<Maps, EngineError> {
        self.engine.attribute(images, classes)
    }
    fn gradients(
        &mut self,
        images: Images<'_>,
        labels: &[usize],
        step: Step,
    ) -> Result<f32, EngineError> {
        let loss = self.engine.gradients(images, labels, step)?;
        Ok(if step.index == self.at { f32::NAN } else { loss })
    }
    fn update(&mut self, adam: &Adam) {
        self.engine.update(adam);
    }
}

#[test]
fn a_loss_that_is_no_number_ends_the_run_with_the_last_good_weights() {
    let data = dataset(2, 16, 4);
    let settings = recipe(2);
    let mut faulty = Faulty { engine: engine(&settings), at: 3 };
    let preprocess = Preprocess::square(network::Backbone::ResNet50.preprocessing(), SIZE);
    let error =
        training::run(&mut faulty, &data, &preprocess, &settings, None, &mut (), &Stop::new())
            .unwrap_err();
    let text = error.to_string();
    assert!(text.contains("became NaN in the unfrozen stage, epoch 2, batch 2"), "{text}");
    assert!(error.help().unwrap().contains("--lr"), "{:?}", error.help());
    let TrainingError::NotFinite(at) = error else { panic!("{error}") };
    assert_eq!((at.stage, at.epoch, at.batch), (Stage::Unfrozen, 2, 2));
    let run = at.last_good.unwrap();
    assert_eq!((run.history.len(), run.held_out.len(), run.stopped), (1, 4, false));
    assert!(run.parameters.first_not_finite(faulty.graph()).is_none());
    assert!(faulty.parameters() == run.parameters);
}

#[test]
fn a_rate_far_too_high_ends_the_run() {
    let data = dataset(2, 16, 4);
    let settings = Classic { rates: Rates::same(1e30), ..recipe(2) };
    let Err(error) = train(&data, &settings) else { panic!("it went on") };
    assert!(matches!(error, TrainingError::NotFinite(_)), "{error}");
}

#[test]
fn the_best_epoch_is_kept_on_request() {
    let data = dataset(2, 16, 6);
    // A last epoch that spoils what the first learned would need luck; so compare by the history.
    let settings = Classic { epochs: 4, keep: Keep::Best, rates: Rates::same(3e-2), ..recipe(2) };
    let (run, ..) = train(&data, &settings).unwrap();
    let score = |e: &insight::Epoch| (e.errors.unwrap().0, e.valid_loss.unwrap());
    let best = run
        .history
        .iter()
        .map(score)
        .fold((usize::MAX, 0.0), |best, score| if score < best { score } else { best });
    let odds =
        |h: &training::HeldOutLogits| classifier::softmax(&h.logits)[data.items[h.picture].label];
    let loss = run.held_out.iter().map(|h| -f64::from(odds(h)).ln()).sum::<f64>() / 6.0;
    assert!((loss - best.1).abs() < 1e-3 * best.1.max(1.0), "{loss} {:?}", run.history);
}
