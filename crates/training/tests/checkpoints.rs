//! Runs that are stopped, killed and continued: the same bits as without a break, and never
//! another run's.
#![allow(clippy::unwrap_used)] // in helpers of tests too

mod common;

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::time::Duration;

use common::{Notes, SIZE, dataset, recipe, tiny_engine};
use engine::{Adam, Cpu, Engine, EngineError, Images, Maps, Outputs, State, Step, Trained};
use ground::files::{Disk, Failing, Files};
use ground::random::{Draws, Purpose};
use ground::{Digest, Stop};
use network::{Graph, Parameters};
use pictures::{Dataset, Preprocess, Side};
use training::{Checkpoints, Classic, Keep, Rates, Run, Stage, TrainingError};

/// Both stages: 2 and 3 epochs of 5 batches, so 25 steps.
fn settings() -> Classic {
    Classic {
        frozen_epochs: 2,
        epochs: 3,
        rates: Rates::Range(1e-3, 3e-2),
        frozen_rates: Rates::same(1e-2),
        keep: Keep::Best,
        ..recipe(3)
    }
}

fn pictures() -> Dataset {
    dataset(3, 43, 11)
}

const STEPS: u64 = 25;

/// The real engine, in which the power fails: at one step, or never.
struct Frail {
    engine: Cpu,
    at: u64,
    with: Fault,
}

#[derive(Clone, Copy, PartialEq)]
enum Fault {
    /// The run ends on the spot, and nobody gets to write a last checkpoint.
    PowerCut,
    Loss(f32),
}

impl Engine for Frail {
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
        match self.with {
            _ if step.index != self.at => Ok(loss),
            Fault::PowerCut => Err(EngineError::State("the power is gone".into())),
            Fault::Loss(loss) => Ok(loss),
        }
    }
    fn update(&mut self, adam: &Adam) {
        self.engine.update(adam);
    }
}

/// One go at a run.
struct Go<'a> {
    folder: &'a Path,
    files: &'a dyn Files,
    data: &'a Dataset,
    settings: Classic,
    /// Of the first weights.
    start: u64,
    program: &'a str,
    fresh: bool,
    every: Duration,
    /// A fault in one step.
    fault: Option<(u64, Fault)>,
    /// Stops after so many batches.
    stop_after: Option<usize>,
}

impl<'a> Go<'a> {
    fn new(folder: &'a Path, data: &'a Dataset) -> Self {
        Self {
            folder,
            files: &Disk,
            data,
            settings: settings(),
            start: 42,
            program: "test",
            fresh: false,
            every: Duration::ZERO,
            fault: None,
            stop_after: None,
        }
    }

    fn run(self) -> (Result<Run, TrainingError>, Notes) {
        let stop = Stop::new();
        let mut notes = Notes {
            stop_after: self.stop_after.map(|count| (count, stop.clone())),
            ..Notes::default()
        };
        let (at, with) = self.fault.unwrap_or((u64::MAX, Fault::PowerCut));
        let mut engine = Frail { engine: tiny_engine(3, self.start), at, with };
        let checkpoints = Checkpoints {
            folder: self.folder,
            every: self.every,
            program: self.program,
            fresh: self.fresh,
            files: self.files,
        };
        let run = training::run(
            &mut engine,
            self.data,
            &Preprocess::square(network::Backbone::ResNet50.preprocessing(), SIZE),
            &self.settings,
            Some(checkpoints),
            &mut notes,
            &stop,
        );
        (run, notes)
    }
}

/// All of a run that must come out the same, to the bit.
fn essence(run: &Run) -> (Vec<Vec<u32>>, Vec<String>, String, u64) {
    let bits = |values: &[f32]| values.iter().map(|x| x.to_bits()).collect();
    let weights = run.parameters.tensors().iter().map(|tensor| bits(&tensor.data)).collect();
    let rows = run
        .history
        .iter()
        .map(|row| format!("{:?}", insight::Epoch { seconds: 0.0, ..row.clone() }));
    (weights, rows.collect(), format!("{:?}", run.held_out), run.steps)
}

fn uninterrupted(data: &Dataset) -> (Run, Notes) {
    let mut engine = tiny_engine(3, 42);
    let mut notes = Notes::default();
    let preprocess = Preprocess::square(network::Backbone::ResNet50.preprocessing(), SIZE);
    let run =
        training::run(&mut engine, data, &preprocess, &settings(), None, &mut notes, &Stop::new());
    (run.unwrap(), notes)
}

