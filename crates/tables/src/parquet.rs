//! A Parquet file whose footer was read without trust.

use std::fs::File;
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use ground::files::FileError;
use ground::quietly;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::Compression;
use parquet::file::metadata::ColumnChunkMetaData;

use crate::pages::{pages, piece, walk_footer};
use crate::{Limits, TablesError};

/// What every Parquet file begins and ends with.
const MAGIC: &[u8; 4] = b"PAR1";

/// A Parquet file that was opened: its footer is read and within the limits, its rows are not read yet.
#[derive(Debug)]
pub struct Parquet {
    path: PathBuf,
    file: File,
    metadata: ArrowReaderMetadata,
    limits: Limits,
}

impl Parquet {
    /// Whether these bytes begin a Parquet file.
    #[must_use]
    pub fn begins(bytes: &[u8]) -> bool {
        bytes.starts_with(MAGIC)
    }

    /// Opens a file and reads its footer.
    ///
    /// # Errors
    /// When it is no Parquet file, damaged, encrypted, or beyond the limits.
    pub fn open(path: &Path, limits: Limits) -> Result<Self, TablesError> {
        let wrong = |why: String| TablesError::damaged(path, why);
        let system = |error| FileError::at("read", path)(error);
        let mut file = File::open(path).map_err(system)?;
        let about = file.metadata().map_err(system)?;
        let length = about.len();
        if !about.is_file() || length < 12 {
            return Err(wrong("it is too short, or no regular file".into()));
        }
        let begins = piece(&mut file, 0, 4).map_err(system)?;
        let ends = piece(&mut file, length - 8, 8).map_err(system)?;
        if ends.ends_with(b"PARE") {
            return Err(wrong("it is encrypted".into()));
        }
        if begins != MAGIC || !ends.ends_with(MAGIC) {
            let cut = if begins == MAGIC { "it is cut off" } else { "it does not begin like one" };
            return Err(wrong(cut.into()));
        }
        let footer = u64::from(u32::from_le_bytes(*ends.first_chunk().unwrap_or(&[0; 4])));
        if footer > limits.footer || footer > length - 12 {
            return Err(wrong(format!("its footer claims {footer} bytes")));
        }
        let bytes = piece(&mut file, length - 8 - footer, footer).map_err(system)?;
        walk_footer(&bytes, limits.parts).map_err(wrong)?;
        let load = || {
            // What Arrow notes beside the schema is another way to a panic, and says nothing of use.
            let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
            ArrowReaderMetadata::load(&file, options)
        };
        let metadata = quietly(load).map_err(wrong)?.map_err(|error| wrong(error.to_string()))?;
        let opened = Self { path: path.to_owned(), file, metadata, limits };
        opened.check(length)?;
        Ok(opened)
    }

    /// Holds what the footer says against the limits and against the file's length.
    fn check(&self, length: u64) -> Result<(), TablesError> {
        let wrong = |why: String| Err(TablesError::damaged(&self.path, why));
        let footer = self.metadata.metadata();
        if footer.num_row_groups() > self.limits.row_groups {
            return wrong(format!("it has {} row groups", footer.num_row_groups()));
        }
        let mut rows = 0u64;
        for group in footer.row_groups() {
            let Ok(own) = u64::try_from(group.num_rows()) else {
                return wrong("a row group has fewer than no rows".into());
            };
            rows = rows.saturating_add(own);
            for column in group.columns() {
                let column_name = column.column_path().string();
                let Some((start, bytes)) = stretch(column) else {
                    let why = "the footer says that it lies before the file";
                    return Err(TablesError::column(&self.path, &column_name, why));
                };
                let inside =
                    start >= 4 && start.checked_add(bytes).is_some_and(|end| end <= length);
                let unpacked = u64::try_from(column.uncompressed_size()).unwrap_or(u64::MAX);
                if !inside || unpacked > self.limits.column {
                    let why =
                        format!("the footer claims {bytes} bytes at {start}, {unpacked} unpacked");
                    return Err(TablesError::column(&self.path, &column_name, why));
                }
            }
        }
        if rows > self.limits.rows {
            return wrong(format!("it claims {rows} rows"));
        }
        Ok(())
    }

