use ground::Digest;
use insight::{Answer, Verdict};

use crate::{Heat, Known};

/// What a classifier says of a picture.
#[derive(Clone, Debug)]
pub struct Prediction<'a> {
    /// What the network put out for each class, not calibrated; finite.
    pub logits: Vec<f32>,
    /// Calibrated probabilities, the verdict and its reason.
    pub answer: Answer,
    /// The mean distance to the nearest training pictures, as [`insight::HeldOut::novelty`]; `None`
    /// where the classifier has nothing to compare a picture with.
    pub novelty: Option<f32>,
    /// The training pictures most like it, at most [`NEAREST`], the nearest first.
    pub nearest: Vec<Near<'a>>,
    /// The SHA-256 of its file, where it came from one.
    pub file: Option<Digest>,
    /// Where in the picture the network found what speaks for a class, if that was wanted.
    pub heat: Option<Heat>,
}

/// A training picture that another picture is like.
#[derive(Clone, Copy, Debug)]
pub struct Near<'a> {
    /// The training picture.
    pub known: &'a Known,
    /// The cosine of the angle between the two pictures' features: 1 for the same picture.
    pub similarity: f32,
}

/// Training pictures that are named with an answer.
pub const NEAREST: usize = 3;

impl Prediction<'_> {
    /// Whether the classifier was trained on this very picture ([`crate::TrainedOn`]).
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.answer.reason == insight::Reason::Known
    }

    /// The class that is named first: the one of a certain answer, else the likeliest.
    #[must_use]
    pub fn named(&self) -> usize {
        match self.answer.verdict {
            Verdict::Class(class) => class,
            _ => self.likeliest(),
        }
    }

    /// The class with the highest probability, whatever the verdict.
    #[must_use]
    pub fn likeliest(&self) -> usize {
        ranked(&self.answer.probabilities).first().map_or(0, |&(class, _)| class)
    }
}

/// The classes from the likeliest to the least, with their probabilities; ties keep their order.
#[must_use]
pub fn ranked(probabilities: &[f32]) -> Vec<(usize, f32)> {
    let mut ranked: Vec<_> = probabilities.iter().copied().enumerate().collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    ranked
}

#[cfg(test)]
mod tests {
    use super::ranked;

    #[test]
    fn the_likeliest_comes_first_and_ties_keep_their_order() {
        assert_eq!(ranked(&[0.2, 0.4, 0.0, 0.4]), [(1, 0.4), (3, 0.4), (0, 0.2), (2, 0.0)]);
    }
}
