//! Pictures that Python hands over one by one, each when it is wanted.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use lookalike::{How, Picture};
use pictures::Rgb;
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::errors::raised;

/// A picture that a file of another program names or holds: a file, a part of one, or a box in either.
#[pyclass(frozen, eq, hash, module = "lookalike._lookalike")]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct Place(pictures::Place);

#[pymethods]
impl Place {
    /// What the picture is called, which is unique.
    #[getter]
    fn name(&self) -> &Path {
        self.0.name()
    }

    /// The file that holds it.
    #[getter]
    fn file(&self) -> &Path {
        self.0.file()
    }

    fn __str__(&self) -> String {
        self.0.name().display().to_string()
    }

    fn __repr__(&self) -> String {
        format!("<Place '{}'>", self.0.name().display())
    }
}

/// The pictures that a file of another program names or holds, in its order; `None` where it is no such
/// file.
#[pyfunction]
pub(crate) fn pictures_in(
    py: Python<'_>,
    path: PathBuf,
    root: Option<PathBuf>,
    min_confidence: Option<f64>,
    detected: Option<String>,
) -> PyResult<Option<Vec<Place>>> {
    let how = How { root, min_confidence, detected, ..How::default() };
    let found = py.detach(|| lookalike::pictures_in(&path, &how));
    let found = found.map_err(|error| raised(py, &error))?;
    Ok(found.map(|(places, _)| places.into_iter().map(Place).collect()))
}

/// An iterator over pairs of a name and a path or box (`str`), a [`Place`], the bytes of a file
/// (`bytes`) or pixels (a buffer of `height × width × 3`). Threads that decode ask it for the next one.
pub(crate) struct Sources {
    pairs: Py<PyAny>,
    failed: Failed,
}

/// What an iterator raised.
#[derive(Clone, Default)]
pub(crate) struct Failed(Arc<Mutex<Option<PyErr>>>);

impl Failed {
    /// Raises it, if anything was raised.
    pub(crate) fn check(&self) -> PyResult<()> {
        let raised = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        raised.map_or(Ok(()), Err)
    }

    fn keep(&self, error: PyErr) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }
}

impl Sources {
    pub(crate) fn new(pairs: &Bound<'_, PyAny>) -> PyResult<(Self, Failed)> {
        let failed = Failed::default();
        let pairs = pairs.try_iter()?.into_any().unbind();
        Ok((Self { pairs, failed: failed.clone() }, failed))
    }
}

impl Iterator for Sources {
    type Item = (String, Picture);

    fn next(&mut self) -> Option<Self::Item> {
        Python::attach(|py| {
            let pair = self.pairs.bind(py).try_iter().ok()?.next()?;
            match pair.and_then(|pair| picture(&pair)) {
                Ok(picture) => Some(picture),
                Err(error) => {
                    self.failed.keep(error);
                    None
                }
            }
        })
    }
}

fn picture(pair: &Bound<'_, PyAny>) -> PyResult<(String, Picture)> {
    let (name, source): (String, Bound<'_, PyAny>) = pair.extract()?;
    if source.is_instance_of::<PyString>() {
        return Ok((name, pictures::Place::named(&source.extract::<PathBuf>()?).into()));
    }
    if let Ok(place) = source.cast::<Place>() {
        return Ok((name, place.get().0.clone().into()));
    }
    if let Ok(bytes) = source.cast::<PyBytes>() {
        return Ok((name, Picture::Bytes(bytes.as_bytes().to_vec())));
    }
    pixels(&source).map(|pixels| (name, pixels))
}

/// A buffer of one dimension has a file's bytes, and one of three has pixels.
fn pixels(source: &Bound<'_, PyAny>) -> PyResult<Picture> {
    let buffer = PyBuffer::<u8>::get(source).map_err(|_| {
        PyTypeError::new_err(
            "pixels must be whole numbers from 0 to 255 (`uint8`); \
             for floats from 0 to 1: `(255 * array).round().astype(\"uint8\")`",
        )
    })?;
    let data = buffer.to_vec(source.py())?;
    match *buffer.shape() {
        [_] => Ok(Picture::Bytes(data)),
        [height, width, 3] => match (u32::try_from(height), u32::try_from(width)) {
            (Ok(height), Ok(width)) => Ok(Picture::Pixels(Rgb { width, height, data })),
            _ => Err(PyValueError::new_err("a picture has too many pixels")),
        },
        ref shape => Err(PyValueError::new_err(format!(
            "an array of shape {shape:?} is not a picture: height × width × 3 (RGB) is needed; of \
             channels first make `array.transpose(1, 2, 0)`, of grey `numpy.stack([array] * 3, -1)`"
        ))),
    }
}
