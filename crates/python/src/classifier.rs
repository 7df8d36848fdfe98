//! A loaded classifier, for `lookalike.Classifier` to wrap.

use std::path::{Path, PathBuf};

use ground::progress::Progress as _;
use lookalike::json::{Answer, Style};
use lookalike::{Error, Explain, Loaded};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::embedder::{Found, Rows};
use crate::errors::raised;
use crate::shared::{Shared, told};
use crate::sources::Sources;
use crate::work;

/// A loaded classifier.
#[pyclass(frozen, module = "lookalike._lookalike")]
pub(crate) struct Core {
    loaded: Shared<Loaded>,
    classes: Vec<String>,
    novelty_limit: Option<f64>,
    /// Numbers in a picture's features.
    width: usize,
    name: PathBuf,
}

impl Core {
    fn of(loaded: Loaded) -> Self {
        let classifier = loaded.predictor.classifier();
        let (classes, novelty_limit) = (classifier.classes.clone(), classifier.calibration.novelty);
        let width = training::features::width(&classifier.graph());
        let name = loaded.name().to_owned();
        Self { loaded: Shared::new(loaded), classes, novelty_limit, width, name }
    }

    fn with<R: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut Loaded) -> Result<R, Error> + Send,
    ) -> PyResult<R> {
        told(py, work::done(py, None, |_, _| self.loaded.with(work))?)
    }
}

#[pymethods]
impl Core {
    /// Reads a classifier's file.
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let loaded = work::done(py, None, |_, _| Loaded::load(&path))?;
        loaded.map(Self::of).map_err(|error| raised(py, &error))
    }

    /// Reads a classifier from the bytes of its file.
    #[staticmethod]
    fn of_bytes(py: Python<'_>, name: PathBuf, data: Vec<u8>) -> PyResult<Self> {
        let loaded = work::done(py, None, |_, _| Loaded::of_bytes(&name, data))?;
        loaded.map(Self::of).map_err(|error| raised(py, &error))
    }

    #[getter]
    fn classes(&self) -> Vec<String> {
        self.classes.clone()
    }

    #[getter]
    fn name(&self) -> &Path {
        &self.name
    }

    #[getter]
    fn novelty_limit(&self) -> Option<f64> {
        self.novelty_limit
    }

    /// The bytes of its file.
    fn data<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = self.with(py, |loaded| Ok(loaded.bytes().clone()))?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// Writes its file.
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        self.with(py, |loaded| loaded.save(&path))
    }

    /// By how much the self-test's answers differ from those saved.
    fn verify(&self, py: Python<'_>) -> PyResult<f32> {
        self.with(py, |loaded| Ok(loaded.predictor.verify()?))
    }

    /// Its report, as a page and as JSON.
    fn report(&self, py: Python<'_>) -> PyResult<(String, String)> {
        self.with(py, |loaded| {
            let report = loaded.report()?;
            Ok((report.html(), report.json()))
        })
    }

    /// What pictures show, each as `predict --json` says it, with every class among the likeliest.
    #[pyo3(signature = (pairs, total, always, min_probability, hear))]
    fn predict(
        &self,
        pairs: &Bound<'_, PyAny>,
        total: Option<u64>,
        always: bool,
        min_probability: Option<f32>,
        hear: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Vec<String>> {
        let py = pairs.py();
        let (sources, failed) = Sources::new(pairs)?;
        let style = Style { top: self.classes.len(), always };
        let done = work::done(py, hear, |reporter, stop| {
            self.loaded.with(|loaded| {
                let bar = reporter.begin("Predicting", total);
                let mut answers = vec![];
                let classes = &self.classes;
                loaded.predictor.predict(sources, Explain::Nothing, stop, |name, mut said| {
                    if let (Ok(said), Some(least)) = (&mut said, min_probability) {
                        said.answer = said.answer.clone().at_least(least);
                    }
                    let answer = Answer::of(Path::new(&name), &said, classes, style, None);
                    answers.push(serde_json::to_string(&answer));
                    bar.advance(1);
                })?;
                Ok(answers.into_iter().collect::<Result<Vec<_>, _>>()?)
            })
        })?;
        failed.check()?;
        told(py, done)
    }

    /// The features of pictures by its backbone.
    #[pyo3(signature = (pairs, total, hear))]
    fn features<'py>(
        &self,
        pairs: &Bound<'py, PyAny>,
        total: Option<u64>,
        hear: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Rows<'py>> {
        let py = pairs.py();
        let (sources, failed) = Sources::new(pairs)?;
        let done = work::done(py, hear, |reporter, stop| {
            self.loaded.with(|loaded| {
                let mut found = Found::begin(reporter, total);
                loaded.predictor.features(sources, stop, |name, row| found.take(name, row))?;
                Ok(found)
            })
        })?;
        failed.check()?;
        told(py, done)?.packed(py, self.width)
    }
}