#[test]
fn a_run_goes_on_to_the_same_bits_from_wherever_it_was_stopped() {
    let data = pictures();
    let (whole, told) = uninterrupted(&data);
    let rows = whole.history.len();
    for stop_after in 1..=STEPS as usize {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("unfinished");
        let rarely = Duration::from_secs(3600);
        let first = Go { stop_after: Some(stop_after), every: rarely, ..Go::new(&folder, &data) };
        let (run, _) = first.run();
        let run = run.unwrap();
        assert!(run.stopped && run.kept.standing.is_some());
        assert_eq!((run.steps, run.history.len()), (stop_after as u64, (stop_after - 1) / 5));

        let (run, notes) = Go { every: rarely, ..Go::new(&folder, &data) }.run();
        let run = run.unwrap();
        assert!(essence(&run) == essence(&whole), "stopped after {stop_after}");
        assert_eq!(notes.resumed.len(), 1, "stopped after {stop_after}");
        assert_eq!((notes.warnings.len(), notes.epochs.len()), (0, rows));
        // The stages are told as they were, with how far they could move the weights.
        assert_eq!(notes.plans, told.plans, "stopped after {stop_after}");
        assert_eq!(notes.batches.len(), STEPS as usize - stop_after);
        assert!(!run.kept.discard(&Disk).unwrap());
        assert!(!folder.exists());
    }
}

#[test]
fn a_run_that_is_killed_again_and_again_loses_a_step_each_time() {
    let data = pictures();
    let whole = essence(&uninterrupted(&data).0);
    for seed in 0..5 {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("unfinished");
        let mut draws = Draws::new(seed, Purpose::Synthetic, &[]);
        let mut at = 0;
        let run = loop {
            let there = folder.exists();
            // It fails in this step, which the next one has to do again.
            let (run, notes) =
                Go { fault: Some((at, Fault::PowerCut)), ..Go::new(&folder, &data) }.run();
            assert_eq!(notes.resumed.len(), usize::from(there));
            assert_eq!(notes.warnings, [""; 0]);
            match run {
                Ok(run) => break run,
                Err(error) => assert!(error.to_string().contains("the power is gone"), "{error}"),
            }
            at += 1 + draws.below(4) as u64;
        };
        assert!(essence(&run) == whole, "{seed}");
    }
}

#[test]
fn without_a_break_checkpoints_change_nothing() {
    let data = pictures();
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("unfinished");
    let (run, notes) = Go::new(&folder, &data).run();
    let run = run.unwrap();
    assert!(essence(&run) == essence(&uninterrupted(&data).0));
    assert_eq!(notes.resumed, []);
    // Another go has nothing left to do, and says the same.
    let (again, notes) = Go::new(&folder, &data).run();
    assert!(essence(&again.unwrap()) == essence(&run));
    assert_eq!((notes.batches.len(), notes.epochs.len()), (0, 5));
    assert_eq!(notes.resumed[0].to_string(), "the end of the unfrozen stage");
    // A short run with an hour between checkpoints writes none.
    let none = place.path().join("none");
    Go { every: Duration::from_secs(3600), ..Go::new(&none, &data) }.run().0.unwrap();
    assert!(!none.exists());
}

#[test]
fn another_run_is_never_continued() {
    let data = pictures();
    let base = tempfile::tempdir().unwrap();
    let folder = base.path().join("unfinished");
    let stopped = |folder| Go { stop_after: Some(8), ..Go::new(folder, &data) };
    stopped(&folder).run().0.unwrap();
    // One other picture; one label the other way; one picture on the other side.
    let [mut picture, mut label, mut side] = [(); 3].map(|()| pictures());
    picture.items[3].digest = Digest::of(b"another");
    label.items[3].label = 1;
    side.items[3].side = Side::Valid;
    let rarely = Duration::from_secs(3600);
    let go = || Go { every: rarely, ..Go::new(&folder, &data) };
    let others = [
        ("seed", Go { settings: Classic { seed: 43, ..settings() }, ..go() }),
        ("rates", Go { settings: Classic { rates: Rates::same(1e-2), ..settings() }, ..go() }),
        ("pictures", Go { data: &picture, ..go() }),
        ("labels", Go { data: &label, ..go() }),
        ("sides", Go { data: &side, ..go() }),
        ("weights", Go { start: 43, ..go() }),
        ("program", Go { program: "another", ..go() }),
    ];
    for (what, go) in others {
        let (run, notes) = go.run();
        assert_eq!(notes.resumed, [], "{what}");
        let [warning] = &notes.warnings[..] else { panic!("{what}: {:?}", notes.warnings) };
        assert!(warning.contains("unfinished run of other settings"), "{warning}");
        assert!(warning.contains("frozen epoch 2 of 2, after batch 3 of 5"), "{warning}");
        // It was done before its first checkpoint, and leaves the other's alone.
        assert!(run.unwrap().kept.discard(&Disk).unwrap(), "{what}");
    }
    // The first run can still go on.
    let (run, notes) = Go::new(&folder, &data).run();
    assert_eq!((notes.resumed.len(), notes.warnings.len()), (1, 0));
    assert!(essence(&run.unwrap()) == essence(&uninterrupted(&data).0));

    // A checkpoint of another run takes the place of the first one's.
    stopped(&folder).run().0.unwrap();
    let other = Classic { seed: 43, ..settings() };
    Go { settings: other.clone(), stop_after: Some(3), ..Go::new(&folder, &data) }.run().0.unwrap();
    let (_, notes) = Go { settings: other, ..Go::new(&folder, &data) }.run();
    assert_eq!((notes.resumed.len(), notes.warnings.len()), (1, 0));
}

