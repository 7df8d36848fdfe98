//! The rate finder: fastai's `lr_find` (after Smith, arXiv 1506.01186, section 3.3), which tries
//! rates from far too low to far too high on a few batches and looks where the loss falls best.

use engine::{Adam, Engine, GroupRates, Images, Step};
use ground::Stop;
use ground::random::{Draws, Purpose};
use pictures::{Augment, Batching, Dataset, Loader, PicturesError, Preprocess, Side};

use crate::run::{EPS, SQUARE_MOMENTUM};
use crate::smooth::Smooth;
use crate::{Classic, Observer, Rates, Stage, TrainingError};

/// Which rates are tried, and on how much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sweep {
    /// The stage whose rates are wanted: it says what learns.
    pub stage: Stage,
    /// The head's first rate.
    pub from: f32,
    /// The head's rate just after the last batch.
    pub to: f32,
    /// Batches, each with a rate of its own, in equal factors; at least 6, as in fastai.
    pub batches: usize,
    /// The lowest group's rate over the head's, with those between in equal factors; 1 gives all
    /// groups the same rate, as fastai does.
    pub spread: f32,
}

impl Sweep {
    /// fastai's: 100 batches from 1e-7 to 10, all groups alike.
    #[must_use]
    pub fn of(stage: Stage) -> Self {
        Self { stage, from: 1e-7, to: Rates::LARGEST, batches: 100, spread: 1.0 }
    }

    /// The head's rate at a batch, from 0.
    fn rate(&self, batch: usize) -> f32 {
        let (from, to) = (f64::from(self.from), f64::from(self.to));
        (from * (to / from).powf(batch as f64 / self.batches as f64)) as f32
    }
}

/// What a sweep found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The head's rate at each batch.
    pub rates: Vec<f32>,
    /// The smoothed loss after each batch; all but the last are finite.
    pub losses: Vec<f64>,
    /// The head's rate that fastai's `valley` suggests; none where there were too few batches
    /// before the loss ran away, or the sweep was stopped.
    pub suggested: Option<f32>,
    /// How the sweep ended.
    pub ended: Ended,
    /// As in [`Sweep::spread`].
    pub spread: f32,
}

/// How a sweep ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// After the last batch.
    Done,
    /// The smoothed loss exceeded four times its best, or left the range of numbers.
    Diverged,
    /// Stopped on request.
    Stopped,
}

/// A batch of a sweep: its rate and its loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tried {
    /// Batches so far.
    pub batch: usize,
    /// Batches if the loss does not run away.
    pub batches: usize,
    /// The head's rate.
    pub rate: f32,
    /// The smoothed loss.
    pub loss: f64,
}

impl Found {
    /// The suggestion for all groups, with the sweep's spread.
    #[must_use]
    pub fn suggested_rates(&self) -> Option<Rates> {
        self.suggested.map(|rate| Rates::Range(self.spread * rate, rate))
    }
}

/// Momentum during a sweep: fastai's Adam without a schedule.
const MOMENTUM: f32 = 0.9;
/// How many times its best the smoothed loss may become.
const DIVERGED: f64 = 4.0;

/// Where the sweep ends and why.
enum Cut {
    Ended(Ended),
    Failed(TrainingError),
}

impl From<PicturesError> for Cut {
    fn from(error: PicturesError) -> Self {
        Self::Failed(error.into())
    }
}

/// Tries rates on the pictures to train on, with the settings' batches, augmentation and decay.
///
/// The network and the optimiser's state are as before afterwards, whatever happens; what learns
/// stays as the sweep set it, and each stage of [`crate::run`] sets it anew. Batches are drawn
/// under a seed of their own, so that a run draws the same with and without a sweep before it.
///
/// # Errors
/// When there is nothing to train on or the pictures do not suit the network.
pub fn find(
    engine: &mut dyn Engine,
    data: &Dataset,
    preprocess: &Preprocess,
    settings: &Classic,
    sweep: &Sweep,
    observer: &mut dyn Observer,
    stop: &Stop,
) -> Result<Found, TrainingError> {
    let sweep = Sweep { batches: sweep.batches.max(6), ..*sweep };
    let learned = data.indices(Side::Train);
    if learned.is_empty() {
        return Err(TrainingError::NoPictures { held_out: data.indices(Side::Valid).len() });
    }
    if settings.batch == 0 {
        return Err(TrainingError::NothingToDo { epochs: 0, batch: 0 });
    }
    let seed = Draws::new(settings.seed, Purpose::Finder, &[]).bits();
    let augment = settings.augment.then(Augment::default);
    let batching = Batching::to_train(settings.batch, augment, seed);
    let loader = Loader::new(data, learned, preprocess, batching);
    let before = engine.state();
    engine.set_trained(settings.trained(sweep.stage));
    let found = try_rates(engine, &loader, settings, &sweep, seed, observer, stop);
    engine.set_state(&before)?;
    found
}

