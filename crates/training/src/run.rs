use std::rc::Rc;
use std::time::Instant;

use classifier::{check_classes, loss, ranked};
use engine::{Adam, Engine, EngineError, Images, Step};
use ground::Stop;
use insight::Epoch;
use network::Parameters;
use pictures::{Augment, Batch, Batching, Dataset, Loader, PicturesError, Preprocess, Side};

use crate::classic::{Classic, Keep, Stage};
use crate::error::{NotFinite, TrainingError};
use crate::observer::{Observer, Plan, Progress};
use crate::smooth::Smooth;
use crate::{Movement, OneCycle};

/// What training made.
#[derive(Clone, Debug)]
pub struct Run {
    /// Every finished epoch, in order.
    pub history: Vec<Epoch>,
    /// The weights that were kept. The engine holds them too.
    pub parameters: Parameters,
    /// What the kept weights say of each held-out picture; none before the first epoch is done.
    pub held_out: Vec<HeldOut>,
    /// Whether it ended because it was asked to.
    pub stopped: bool,
    /// Training steps taken.
    pub steps: u64,
}

/// What the network says of a held-out picture.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldOut {
    /// Its index in the dataset.
    pub picture: usize,
    /// One logit a class.
    pub logits: Vec<f32>,
}

/// The network as it was after an epoch.
#[derive(Clone)]
struct Snapshot {
    parameters: Parameters,
    held_out: Vec<HeldOut>,
    /// Errors on the held-out pictures, then their mean loss: what [`Keep::Best`] ranks by.
    score: (usize, f32),
}

/// Why a stage ended before its last step.
enum Cut {
    Stopped,
    Failed(TrainingError),
}

impl From<EngineError> for Cut {
    fn from(error: EngineError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<PicturesError> for Cut {
    fn from(error: PicturesError) -> Self {
        Self::Failed(error.into())
    }
}

/// Adam as fastai sets it, beside what the schedule and the recipe give.
pub(crate) const SQUARE_MOMENTUM: f32 = 0.99;
pub(crate) const EPS: f32 = 1e-5;

/// Trains the network that `engine` holds (pretrained weights are in it already) on a dataset, as
/// the recipe says: the frozen stage, then the unfrozen one, each with a schedule and an optimiser
/// of its own.
///
/// After each batch `stop` is looked at. A run that is stopped keeps what its last finished epoch
/// left; before there is one, its history and its held-out predictions are empty.
///
/// # Errors
/// When there is nothing to train on or the pictures do not suit the network; when the loss is no
/// number any more, with the last weights for which it was.
pub fn run(
    engine: &mut dyn Engine,
    data: &Dataset,
    preprocess: &Preprocess,
    settings: &Classic,
    observer: &mut dyn Observer,
    stop: &Stop,
) -> Result<Run, TrainingError> {
    check_classes(&data.classes).map_err(TrainingError::ClassNames)?;
    let classes = engine.graph().classes();
    if data.classes.len() != classes {
        return Err(TrainingError::Classes { expected: classes, found: data.classes.len() });
    }
    let stages = settings.stages();
    if stages.is_empty() || settings.batch == 0 {
        let epochs = stages.iter().map(|stage| stage.1).sum();
        return Err(TrainingError::NothingToDo { epochs, batch: settings.batch });
    }
    let (learned, held_out) = (data.indices(Side::Train), data.indices(Side::Valid));
    if learned.is_empty() {
        return Err(TrainingError::NoPictures { held_out: held_out.len() });
    }
    let augment = settings.augment.then(Augment::default);
    let to_train = Batching::to_train(settings.batch, augment, settings.seed);
    let to_measure = Batching::to_measure(settings.batch);
    let mut runner = Runner {
        engine,
        settings,
        observer,
        stop,
        pictures: learned.len(),
        held_out: held_out.len(),
        loader: &Loader::new(data, learned, preprocess, to_train),
        measured: &Loader::new(data, held_out, preprocess, to_measure),
        step: 0,
        history: vec![],
        last: None,
        best: None,
    };
    for (stage, epochs, rates) in stages {
        match runner.stage(stage, epochs, &rates.of_groups(runner.engine.graph().groups())) {
            Ok(()) => {}
            Err(Cut::Stopped) => return runner.finish(true),
            Err(Cut::Failed(error)) => return Err(runner.failed(error)),
        }
    }
    runner.finish(false)
}

struct Runner<'a> {
    engine: &'a mut dyn Engine,
    settings: &'a Classic,
    observer: &'a mut dyn Observer,
    stop: &'a Stop,
    /// Pictures that are learned from.
    pictures: usize,
    /// Pictures that are held out.
    held_out: usize,
    /// The former in batches.
    loader: &'a Loader<'a>,
    /// The latter in batches.
    measured: &'a Loader<'a>,
    /// Training steps taken in the whole run.
    step: u64,
    history: Vec<Epoch>,
    last: Option<Rc<Snapshot>>,
    best: Option<Rc<Snapshot>>,
}

impl Runner<'_> {
    fn stage(&mut self, stage: Stage, epochs: usize, max_rates: &[f32]) -> Result<(), Cut> {
        let batches = self.loader.batches();
        let cycle = OneCycle { max_rates: max_rates.to_vec(), steps: epochs * batches };
        let trained = self.settings.trained(stage);
        // The engine forgets the optimiser's state, as fastai does between its stages.
        self.engine.set_trained(trained);
        let plan = Plan {
            stage,
            epochs,
            batches,
            max_rates: max_rates.to_vec(),
            trained,
            pictures: self.pictures,
            held_out: self.held_out,
        };
        let values = self.engine.parameters();
        let movement = Movement::of(self.engine.graph(), &values, trained, &cycle);
        drop(values);
        self.observer.stage_started(&plan, &movement);
        let mut smooth = Smooth::default();
        for epoch in 1..=epochs {
            let started = Instant::now();
            self.learn(&plan, epoch, &cycle, &mut smooth)?;
            let snapshot = self.measure()?;
            let (errors, loss) = snapshot.score;
            let measured = !snapshot.held_out.is_empty();
            let finite = loss.is_finite()
                && snapshot.parameters.first_not_finite(self.engine.graph()).is_none();
            if !finite {
                return Err(not_finite(&plan, epoch, batches + 1, &cycle, loss));
            }
            let row = Epoch {
                stage: stage.to_string(),
                epoch,
                train_loss: smooth.value(),
                valid_loss: measured.then_some(f64::from(loss)),
                errors: measured.then_some((errors, snapshot.held_out.len())),
                seconds: started.elapsed().as_secs_f64(),
            };
            self.observer.epoch_finished(&row);
            self.history.push(row);
            self.keep(snapshot);
        }
        Ok(())
    }

