use serde::Serialize;

use crate::calibration::{Calibration, Reason, Verdict};
use crate::record::{Heat, HeldOut, Place};
use crate::stats::first_of_largest;

/// A held-out picture and how the answer on it fared.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judged {
    /// Its path relative to the data folder.
    pub picture: String,
    /// What the network said, not calibrated.
    pub logits: Vec<f32>,
    /// What it is.
    pub actual: usize,
    /// The fold that it was held out in.
    pub fold: usize,
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
    /// Where reasons were found for some classes.
    pub heat: Vec<Heat>,
    /// Where it lies on the map.
    pub place: Option<Place>,
}

impl Judged {
    pub(super) fn of(
        prediction: &HeldOut,
        calibration: &Calibration,
        probabilities: &[f64],
    ) -> Self {
        let predicted = first_of_largest(probabilities);
        let (verdict, reason) = calibration.verdict(probabilities, prediction.novelty);
        Self {
            picture: prediction.picture.clone(),
            logits: prediction.logits.clone(),
            actual: prediction.actual,
            fold: prediction.fold,
            predicted,
            probability: probabilities[predicted] as f32,
            probability_of_actual: probabilities[prediction.actual] as f32,
            loss: calibration.scaling.loss(&prediction.logits, prediction.actual),
            verdict,
            reason,
            thumbnail: prediction.thumbnail,
            heat: prediction.heat.clone(),
            place: prediction.place,
        }
    }
}