fn try_rates(
    engine: &mut dyn Engine,
    loader: &Loader<'_>,
    settings: &Classic,
    sweep: &Sweep,
    seed: u64,
    observer: &mut dyn Observer,
    stop: &Stop,
) -> Result<Found, TrainingError> {
    let groups = engine.graph().groups();
    let (mut rates, mut losses) = (vec![], vec![]);
    let (mut smooth, mut best) = (Smooth::default(), f64::INFINITY);
    let mut ended = Ended::Done;
    for epoch in 0.. {
        let pass = loader.epoch(epoch, |batch| {
            let rate = sweep.rate(rates.len());
            let pixels = &batch.pixels;
            let (count, size) = (batch.count, batch.size);
            let images = Images { pixels, count, height: size, width: size };
            let step = Step { seed, index: rates.len() as u64 };
            let loss = engine.gradients(images, &batch.labels, step);
            let loss = loss.map_err(|error| Cut::Failed(error.into()))?;
            smooth.take(loss);
            rates.push(rate);
            losses.push(smooth.value());
            let tried =
                Tried { batch: rates.len(), batches: sweep.batches, rate, loss: smooth.value() };
            observer.rate_tried(tried);
            best = best.min(smooth.value());
            if !loss.is_finite() || smooth.value() > DIVERGED * best {
                return Err(Cut::Ended(Ended::Diverged));
            }
            if rates.len() == sweep.batches {
                return Err(Cut::Ended(Ended::Done));
            }
            if stop.asked() {
                return Err(Cut::Ended(Ended::Stopped));
            }
            let group = |rate| GroupRates { rate, momentum: MOMENTUM };
            let each = Rates::Range(sweep.spread * rate, rate).of_groups(groups);
            engine.update(&Adam {
                groups: each.into_iter().map(group).collect(),
                square_momentum: SQUARE_MOMENTUM,
                eps: EPS,
                weight_decay: settings.weight_decay,
            });
            Ok(())
        });
        match pass {
            Ok(()) => {}
            Err(Cut::Ended(how)) => {
                ended = how;
                break;
            }
            Err(Cut::Failed(error)) => return Err(error),
        }
    }
    let suggested = match ended {
        Ended::Stopped => None,
        Ended::Done | Ended::Diverged => suggest(&rates, &losses, sweep.batches),
    };
    Ok(Found { rates, losses, suggested, ended, spread: sweep.spread })
}

/// fastai's suggestion from a sweep that was to have so many batches: the first tenth and the last
/// five are left out, as is all from the first NaN on. (fastai goes on after a NaN, so that only
/// what follows it would be left out at the end.)
fn suggest(rates: &[f32], losses: &[f64], batches: usize) -> Option<f32> {
    let end = match losses.iter().position(|loss| loss.is_nan()) {
        Some(nan) => nan.min(batches.saturating_sub(5)),
        None => losses.len().saturating_sub(5),
    };
    let start = batches / 10;
    let losses = losses.get(start..end)?;
    valley(losses).map(|index| rates[start + index])
}

/// Where fastai's `valley` points: half way (a third and a sixth, each rounded down) along the
/// longest falling subsequence of the losses, as if it had no gaps and ended where it does. None
/// without losses.
fn valley(losses: &[f64]) -> Option<usize> {
    // The length of the longest falling subsequence that ends at each loss.
    let mut lengths: Vec<usize> = vec![];
    // Where the first of the longest ends.
    let mut end = 0;
    for (index, loss) in losses.iter().enumerate() {
        let before = lengths.iter().zip(losses).filter(|(_, earlier)| loss < earlier);
        let length = 1 + before.map(|(&length, _)| length).max().unwrap_or(0);
        lengths.push(length);
        if length > lengths[end] {
            end = index;
        }
    }
    let (longest, all) = (*lengths.get(end)?, losses.len());
    if longest == 1 {
        return Some(0);
    }
    // fastai counts from one before the first; where that gives −1, Python takes the last.
    Some((all + end - longest + longest / 3 + longest / 6) % all)
}

#[cfg(test)]
mod tests {
    use super::{Sweep, suggest};
    use crate::Stage;

    #[derive(serde::Deserialize)]
    struct Case {
        name: String,
        batches: usize,
        /// `null` where fastai has NaN.
        losses: Vec<Option<f64>>,
        suggested: Option<f64>,
    }

    /// By fastai's formula in Python: see `make_finder.py` there.
    #[test]
    fn suggestions_are_fastais() {
        let golden = include_str!("../tests/golden/finder.json");
        let cases: Vec<Case> = serde_json::from_str(golden).unwrap();
        assert!(cases.len() > 100, "{}", cases.len());
        for Case { name, batches, losses, suggested } in cases {
            let sweep = Sweep { batches, ..Sweep::of(Stage::Unfrozen) };
            let rates: Vec<f32> = (0..losses.len()).map(|batch| sweep.rate(batch)).collect();
            let losses: Vec<f64> = losses.into_iter().map(|x| x.unwrap_or(f64::NAN)).collect();
            let found = suggest(&rates, &losses, batches);
            assert_eq!(found.is_some(), suggested.is_some(), "{name}");
            let (found, suggested) = (found.unwrap_or(1.0), suggested.unwrap_or(1.0));
            assert!(
                (f64::from(found) / suggested - 1.0).abs() < 1e-6,
                "{name}: {found} {suggested}"
            );
        }
    }
}
