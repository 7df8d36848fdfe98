//! Whether it is worth it to train the body too: the fitted head is the start (Kumar et al., arXiv
//! 2202.10054: a probe first, then fine-tuning, spoils less of what the body knows), and the result
//! is kept only if it is better on pictures that neither had seen.

use std::str::FromStr;
use std::time::{Duration, Instant};

use classifier::{Learned, averages as averages_of, evenly};
use engine::{Engine, Images, Step, Trained};
use ground::Stop;
use ground::files::{Disk, FileError};
use ground::progress::Progress;
use insight::{Comparison, Epoch, Finder, HeldOut, Protocol, compare};
use network::Parameters;
use pictures::{Batching, Dataset, Loader, PicturesError, Preprocess, Side};
use serde::{Deserialize, Serialize};

use super::{Auto, AutoError, Fitted, stopped, with_head};
use crate::error::no_such;
use crate::features::{FeaturesError, Table};
use crate::head::{Layers, Samples};
use crate::{
    Checkpoints, CheckpointsLeft, Classic, FineTuning, Observer, Rates, Run, Stage, Sweep,
    TrainingError, TuningPlan, find,
};

/// Epochs of everything learning.
const EPOCHS: usize = 5;
/// Pictures in a step: few, so that few pictures make enough steps.
const BATCH: usize = 16;
/// Batches of the sweep over rates.
const BATCHES: usize = 40;
/// The lowest layers' rate over the head's, as fastai's `fine_tune` has it.
const SPREAD: f32 = 0.01;
/// The head's rates between which the sweep may choose, as a head that is fitted already gives a
/// sweep little to see; and the rate where it sees nothing.
const RATES: (f32, f32, f32) = (1e-5, 5e-5, 1e-4);
/// Pictures that a fold's novelty is measured against at most.
const KNOWN: usize = 2048;
/// What a pass forward costs beside a training step.
const FORWARD: f64 = 0.35;

/// Whether to fine-tune.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FineTune {
    /// Where the time that is granted suffices to try, and keep it if it is better.
    #[default]
    Auto,
    /// Try in every fold, and keep it whatever comes of it.
    Always,
    /// Not at all.
    Never,
}

impl FromStr for FineTune {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "auto" => Ok(Self::Auto),
            "always" => Ok(Self::Always),
            "never" => Ok(Self::Never),
            _ => Err(no_such(name, &["auto", "always", "never"])),
        }
    }
}

/// Fine-tunes a network from the fitted head on, and compares the two out of fold.
pub struct Tuner<'a> {
    /// The recipe.
    pub settings: &'a Auto,
    /// Runs the whole network; holds what [`Fitted::parameters`] gave.
    pub engine: &'a mut dyn Engine,
    /// The pictures. Their sides change while this works, and are as before afterwards.
    pub data: &'a mut Dataset,
    /// How they become input.
    pub preprocess: &'a Preprocess,
    /// Their features.
    pub features: &'a Table,
    /// The head that is to be beaten.
    pub fitted: &'a Fitted,
    /// Where runs put down what they need to go on.
    pub checkpoints: Checkpoints<'a>,
    /// Who hears of the runs.
    pub observer: &'a mut dyn Observer,
    /// Who hears of the rest.
    pub progress: &'a dyn Progress,
    /// A stop that is asked for ends it without a result.
    pub stop: &'a Stop,
}

/// What fine-tuning came to.
#[derive(Clone, Debug)]
pub struct TuningResult {
    /// The two on the same pictures; the fitted head is `a`.
    pub comparison: Comparison,
    /// The sweep over rates.
    pub finder: Finder,
    /// The network that trained on everything, if fine-tuning is to be kept.
    pub kept: Option<FineTuned>,
    /// Checkpoints, to be discarded once the result is saved.
    pub checkpoints: Vec<CheckpointsLeft>,
}

/// A fine-tuned network with what there is to know about it.
#[derive(Clone, Debug)]
pub struct FineTuned {
    /// Its weights.
    pub parameters: Parameters,
    /// The held-out pictures of the record, with the logits of networks like it, and the index of
    /// each in the dataset.
    pub held_out: (Vec<usize>, Vec<HeldOut>),
    /// What new pictures are to be compared with.
    pub reference: Learned,
    /// How its last training went.
    pub history: Vec<Epoch>,
}

