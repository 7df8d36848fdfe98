//! Answers as a table of Arrow, by the PyCapsule interface.

use arrow_array::RecordBatchIterator;
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use tables::answers;

/// The answer on a picture, for a row of the table.
#[derive(FromPyObject)]
pub(crate) struct Row {
    picture: String,
    verdict: String,
    reason: Option<String>,
    class_name: Option<String>,
    probability: Option<f32>,
    /// The names of all classes that it may be of.
    named: Vec<String>,
    novelty: Option<f32>,
    nearest_picture: Option<String>,
    error: Option<String>,
    /// One for each class, or none.
    shares: Vec<f32>,
}

impl From<Row> for answers::Row {
    fn from(row: Row) -> Self {
        Self {
            picture: row.picture,
            verdict: row.verdict,
            class: row.class_name,
            probability: row.probability,
            answer: row.named,
            reason: row.reason,
            novelty: row.novelty,
            nearest: row.nearest_picture,
            error: row.error,
            probabilities: row.shares,
        }
    }
}

/// A capsule with a stream of one batch: a row for each answer.
#[pyfunction]
pub(crate) fn arrow_stream<'py>(
    py: Python<'py>,
    classes: Vec<String>,
    rows: Vec<Row>,
) -> PyResult<Bound<'py, PyCapsule>> {
    let rows: Vec<answers::Row> = rows.into_iter().map(Into::into).collect();
    let schema = answers::schema(&classes);
    let batch =
        answers::batch(&schema, &rows).map_err(|error| PyValueError::new_err(error.to_string()))?;
    let batches = RecordBatchIterator::new([Ok(batch)], schema);
    let stream = FFI_ArrowArrayStream::new(Box::new(batches));
    PyCapsule::new_with_value(py, stream, c"arrow_array_stream")
}
