//! What follows from evidence.

use serde::Serialize;

use crate::calibration::{Calibration, Reason, Scaling, Verdict, usable};
use crate::compare::first_of_largest;
use crate::evidence::{Evidence, Prediction};
use crate::folds;
use crate::stats::{Estimate, Proportion, f1};
use crate::words::labels;

/// What the held-out predictions say.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Insight {
    /// Names of the classes, as the data has them.
    pub classes: Vec<String>,
    /// The same as people read them; see [`labels`].
    pub labels: Vec<String>,
    /// How many pictures were named right.
    pub accuracy: Proportion,
    /// How many were not.
    pub error_rate: Proportion,
    /// What always answering the most common class would reach.
    pub baseline: Baseline,
    /// Mean of −ln of the probability of the actual class; `None` without predictions.
    pub log_loss: Option<f64>,
    /// The same of the logits as they are.
    pub log_loss_before: Option<f64>,
    /// Who was taken for whom.
    pub confusion: Confusion,
    /// Pairs that were confused, most often first.
    pub most_confused: Vec<Confused>,
    /// Scores of each class.
    pub per_class: Vec<ClassScores>,
    /// Every held-out picture, in the order of the evidence.
    pub judged: Vec<Judged>,
}

/// The score of an answer that looks at no picture.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Baseline {
    /// The class with most held-out pictures (the first of equals).
    pub class: usize,
    /// How often naming it is right.
    pub accuracy: Proportion,
}

/// Counts by actual class (row) and predicted class (column).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Confusion {
    /// `counts[actual][predicted]`.
    pub counts: Vec<Vec<usize>>,
}

impl Confusion {
    /// Pictures of a class.
    #[must_use]
    pub fn row_sum(&self, actual: usize) -> usize {
        self.counts[actual].iter().sum()
    }

    /// Pictures called by a class's name.
    #[must_use]
    pub fn column_sum(&self, predicted: usize) -> usize {
        self.counts.iter().map(|row| row[predicted]).sum()
    }

    /// The part of a class's pictures that were called so; 0 for a class without pictures.
    #[must_use]
    pub fn share(&self, actual: usize, predicted: usize) -> f64 {
        self.counts[actual][predicted] as f64 / self.row_sum(actual).max(1) as f64
    }
}

/// Pictures of one class that were called another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Confused {
    /// What they are.
    pub actual: usize,
    /// What they were called.
    pub predicted: usize,
    /// How many.
    pub count: usize,
    /// Which: indices into [`Insight::judged`], largest loss first.
    pub pictures: Vec<usize>,
}

/// How one class fares.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ClassScores {
    /// Which.
    pub class: usize,
    /// How often its name was right when given.
    pub precision: Proportion,
    /// How many of its pictures were found.
    pub recall: Proportion,
    /// Harmonic mean of the two; `None` where there is neither a picture nor a call.
    pub f1: Option<Estimate>,
}

/// A held-out picture and how the answer on it fared.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judged {
    /// Its path relative to the data folder.
    pub picture: String,
    /// What the network said, not calibrated.
    pub logits: Vec<f32>,
    /// What it is.
    pub actual: usize,
    /// What it was called: the first of the most probable.
    pub predicted: usize,
    /// Calibrated probability of what it was called.
    pub probability: f32,
    /// Probability of what it is.
    pub probability_of_actual: f32,
    /// −ln of the probability of what it is.
    pub loss: f64,
    /// What would be answered.
    pub verdict: Verdict,
    /// And why.
    pub reason: Reason,
    /// Index of its thumbnail.
    pub thumbnail: Option<usize>,
}

impl Judged {
    fn of(prediction: &Prediction, calibration: &Calibration) -> Self {
        let probabilities = calibration.probabilities(&prediction.logits);
        let predicted = first_of_largest(&probabilities);
        let (verdict, reason) = calibration.verdict(&probabilities, prediction.novelty);
        Self {
            picture: prediction.picture.clone(),
            logits: prediction.logits.clone(),
            actual: prediction.actual,
            predicted,
            probability: probabilities[predicted] as f32,
            probability_of_actual: probabilities[prediction.actual] as f32,
            loss: calibration.scaling.loss(&prediction.logits, prediction.actual),
            verdict,
            reason,
            thumbnail: prediction.thumbnail,
        }
    }
}

