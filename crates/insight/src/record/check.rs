//! Checks of a record that comes from a file, before anything is drawn from it.

use super::{HeldOut, Part, Place, Protocol, RunRecord};

/// Why record from a file cannot be believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// A class, thumbnail or fold that does not exist.
    #[error("{what} {index} is named where there are {count}")]
    Index {
        /// What is counted.
        what: &'static str,
        /// Which was named.
        index: usize,
        /// How many there are.
        count: usize,
    },
    /// A prediction whose logits do not fit the classes.
    #[error("`{picture}` has {found} logits for {classes} classes")]
    Count {
        /// The picture.
        picture: String,
        /// How many logits.
        found: usize,
        /// How many classes.
        classes: usize,
    },
    /// A logit or novelty of a picture that is no finite number.
    #[error("`{picture}` has the {what} {value}")]
    Number {
        /// The picture.
        picture: String,
        /// What kind of number.
        what: &'static str,
        /// The number, as text.
        value: String,
    },
    /// A time or count in the training table that cannot be.
    #[error("epoch {epoch} of stage `{stage}` has impossible numbers")]
    Epoch {
        /// Name of the stage.
        stage: String,
        /// Which epoch.
        epoch: usize,
    },
    /// A count, share or loss elsewhere that cannot be.
    #[error("{part} has impossible numbers")]
    Impossible {
        /// Where: `the learning curve`.
        part: &'static str,
    },
}

impl RunRecord {
    /// Checks record that comes from a file: every index within its list (of `thumbnails`
    /// thumbnails), every number finite and within its range.
    ///
    /// # Errors
    /// The first thing found that cannot be.
    pub fn check(&self, thumbnails: usize) -> Result<(), RecordError> {
        self.check_predictions(thumbnails)?;
        for sample in &self.samples {
            within("class", sample.class, self.classes.len())?;
            within("thumbnail", sample.thumbnail, thumbnails)?;
        }
        for e in &self.history {
            let errors = e.errors.is_none_or(|(wrong, of)| wrong <= of);
            if !errors || !e.seconds.is_finite() || e.seconds < 0.0 {
                return Err(RecordError::Epoch { stage: e.stage.clone(), epoch: e.epoch });
            }
        }
        let possible = |part, possible| {
            if possible { Ok(()) } else { Err(RecordError::Impossible { part }) }
        };
        let judged = self.protocol.is_possible() && self.part.is_none_or(Part::is_possible);
        possible("how it was judged", judged)?;
        let candidates = self.candidates.iter().all(super::Candidate::is_possible);
        possible("a candidate", candidates)?;
        possible("the fixes", self.fixes.as_ref().is_none_or(super::Fixes::is_possible))?;
        possible("a comparison", self.comparisons.iter().all(super::Comparison::is_possible))?;
        let seen = self.map.is_none_or(|map| (0.0..=1.0).contains(&map.explained))
            && self.reasons.is_none_or(|reasons| reasons.side > 0);
        possible("a map", seen)?;
        let classes = self.classes.len();
        let curve = self.curve.iter().all(|point| {
            point.runs.iter().all(|share| (0.0..=1.0).contains(share))
                && (point.per_class.is_empty() || point.per_class.len() == classes)
                && point.per_class.iter().all(|(right, of)| right <= of)
        });
        possible("the learning curve", curve)?;
        possible("a shortcut", self.shortcuts.iter().all(|s| s.right <= s.of))
    }

    fn check_predictions(&self, thumbnails: usize) -> Result<(), RecordError> {
        let classes = self.classes.len();
        let folds = match self.protocol {
            Protocol::OutOfFold { folds, .. } => folds,
            Protocol::HeldOut { .. } | Protocol::Test => 1,
        };
        for p in &self.held_out {
            within("class", p.actual, classes)?;
            p.was.map_or(Ok(()), |class| within("class", class, classes))?;
            within("fold", p.fold, folds)?;
            p.thumbnail.map_or(Ok(()), |index| within("thumbnail", index, thumbnails))?;
            let found = p.logits.len();
            if found != classes {
                return Err(RecordError::Count { picture: p.picture.clone(), found, classes });
            }
            let number = |what, value: Option<&f32>| match value {
                Some(value) => Err(RecordError::Number {
                    picture: p.picture.clone(),
                    what,
                    value: value.to_string(),
                }),
                None => Ok(()),
            };
            self.check_seen(p)?;
            number("logit", p.logits.iter().find(|logit| !logit.is_finite()))?;
            number("novelty", p.novelty.iter().find(|novelty| !novelty.is_finite()))?;
        }
        Ok(())
    }

    /// Maps of the size that is stated, and places on the map.
    fn check_seen(&self, p: &HeldOut) -> Result<(), RecordError> {
        let cells = self.reasons.map_or(0, |reasons| reasons.side.saturating_mul(reasons.side));
        for heat in &p.heat {
            within("class", heat.class, self.classes.len())?;
            if heat.cells.is_empty() || heat.cells.len() != cells {
                return Err(RecordError::Impossible { part: "a heat map" });
            }
        }
        let thousandths =
            |place: &Place| place.linear.iter().chain(&place.near).all(|&x| x <= 1000);
        let placed = p.place.as_ref().is_none_or(|place| self.map.is_some() && thousandths(place));
        if placed { Ok(()) } else { Err(RecordError::Impossible { part: "a place on the map" }) }
    }
}

impl Protocol {
    fn is_possible(&self) -> bool {
        match *self {
            Self::OutOfFold { folds, repeats } => folds >= 2 && repeats >= 1,
            Self::HeldOut { share } => share.is_none_or(|share| share > 0.0 && share < 1.0),
            Self::Test => true,
        }
    }
}

fn within(what: &'static str, index: usize, count: usize) -> Result<(), RecordError> {
    if index < count { Ok(()) } else { Err(RecordError::Index { what, index, count }) }
}
