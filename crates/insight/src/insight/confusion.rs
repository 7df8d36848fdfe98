//! Who was taken for whom.

use serde::Serialize;

use super::Judged;
use crate::stats::{Estimate, Proportion, Units, f1};

/// Counts by actual class (row) and predicted class (column).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Confusion {
    /// `counts[actual][predicted]`.
    pub counts: Vec<Vec<usize>>,
}

impl Confusion {
    pub(super) fn of(actual: &[usize], predicted: &[usize], classes: usize) -> Self {
        let mut counts = vec![vec![0; classes]; classes];
        for (&actual, &predicted) in actual.iter().zip(predicted) {
            counts[actual][predicted] += 1;
        }
        Self { counts }
    }

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
    /// Which: indices into [`super::Insight::judged`], largest loss first.
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

/// As fastai's `most_confused(min_val=1)`: off-diagonal cells by count, ties in row-major order.
pub(super) fn most_confused(confusion: &Confusion, judged: &[Judged]) -> Vec<Confused> {
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

/// Scores of each class. What one class is judged on are its own pictures and those called by its
/// name, and their groups say how many witnesses these are.
pub(super) fn per_class(
    confusion: &Confusion,
    actual: &[usize],
    predicted: &[usize],
    units: &Units,
) -> Vec<ClassScores> {
    let right: Vec<f64> =
        actual.iter().zip(predicted).map(|(a, p)| f64::from(u8::from(a == p))).collect();
    let scores = |class: usize| {
        let (hits, of, called) =
            (confusion.counts[class][class], confusion.row_sum(class), confusion.column_sum(class));
        let (is, says) = (|i: usize| actual[i] == class, |i: usize| predicted[i] == class);
        let design = units.design_effect_among(&right, |i| is(i) || says(i));
        ClassScores {
            class,
            precision: Proportion::of_groups(hits, called, units.design_effect_among(&right, says)),
            recall: Proportion::of_groups(hits, of, units.design_effect_among(&right, is)),
            f1: f1(hits, of - hits, called - hits, design),
        }
    };
    (0..confusion.counts.len()).map(scores).collect()
}
