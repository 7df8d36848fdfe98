//! Labels that may be wrong: confident learning (C. Northcutt, L. Jiang, I. Chuang: *Confident
//! learning: estimating uncertainty in dataset labels*, JAIR 70, 2021).

use serde::Serialize;

/// A picture whose label may be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Suspect {
    /// Which: an index into [`super::Insight::judged`].
    pub picture: usize,
    /// The class that it confidently seems to be.
    pub suggested: usize,
    /// Its probability minus that of the label: the larger, the stronger the suspicion.
    pub margin: f64,
}

/// What confident learning finds.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Suspects {
    /// The strongest suspicion first.
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
pub(super) fn suspects(rows: &[Vec<f64>], labels: &[usize], classes: usize) -> Suspects {
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
        let confident = (0..classes).filter(|&c| counts[c] > 0 && row[c] >= thresholds[c]);
        let Some(seems) = confident.max_by(|&a, &b| row[a].total_cmp(&row[b]).then(b.cmp(&a)))
        else {
            continue;
        };
        joint[label][seems] += 1;
        if seems != label {
            pictures.push(Suspect { picture, suggested: seems, margin: row[seems] - row[label] });
        }
    }
    // The paper's "normalised margin" order.
    pictures.sort_by(|a, b| b.margin.total_cmp(&a.margin));
    let estimated = (0..classes)
        .map(|label| {
            let all: usize = joint[label].iter().sum();
            let off = all - joint[label][label];
            off as f64 / all.max(1) as f64 * counts[label] as f64
        })
        .sum();
    Suspects { pictures, thresholds, joint, estimated }
}
