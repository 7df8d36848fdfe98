//! What follows from record.

mod answers;
mod confusion;
mod fixed;
mod judged;
mod learning;
mod suspects;

use serde::Serialize;

pub use self::answers::{Answers, Selected};
pub use self::confusion::{ClassScores, Confused, Confusion};
pub use self::fixed::FixedLabels;
pub use self::judged::Judged;
pub use self::learning::Learning;
pub use self::suspects::{Suspect, Suspects, suspects};
use crate::calibration::{Calibration, Scaling, usable};
use crate::folds;
use crate::labels::labels;
use crate::record::{Candidate, HeldOut, Map, Protocol, Reasons, RunRecord};
use crate::stats::first_of_largest;
use crate::stats::{self, Estimate, Proportion, Reliability, Units};

/// What follows from a record: every score with its range. Whatever scores a picture was fitted on
/// others.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Insight {
    /// Names of the classes, as the data has them.
    pub classes: Vec<String>,
    /// The same as people read them; see [`labels`].
    pub labels: Vec<String>,
    /// How the predictions came about.
    pub protocol: Protocol,
    /// How many pictures were named right.
    pub accuracy: Proportion,
    /// How many were not.
    pub error_rate: Proportion,
    /// What always answering the most common class would reach.
    pub baseline: Baseline,
    /// Mean of −ln of the calibrated probability of the actual class, in nats a picture; `None`
    /// without predictions.
    pub log_loss: Option<Estimate>,
    /// Mean F1 of the classes.
    pub macro_f1: Option<Estimate>,
    /// Mean area under the ROC curve of each class against the others; 0.5 is chance.
    pub auroc: Option<Estimate>,
    /// Who was taken for whom.
    pub confusion: Confusion,
    /// Pairs that were confused, most often first.
    pub most_confused: Vec<Confused>,
    /// Scores of each class.
    pub per_class: Vec<ClassScores>,
    /// Whether probabilities mean what they say; `None` without predictions.
    pub calibrated: Option<Calibrated>,
    /// How pictures are answered, and how often that holds; `None` without predictions.
    pub answers: Option<Answers>,
    /// The accuracy on the surest pictures, the fewest first.
    pub selected: Vec<Selected>,
    /// What more pictures would bring, where a curve was measured.
    pub learning: Option<Learning>,
    /// Heads that competed.
    pub candidates: Vec<Candidate>,
    /// What a table of fixes did to labels and scores, where one was used.
    pub fixed: Option<FixedLabels>,
    /// Labels that may be wrong; none if the classifier is not better than always naming the most
    /// common class.
    pub suspects: Suspects,
    /// What can be guessed without looking at what a picture shows.
    pub shortcuts: Vec<Guessed>,
    /// Every picture that was judged, in the order of the record.
    pub judged: Vec<Judged>,
    /// Whose reasons their heat shows.
    pub reasons: Option<Reasons>,
    /// What their places are on.
    pub map: Option<Map>,
}

/// The score of an answer that looks at no picture.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Baseline {
    /// The class with most held-out pictures (the first of equals).
    pub class: usize,
    /// How often naming it is right.
    pub accuracy: Proportion,
}

/// Probabilities before and after calibration.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Calibrated {
    /// What calibrates, fitted on all pictures, as it is saved.
    pub scaling: Scaling,
    /// The network's own.
    pub before: Reliability,
    /// Each calibrated by pictures of other folds.
    pub after: Reliability,
    /// The log-loss before.
    pub log_loss_before: Estimate,
}

/// What something beside the point predicts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Guessed {
    /// What it is, as it stands in a sentence.
    pub what: String,
    /// How many pictures it alone names right.
    pub right: Proportion,
    /// Whether that is far above chance: its whole interval lies more than [`ALARM`] above the
    /// share of the most common class.
    pub alarm: bool,
}

/// By how much accuracy a shortcut must exceed the most common class's share to raise an alarm.
pub const ALARM: f64 = 0.1;

