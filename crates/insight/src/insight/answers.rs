//! What would be answered, how often that holds, and what it costs to be sure.

use serde::Serialize;

use super::Judged;
use crate::calibration::{Calibration, Reason, Verdict};
use crate::stats::{Estimate, Proportion, Units};

/// How often sets of classes hold the true one, and how pictures are answered. Every threshold
/// comes from pictures of other folds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answers {
    /// How often a set is to hold the true class.
    pub stated: f64,
    /// How often it does.
    pub coverage: Proportion,
    /// The same of each class's pictures.
    pub per_class: Vec<Proportion>,
    /// Which classes have pictures enough for a threshold, and so a promise, of their own.
    pub own_threshold: Vec<bool>,
    /// How many classes a set holds on average.
    pub mean_size: f64,
    /// Pictures answered with one class.
    pub single: Proportion,
    /// How many of those are right.
    pub single_right: Proportion,
    /// Pictures answered with several.
    pub ambiguous: Proportion,
    /// How many of those have the true class among the ones named.
    pub ambiguous_right: Proportion,
    /// Pictures called unlike anything seen, though they are of a known class.
    pub unfamiliar: Proportion,
    /// How often that may be; `None` where novelty was not measured.
    pub false_alarms: Option<f64>,
}

impl Answers {
    pub(super) fn of(
        judged: &[Judged],
        known: &[bool],
        sets: &[Vec<usize>],
        units: &Units,
        whole: &Calibration,
    ) -> Option<Self> {
        let n = judged.len();
        let holds: Vec<bool> =
            judged.iter().zip(sets).map(|(j, s)| s.contains(&j.actual)).collect();
        let share = |which: &dyn Fn(usize) -> bool, is: &dyn Fn(usize) -> bool| {
            let of: Vec<usize> = (0..n).filter(|&i| which(i)).collect();
            let hits = of.iter().filter(|&&i| is(i)).count();
            let ones: Vec<f64> = (0..n).map(|i| f64::from(is(i))).collect();
            Proportion::of_groups(hits, of.len(), units.design_effect_among(&ones, which))
        };
        let single = |i: usize| matches!(judged[i].verdict, Verdict::Class(_));
        let several = |i: usize| matches!(judged[i].verdict, Verdict::Ambiguous(_));
        let named = |i: usize| match &judged[i].verdict {
            Verdict::Class(class) => *class == judged[i].actual,
            Verdict::Ambiguous(classes) => classes.contains(&judged[i].actual),
            Verdict::Unfamiliar => false,
        };
        let far = |i: usize| judged[i].reason == Reason::Far;
        (n > 0).then(|| Self {
            stated: whole.coverage,
            coverage: share(&|_| true, &|i| holds[i]),
            per_class: (0..whole.thresholds.len())
                .map(|class| share(&|i| judged[i].actual == class, &|i| holds[i]))
                .collect(),
            own_threshold: whole.own_threshold.clone(),
            mean_size: sets.iter().map(Vec::len).sum::<usize>() as f64 / n as f64,
            single: share(&|_| true, &single),
            single_right: share(&single, &named),
            ambiguous: share(&|_| true, &several),
            ambiguous_right: share(&several, &named),
            unfamiliar: share(&|i| known[i], &far),
            false_alarms: known.iter().any(|&known| known).then_some(whole.false_alarms),
        })
    }
}

/// How well the surest answers do.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Selected {
    /// The share of pictures that is answered, the surest ones.
    pub answered: f64,
    /// How many of these are right.
    pub accuracy: Proportion,
}

/// Shares of pictures that are looked at.
const STEPS: usize = 20;

/// The share that the sentence names.
const MOST: f64 = 0.8;

/// Risk and coverage (R. El-Yaniv, Y. Wiener: *On the foundations of noise-free selective
/// classification*, JMLR 11, 2010): the accuracy on the surest 5 %, 10 % … of the pictures.
pub(super) fn selected(judged: &[Judged], design: f64) -> Vec<Selected> {
    let mut order: Vec<&Judged> = judged.iter().collect();
    order.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    let n = order.len();
    let counts: Vec<usize> = (1..=STEPS).map(|step| (step * n).div_ceil(STEPS)).collect();
    let mut points: Vec<Selected> = vec![];
    for (step, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let right = order[..count].iter().filter(|j| j.predicted == j.actual).count();
        let accuracy = Proportion::of_groups(right, count, design);
        points.push(Selected { answered: (step + 1) as f64 / STEPS as f64, accuracy });
    }
    points
}

/// The point at which a fifth of the pictures is left out.
pub(super) fn most(points: &[Selected]) -> Option<(f64, Estimate)> {
    let point = points.iter().find(|point| (point.answered - MOST).abs() < 1e-9)?;
    Some((point.answered, point.accuracy.estimate()?))
}
