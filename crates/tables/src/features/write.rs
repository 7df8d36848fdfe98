use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::builder::{
    FixedSizeBinaryBuilder, FixedSizeListBuilder, Float16Builder, Float32Builder,
};
use arrow_array::{ArrayRef, RecordBatch, StringArray, UInt32Array, UInt64Array};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use ground::files::{Files, folder_of};
use half::f16;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use super::{NOTE, Row, Settings, Written};
use crate::TablesError;
use crate::sink::Sink;

/// Rows that are encoded at a time.
const AT_A_TIME: usize = 512;
/// Rows of a row group.
const GROUP: usize = 8192;
/// Bytes after which a file is closed and another begun.
const FILE: u64 = 1 << 30;

/// Features on their way to the files of a folder.
pub struct Writer<'a> {
    files: &'a dyn Files,
    folder: PathBuf,
    settings: Settings,
    schema: SchemaRef,
    print: usize,
    waiting: Vec<Row>,
    sink: Option<Sink<'a>>,
    /// The places of the next row, and of the first one in the file that is being written.
    next: u64,
    first: u64,
    written: Vec<Written>,
}

impl<'a> Writer<'a> {
    /// Begins in a folder that exists. Files there keep what they have: a new one is named by its
    /// content.
    ///
    /// # Errors
    /// When `settings` make no sense.
    pub fn begin(
        files: &'a dyn Files,
        folder: &Path,
        settings: &Settings,
    ) -> Result<Self, TablesError> {
        let settings = Settings { format: 1, ..settings.clone() };
        Ok(Self {
            files,
            folder: folder.to_owned(),
            schema: schema(&settings, 0),
            print: 0,
            first: settings.first,
            next: settings.first,
            settings,
            waiting: vec![],
            sink: None,
            written: vec![],
        })
    }

    /// Adds a row.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn add(&mut self, row: Row) -> Result<(), TablesError> {
        self.waiting.push(row);
        if self.waiting.len() == AT_A_TIME { self.encode() } else { Ok(()) }
    }

    /// Writes what waits and gives the last file its name.
    ///
    /// # Errors
    /// When that fails.
    pub fn finish(mut self) -> Result<Vec<Written>, TablesError> {
        self.encode()?;
        self.close()?;
        Ok(self.written)
    }

    fn encode(&mut self) -> Result<(), TablesError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let rows = std::mem::take(&mut self.waiting);
        if self.sink.is_none() {
            let print = rows.iter().find_map(|row| row.print.as_ref().map(Vec::len));
            self.print = print.unwrap_or(self.print);
            self.schema = schema(&self.settings, self.print);
            let name = self.folder.join("features.parquet");
            let properties = properties();
            self.sink = Some(Sink::begin(self.files, &name, self.schema.clone(), properties)?);
            self.first = self.next;
        }
        let batch = batch(&self.schema, &self.settings, self.print, &rows).map_err(|error| {
            TablesError::Unwritten { path: self.folder.clone(), why: error.to_string() }
        })?;
        self.next += rows.len() as u64;
        let Some(sink) = &mut self.sink else { return Ok(()) };
        sink.add(&batch)?;
        if sink.bytes() >= FILE { self.close() } else { Ok(()) }
    }

    /// Ends the file that is being written.
    fn close(&mut self) -> Result<(), TablesError> {
        let Some(mut sink) = self.sink.take() else { return Ok(()) };
        let settings = Settings { first: self.first, ..self.settings.clone() };
        // Texts and numbers, which are always JSON.
        sink.note(NOTE, serde_json::to_string(&settings).unwrap_or_default());
        let (whole, digest, bytes) = sink.end()?;
        let name = format!("features-{}.parquet", &digest.to_string()[..16]);
        let path = folder_of(whole.path()).join(name);
        whole.finish_as(&path)?;
        self.written.push(Written { path, rows: self.next - self.first, bytes });
        Ok(())
    }
}

fn schema(settings: &Settings, print: usize) -> SchemaRef {
    let number = if settings.half { DataType::Float16 } else { DataType::Float32 };
    let list =
        |number, length: usize| DataType::FixedSizeList(Arc::new(element(number)), length as i32);
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Utf8, false),
        Field::new("sha256", DataType::FixedSizeBinary(32), true),
        text("label"),
        text("group"),
        text("split"),
        text("fold"),
        Field::new("width", DataType::UInt32, false),
        Field::new("height", DataType::UInt32, false),
        Field::new("bytes", DataType::UInt64, false),
        Field::new("colour", list(DataType::Float32, 3), true),
        Field::new("print", DataType::FixedSizeBinary(print.max(1) as i32), true),
        Field::new("features", list(number, settings.dim), true),
        text("error"),
    ]))
}

