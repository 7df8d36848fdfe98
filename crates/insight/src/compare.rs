//! Which of two classifiers is better, asked about the same pictures.

use crate::calibration::Scaling;
use crate::folds;
use crate::record::{Candidate, Comparison};
use crate::stats::{self, Difference, Units, first_of_largest, mcnemar, paired_difference};

/// Below this a difference is no chance.
const LEVEL: f64 = 0.05;

/// Compares two classifiers by what they say of the same pictures: a row of logits, a label and a
/// group for each (those of one group are no independent witnesses).
///
/// "Better" is a matter of pictures named right, by [`mcnemar`]; where groups have several
/// pictures, the counts are divided by the design effect first (L. Kish: *Survey sampling*, 1965).
/// The log-loss is told beside it.
///
/// # Panics
/// When there are not as many rows, labels and groups, or a label has no logit.
#[must_use]
pub fn compare(
    name_a: &str,
    logits_a: &[Vec<f32>],
    name_b: &str,
    logits_b: &[Vec<f32>],
    labels: &[usize],
    groups: &[usize],
) -> Comparison {
    let pictures = labels.len();
    let lengths = [logits_a.len(), logits_b.len(), groups.len()];
    assert!(lengths == [pictures; 3], "one entry a picture");
    let right = |logits: &[Vec<f32>]| -> Vec<bool> {
        logits.iter().zip(labels).map(|(row, &label)| first_of_largest(row) == label).collect()
    };
    let (right_a, right_b) = (right(logits_a), right(logits_b));
    let count = |a: bool, b: bool| {
        right_a.iter().zip(&right_b).filter(|&(&x, &y)| (x, y) == (a, b)).count()
    };
    let (both_right, only_a, only_b) = (count(true, true), count(true, false), count(false, true));
    let units = Units::new(labels, groups);
    let gains: Vec<f64> =
        right_a.iter().zip(&right_b).map(|(&a, &b)| f64::from(b) - f64::from(a)).collect();
    let design = units.design_effect(&gains);
    let shrunk = |count: usize| (count as f64 / design).round() as usize;
    let p_value = mcnemar(shrunk(only_a), shrunk(only_b));
    let folds = folds::drawn(labels, groups);
    let (a, b) = (losses(logits_a, labels, &folds), losses(logits_b, labels, &folds));
    let differences: Vec<f64> = a.iter().zip(&b).map(|(a, b)| b - a).collect();
    let none = Difference { value: 0.0, low: 0.0, high: 0.0 };
    Comparison {
        a: name_a.to_owned(),
        b: name_b.to_owned(),
        pictures,
        both_right,
        only_a,
        only_b,
        accuracy_difference: paired_difference(only_a, only_b, pictures, design),
        p_value,
        log_loss_difference: stats::mean(&differences, &units).map_or(none, Difference::from),
        better: (p_value < LEVEL && only_a != only_b).then_some(only_b > only_a),
    }
}

/// Compares kinds of head by their logits on the same pictures, and chooses the one with the lowest
/// log-loss. Each is calibrated first by a temperature fitted on other groups, since what is chosen
/// will be calibrated.
///
/// # Panics
/// See [`compare`].
#[must_use]
pub fn compete(
    heads: &[(String, Vec<Vec<f32>>)],
    labels: &[usize],
    groups: &[usize],
) -> Vec<Candidate> {
    let (units, folds) = (Units::new(labels, groups), folds::drawn(labels, groups));
    let losses: Vec<Vec<f64>> =
        heads.iter().map(|(_, logits)| losses(logits, labels, &folds)).collect();
    let mean = |values: &[f64]| stats::mean(values, &units);
    let known = heads.iter().zip(&losses).map(|((name, logits), losses)| {
        let told = stats::mean_loss(losses, &units);
        let wrong =
            logits.iter().zip(labels).filter(|(row, label)| first_of_largest(row) != **label);
        Candidate {
            name: name.clone(),
            log_loss: told.map_or(0.0, |told| told.value),
            range: told.map(|told| told.interval),
            behind: None,
            errors: (wrong.count(), labels.len()),
            chosen: false,
        }
    });
    let mut all: Vec<Candidate> = known.collect();
    let lowest = |a: &usize, b: &usize| all[*a].log_loss.total_cmp(&all[*b].log_loss);
    if let Some(best) = (0..all.len()).min_by(lowest) {
        for (candidate, own) in all.iter_mut().zip(&losses) {
            let gaps: Vec<f64> = own.iter().zip(&losses[best]).map(|(a, b)| a - b).collect();
            candidate.behind = mean(&gaps).map(Difference::from);
        }
        all[best].chosen = true;
        all[best].behind = None;
    }
    all
}

/// The loss on each picture, in nats, with the temperature of the other folds: what logits are worth
/// to somebody who will calibrate them.
fn losses(logits: &[Vec<f32>], labels: &[usize], folds: &[usize]) -> Vec<f64> {
    let scalings = folds::cross(folds, |learn| {
        let rows: Vec<&[f32]> = learn.iter().map(|&i| logits[i].as_slice()).collect();
        let labels: Vec<usize> = learn.iter().map(|&i| labels[i]).collect();
        Scaling::by_temperature(&rows, &labels)
    });
    let judged = logits.iter().zip(labels).zip(folds);
    judged.map(|((row, &label), fold)| scalings[fold].loss(row, label)).collect()
}
