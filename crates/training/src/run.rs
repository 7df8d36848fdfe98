//! A run of training: epochs of steps, each epoch measured on the held-out pictures, with checkpoints
//! from which it can be resumed to the same bits.

use std::rc::Rc;
use std::time::{Duration, Instant};

use classifier::{check_classes, loss};
use engine::{Adam, Engine, EngineError, GroupRates, Images, State, Step};
use ground::Stop;
use insight::Epoch;
use insight::stats::first_of_largest;
use pictures::{Augment, Batch, Batching, Dataset, Loader, PicturesError, Preprocess, Side};

use crate::checkpoint::{
    Checkpoint, CheckpointWriter, Checkpoints, CheckpointsLeft, Expected, Place, identity,
};
use crate::classic::{Classic, Keep, Stage};
use crate::error::{NotFinite, TrainingError};
use crate::observer::{Observer, Plan, Progress};
use crate::outcome::Run;
use crate::smooth::Smooth;
use crate::snapshot::{HeldOutLogits, Snapshot};
use crate::{Movement, OneCycle, Rates};

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
/// `stop` is checked after each batch. A run that is stopped keeps what its last finished epoch
/// left; before there is one, its history and its held-out predictions are empty.
///
/// With `checkpoints` it saves from time to time, and when it is stopped, what it needs to be
/// resumed. It resumes where it finds a checkpoint of the very same run: same settings, pictures,
/// first weights and program. The result is then, to the bit, the one that it would have had without
/// a break. A checkpoint that cannot be written or read is reported to the observer.
///
/// # Errors
/// When there is nothing to train on or the pictures do not suit the network; when the loss is no
/// number any more, with the last weights for which it was.
pub fn run(
    engine: &mut dyn Engine,
    data: &Dataset,
    preprocess: &Preprocess,
    settings: &Classic,
    checkpoints: Option<Checkpoints<'_>>,
    observer: &mut dyn Observer,
    stop: &Stop,
) -> Result<Run, TrainingError> {
    check(engine, data, settings)?;
    let (stages, held_out) = (settings.stages(), data.indices(Side::Valid));
    let learned = data.indices(Side::Train);
    let pictures = learned.len();
    let augment = settings.augment.then(Augment::default);
    let to_train = Batching::to_train(settings.batch, augment, settings.seed);
    let to_measure = Batching::to_measure(settings.batch);
    let (loader, measured) = (
        &Loader::new(data, learned, preprocess, to_train),
        &Loader::new(data, held_out.clone(), preprocess, to_measure),
    );
    let graph = engine.graph().clone();
    let expected = Expected {
        graph: &graph,
        stages: stages.iter().map(|(stage, epochs, _)| (*stage, *epochs)).collect(),
        batches: loader.batches(),
        held_out: &held_out,
    };
    let (writer, resumed) = match checkpoints {
        Some(how) => {
            let start = engine.parameters();
            let identity = identity(how.program, settings, preprocess, data, &start);
            let (writer, resumed) = CheckpointWriter::open(how, identity, &expected, observer);
            (Some(writer), resumed)
        }
        None => (None, None),
    };
    let mut runner = Runner {
        engine,
        settings,
        observer,
        stop,
        expected,
        pictures,
        loader,
        measured,
        writer,
        place: Place { stage: 0, epoch: 1, batch: 0 },
        resumed: None,
        step: 0,
        smooth: Smooth::default(),
        began: Instant::now(),
        spent: 0.0,
        history: vec![],
        movements: vec![],
        last: None,
        best: None,
    };
    runner.resume(resumed);
    runner.train(stages)
}

/// Whether there is something to train, and it suits the network.
fn check(engine: &dyn Engine, data: &Dataset, settings: &Classic) -> Result<(), TrainingError> {
    check_classes(&data.classes).map_err(TrainingError::ClassNames)?;
    let (expected, found) = (engine.graph().classes(), data.classes.len());
    if found != expected {
        return Err(TrainingError::Classes { expected, found });
    }
    let epochs = settings.stages().iter().map(|stage| stage.1).sum();
    if epochs == 0 || settings.batch == 0 {
        return Err(TrainingError::NothingToDo { epochs, batch: settings.batch });
    }
    match data.indices(Side::Train).is_empty() {
        true => Err(TrainingError::NoPictures { held_out: data.indices(Side::Valid).len() }),
        false => Ok(()),
    }
}