fn element(number: DataType) -> Field {
    Field::new("element", number, false)
}

/// Numbers of like size lie beside one another with their bytes split, which zstd makes smaller; no
/// digest or hash is worth a dictionary, and nobody asks for the smallest feature.
fn properties() -> WriterProperties {
    let column =
        |name: &str| ColumnPath::from(name.split('.').map(str::to_owned).collect::<Vec<_>>());
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_statistics_enabled(EnabledStatistics::None)
        .set_created_by(format!("lookalike {}", env!("CARGO_PKG_VERSION")))
        .set_max_row_group_row_count(Some(GROUP));
    for name in ["id", "sha256", "print", "features.list.element", "colour.list.element"] {
        properties = properties.set_column_dictionary_enabled(column(name), false);
    }
    let features = column("features.list.element");
    properties.set_column_encoding(features, Encoding::BYTE_STREAM_SPLIT).build()
}

fn batch(
    schema: &SchemaRef,
    settings: &Settings,
    print: usize,
    rows: &[Row],
) -> Result<RecordBatch, ArrowError> {
    let texts = |of: fn(&Row) -> Option<&str>| -> ArrayRef {
        Arc::new(rows.iter().map(of).collect::<StringArray>())
    };
    let sides = |of: fn(&Row) -> u32| -> ArrayRef {
        Arc::new(rows.iter().map(of).collect::<UInt32Array>())
    };
    let bytes = |length: usize, of: &dyn Fn(&Row) -> Option<Vec<u8>>| {
        let mut builder = FixedSizeBinaryBuilder::with_capacity(rows.len(), length as i32);
        for row in rows {
            match of(row).filter(|bytes| bytes.len() == length) {
                Some(bytes) => builder.append_value(bytes)?,
                None => builder.append_null(),
            }
        }
        Ok::<ArrayRef, ArrowError>(Arc::new(builder.finish()))
    };
    let colours = lists(rows, 3, |row| row.colour.as_ref().map(<[f32; 3]>::as_slice));
    let features = |row: &'_ Row| row.features.clone();
    let features: ArrayRef = match settings.half {
        false => lists(rows, settings.dim, |row| row.features.as_deref()),
        true => {
            let mut builder = FixedSizeListBuilder::new(Float16Builder::new(), settings.dim as i32)
                .with_field(element(DataType::Float16));
            for row in rows {
                let row = features(row).filter(|row| row.len() == settings.dim);
                let there = row.is_some();
                let row = row.unwrap_or_else(|| vec![0.0; settings.dim]);
                row.into_iter().for_each(|x| builder.values().append_value(f16::from_f32(x)));
                builder.append(there);
            }
            Arc::new(builder.finish())
        }
    };
    let columns: Vec<ArrayRef> = vec![
        texts(|row| Some(&row.id)),
        bytes(32, &|row| row.sha256.map(|digest| digest.0.to_vec()))?,
        texts(|row| row.label.as_deref()),
        texts(|row| row.group.as_deref()),
        texts(|row| row.split.as_deref()),
        texts(|row| row.fold.as_deref()),
        sides(|row| row.width),
        sides(|row| row.height),
        Arc::new(rows.iter().map(|row| row.bytes).collect::<UInt64Array>()),
        colours,
        bytes(print.max(1), &|row| row.print.clone())?,
        features,
        texts(|row| row.error.as_deref()),
    ];
    RecordBatch::try_new(schema.clone(), columns)
}

/// Lists of so many numbers; none where a row has another number of them.
fn lists<'a>(
    rows: &'a [Row],
    length: usize,
    of: impl Fn(&'a Row) -> Option<&'a [f32]>,
) -> ArrayRef {
    let mut builder = FixedSizeListBuilder::new(Float32Builder::new(), length as i32)
        .with_field(element(DataType::Float32));
    let nothing = vec![0.0; length];
    for row in rows {
        let numbers = of(row).filter(|row| row.len() == length);
        builder.values().append_slice(numbers.unwrap_or(&nothing));
        builder.append(numbers.is_some());
    }
    Arc::new(builder.finish())
}
