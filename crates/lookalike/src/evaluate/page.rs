//! An evaluation as one page.

use std::collections::BTreeSet;
use std::path::Path;

use ground::progress::Progress;
use ground::{Stop, files};
use pictures::Place;
use report::About;

use super::Evaluated;
use crate::Error;
use crate::squares::squares;

/// Mistakes that the page shows at most, the largest losses first.
const WRONG: usize = 200;

/// Right answers that it shows because they were unsure.
const UNSURE: usize = 24;

impl Evaluated {
    /// The scores and the pictures behind them as one HTML file.
    ///
    /// # Errors
    /// [`Error::Stopped`] on a stop.
    pub fn html(&self, progress: &dyn Progress, stop: &Stop) -> Result<String, Error> {
        let shown = self.shown();
        let files: Vec<&Place> = shown.iter().map(|&at| &self.files[at]).collect();
        let drawn = squares(&files, &self.preprocess, progress, stop).ok_or(Error::Stopped)?;
        let mut insight = self.insight.clone();
        let mut jpegs = vec![];
        for (at, jpeg) in shown.into_iter().zip(drawn) {
            if let Some(jpeg) = jpeg {
                insight.judged[at].thumbnail = Some(jpegs.len());
                jpegs.push(jpeg);
            }
        }
        Ok(report::html(&self.record, &insight, &jpegs, &self.about()))
    }

    /// Writes the page, whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written, and [`Error::Stopped`] on a stop.
    pub fn write(&self, page: &Path, progress: &dyn Progress, stop: &Stop) -> Result<(), Error> {
        Ok(files::write(page, self.html(progress, stop)?.as_bytes())?)
    }

    /// Title and program; the file is named among the facts.
    pub(crate) fn about(&self) -> About {
        let name =
            |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let pictures = self.request.source.name().unwrap_or_else(|_| "pictures".into());
        About {
            title: format!("{} on {pictures}", name(&self.request.model)),
            file: String::new(),
            program: format!("lookalike {}", env!("CARGO_PKG_VERSION")),
        }
    }

    /// The pictures that a reader wants to see.
    fn shown(&self) -> BTreeSet<usize> {
        let judged = &self.insight.judged;
        let mut by_loss: Vec<usize> = (0..judged.len()).collect();
        by_loss.sort_by(|&a, &b| judged[b].loss.total_cmp(&judged[a].loss));
        let (right, wrong): (Vec<usize>, Vec<usize>) =
            by_loss.into_iter().partition(|&at| judged[at].predicted == judged[at].actual);
        wrong.into_iter().take(WRONG).chain(right.into_iter().take(UNSURE)).collect()
    }
}
