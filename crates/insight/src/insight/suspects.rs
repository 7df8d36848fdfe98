//! Labels that may be wrong: confident learning (C. Northcutt, L. Jiang, I. Chuang: *Confident
//! learning: estimating uncertainty in dataset labels*, JAIR 70, 2021).

use serde::Serialize;

use super::Judged;
use crate::stats::first_of_largest;

/// A picture whose label may be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Suspect {
    /// Which: an index into [`super::Insight::judged`].
    pub picture: usize,
    /// The class that it seems to be.
    pub suggested: usize,
    /// Its probability minus that of the label: the larger, the stronger the suspicion.
    pub margin: f64,
    /// Whether it is one of the paper's confident joint off the diagonal. The others are called
    /// another class too, less surely.
    pub confident: bool,
}

impl Suspects {
    /// The estimate as people say it: a whole number, and not 0 where some are listed.
    #[must_use]
    pub fn about(&self) -> usize {
        if self.pictures.is_empty() { 0 } else { (self.estimated.round() as usize).max(1) }
    }

    /// Leaves as many as can be true where a classifier is often wrong.
    ///
    /// A wrong label says nothing of how hard its picture is, so half of all wrong labels are
    /// contradicted as surely as the surer half of the right ones is confirmed. Twice their number is
    /// the most that there can be; the rest are hard pictures.
    pub(super) fn bound(&mut self, judged: &[Judged]) {
        let (right, wrong): (Vec<&Judged>, Vec<&Judged>) =
            judged.iter().partition(|judged| judged.predicted == judged.actual);
        let mut sure: Vec<f32> = right.iter().map(|judged| judged.probability).collect();
        sure.sort_by(f32::total_cmp);
        let Some(&median) = sure.get(sure.len() / 2) else { return };
        let surely = wrong.iter().filter(|judged| judged.probability >= median).count();
        self.estimated = self.estimated.min(2.0 * surely as f64);
        self.pictures.truncate((MORE * self.estimated).ceil() as usize);
    }
}

/// How many pictures are listed for each label that is estimated to be wrong: the ranking is not
/// perfect, and who looks through it should find nearly all.
const MORE: f64 = 1.5;

/// What confident learning finds.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Suspects {
    /// The strongest suspicion first, half as many again as labels are estimated to be wrong.
    pub pictures: Vec<Suspect>,
    /// For each class how probable it must be to count: its mean probability over the pictures
    /// that bear its label (the paper's t_j); 1 for a class without pictures.
    pub thresholds: Vec<f64>,
    /// How many pictures with label i seem to be of class j with confidence (the paper's confident
    /// joint), label first.
    pub joint: Vec<Vec<usize>>,
    /// About how many labels are wrong: the joint with each row scaled to its number of pictures,
    /// off its diagonal.
    pub estimated: f64,
}

/// Finds suspects by out-of-sample probabilities, a row and a label for each picture.
///
/// # Panics
/// When a label or a row is not of so many classes.
#[must_use]
pub fn suspects(rows: &[Vec<f64>], labels: &[usize], classes: usize) -> Suspects {
    found(rows, labels, classes, |_, _, _| true)
}

/// The suspects whose labels the predictions contradict.
///
/// The paper also suspects a label that is the most probable class, where another exceeds its own
/// low threshold. A class of few or hard pictures has a threshold near 0, which nearly every picture
/// exceeds: one picture of a class had 58 of 210 labels called wrong. Here such a class has to be at
/// least as probable as the label, and no more labels are wrong than are contradicted.
pub(super) fn contradicted(rows: &[Vec<f64>], labels: &[usize], classes: usize) -> Suspects {
    let mut found = found(rows, labels, classes, |row, label, class| row[class] >= row[label]);
    let against = rows.iter().zip(labels).filter(|(row, label)| first_of_largest(row) != **label);
    found.estimated = found.estimated.min(against.count() as f64);
    found
}

/// The suspects, where `may_be` says whether a class may be that of a picture with this row and label.
fn found(
    rows: &[Vec<f64>],
    labels: &[usize],
    classes: usize,
    may_be: impl Fn(&[f64], usize, usize) -> bool,
) -> Suspects {
    let (mut sums, mut counts) = (vec![0.0; classes], vec![0usize; classes]);
    for (row, &label) in rows.iter().zip(labels) {
        sums[label] += row[label];
        counts[label] += 1;
    }
    let mean = |(&sum, &n): (&f64, &usize)| if n > 0 { sum / n as f64 } else { 1.0 };
    let thresholds: Vec<f64> = sums.iter().zip(&counts).map(mean).collect();
    let mut joint = vec![vec![0; classes]; classes];
    let mut pictures = vec![];
    for (picture, (row, &label)) in rows.iter().zip(labels).enumerate() {
        let largest = |of: &mut dyn Iterator<Item = usize>| {
            of.max_by(|&a, &b| row[a].total_cmp(&row[b]).then(b.cmp(&a)))
        };
        let exceeds = |&c: &usize| counts[c] > 0 && row[c] >= thresholds[c];
        let seems = largest(&mut (0..classes).filter(exceeds).filter(|&c| may_be(row, label, c)));
        if let Some(seems) = seems {
            joint[label][seems] += 1;
        }
        let confident = seems.is_some_and(|seems| seems != label);
        let suggested = if confident { seems } else { largest(&mut (0..classes)) };
        if let Some(suggested) = suggested.filter(|&suggested| suggested != label) {
            let margin = row[suggested] - row[label];
            pictures.push(Suspect { picture, suggested, margin, confident });
        }
    }
    let estimated = (0..classes)
        .map(|label| {
            let all: usize = joint[label].iter().sum();
            let off = all - joint[label][label];
            off as f64 / all.max(1) as f64 * counts[label] as f64
        })
        .sum::<f64>();
    pictures.sort_by(|a, b| b.margin.total_cmp(&a.margin));
    let confident = pictures.iter().filter(|suspect| suspect.confident).count();
    pictures.truncate(confident.max((MORE * estimated).ceil() as usize));
    Suspects { pictures, thresholds, joint, estimated }
}
