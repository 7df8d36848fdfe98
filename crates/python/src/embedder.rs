//! A pretrained backbone, for `lookalike.Embedder` to wrap.

use std::path::PathBuf;

use ground::progress::{Bar, Progress as _};
use lookalike::{Embedder, Initial, NamedNetwork};
use pictures::Reason;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::errors::{raised, refused};
use crate::shared::{Shared, told};
use crate::sources::Sources;
use crate::work::{self, Reporter};

/// Rows of 32-bit floats one behind the other, the numbers in a row, and which rows are NaN because
/// their pictures cannot be read: each with the picture's name and the reason.
pub(crate) type Rows<'py> = (Bound<'py, PyBytes>, usize, Vec<(usize, String, String)>);

/// A pretrained backbone.
#[pyclass(frozen, module = "lookalike._lookalike")]
pub(crate) struct Extractor {
    embedder: Shared<Embedder>,
    width: usize,
    fingerprint: String,
}

#[pymethods]
impl Extractor {
    #[new]
    #[pyo3(signature = (backbone, weights, views, size, offline, hear))]
    fn new(
        py: Python<'_>,
        backbone: Option<&str>,
        weights: Option<PathBuf>,
        views: usize,
        size: Option<usize>,
        offline: bool,
        hear: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let initial = Initial {
            network: backbone.map(named).transpose()?,
            weights,
            offline,
            ..Initial::default()
        };
        let embedder = work::done(py, hear, |reporter, stop| {
            Embedder::new(&initial, views, size, reporter, stop)
        })?;
        let embedder = embedder.map_err(|error| raised(py, &error))?;
        let (width, fingerprint) = (embedder.width(), embedder.fingerprint().to_string());
        Ok(Self { embedder: Shared::new(embedder), width, fingerprint })
    }

    #[getter]
    fn width(&self) -> usize {
        self.width
    }

    #[getter]
    fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The features of pictures.
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
            self.embedder.with(|embedder| {
                let mut found = Found::begin(reporter, total);
                embedder.extract(sources, stop, |name, row| found.take(name, row))?;
                Ok(found)
            })
        })?;
        failed.check()?;
        told(py, done)?.packed(py, self.width)
    }
}

/// The features found so far.
pub(crate) struct Found {
    rows: Vec<Option<Vec<f32>>>,
    unread: Vec<(usize, String, String)>,
    bar: Box<dyn Bar>,
}

impl Found {
    pub(crate) fn begin(reporter: &Reporter, total: Option<u64>) -> Self {
        let bar = reporter.begin("Extracting features", total);
        Self { rows: vec![], unread: vec![], bar }
    }

    pub(crate) fn take(&mut self, name: String, row: Result<Vec<f32>, Reason>) {
        if let Err(reason) = &row {
            self.unread.push((self.rows.len(), name, reason.to_string()));
        }
        self.rows.push(row.ok());
        self.bar.advance(1);
    }

    /// Rows as bytes; a missing one is NaN.
    pub(crate) fn packed(self, py: Python<'_>, width: usize) -> PyResult<Rows<'_>> {
        let Self { rows, unread, bar: _ } = self;
        let bytes = PyBytes::new_with(py, 4 * rows.len() * width, |bytes| {
            let missing = vec![f32::NAN; width];
            let numbers = rows.iter().flat_map(|row| row.as_ref().unwrap_or(&missing));
            for (to, number) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(numbers) {
                *to = number.to_ne_bytes();
            }
            Ok(())
        })?;
        Ok((bytes, width, unread))
    }
}

/// A network by its name.
pub(crate) fn named(name: &str) -> PyResult<NamedNetwork> {
    let unknown = |known| refused(&format!("no backbone is called `{name}`: {known}"));
    name.parse().map_err(unknown)
}
