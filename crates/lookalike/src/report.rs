mod tables;

use std::fs;
use std::path::{Path, PathBuf};

use classifier::Classifier;
use ground::files::{self, FileError};
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
    Ok(Report::of(Classifier::load(model)?, model))
}

impl Report {
    /// Reads a classifier to report on it from the bytes of its file, which is called `model`.
    ///
    /// # Errors
    /// When they are refused.
    pub fn of_bytes(model: &Path, bytes: &[u8]) -> Result<Self, Error> {
        Ok(Self::of(Classifier::of_bytes(model, bytes)?, model))
    }

    fn of(classifier: Classifier, model: &Path) -> Self {
        let insight = Insight::of(&classifier.record);
        Self { classifier, insight, model: model.to_owned() }
    }

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

    /// Writes the charts as SVG files to a folder, which is made if need be, and the numbers behind
    /// them as tables: `history.csv`, a row an epoch, and `predictions.csv`, a row an evaluated
    /// picture. Returns the files.
    ///
    /// # Errors
    /// When one cannot be written.
    pub fn figures(&self, folder: &Path) -> Result<Vec<PathBuf>, Error> {
        let Self { classifier, insight, .. } = self;
        let record = &classifier.record;
        fs::create_dir_all(folder).map_err(FileError::at("create", folder))?;
        let figures = ::report::figures(record, insight).into_iter();
        let mut all: Vec<(String, Vec<u8>)> =
            figures.map(|(name, svg)| (format!("{name}.svg"), svg.into_bytes())).collect();
        if !record.history.is_empty() {
            all.push(("history.csv".into(), tables::history(&record.history)?));
        }
        all.push(("predictions.csv".into(), tables::predictions(insight)?));
        let write = |(name, bytes): (String, Vec<u8>)| {
            let path = folder.join(name);
            files::write(&path, &bytes).map(|()| path)
        };
        Ok(all.into_iter().map(write).collect::<Result<_, _>>()?)
    }

    /// Writes the page, whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, output: &Path) -> Result<(), Error> {
        Ok(files::write(output, self.html().as_bytes())?)
    }
}
