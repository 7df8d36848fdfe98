//! Answers as a table of Arrow, by the PyCapsule interface.

use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{ArrayRef, Float32Array, RecordBatch, RecordBatchIterator, StringArray};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

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

/// A capsule with a stream of one batch: a row for each answer.
#[pyfunction]
pub(crate) fn arrow_stream<'py>(
    py: Python<'py>,
    classes: Vec<String>,
    rows: Vec<Row>,
) -> PyResult<Bound<'py, PyCapsule>> {
    let words = |of: fn(&Row) -> Option<&str>| -> ArrayRef {
        Arc::new(rows.iter().map(of).collect::<StringArray>())
    };
    let numbers = |of: &dyn Fn(&Row) -> Option<f32>| -> ArrayRef {
        Arc::new(rows.iter().map(of).collect::<Float32Array>())
    };
    let mut named = ListBuilder::new(StringBuilder::new());
    for row in &rows {
        row.named.iter().for_each(|class| named.values().append_value(class));
        named.append(true);
    }
    let mut columns: Vec<(String, ArrayRef)> = vec![
        ("picture".into(), words(|row| Some(&row.picture))),
        ("verdict".into(), words(|row| Some(&row.verdict))),
        ("class".into(), words(|row| row.class_name.as_deref())),
        ("probability".into(), numbers(&|row| row.probability)),
        ("answer".into(), Arc::new(named.finish())),
        ("reason".into(), words(|row| row.reason.as_deref())),
        ("novelty".into(), numbers(&|row| row.novelty)),
        ("nearest".into(), words(|row| row.nearest_picture.as_deref())),
        ("error".into(), words(|row| row.error.as_deref())),
    ];
    for (at, class) in classes.iter().enumerate() {
        let share = numbers(&|row| row.shares.get(at).copied());
        columns.push((format!("probability of {class}"), share));
    }
    let columns = columns.into_iter().map(|(name, values)| (name, values, true));
    let failed = |error: arrow_schema::ArrowError| PyValueError::new_err(error.to_string());
    let batch = RecordBatch::try_from_iter_with_nullable(columns).map_err(failed)?;
    let schema = batch.schema();
    let batches = RecordBatchIterator::new([Ok(batch)], schema);
    let stream = FFI_ArrowArrayStream::new(Box::new(batches));
    PyCapsule::new_with_value(py, stream, c"arrow_array_stream")
}