#[test]
fn another_seed_gives_other_bits() {
    let data = pictures();
    let place = tempfile::tempdir().unwrap();
    let run = |seed: u64| {
        let folder = place.path().join(seed.to_string());
        let settings = Classic { seed, ..settings() };
        essence(&Go { settings, ..Go::new(&folder, &data) }.run().0.unwrap()).0
    };
    assert_eq!([42, 43, 44].map(run).into_iter().collect::<BTreeSet<_>>().len(), 3);
    let again = place.path().join("again");
    assert!(essence(&Go::new(&again, &data).run().0.unwrap()).0 == run(42));
}

#[test]
fn a_fresh_start_leaves_what_was_there() {
    let data = pictures();
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("unfinished");
    Go { stop_after: Some(8), ..Go::new(&folder, &data) }.run().0.unwrap();
    let rarely = Duration::from_secs(3600);
    let (run, notes) = Go { fresh: true, every: rarely, ..Go::new(&folder, &data) }.run();
    assert_eq!((notes.resumed.len(), notes.warnings.len(), notes.batches.len()), (0, 0, 25));
    // It is the same run, now finished: nothing is left to continue.
    assert!(!run.unwrap().kept.discard(&Disk).unwrap());
    assert!(!folder.exists());
}

#[test]
fn a_disk_that_fails_never_ends_a_run() {
    let data = pictures();
    let go = |folder: &Path, files: &dyn Files| {
        let short = Classic { frozen_epochs: 1, epochs: 1, batch: 16, ..settings() };
        Go { folder, files, settings: short, ..Go::new(Path::new(""), &data) }.run()
    };
    let place = tempfile::tempdir().unwrap();
    let whole = essence(&go(place.path(), &Disk).0.unwrap());
    // All of the operations where there is time.
    let every = if std::env::var_os("LOOKALIKE_SLOW").is_some() { 1 } else { 7 };
    for n in (0..).step_by(every) {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("unfinished");
        let files = Failing::with(n, io::ErrorKind::StorageFull);
        let (run, notes) = go(&folder, &files);
        assert!(essence(&run.unwrap()) == whole, "operation {n}");
        assert!(notes.warnings.len() <= 1, "operation {n}: {:?}", notes.warnings);
        if !files.has_failed() {
            assert!(n > 100, "{n} operations");
            break;
        }
    }
}

#[test]
fn a_bad_number_keeps_the_last_good_weights() {
    let data = pictures();
    let mut runs = 0;
    for loss in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for at in (0..STEPS).step_by(2) {
            runs += 1;
            let place = tempfile::tempdir().unwrap();
            let folder = place.path().join("unfinished");
            let (run, notes) =
                Go { fault: Some((at, Fault::Loss(loss))), ..Go::new(&folder, &data) }.run();
            let Err(TrainingError::NotFinite(failed)) = run else { panic!("it went on") };
            // In the same step.
            assert_eq!(notes.batches.len() as u64, at);
            let stage = if at < 10 { Stage::Frozen } else { Stage::Unfrozen };
            let (done, before) = (at as usize / 5, if at < 10 { 0 } else { 2 });
            assert_eq!((failed.stage, failed.epoch), (stage, done - before + 1));
            assert_eq!(failed.batch as u64, at % 5 + 1);
            assert_eq!(failed.last_good.is_some(), done > 0);
            if let Some(run) = failed.last_good {
                assert_eq!((run.history.len(), run.held_out.len()), (done, 11));
                let graph = tiny_engine(3, 42).graph().clone();
                assert_eq!(run.parameters.first_not_finite(&graph), None);
            }
            // What it leaves leads to the same end, and can be taken away.
            assert!(!failed.kept.discard(&Disk).unwrap());
            assert!(!folder.exists());
        }
    }
    assert!(runs >= 30, "{runs}");
}