/// What the folds have shown so far.
#[derive(Default)]
struct Folds {
    checkpoints: Vec<CheckpointsLeft>,
    /// The fitted head's logits, a row for each held-out picture.
    fitted_logits: Vec<Vec<f32>>,
    /// The held-out pictures' indices in the dataset.
    indices: Vec<usize>,
    /// The same with the fine-tuned networks' logits.
    held_out: Vec<HeldOut>,
}

/// A head that stays with what is known, in words for a sentence.
const FITTED: &str = "the fitted head";
const WHOLE: &str = "the fine-tuned network";

impl Tuner<'_> {
    /// Tries it in as many folds as the time that is granted allows, and trains on all pictures if
    /// it is to be kept. Nothing where the time does not suffice for one fold.
    ///
    /// # Errors
    /// When pictures cannot be read, the loss leaves the range of numbers, or on request.
    pub fn run(mut self) -> Result<Option<TuningResult>, AutoError> {
        let (attempt, suffices) = self.attempt()?;
        if !suffices {
            self.observer.fine_tuning(FineTuning::Skipped { time: attempt.time });
            return Ok(None);
        }
        self.observer.fine_tuning(FineTuning::Begun(attempt));
        let sides: Vec<Side> = self.data.items.iter().map(|item| item.side).collect();
        let tuned = self.compete(attempt);
        self.data.set_sides(&sides);
        tuned.map(Some)
    }

    /// How much can be tried in the time that is granted: at least one fold, and whether the time
    /// suffices for it. A few training steps are done to know how long one takes.
    fn attempt(&mut self) -> Result<(TuningPlan, bool), TrainingError> {
        let learned: Vec<usize> = (0..self.data.items.len()).take(BATCH).collect();
        let batching = Batching { shuffle: false, ..Batching::to_train(BATCH, None, 0) };
        let loader = Loader::new(self.data, learned, self.preprocess, batching);
        let before = self.engine.state();
        self.engine.set_trained(Trained::AllButNorms);
        let mut time = Duration::MAX;
        // The first step is slower, as memory is new.
        for _ in 0..2 {
            loader.epoch(0, |batch| {
                let images = Images {
                    pixels: &batch.pixels,
                    count: batch.count,
                    height: batch.size,
                    width: batch.size,
                };
                let began = Instant::now();
                self.engine.gradients(images, &batch.labels, Step { seed: 0, index: 0 })?;
                time = time.min(began.elapsed() / batch.count.max(1) as u32);
                Ok::<(), TrainingError>(())
            })?;
        }
        self.engine.set_state(&before)?;
        let of = self.folds();
        let pictures = self.data.items.len() as f64;
        let epochs = EPOCHS as f64;
        let sweep = (BATCH * BATCHES) as f64;
        // Each fold trains on the others, then looks at all; the last run trains on everything.
        let fold = pictures * (epochs * (1.0 - 1.0 / of.max(2) as f64) + (epochs + 2.0) * FORWARD);
        let last = pictures * (epochs + 2.0 * FORWARD);
        let total = |folds: usize| time.mul_f64(sweep + last + folds as f64 * fold);
        let granted = self.settings.minutes.map(|minutes| Duration::from_secs_f64(60.0 * minutes));
        let enough = |folds: &usize| granted.is_none_or(|granted| total(*folds) <= granted);
        let folds = (1..=of).rev().find(enough);
        let attempt = |folds| TuningPlan { folds, of, time: total(folds) };
        Ok((attempt(folds.unwrap_or(1)), folds.is_some()))
    }

    fn folds(&self) -> usize {
        match self.fitted.record.protocol {
            Protocol::OutOfFold { folds, .. } => folds,
            _ => 1,
        }
    }

    fn compete(&mut self, attempt: TuningPlan) -> Result<TuningResult, AutoError> {
        let mut folds = Folds::default();
        let mut found = None;
        for fold in 0..attempt.folds {
            found = Some(self.fold(fold, attempt.folds, found, &mut folds)?);
        }
        let Some((finder, rates)) = found else { unreachable!("at least one fold is tried") };
        let Folds { mut checkpoints, fitted_logits, indices, held_out } = folds;
        let logits: Vec<Vec<f32>> = held_out.iter().map(|one| one.logits.clone()).collect();
        let labels: Vec<usize> = held_out.iter().map(|one| one.actual).collect();
        let groups: Vec<usize> = held_out.iter().map(|one| one.group).collect();
        let comparison = compare(FITTED, &fitted_logits, WHOLE, &logits, &labels, &groups);
        let keep = self.settings.fine_tune == FineTune::Always || is_better(&comparison);
        let kept = match keep {
            true => {
                let (better, run) = self.on_all(&rates, (indices, held_out))?;
                checkpoints.push(run);
                Some(better)
            }
            false => None,
        };
        Ok(TuningResult { comparison, finder, kept, checkpoints })
    }

    /// Fine-tunes on all folds but one and has the network predict that one. The rates are those
    /// of the first fold's sweep.
    fn fold(
        &mut self,
        fold: usize,
        of: usize,
        found: Option<(Finder, Rates)>,
        folds: &mut Folds,
    ) -> Result<(Finder, Rates), AutoError> {
        let fitted = self.fitted;
        let both = fitted.held_out.iter().zip(&fitted.record.held_out);
        let (pictures, asked): (Vec<usize>, Vec<&HeldOut>) =
            both.filter(|(_, one)| one.fold == fold).unzip();
        let mut sides = vec![Side::Train; self.data.items.len()];
        pictures.iter().for_each(|&picture| sides[picture] = Side::Valid);
        self.data.set_sides(&sides);
        let learned = self.data.indices(Side::Train);
        self.start_from(&learned)?;
        let (finder, rates) = match found {
            Some(found) => found,
            None => self.find()?,
        };
        self.observer.fine_tuning(FineTuning::Fold { fold: fold + 1, of, rates });
        let run = self.train(&rates, &format!("fold-{}", fold + 1))?;
        folds.checkpoints.push(run.kept);
        let labels: Vec<usize> = learned.iter().map(|&i| self.data.items[i].label).collect();
        let few: Vec<usize> = evenly(&labels).into_iter().map(|at| learned[at]).collect();
        let few: Vec<usize> = few.iter().step_by(few.len().div_ceil(KNOWN)).copied().collect();
        let width = self.features.width();
        let known = Learned::new(&few, width, &self.extract(&few)?);
        let rows = self.extract(&pictures)?;
        let novelties = known.novelties(&rows, |_, _| true);
        let head = Layers::of(fitted.head.head, width, &run.parameters);
        let all: Vec<usize> = (0..pictures.len()).collect();
        let logits = head.logits(&Table::new(width, rows), &all)?;
        for ((before, logits), novelty) in asked.into_iter().zip(logits).zip(novelties) {
            folds.fitted_logits.push(before.logits.clone());
            folds.held_out.push(HeldOut { logits, novelty, ..before.clone() });
        }
        folds.indices.extend(pictures);
        Ok((finder, rates))
    }

    /// Trains on all pictures that are not held out for good.
    fn on_all(
        &mut self,
        rates: &Rates,
        held_out: (Vec<usize>, Vec<HeldOut>),
    ) -> Result<(FineTuned, CheckpointsLeft), AutoError> {
        let out_of_fold = matches!(self.fitted.record.protocol, Protocol::OutOfFold { .. });
        let mut sides: Vec<Side> = vec![Side::Train; self.data.items.len()];
        if !out_of_fold {
            self.fitted.held_out.iter().for_each(|&picture| sides[picture] = Side::Test);
        }
        self.data.set_sides(&sides);
        let learned = self.data.indices(Side::Train);
        self.start_from(&learned)?;
        self.observer.fine_tuning(FineTuning::OnAll { pictures: learned.len() });
        let run = self.train(rates, "all")?;
        let labels: Vec<usize> = learned.iter().map(|&i| self.data.items[i].label).collect();
        let pictures: Vec<usize> = evenly(&labels).into_iter().map(|at| learned[at]).collect();
        let rows = self.extract(&pictures)?;
        let reference = Learned::new(&pictures, self.features.width(), &rows);
        let Run { parameters, history, kept, .. } = run;
        Ok((FineTuned { parameters, held_out, reference, history }, kept))
    }

    /// Puts the head that is fitted on these pictures on the body as it was.
    fn start_from(&mut self, learned: &[usize]) -> Result<(), AutoError> {
        let labels: Vec<usize> = self.data.items.iter().map(|item| item.label).collect();
        let classes = self.data.classes.len();
        let head =
            self.fitted.chosen.fit(Samples::new(self.features, learned, &labels, classes))?;
        let parameters = with_head(self.settings.backbone, &self.fitted.body, &head);
        self.engine.set_parameters(&parameters).map_err(TrainingError::from)?;
        Ok(())
    }

    fn find(&mut self) -> Result<(Finder, Rates), AutoError> {
        let bar = self.progress.begin("Trying rates", Some(BATCHES as u64));
        struct Bar<'b>(&'b dyn ground::progress::Bar);
        impl Observer for Bar<'_> {
            fn rate_tried(&mut self, _: crate::Tried) {
                self.0.advance(1);
            }
        }
        let sweep = Sweep { batches: BATCHES, spread: SPREAD, ..Sweep::of(Stage::Unfrozen) };
        let settings = self.classic(Rates::same(RATES.1));
        let found = find(
            self.engine,
            self.data,
            self.preprocess,
            &settings,
            &sweep,
            &mut Bar(&*bar),
            self.stop,
        )?;
        drop(bar);
        stopped(self.stop)?;
        let rate = found.suggested.unwrap_or(RATES.1).clamp(RATES.0, RATES.2);
        let finite = found.losses.iter().take_while(|loss| loss.is_finite());
        let losses: Vec<f32> = finite.map(|&loss| loss as f32).collect();
        let rates = found.rates[..losses.len()].to_vec();
        let finder = Finder { rates, losses, suggested: found.suggested };
        let lowest = f64::from(rate) * f64::from(SPREAD);
        Ok((finder, Rates::Range(lowest as f32, rate)))
    }

    fn classic(&self, rates: Rates) -> Classic {
        let classes = self.data.classes.len();
        Classic {
            architecture: self.fitted.architecture(self.settings),
            size: self.settings.size,
            frozen_epochs: 0,
            epochs: EPOCHS,
            rates,
            batch: BATCH,
            fixed_norms: true,
            seed: self.settings.seed,
            ..Classic::pretrained(self.settings.backbone, classes)
        }
    }

    fn train(&mut self, rates: &Rates, name: &str) -> Result<Run, AutoError> {
        let folder = self.checkpoints.folder.join(name);
        std::fs::create_dir_all(self.checkpoints.folder)
            .map_err(FileError::at("create", self.checkpoints.folder))?;
        let checkpoints = Checkpoints { folder: &folder, files: &Disk, ..self.checkpoints };
        let settings = self.classic(*rates);
        let run = crate::run(
            self.engine,
            self.data,
            self.preprocess,
            &settings,
            Some(checkpoints),
            self.observer,
            self.stop,
        )?;
        if run.stopped { Err(PicturesError::Stopped.into()) } else { Ok(run) }
    }

    /// The features of pictures, averaged, by the engine's network as it is now.
    fn extract(&mut self, pictures: &[usize]) -> Result<Vec<f32>, AutoError> {
        let views = self.settings.looks();
        let mut rows = Vec::with_capacity(pictures.len() * self.features.width());
        let mut square = vec![0; self.data.size() * self.data.size() * 3];
        let bar = self.progress.begin("Extracting features", Some(pictures.len() as u64));
        for &picture in pictures {
            self.data.read(picture, &mut square)?;
            let seen = classifier::features(self.engine, self.preprocess, &[&square], views)
                .map_err(FeaturesError::from)?;
            rows.extend_from_slice(averages_of(self.fitted.head.head, &seen[0]));
            bar.advance(1);
            stopped(self.stop)?;
        }
        Ok(rows)
    }
}

/// More pictures named right, beyond chance; or as many, and beyond chance more probability for
/// what they are.
fn is_better(comparison: &Comparison) -> bool {
    let surer = comparison.log_loss_difference.high < 0.0;
    comparison.better == Some(true) || (surer && comparison.only_b >= comparison.only_a)
}
