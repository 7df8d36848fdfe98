//! How far a linear head may go in learning by heart: its strength, chosen in folds of the rows
//! that it learns from.

use ground::files::FileError;

use super::logistic::{Data, Walk};
use super::scale::Scale;
use super::{Kind, Samples, means};

impl Kind {
    /// The strength with the lowest cross-entropy where each row is judged by a head that did not
    /// learn from its fold; `fold_of` lies beside the rows, and `scaled` says that the features are
    /// on one scale already.
    ///
    /// The scale is that of all rows: it knows of no label, and without it nothing has to be read
    /// anew for each fold.
    ///
    /// # Errors
    /// When rows cannot be read back from a file.
    pub(crate) fn strength(
        self,
        samples: Samples<'_>,
        scaled: bool,
        fold_of: &[usize],
    ) -> Result<f64, FileError> {
        let scale = match scaled {
            true => Scale::none(samples.width()),
            false => Scale::of(samples.features, samples.rows)?,
        };
        let strengths = self.strengths();
        let mut losses = vec![];
        match self {
            Self::Logistic => {
                let data = Data::new(samples, &scale, fold_of)?;
                let mut walk = Walk::new(data);
                for &strength in strengths {
                    losses.push(walk.loss(strength)?);
                    // There is one lowest point: once it is passed, the rest is only slower.
                    if losses.last_chunk().is_some_and(|[before, now]| now > before) {
                        break;
                    }
                }
            }
            Self::Means => {
                losses = means::losses(samples, &scale, fold_of, strengths)?;
            }
        }
        let lowest = strengths.iter().zip(losses).min_by(|a, b| a.1.total_cmp(&b.1));
        Ok(lowest.map_or(strengths[0], |(&strength, _)| strength))
    }
}

/// How many folds there are.
pub(super) fn count(fold_of: &[usize]) -> usize {
    fold_of.iter().max().map_or(0, |most| most + 1)
}