    /// One pass over the pictures that are learned from.
    fn learn(
        &mut self,
        plan: &Plan,
        epoch: usize,
        cycle: &OneCycle,
        smooth: &mut Smooth,
    ) -> Result<(), Cut> {
        let passes = self.history.len() as u64;
        let mut done = 0;
        self.loader.epoch(passes, |batch| {
            let step = Step { seed: self.settings.seed, index: self.step };
            let loss = self.engine.gradients(images(batch), &batch.labels, step)?;
            if !loss.is_finite() {
                return Err(not_finite(plan, epoch, done + 1, cycle, loss));
            }
            self.engine.update(&Adam {
                groups: cycle.at((epoch - 1) * plan.batches + done),
                square_momentum: SQUARE_MOMENTUM,
                eps: EPS,
                weight_decay: self.settings.weight_decay,
            });
            self.step += 1;
            done += 1;
            smooth.take(loss);
            self.observer.batch_done(Progress {
                stage: plan.stage,
                epoch,
                batch: done,
                batches: plan.batches,
                loss: smooth.value(),
            });
            if self.stop.asked() { Err(Cut::Stopped) } else { Ok(()) }
        })
    }

    /// The network as it is, and what it says of the held-out pictures.
    fn measure(&mut self) -> Result<Snapshot, Cut> {
        let mut held_out = vec![];
        let (mut errors, mut sum) = (0, 0.0);
        self.measured.epoch(0, |batch| {
            let outputs = self.engine.predict(images(batch))?;
            let known = batch.pictures.iter().zip(&batch.labels);
            for ((&picture, &label), row) in known.zip(outputs.rows()) {
                errors += usize::from(ranked(row)[0].0 != label);
                sum += f64::from(loss(row, label));
                held_out.push(HeldOut { picture, logits: row.to_vec() });
            }
            if self.stop.asked() { Err(Cut::Stopped) } else { Ok(()) }
        })?;
        let mean = (sum / held_out.len().max(1) as f64) as f32;
        Ok(Snapshot { parameters: self.engine.parameters(), held_out, score: (errors, mean) })
    }

    fn keep(&mut self, snapshot: Snapshot) {
        let snapshot = Rc::new(snapshot);
        // Without held-out pictures all epochs are equal, and the last is the best.
        let better =
            |best: &Rc<Snapshot>| snapshot.score < best.score || snapshot.held_out.is_empty();
        if self.settings.keep == Keep::Best && self.best.as_ref().is_none_or(better) {
            self.best = Some(Rc::clone(&snapshot));
        }
        self.last = Some(snapshot);
    }

    /// Adds to the error what the run has to show for itself.
    fn failed(self, error: TrainingError) -> TrainingError {
        match error {
            TrainingError::NotFinite(mut at) if self.last.is_some() => match self.finish(false) {
                Ok(run) => {
                    at.last_good = Some(run);
                    TrainingError::NotFinite(at)
                }
                Err(error) => error,
            },
            error => error,
        }
    }

    fn finish(mut self, stopped: bool) -> Result<Run, TrainingError> {
        let kept = self.best.take().or_else(|| self.last.clone());
        self.last = None; // so that what is kept has one owner and need not be copied
        let (parameters, held_out) = match kept.map(Rc::unwrap_or_clone) {
            Some(Snapshot { parameters, held_out, .. }) => {
                self.engine.set_parameters(&parameters)?;
                (parameters, held_out)
            }
            None => (self.engine.parameters(), vec![]),
        };
        let (history, steps) = (self.history, self.step);
        Ok(Run { history, parameters, held_out, stopped, steps })
    }
}

fn images(batch: &Batch) -> Images<'_> {
    Images { pixels: &batch.pixels, count: batch.count, height: batch.size, width: batch.size }
}

fn not_finite(plan: &Plan, epoch: usize, batch: usize, cycle: &OneCycle, loss: f32) -> Cut {
    let step = (epoch - 1) * plan.batches + batch - 1;
    let rate = cycle.at(step.min(cycle.steps - 1)).last().map_or(0.0, |group| group.rate);
    let at = NotFinite { stage: plan.stage, epoch, batch, rate, loss, last_good: None };
    Cut::Failed(TrainingError::NotFinite(Box::new(at)))
}