impl Insight {
    /// Draws the conclusions. Predictions that do not fit the classes are passed over; record
    /// from a file should have gone through [`RunRecord::check`].
    #[must_use]
    pub fn of(record: &RunRecord) -> Self {
        let classes = record.classes.len();
        let known = usable(record);
        let folds = folds::of(&known);
        let whole = Calibration::fit(&known, &folds, classes);
        // Whatever turns a picture's logits into an answer comes from the other folds, as it will
        // for pictures to come.
        let calibrations = folds::cross(&folds, |learn| {
            let learned: Vec<&HeldOut> = learn.iter().map(|&i| known[i]).collect();
            let folds: Vec<usize> = learn.iter().map(|&i| folds[i]).collect();
            Calibration::fit(&learned, &folds, classes)
        });
        let by: Vec<&Calibration> = folds.iter().map(|fold| &calibrations[fold]).collect();
        Self::drawn(record, &known, &by, &whole)
    }

    /// The conclusions of a record whose pictures a saved classifier predicted afterwards: its own
    /// calibration, which was fitted on none of them, turns logits into answers.
    #[must_use]
    pub fn by(record: &RunRecord, calibration: &Calibration) -> Self {
        let known = usable(record);
        Self::drawn(record, &known, &vec![calibration; known.len()], calibration)
    }

    /// The conclusions, with the calibration that each picture's answer comes from.
    fn drawn(
        record: &RunRecord,
        known: &[&HeldOut],
        by: &[&Calibration],
        whole: &Calibration,
    ) -> Self {
        let classes = record.classes.len();
        let each = || known.iter().zip(by);
        let rows: Vec<Vec<f64>> = each().map(|(p, by)| by.probabilities(&p.logits)).collect();
        let sets: Vec<Vec<usize>> = by.iter().zip(&rows).map(|(by, row)| by.set(row)).collect();
        let judged: Vec<Judged> =
            each().zip(&rows).map(|((p, by), row)| Judged::of(p, by, row)).collect();
        let actual: Vec<usize> = known.iter().map(|p| p.actual).collect();
        let groups: Vec<usize> = known.iter().map(|p| p.group).collect();
        let predicted: Vec<usize> = judged.iter().map(|j| j.predicted).collect();
        let right: Vec<bool> = judged.iter().map(|j| j.predicted == j.actual).collect();
        let units = Units::new(&actual, &groups);
        let ones: Vec<f64> = right.iter().map(|&right| f64::from(right)).collect();
        let design = units.design_effect(&ones);
        let confusion = Confusion::of(&actual, &predicted, classes);
        let (n, hits) = (judged.len(), right.iter().filter(|&&right| right).count());
        let baseline = Baseline::of(&confusion, n);
        let losses: Vec<f64> = judged.iter().map(|j| j.loss).collect();
        let accuracy = Proportion::of_groups(hits, n, design);
        let measured: Vec<bool> = known.iter().map(|p| p.novelty.is_some()).collect();
        let mut insight = Self {
            accuracy,
            error_rate: Proportion::of_groups(n - hits, n, design),
            log_loss: stats::mean_loss(&losses, &units),
            macro_f1: stats::macro_f1(&predicted, &actual, classes, &units),
            auroc: stats::auroc(&rows, &actual, &units),
            most_confused: confusion::most_confused(&confusion, &judged),
            per_class: confusion::per_class(&confusion, &actual, &predicted, &units),
            calibrated: Calibrated::of(known, &judged, &right, &units, whole),
            answers: Answers::of(&judged, &measured, &sets, &units, whole),
            selected: answers::selected(&judged, design),
            learning: Learning::of(&record.curve, &accuracy),
            suspects: suspects::contradicted(&rows, &actual, classes),
            fixed: FixedLabels::of(record, known, &predicted, design),
            candidates: record.candidates.clone(),
            shortcuts: guessed(&record.shortcuts, &baseline.accuracy),
            baseline,
            protocol: record.protocol,
            labels: labels(&record.classes),
            classes: record.classes.clone(),
            reasons: record.reasons,
            map: record.map,
            confusion,
            judged,
        };
        match insight.beats_the_baseline() {
            true if insight.is_often_wrong() => insight.suspects.bound(&insight.judged),
            true => {}
            false => insight.suspects = Suspects::default(),
        }
        insight
    }