    /// The file's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many rows its footer counts.
    #[must_use]
    pub fn rows(&self) -> u64 {
        let groups = self.metadata.metadata().row_groups().iter();
        groups.map(|group| group.num_rows().unsigned_abs()).sum()
    }

    /// What the footer keeps under a name.
    #[must_use]
    pub fn note(&self, name: &str) -> Option<&str> {
        let notes = self.metadata.metadata().file_metadata().key_value_metadata()?;
        notes.iter().find(|note| note.key == name)?.value.as_deref()
    }

    /// The schema of its rows.
    pub(crate) fn schema(&self) -> &arrow_schema::SchemaRef {
        self.metadata.schema()
    }

    pub(crate) fn groups(&self) -> usize {
        self.metadata.metadata().num_row_groups()
    }

    /// Where the bytes of a column of pictures lie in a row group, and how they are compressed: the
    /// column itself, or the part `bytes` of it.
    pub(crate) fn leaf(&self, group: usize, column: &str) -> Option<(u64, u64, Compression)> {
        let inner = format!("{column}.bytes");
        let columns = self.metadata.metadata().row_group(group).columns().iter();
        let mut columns = columns.filter(|chunk| {
            let path = chunk.column_path().parts().join(".");
            path == column || path == inner
        });
        let chunk = columns.next()?;
        let (start, length) = stretch(chunk)?;
        Some((start, length, chunk.compression()))
    }

    /// Hands over the rows of a row group, so many at a time: the columns of these names at the top.
    /// `rows` may end it early.
    pub(crate) fn read_group(
        &self,
        group: usize,
        columns: &[&str],
        at_a_time: usize,
        rows: &mut dyn FnMut(RecordBatch) -> Result<(), TablesError>,
    ) -> Result<(), TablesError> {
        let wrong = |why: String| TablesError::damaged(&self.path, why);
        let parquet = self.metadata.parquet_schema();
        let roots = self.schema().fields().iter().enumerate();
        let roots = roots.filter(|(_, field)| columns.contains(&field.name().as_str()));
        let mask = ProjectionMask::roots(parquet, roots.map(|(root, _)| root));
        self.check_pages(group, &mask)?;
        let file = self.file.try_clone().map_err(FileError::at("read", &self.path))?;
        let build = || {
            ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone())
                .with_row_groups(vec![group])
                .with_projection(mask)
                .with_batch_size(at_a_time)
                .build()
        };
        let mut reader =
            quietly(build).map_err(wrong)?.map_err(|error| wrong(error.to_string()))?;
        while let Some(batch) = quietly(|| reader.next()).map_err(wrong)? {
            rows(batch.map_err(|error| wrong(error.to_string()))?)?;
        }
        Ok(())
    }

    /// No page of these columns is larger than a page may be: the library makes room for what a page
    /// claims.
    fn check_pages(&self, group: usize, mask: &ProjectionMask) -> Result<(), TablesError> {
        let mut file = File::open(&self.path).map_err(FileError::at("read", &self.path))?;
        let columns = self.metadata.metadata().row_group(group).columns().iter().enumerate();
        for (_, column) in columns.filter(|(leaf, _)| mask.leaf_included(*leaf)) {
            let name = column.column_path().string();
            let wrong = |why: String| TablesError::column(&self.path, &name, why);
            let (start, length) = stretch(column).unwrap_or_default();
            let pages = pages(&mut file, start, length).map_err(wrong)?;
            if let Some(page) = pages.iter().find(|page| page.unpacked > self.limits.page) {
                return Err(wrong(format!("a page claims {} bytes", page.unpacked)));
            }
        }
        Ok(())
    }
}

/// Where a column of a row group lies: its first byte and its length.
fn stretch(column: &ColumnChunkMetaData) -> Option<(u64, u64)> {
    let data = column.data_page_offset();
    // Some writers put 0 where there is no dictionary.
    let start = match column.dictionary_page_offset() {
        Some(dictionary) if dictionary > 0 && dictionary < data => dictionary,
        _ => data,
    };
    Some((u64::try_from(start).ok()?, u64::try_from(column.compressed_size()).ok()?))
}
