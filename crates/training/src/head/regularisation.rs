//! How strongly a linear head is regularised: `C`, chosen by cross-validation within its training
//! rows.

use ground::files::FileError;

use super::logistic::{Data, Walk};
use super::scale::Scale;
use super::{LinearKind, Samples, means, samples};

/// Rows of a fold that say enough of a `C` by themselves: with so many the other folds are not asked.
const ENOUGH: usize = 2000;

impl LinearKind {
    /// The `C` with the lowest cross-entropy where each row is predicted by a head that was not
    /// trained on its fold; `fold_of` lies beside the rows, and `scaled` says that the features are
    /// on one scale already. Of large folds only the first is predicted.
    ///
    /// The scale is that of all rows: it knows of no label, and without it nothing has to be read
    /// anew for each fold.
    ///
    /// # Errors
    /// When rows cannot be read back from a file.
    pub(crate) fn choose_c(
        self,
        samples: Samples<'_>,
        scaled: bool,
        fold_of: &[usize],
    ) -> Result<f64, FileError> {
        let scale = match scaled {
            true => Scale::none(samples.width()),
            false => Scale::of(samples.features, samples.rows)?,
        };
        let folds = samples::folds(fold_of);
        let asked = if fold_of.len() >= ENOUGH * folds { 1 } else { folds };
        let grid = self.grid();
        let mut losses = vec![];
        match self {
            Self::Logistic => {
                let data = Data::new(samples, &scale, fold_of)?;
                let mut walk = Walk::new(data, asked);
                for &c in grid {
                    losses.push(walk.loss(c)?);
                    // There is one lowest point: once it is passed, the rest is only slower.
                    if losses.last_chunk().is_some_and(|[before, now]| now > before) {
                        break;
                    }
                }
            }
            Self::Means => {
                losses = means::losses(samples, &scale, fold_of, asked, grid)?;
            }
        }
        let lowest = grid.iter().zip(losses).min_by(|a, b| a.1.total_cmp(&b.1));
        Ok(lowest.map_or(grid[0], |(&c, _)| c))
    }
}
