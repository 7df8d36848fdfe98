//! What more pictures would gain, possible label errors, shortcuts, and the candidates.

use insight::{Estimate, Insight, Proportion, RunRecord};

use super::gallery::{Picture, of_judged};
use super::{Value, words};
use crate::names::{cut, percent, thousands};
use crate::plot::{Axis, Plot};
use crate::svg;

/// How many possible label errors are shown.
const SUSPECTS: usize = 18;

/// The learning curve.
pub(super) struct More {
    pub(super) sentence: String,
    pub(super) chart: Plot,
}

impl More {
    pub(super) fn of(insight: &Insight) -> Option<Self> {
        let learning = insight.learning.as_ref()?;
        let sizes: Vec<f64> = learning.law.iter().map(|(n, _)| *n as f64).collect();
        let low = learning.law.iter().map(|(_, e)| e.interval.low).fold(1.0, f64::min);
        let lowest = learning.points.iter().map(|(_, e)| e.interval.low).fold(low, f64::min);
        let mut ticks = vec![];
        if let (Some(first), [.., last, doubled]) = (learning.law.first(), &learning.law[..]) {
            ticks = vec![
                (first.0 as f64, thousands(first.0)),
                (last.0 as f64, thousands(last.0)),
                (doubled.0 as f64, thousands(doubled.0)),
            ];
        }
        let each = |all: &[(usize, Estimate)]| -> Vec<(f64, f64)> {
            all.iter().map(|(n, e)| (*n as f64, e.value)).collect()
        };
        let ends = |all: &[(usize, Estimate)]| -> Vec<_> {
            all.iter().map(|(n, e)| (*n as f64, e.interval)).collect()
        };
        let chart = Plot::new(Axis::ratios(&sizes, ticks), Axis::shares(lowest))
            .band("valid", &ends(&learning.law))
            .line("valid", &each(&learning.law))
            .ranges("train", &ends(&learning.points))
            .dots("train", &each(&learning.points))
            .dots("wrong", &each(&learning.law[learning.law.len().saturating_sub(1)..]))
            .done();
        Some(Self { sentence: words(&insight.learning_sentence()), chart })
    }
}

/// A picture whose label may be wrong.
pub(super) struct Doubted {
    pub(super) picture: Picture,
    pub(super) label: usize,
    pub(super) suggested: usize,
    /// The probability of the suggested class.
    pub(super) probability: String,
}

pub(super) fn doubted(insight: &Insight, thumbnails: &[Vec<u8>]) -> Vec<Doubted> {
    let suspects = insight.suspects.pictures.iter().take(SUSPECTS);
    suspects
        .map(|suspect| {
            let judged = &insight.judged[suspect.picture];
            let own = f64::from(judged.probability_of_actual);
            Doubted {
                picture: of_judged(judged, thumbnails),
                label: judged.actual,
                suggested: suspect.suggested,
                probability: percent((own + suspect.margin).clamp(0.0, 1.0)),
            }
        })
        .collect()
}

/// Something to predict the class from, and its accuracy.
pub(super) struct Guess {
    pub(super) name: String,
    pub(super) alarm: bool,
    pub(super) value: Value,
}

/// Accuracy without looking at the content, the classifier itself last; empty if nothing was tried.
pub(super) fn guesses(insight: &Insight) -> Vec<Guess> {
    let guess = |name: String, alarm, right: &Proportion| {
        right.estimate().map(|estimate| Guess { name, alarm, value: Value::of(&estimate) })
    };
    if insight.shortcuts.is_empty() {
        return vec![];
    }
    let always =
        guess("nothing: always the most common class".into(), false, &insight.baseline.accuracy);
    let tried = insight.shortcuts.iter().map(|g| guess(cut(&g.what, 80), g.alarm, &g.right));
    let own = guess("the picture: this classifier".into(), false, &insight.accuracy);
    [always].into_iter().chain(tried).chain([own]).flatten().collect()
}

/// A head that was cross-validated.
pub(super) struct Candidate {
    pub(super) name: String,
    pub(super) log_loss: String,
    /// Its difference to the selected head, on the same pictures.
    pub(super) behind: String,
    pub(super) errors: String,
    pub(super) pictures: String,
    pub(super) chosen: bool,
}

/// The candidates, and comparisons with fine-tuning.
pub(super) struct Tried {
    pub(super) candidates: Vec<Candidate>,
    /// Each comparison in words, and the difference as a whisker.
    pub(super) comparisons: Vec<(String, String)>,
}

impl Tried {
    /// `small`: whether so few pictures were evaluated that differences between heads are noise.
    pub(super) fn of(record: &RunRecord, small: bool) -> Option<Self> {
        let compared = record.candidates.iter().filter(|_| !small);
        let candidates = compared.map(|candidate| Candidate {
            name: cut(&candidate.name, 80),
            log_loss: candidate.told(),
            behind: candidate.told_behind(),
            pictures: thousands(candidate.errors.1),
            errors: Proportion::new(candidate.errors.0, candidate.errors.1).to_string(),
            chosen: candidate.chosen,
        });
        let comparisons = record
            .comparisons
            .iter()
            .map(|c| (words(&c.sentence()), svg::difference(&c.accuracy_difference)));
        let tried = Self { candidates: candidates.collect(), comparisons: comparisons.collect() };
        let any = !(tried.candidates.is_empty() && tried.comparisons.is_empty());
        any.then_some(tried)
    }
}