struct Runner<'a> {
    engine: &'a mut dyn Engine,
    settings: &'a Classic,
    observer: &'a mut dyn Observer,
    stop: &'a Stop,
    expected: Expected<'a>,
    /// How many pictures are trained on.
    pictures: usize,
    /// The training pictures in batches.
    loader: &'a Loader<'a>,
    /// The held-out ones in batches.
    measured: &'a Loader<'a>,
    writer: Option<CheckpointWriter<'a>>,
    /// Where it stands.
    place: Place,
    /// Where its stage is to resume from.
    resumed: Option<State>,
    /// Training steps taken in the whole run.
    step: u64,
    /// The training loss of this stage.
    smooth: Smooth,
    /// When this epoch began, or went on.
    began: Instant,
    /// Seconds spent on it before that.
    spent: f64,
    history: Vec<Epoch>,
    /// The movement of each stage that has begun.
    movements: Vec<Movement>,
    last: Option<Rc<Snapshot>>,
    best: Option<Rc<Snapshot>>,
}

impl Runner<'_> {
    /// All stages, to the end or to where the run is cut short.
    fn train(mut self, stages: Vec<(Stage, usize, Rates)>) -> Result<Run, TrainingError> {
        let ended =
            stages.into_iter().enumerate().try_for_each(|(index, (stage, epochs, rates))| {
                let rates = rates.of_groups(self.engine.graph().groups());
                self.stage(index, stage, epochs, &rates)
            });
        match ended {
            Ok(()) => self.finish(false),
            Err(Cut::Stopped) => {
                self.save_checkpoint();
                self.finish(true)
            }
            Err(Cut::Failed(error)) => Err(self.failed(error)),
        }
    }

    /// Restores what a checkpoint holds.
    fn resume(&mut self, from: Option<Checkpoint>) {
        let Some(from) = from else { return };
        (self.place, self.step, self.smooth, self.spent) =
            (from.place, from.step, from.smooth, from.spent);
        (self.history, self.movements) = (from.history, from.movements);
        (self.last, self.best, self.resumed) = (from.last, from.best, Some(from.state));
    }

    fn stage(
        &mut self,
        index: usize,
        stage: Stage,
        epochs: usize,
        max_rates: &[f32],
    ) -> Result<(), Cut> {
        let batches = self.loader.batches();
        let cycle = OneCycle { max_rates: max_rates.to_vec(), steps: epochs * batches };
        let trained = self.settings.trained(stage);
        let plan = Plan {
            stage,
            epochs,
            batches,
            max_rates: max_rates.to_vec(),
            trained,
            pictures: self.pictures,
            held_out: self.expected.held_out.len(),
        };
        if index == self.movements.len() {
            let values = self.engine.parameters();
            self.movements.push(Movement::of(self.engine.graph(), &values, trained, &cycle));
        }
        self.observer.stage_started(&plan, &self.movements[index]);
        // What a run did before the checkpoint is told again.
        let told = self.history.iter().filter(|row| row.stage == stage.to_string());
        told.for_each(|row| self.observer.epoch_finished(row));
        if index < self.place.stage {
            return Ok(());
        }
        // The engine forgets the optimiser's state, as fastai does between its stages.
        self.engine.set_trained(trained);
        match self.resumed.take() {
            Some(state) => {
                self.engine.set_state(&state)?;
                self.observer.resumed(self.expected.standing(self.place));
            }
            None => {
                self.place = Place { stage: index, epoch: 1, batch: 0 };
                self.smooth = Smooth::default();
            }
        }
        while self.place.epoch <= epochs {
            self.began = Instant::now();
            self.learn(&plan, &cycle)?;
            self.end_epoch(&plan, &cycle)?;
        }
        Ok(())
    }

    /// The rest of a pass over the pictures that are trained on.
    fn learn(&mut self, plan: &Plan, cycle: &OneCycle) -> Result<(), Cut> {
        let (passes, epoch) = (self.history.len() as u64, self.place.epoch);
        self.loader.epoch_from(passes, self.place.batch, |batch| {
            let done = self.place.batch;
            let step = Step { seed: self.settings.seed, index: self.step };
            let groups = cycle.at((epoch - 1) * plan.batches + done);
            let decay = self.settings.weight_decay;
            let loss = learn(self.engine, images(batch), &batch.labels, step, groups, decay)?;
            if !loss.is_finite() {
                return Err(not_finite(plan, epoch, done + 1, cycle, loss));
            }
            self.step += 1;
            self.place.batch += 1;
            self.smooth.take(loss);
            self.observer.batch_done(Progress {
                stage: plan.stage,
                epoch,
                batch: self.place.batch,
                batches: plan.batches,
                loss: self.smooth.value(),
            });
            if self.stop.asked() {
                return Err(Cut::Stopped);
            }
            self.save_checkpoint_if_due(Duration::ZERO);
            Ok(())
        })
    }

    /// Ends an epoch: measures it and keeps what it made.
    fn end_epoch(&mut self, plan: &Plan, cycle: &OneCycle) -> Result<(), Cut> {
        let epoch = self.place.epoch;
        let snapshot = self.measure()?;
        let (errors, loss) = snapshot.score;
        let measured = !snapshot.held_out.is_empty();
        let finite =
            loss.is_finite() && snapshot.parameters.first_not_finite(self.engine.graph()).is_none();
        if !finite {
            return Err(not_finite(plan, epoch, plan.batches + 1, cycle, loss));
        }
        let row = Epoch {
            stage: plan.stage.to_string(),
            epoch,
            train_loss: self.smooth.value(),
            valid_loss: measured.then_some(f64::from(loss)),
            errors: measured.then_some((errors, snapshot.held_out.len())),
            seconds: self.spent + self.began.elapsed().as_secs_f64(),
        };
        self.observer.epoch_finished(&row);
        self.history.push(row);
        self.keep(snapshot);
        self.place = Place { epoch: epoch + 1, batch: 0, ..self.place };
        let worked = self.began.elapsed();
        (self.began, self.spent) = (Instant::now(), 0.0);
        self.save_checkpoint_if_due(worked);
        Ok(())
    }

    fn save_checkpoint_if_due(&mut self, worked: Duration) {
        if self.writer.as_ref().is_some_and(|writer| writer.is_due(worked)) {
            self.save_checkpoint();
        }
    }

    /// Writes a checkpoint, where they are wanted.
    fn save_checkpoint(&mut self) {
        let Some(writer) = &mut self.writer else { return };
        let checkpoint = Checkpoint {
            place: self.place,
            step: self.step,
            smooth: self.smooth,
            spent: self.spent + self.began.elapsed().as_secs_f64(),
            history: self.history.clone(),
            movements: self.movements.clone(),
            last: self.last.clone(),
            best: self.best.clone(),
            state: self.engine.state(),
        };
        writer.write(&self.expected, &checkpoint, self.observer);
    }

    /// The network as it is, and what it says of the held-out pictures.
    fn measure(&mut self) -> Result<Snapshot, Cut> {
        let mut held_out = vec![];
        let (mut errors, mut sum) = (0, 0.0);
        self.measured.epoch(0, |batch| {
            let outputs = self.engine.predict(images(batch))?;
            let known = batch.pictures.iter().zip(&batch.labels);
            for ((&picture, &label), row) in known.zip(outputs.rows()) {
                errors += usize::from(first_of_largest(row) != label);
                sum += f64::from(loss(row, label));
                held_out.push(HeldOutLogits { picture, logits: row.to_vec() });
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
            TrainingError::NotFinite(mut at) => {
                at.kept = self.kept();
                if self.last.is_none() {
                    return TrainingError::NotFinite(at);
                }
                match self.finish(false) {
                    Ok(run) => {
                        at.last_good = Some(run);
                        TrainingError::NotFinite(at)
                    }
                    Err(error) => error,
                }
            }
            error => error,
        }
    }

    fn kept(&self) -> CheckpointsLeft {
        self.writer.as_ref().map(CheckpointWriter::kept).unwrap_or_default()
    }

    fn finish(mut self, stopped: bool) -> Result<Run, TrainingError> {
        let kept = self.kept();
        let snapshot = self.best.take().or_else(|| self.last.clone());
        self.last = None; // so that what is kept has one owner and need not be copied
        let (parameters, held_out) = match snapshot.map(Rc::unwrap_or_clone) {
            Some(Snapshot { parameters, held_out, .. }) => {
                self.engine.set_parameters(&parameters)?;
                (parameters, held_out)
            }
            None => (self.engine.parameters(), vec![]),
        };
        let (history, steps) = (self.history, self.step);
        Ok(Run { history, parameters, held_out, stopped, steps, kept })
    }
}

/// One step with fastai's Adam. Returns the loss; where that is not finite, the weights stay as they
/// are.
pub(crate) fn learn(
    engine: &mut dyn Engine,
    images: Images<'_>,
    labels: &[usize],
    step: Step,
    groups: Vec<GroupRates>,
    weight_decay: f32,
) -> Result<f32, EngineError> {
    let loss = engine.gradients(images, labels, step)?;
    if loss.is_finite() {
        let (square_momentum, eps) = (SQUARE_MOMENTUM, EPS);
        engine.update(&Adam { groups, square_momentum, eps, weight_decay });
    }
    Ok(loss)
}

fn images(batch: &Batch) -> Images<'_> {
    Images { pixels: &batch.pixels, count: batch.count, height: batch.size, width: batch.size }
}

fn not_finite(plan: &Plan, epoch: usize, batch: usize, cycle: &OneCycle, loss: f32) -> Cut {
    let step = (epoch - 1) * plan.batches + batch - 1;
    let rate = cycle.at(step.min(cycle.steps - 1)).last().map_or(0.0, |group| group.rate);
    let at = NotFinite {
        stage: plan.stage,
        epoch,
        batch,
        rate,
        loss,
        last_good: None,
        kept: CheckpointsLeft::default(),
    };
    Cut::Failed(TrainingError::NotFinite(Box::new(at)))
}
