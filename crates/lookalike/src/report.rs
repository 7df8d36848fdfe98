use std::path::{Path, PathBuf};

use classifier::Classifier;
use ground::files;
use insight::Insight;

use crate::{Error, about};

/// A classifier's report: what it knows of its own training, as a page or as JSON.
#[derive(Debug)]
pub struct Report {
    classifier: Classifier,
    insight: Insight,
    model: PathBuf,
}

/// Reads a classifier to report on it.
///
/// # Errors
/// When the file is refused.
pub fn report(model: &Path) -> Result<Report, Error> {
    let classifier = Classifier::load(model)?;
    let insight = Insight::of(&classifier.record);
    Ok(Report { classifier, insight, model: model.to_owned() })
}

impl Report {
    /// The page: one HTML file that needs nothing beside it.
    #[must_use]
    pub fn html(&self) -> String {
        let Self { classifier, insight, model } = self;
        let about = about(classifier, model);
        ::report::html(&classifier.record, insight, &classifier.thumbnails, &about)
    }

    /// The same content for programs.
    #[must_use]
    pub fn json(&self) -> String {
        let Self { classifier, insight, model } = self;
        ::report::json(&classifier.record, insight, &about(classifier, model))
    }

    /// Writes the page, whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, output: &Path) -> Result<(), Error> {
        Ok(files::write(output, self.html().as_bytes())?)
    }
}
