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
use insight::{Comparison, Epoch, HeldOut, Protocol, compare};
use network::Parameters;
use pictures::{Dataset, PicturesError, Preprocess, Side};
use serde::{Deserialize, Serialize};

use super::{Auto, AutoError, Fitted, stopped, with_head};
use crate::error::no_such;
use crate::features::{FeaturesError, Table};
use crate::head::{Layers, Samples};
use crate::{
    Checkpoints, CheckpointsLeft, Classic, FineTuning, Observer, Rates, Run, TrainingError,
    TuningPlan,
};

/// Epochs of everything learning, norms too.
const EPOCHS: usize = 9;
/// Pictures in a step: enough for the norms' statistics.
const BATCH: usize = 32;
/// The largest learning rate, of all layers: `docs/notes/default-recipe.md` has what was tried.
const RATE: f32 = 6e-4;
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

/// How much can be tried in the time that is granted, of so many folds of so many pictures: at least
/// one fold, though its time may not suffice. The engine takes a few steps, to know how long one
/// takes, and is as before afterwards.
///
/// # Errors
/// When the engine fails.
pub fn plan(
    settings: &Auto,
    engine: &mut dyn Engine,
    pictures: usize,
    of: usize,
    granted: Option<Duration>,
) -> Result<TuningPlan, TrainingError> {
    let time = step_time(settings, engine)?;
    let (pictures, epochs) = (pictures as f64, EPOCHS as f64);
    // Each fold trains on the others, then looks at all; the last run trains on everything.
    let fold = pictures * (epochs * (1.0 - 1.0 / of.max(2) as f64) + (epochs + 2.0) * FORWARD);
    let last = pictures * (epochs + 2.0 * FORWARD);
    let total = |folds: usize| time.mul_f64(last + folds as f64 * fold);
    let enough = |folds: &usize| granted.is_none_or(|granted| total(*folds) <= granted);
    let folds = (1..=of).rev().find(enough).unwrap_or(1);
    let kept_anyway = settings.fine_tune == FineTune::Always;
    Ok(TuningPlan { folds, of, time: total(folds), kept_anyway })
}

/// What a training step takes for each of its pictures.
fn step_time(settings: &Auto, engine: &mut dyn Engine) -> Result<Duration, TrainingError> {
    let before = engine.state();
    engine.set_trained(Trained::All);
    let size = settings.size;
    let pixels = vec![0.0; BATCH * size * size * 3];
    let images = Images { pixels: &pixels, count: BATCH, height: size, width: size };
    let mut time = Duration::MAX;
    // The first step is slower, as memory is new.
    for _ in 0..2 {
        let began = Instant::now();
        engine.gradients(images, &[0; BATCH], Step { seed: 0, index: 0 })?;
        time = time.min(began.elapsed() / BATCH as u32);
    }
    engine.set_state(&before)?;
    Ok(time)
}

impl Tuner<'_> {
    /// Tries it in as many folds as planned, and trains on all pictures if it is to be kept.
    ///
    /// # Errors
    /// When pictures cannot be read, the loss leaves the range of numbers, or on request.
    pub fn run(mut self, plan: TuningPlan) -> Result<TuningResult, AutoError> {
        self.observer.fine_tuning(FineTuning::Begun(plan));
        let sides: Vec<Side> = self.data.items.iter().map(|item| item.side).collect();
        let tuned = self.compete(plan);
        self.data.set_sides(&sides);
        tuned
    }

    fn compete(&mut self, plan: TuningPlan) -> Result<TuningResult, AutoError> {
        let mut folds = Folds::default();
        for fold in 0..plan.folds {
            self.fold(fold, plan.folds, &mut folds)?;
        }
        let Folds { mut checkpoints, fitted_logits, indices, held_out } = folds;
        let logits: Vec<Vec<f32>> = held_out.iter().map(|one| one.logits.clone()).collect();
        let labels: Vec<usize> = held_out.iter().map(|one| one.actual).collect();
        let groups: Vec<usize> = held_out.iter().map(|one| one.group).collect();
        let comparison = compare(FITTED, &fitted_logits, WHOLE, &logits, &labels, &groups);
        let keep = self.settings.fine_tune == FineTune::Always || is_better(&comparison);
        let kept = match keep {
            true => {
                let (better, run) = self.on_all((indices, held_out))?;
                checkpoints.push(run);
                Some(better)
            }
            false => None,
        };
        Ok(TuningResult { comparison, kept, checkpoints })
    }

    /// Fine-tunes on all folds but one and has the network predict that one.
    fn fold(&mut self, fold: usize, of: usize, folds: &mut Folds) -> Result<(), AutoError> {
        let fitted = self.fitted;
        let both = fitted.held_out.iter().zip(&fitted.record.held_out);
        let (pictures, asked): (Vec<usize>, Vec<&HeldOut>) =
            both.filter(|(_, one)| one.fold == fold).unzip();
        // Where a part of the fold is predicted, the others are not trained on either.
        let side = |of: &Option<usize>| if *of == Some(fold) { Side::Test } else { Side::Train };
        let mut sides: Vec<Side> = fitted.fold_of.iter().map(side).collect();
        pictures.iter().for_each(|&picture| sides[picture] = Side::Valid);
        self.data.set_sides(&sides);
        let learned = self.data.indices(Side::Train);
        self.start_from(&learned)?;
        self.observer.fine_tuning(FineTuning::Fold { fold: fold + 1, of });
        let run = self.train(&format!("fold-{}", fold + 1))?;
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
        Ok(())
    }

    /// Trains on all pictures that are not held out for good.
    fn on_all(
        &mut self,
        held_out: (Vec<usize>, Vec<HeldOut>),
    ) -> Result<(FineTuned, CheckpointsLeft), AutoError> {
        let out_of_fold = matches!(self.fitted.record.protocol, Protocol::OutOfFold { .. });
        let kept_out = |of: &Option<usize>| of.is_some() && !out_of_fold;
        let side = |of| if kept_out(of) { Side::Test } else { Side::Train };
        let sides: Vec<Side> = self.fitted.fold_of.iter().map(side).collect();
        self.data.set_sides(&sides);
        let learned = self.data.indices(Side::Train);
        self.start_from(&learned)?;
        self.observer.fine_tuning(FineTuning::OnAll { pictures: learned.len() });
        let run = self.train("all")?;
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

    fn classic(&self) -> Classic {
        let classes = self.data.classes.len();
        Classic {
            architecture: self.fitted.architecture(self.settings),
            size: self.settings.size,
            frozen_epochs: 0,
            epochs: EPOCHS,
            rates: Rates::same(RATE),
            batch: BATCH,
            seed: self.settings.seed,
            ..Classic::pretrained(self.settings.backbone, classes)
        }
    }

    fn train(&mut self, name: &str) -> Result<Run, AutoError> {
        let folder = self.checkpoints.folder.join(name);
        std::fs::create_dir_all(self.checkpoints.folder)
            .map_err(FileError::at("create", self.checkpoints.folder))?;
        let checkpoints = Checkpoints { folder: &folder, files: &Disk, ..self.checkpoints };
        let settings = self.classic();
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
