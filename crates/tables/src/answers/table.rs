use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{Array, ArrayRef, Float32Array, RecordBatch, StringArray};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use ground::files::{Files, Whole};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::Row;
use crate::columns::{Columns, text};
use crate::sink::Sink;
use crate::{Limits, Parquet, TablesError};

/// Rows that are encoded at a time.
const AT_A_TIME: usize = 1024;

/// The columns, in their order: one more for each class.
#[must_use]
pub fn schema(classes: &[String]) -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let number = |name: String| Field::new(name, DataType::Float32, true);
    let names = Field::new("item", DataType::Utf8, true);
    let mut fields = vec![
        text("picture"),
        text("verdict"),
        text("class"),
        number("probability".into()),
        Field::new("answer", DataType::List(Arc::new(names)), true),
        text("reason"),
        number("novelty".into()),
        text("nearest"),
        text("error"),
    ];
    fields.extend(classes.iter().map(|class| number(format!("probability of {class}"))));
    Arc::new(Schema::new(fields))
}

/// Rows as a batch of the table.
///
/// # Errors
/// When a class is missing a probability that others have.
pub fn batch(schema: &SchemaRef, rows: &[Row]) -> Result<RecordBatch, ArrowError> {
    let texts = |of: fn(&Row) -> Option<&str>| -> ArrayRef {
        Arc::new(rows.iter().map(of).collect::<StringArray>())
    };
    let numbers = |of: &dyn Fn(&Row) -> Option<f32>| -> ArrayRef {
        Arc::new(rows.iter().map(of).collect::<Float32Array>())
    };
    let mut named = ListBuilder::new(StringBuilder::new());
    for row in rows {
        row.answer.iter().for_each(|class| named.values().append_value(class));
        named.append(true);
    }
    let mut columns: Vec<ArrayRef> = vec![
        texts(|row| Some(&row.picture)),
        texts(|row| Some(&row.verdict)),
        texts(|row| row.class.as_deref()),
        numbers(&|row| row.probability),
        Arc::new(named.finish()),
        texts(|row| row.reason.as_deref()),
        numbers(&|row| row.novelty),
        texts(|row| row.nearest.as_deref()),
        texts(|row| row.error.as_deref()),
    ];
    let classes = schema.fields().len() - columns.len();
    columns.extend((0..classes).map(|at| numbers(&|row| row.probabilities.get(at).copied())));
    RecordBatch::try_new(schema.clone(), columns)
}

/// Answers on their way to a file.
pub struct Writer<'a> {
    sink: Sink<'a>,
    schema: SchemaRef,
    waiting: Vec<Row>,
    path: PathBuf,
}

impl<'a> Writer<'a> {
    /// Begins a file for a classifier of these classes.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn begin(
        files: &'a dyn Files,
        path: &Path,
        classes: &[String],
    ) -> Result<Self, TablesError> {
        let schema = schema(classes);
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_created_by(format!("lookalike {}", env!("CARGO_PKG_VERSION")))
            .build();
        let sink = Sink::begin(files, path, schema.clone(), properties)?;
        Ok(Self { sink, schema, waiting: vec![], path: path.to_owned() })
    }

    /// Adds a row.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn add(&mut self, row: Row) -> Result<(), TablesError> {
        self.waiting.push(row);
        if self.waiting.len() == AT_A_TIME { self.encode() } else { Ok(()) }
    }

    fn encode(&mut self) -> Result<(), TablesError> {
        let rows = std::mem::take(&mut self.waiting);
        let batch = batch(&self.schema, &rows).map_err(|error| TablesError::Unwritten {
            path: self.path.clone(),
            why: error.to_string(),
        })?;
        self.sink.add(&batch)
    }

    /// Writes the rest and the footer; the file takes its name when the rest is finished.
    ///
    /// # Errors
    /// When that fails.
    pub fn end(mut self) -> Result<Whole<'a>, TablesError> {
        self.encode()?;
        Ok(self.sink.end()?.0)
    }
}

/// Reads the rows of a file that [`Writer`] wrote.
///
/// # Errors
/// When it is another one, or damaged.
pub fn read(path: &Path) -> Result<Vec<Row>, TablesError> {
    let file = Parquet::open(path, Limits::default())?;
    let names: Vec<&str> =
        file.schema().fields().iter().map(|field| field.name().as_str()).collect();
    let classes: Vec<&str> =
        names.iter().copied().filter(|name| name.starts_with("probability of ")).collect();
    let mut rows = vec![];
    for group in 0..file.groups() {
        file.read_group(group, &names, AT_A_TIME, &mut |batch| {
            let columns = Columns { path, batch: &batch };
            rows.extend(parsed(&columns, &classes)?);
            Ok(())
        })?;
    }
    Ok(rows)
}

/// The rows of a batch.
fn parsed(columns: &Columns<'_>, classes: &[&str]) -> Result<Vec<Row>, TablesError> {
    let there =
        |name| columns.texts(name)?.ok_or_else(|| columns.wrong(name, "there is no such column"));
    let (picture, verdict) = (there("picture")?, there("verdict")?);
    let [class, reason, nearest, error] =
        ["class", "reason", "nearest", "error"].map(|name| columns.texts(name));
    let (class, reason, nearest, error) = (class?, reason?, nearest?, error?);
    let (probability, novelty) = (columns.numbers("probability")?, columns.numbers("novelty")?);
    let shares: Vec<Option<&Float32Array>> =
        classes.iter().map(|name| columns.numbers(name)).collect::<Result<_, _>>()?;
    let named = columns.text_lists("answer")?;
    let number = |numbers: Option<&Float32Array>, row: usize| {
        numbers.filter(|numbers| numbers.is_valid(row)).map(|numbers| numbers.value(row))
    };
    let row = |row: usize| Row {
        picture: picture.value(row).to_owned(),
        verdict: verdict.value(row).to_owned(),
        class: text(class, row),
        probability: number(probability, row),
        answer: named.get(row).cloned().unwrap_or_default(),
        reason: text(reason, row),
        novelty: number(novelty, row),
        nearest: text(nearest, row),
        error: text(error, row),
        probabilities: shares.iter().filter_map(|share| number(*share, row)).collect(),
    };
    Ok((0..columns.batch.num_rows()).map(row).collect())
}
