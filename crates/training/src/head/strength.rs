//! How far a linear head may go in learning by heart: its strength, chosen in folds of the rows
//! that it learns from.

use classifier::loss;
use ground::files::FileError;

use super::logistic::Walk;
use super::scale::Scale;
use super::{Kind, Linear, logits, means};
use crate::features::Table;

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
        features: &Table,
        scaled: bool,
        rows: &[usize],
        labels: &[usize],
        classes: usize,
        fold_of: &[usize],
    ) -> Result<f64, FileError> {
        let scale = if scaled { Scale::none(features.width()) } else { Scale::of(features, rows)? };
        // Each strength with its loss, up to where that has passed its lowest point.
        let mut losses: Vec<(f64, f64)> = vec![];
        match self {
            Self::Logistic => {
                let mut walk = Walk::new(features, &scale, rows, labels, classes, fold_of)?;
                for &strength in self.strengths() {
                    let loss = walk.loss(strength)?;
                    let passed = losses.last().is_some_and(|&(_, last)| loss > last);
                    losses.push((strength, loss));
                    if passed {
                        break;
                    }
                }
            }
            Self::Means => {
                losses.extend(self.strengths().iter().map(|&strength| (strength, 0.0)));
                for fold in 0..count(fold_of) {
                    let side = |held: bool| {
                        let both = rows.iter().zip(fold_of);
                        both.filter(move |&(_, &of)| (of == fold) == held).map(|(&row, _)| row)
                    };
                    let (rest, held): (Vec<usize>, Vec<usize>) =
                        (side(false).collect(), side(true).collect());
                    let fit = means::fit;
                    let heads = fit(features, &scale, &rest, labels, classes, self.strengths())?;
                    let heads: Vec<_> =
                        heads.into_iter().map(|head| scale.fold_into(head)).collect();
                    let heads: Vec<&Linear> = heads.iter().collect();
                    for (said, &row) in logits(&heads, features, &held)?.iter().zip(&held) {
                        for ((_, sum), logits) in losses.iter_mut().zip(said) {
                            *sum += f64::from(loss(logits, labels[row]));
                        }
                    }
                }
            }
        }
        let lowest = losses.iter().min_by(|a, b| a.1.total_cmp(&b.1));
        Ok(lowest.map_or(self.strengths()[0], |&(strength, _)| strength))
    }
}

/// How many folds there are.
pub(super) fn count(fold_of: &[usize]) -> usize {
    fold_of.iter().max().map_or(0, |most| most + 1)
}
