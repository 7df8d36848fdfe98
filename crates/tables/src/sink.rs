//! Rows on their way to a file, which takes its name when its footer is written.

use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use ground::files::{Files, Whole};
use ground::{Digest, Digester};
use parquet::arrow::ArrowWriter;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use crate::TablesError;

/// A Parquet file that is being written.
pub(crate) struct Sink<'a> {
    writer: ArrowWriter<Queue>,
    queue: Queue,
    whole: Whole<'a>,
    digester: Digester,
    bytes: u64,
}

/// Encoded bytes that wait to be written: the encoder wants to own where it writes to.
#[derive(Clone, Default)]
struct Queue(Arc<Mutex<Vec<u8>>>);

impl Write for Queue {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Queue {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<'a> Sink<'a> {
    pub(crate) fn begin(
        files: &'a dyn Files,
        path: &Path,
        schema: SchemaRef,
        properties: WriterProperties,
    ) -> Result<Self, TablesError> {
        let queue = Queue::default();
        let writer = ArrowWriter::try_new(queue.clone(), schema, Some(properties));
        let writer = writer.map_err(|error| unwritten(path, &error))?;
        let whole = Whole::begin(files, path)?;
        Ok(Self { writer, queue, whole, digester: Digester::new(), bytes: 0 })
    }

    /// Adds rows.
    pub(crate) fn add(&mut self, batch: &RecordBatch) -> Result<(), TablesError> {
        let added = self.writer.write(batch);
        added.map_err(|error| unwritten(self.whole.path(), &error))?;
        self.pass_on()
    }

    /// How many bytes were written so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Notes something in the footer.
    pub(crate) fn note(&mut self, name: &str, value: String) {
        let note = parquet::file::metadata::KeyValue::new(name.to_owned(), value);
        self.writer.append_key_value_metadata(note);
    }

    fn pass_on(&mut self) -> Result<(), TablesError> {
        let bytes = self.queue.take();
        self.digester.update(&bytes);
        self.bytes += bytes.len() as u64;
        Ok(self.whole.append(&bytes)?)
    }

    /// Writes the footer; the file is whole then and has no name yet. With its digest and length.
    pub(crate) fn end(mut self) -> Result<(Whole<'a>, Digest, u64), TablesError> {
        let path = self.whole.path().to_owned();
        self.writer.finish().map_err(|error| unwritten(&path, &error))?;
        self.pass_on()?;
        Ok((self.whole, self.digester.finish(), self.bytes))
    }
}

fn unwritten(path: &Path, error: &ParquetError) -> TablesError {
    TablesError::Unwritten { path: path.to_owned(), why: error.to_string() }
}
