//! The extension module of the Python package: `lookalike._lookalike`.
//!
//! What it offers is plain: bytes, strings, JSON and numbers in and out. The classes that people use
//! are Python, in `python/lookalike`, and wrap these:
//! [`Core`](classifier::Core) (a loaded classifier), [`Extractor`](embedder::Extractor) (a pretrained
//! backbone) and [`train`](training::train).
//!
//! Work runs on threads that know nothing of Python, while the caller's thread waits without the
//! interpreter's lock, listens for Ctrl-C and passes on what is reported ([`work`]).

#![allow(clippy::needless_pass_by_value, reason = "what Python hands over is extracted, and owned")]

mod arrow;
mod classifier;
mod embedder;
mod errors;
mod shared;
mod sources;
mod training;
mod work;

use pyo3::prelude::*;

#[pymodule]
mod _lookalike {
    use std::ffi::OsString;

    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::arrow::arrow_stream;
    #[pymodule_export]
    use crate::classifier::Core;
    #[pymodule_export]
    use crate::embedder::Extractor;
    #[pymodule_export]
    use crate::sources::{Place, pictures_in};
    #[pymodule_export]
    use crate::training::{export, practice, train};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }

    /// Runs the program `lookalike` with these arguments and returns its exit code.
    #[pyfunction]
    fn main(py: Python<'_>, program: Vec<OsString>, arguments: Vec<OsString>) -> u8 {
        py.detach(|| cli::run(&program, arguments))
    }

    /// All files that paths, folders among them, stand for.
    #[pyfunction]
    fn pictures_of(py: Python<'_>, paths: Vec<std::path::PathBuf>) -> PyResult<Vec<OsString>> {
        let found = py.detach(|| lookalike::paths(&paths, std::io::empty()));
        let found = found.map_err(|error| crate::errors::raised(py, &error))?;
        Ok(found.map(OsString::from).collect())
    }

    /// Sets the number of threads that compute.
    #[pyfunction]
    fn set_threads(threads: usize) {
        ground::parallel::set_threads(threads);
    }

    /// How many threads compute.
    #[pyfunction]
    fn threads() -> usize {
        ground::parallel::threads()
    }

    /// To be called in a forked process: it gets threads of its own.
    #[pyfunction]
    fn forked() {
        ground::parallel::forked();
    }
}