    /// Takes over the heat maps of a record, which were found for pictures that this insight named.
    pub fn take_heat(&mut self, record: &RunRecord) {
        self.reasons = record.reasons;
        for (judged, held_out) in self.judged.iter_mut().zip(usable(record)) {
            judged.heat.clone_from(&held_out.heat);
        }
    }

    /// The `k` pictures with the largest loss, largest first (of equals the earlier).
    #[must_use]
    pub fn top_losses(&self, k: usize) -> Vec<&Judged> {
        let mut all: Vec<&Judged> = self.judged.iter().collect();
        all.sort_by(|a, b| b.loss.total_cmp(&a.loss));
        all.truncate(k);
        all
    }

    /// The pictures whose reasons are worth looking for, as indices into the judged: the `top`
    /// largest losses, and `of_pair` of each of the first `pairs` confused pairs, the surest
    /// mistakes first; in the order in which a reader meets them, at most `most`.
    #[must_use]
    pub fn worth_explaining(&self, [top, pairs, of_pair]: [usize; 3], most: usize) -> Vec<usize> {
        let mut by_loss: Vec<usize> = (0..self.judged.len()).collect();
        by_loss.sort_by(|&a, &b| self.judged[b].loss.total_cmp(&self.judged[a].loss));
        by_loss.truncate(top);
        let pairs = &self.most_confused[..self.most_confused.len().min(pairs)];
        // By turns, so that no pair goes without where there are too many.
        let turns = (0..of_pair)
            .flat_map(|turn| pairs.iter().filter_map(move |pair| pair.pictures.get(turn).copied()));
        let mut seen = std::collections::HashSet::new();
        by_loss.into_iter().chain(turns).filter(|&i| seen.insert(i)).take(most).collect()
    }

    /// The accuracy where a fifth of the pictures, the least sure ones, is left out: the share
    /// that is answered, and how much of it is right.
    #[must_use]
    pub fn most_selected(&self) -> Option<(f64, Estimate)> {
        answers::most(&self.selected)
    }
}

impl Baseline {
    fn of(confusion: &Confusion, n: usize) -> Self {
        let rows: Vec<usize> =
            (0..confusion.counts.len()).map(|class| confusion.row_sum(class)).collect();
        let class = first_of_largest(&rows);
        let accuracy = Proportion::new(rows.get(class).copied().unwrap_or(0), n);
        Self { class, accuracy }
    }
}

impl Calibrated {
    fn of(
        known: &[&HeldOut],
        judged: &[Judged],
        right: &[bool],
        units: &Units,
        whole: &Calibration,
    ) -> Option<Self> {
        let raw = Scaling::default();
        let (mut sure, mut named, mut losses) = (vec![], vec![], vec![]);
        for p in known {
            let row = raw.probabilities(&p.logits);
            let predicted = first_of_largest(&row);
            sure.push(row[predicted]);
            named.push(predicted == p.actual);
            losses.push(raw.loss(&p.logits, p.actual));
        }
        let after: Vec<f64> = judged.iter().map(|j| j.probability.into()).collect();
        Some(Self {
            scaling: whole.scaling.clone(),
            before: stats::reliability(&sure, &named, units)?,
            after: stats::reliability(&after, right, units)?,
            log_loss_before: stats::mean_loss(&losses, units)?,
        })
    }
}

/// What predicts a class without being in the pixels.
const UNSEEN: &str = "the file's size";

/// What each shortcut predicts, against `chance`: always the most common class.
#[must_use]
pub fn guessed(shortcuts: &[crate::Shortcut], chance: &Proportion) -> Vec<Guessed> {
    let chance = chance.estimate().map_or(0.0, |share| share.value);
    let each = |shortcut: &crate::Shortcut| {
        let right = Proportion::new(shortcut.right, shortcut.of);
        // A network never sees a file's size: where formats agree it measures texture, which may be
        // the subject.
        let alarm = right.interval.low > chance + ALARM && shortcut.what != UNSEEN;
        Guessed { what: shortcut.what.clone(), right, alarm }
    };
    shortcuts.iter().map(each).collect()
}