impl Insight {
    /// Draws the conclusions. Predictions that do not fit the classes are passed over; evidence
    /// from a file should have gone through [`Evidence::check`].
    #[must_use]
    pub fn of(evidence: &Evidence) -> Self {
        let classes = evidence.classes.len();
        let known = usable(evidence);
        let folds = folds::of(&known);
        // Whatever turns a picture's logits into an answer comes from the other folds, as it will
        // for pictures to come.
        let calibrations = folds::cross(&folds, |learn| {
            let learned: Vec<&Prediction> = learn.iter().map(|&i| known[i]).collect();
            let folds: Vec<usize> = learn.iter().map(|&i| folds[i]).collect();
            Calibration::fit(&learned, &folds, classes)
        });
        let judged: Vec<Judged> =
            known.iter().zip(&folds).map(|(p, fold)| Judged::of(p, &calibrations[fold])).collect();
        let mut counts = vec![vec![0; classes]; classes];
        for j in &judged {
            counts[j.actual][j.predicted] += 1;
        }
        let confusion = Confusion { counts };
        let (n, right) =
            (judged.len(), (0..classes).map(|c| confusion.counts[c][c]).sum::<usize>());
        let rows: Vec<usize> = (0..classes).map(|class| confusion.row_sum(class)).collect();
        let most = (0..classes).fold(0, |best, c| if rows[c] > rows[best] { c } else { best });
        Self {
            accuracy: Proportion::new(right, n),
            error_rate: Proportion::new(n - right, n),
            baseline: Baseline {
                class: most,
                accuracy: Proportion::new(rows.get(most).copied().unwrap_or(0), n),
            },
            log_loss: mean(judged.iter().map(|j| j.loss)),
            log_loss_before: mean(
                known.iter().map(|p| Scaling::default().loss(&p.logits, p.actual)),
            ),
            most_confused: most_confused(&confusion, &judged),
            per_class: per_class(&confusion, &rows),
            labels: labels(&evidence.classes),
            classes: evidence.classes.clone(),
            confusion,
            judged,
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
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> Option<f64> {
    let n = values.len();
    (n > 0).then(|| values.sum::<f64>() / n as f64)
}

/// As fastai's `most_confused(min_val=1)`: off-diagonal cells by count, ties in row-major order.
fn most_confused(confusion: &Confusion, judged: &[Judged]) -> Vec<Confused> {
    let mut pictures = std::collections::BTreeMap::<_, Vec<usize>>::new();
    for (index, j) in judged.iter().enumerate().filter(|(_, j)| j.actual != j.predicted) {
        pictures.entry((j.actual, j.predicted)).or_default().push(index);
    }
    let mut pairs: Vec<Confused> = pictures
        .into_iter()
        .map(|((actual, predicted), mut pictures)| {
            pictures.sort_by(|&a, &b| judged[b].loss.total_cmp(&judged[a].loss));
            Confused { actual, predicted, count: confusion.counts[actual][predicted], pictures }
        })
        .collect();
    pairs.sort_by_key(|pair| std::cmp::Reverse(pair.count));
    pairs
}

fn per_class(confusion: &Confusion, rows: &[usize]) -> Vec<ClassScores> {
    let mut columns = vec![0; rows.len()];
    for row in &confusion.counts {
        columns.iter_mut().zip(row).for_each(|(sum, count)| *sum += count);
    }
    (0..rows.len())
        .map(|class| {
            let hits = confusion.counts[class][class];
            ClassScores {
                class,
                precision: Proportion::new(hits, columns[class]),
                recall: Proportion::new(hits, rows[class]),
                f1: f1(hits, rows[class] - hits, columns[class] - hits),
            }
        })
        .collect()
}
