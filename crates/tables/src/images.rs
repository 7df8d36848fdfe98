//! Data sets of pictures with labels in Parquet, as Hugging Face's hub has them: pictures embedded, of
//! which the bytes lie as they are in the file where it was written so.

mod columns;
mod locate;

use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::DataType;

pub use columns::{Labels, label_column, picture_column};
use locate::Locator;

use crate::{Parquet, TablesError};

/// Rows that are read at a time: each has a picture.
const AT_A_TIME: usize = 16;

/// Where the bytes of a picture are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bytes {
    /// In the file, as they are, from this byte on.
    At {
        /// The first byte.
        offset: u64,
        /// How many.
        length: u64,
    },
    /// Here: in the file they are packed.
    Packed(Vec<u8>),
    /// In another file, by its path.
    Elsewhere(String),
    /// Nowhere.
    Missing,
}

/// A picture in a data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Its row in the file, from 0.
    pub row: u64,
    /// What its file was called, if that is known.
    pub name: Option<String>,
    /// Where it is.
    pub bytes: Bytes,
    /// Its class; `None` where it has none, which data sets write as -1 too.
    pub label: Option<String>,
}

/// Hands over the pictures of a file with their labels, in the order of the rows.
///
/// # Errors
/// When a column is of another type, a label has no name, or the file is damaged; and those of `image`.
pub fn read(
    file: &Parquet,
    picture: &str,
    labels: Option<&Labels>,
    image: &mut dyn FnMut(Image) -> Result<(), TablesError>,
) -> Result<(), TablesError> {
    let mut names = vec![picture];
    names.extend(labels.map(|labels| labels.column.as_str()));
    let mut row = 0;
    for group in 0..file.groups() {
        let mut locator = Locator::of(file, group, picture)?;
        file.read_group(group, &names, AT_A_TIME, &mut |batch| {
            let (cells, labelled) = cells(file.path(), &batch, picture, labels)?;
            for at in 0..batch.num_rows() {
                let (bytes, name) = cells.get(at);
                let bytes = match (bytes, &name) {
                    (Some(bytes), _) => match locator.find(bytes) {
                        Some(offset) => Bytes::At { offset, length: bytes.len() as u64 },
                        None => Bytes::Packed(bytes.to_vec()),
                    },
                    (None, Some(name)) => Bytes::Elsewhere(name.clone()),
                    (None, None) => Bytes::Missing,
                };
                let label = match (labels, &labelled) {
                    (Some(labels), Some(column)) => label(file.path(), labels, column, at, row)?,
                    _ => None,
                };
                image(Image { row, name, bytes, label })?;
                row += 1;
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// A column of pictures in a batch.
struct Cells {
    bytes: Option<ArrayRef>,
    names: Option<ArrayRef>,
}

impl Cells {
    fn get(&self, row: usize) -> (Option<&[u8]>, Option<String>) {
        let there = |column: &&ArrayRef| column.is_valid(row);
        let bytes =
            self.bytes.as_ref().filter(there).map(|bytes| bytes.as_binary::<i32>().value(row));
        let name = self.names.as_ref().filter(there);
        let name = name.map(|names| names.as_string::<i32>().value(row).to_owned());
        (bytes.filter(|bytes| !bytes.is_empty()), name.filter(|name| !name.is_empty()))
    }
}

/// The columns of a batch that hold pictures and labels.
fn cells(
    path: &Path,
    batch: &RecordBatch,
    picture: &str,
    labels: Option<&Labels>,
) -> Result<(Cells, Option<ArrayRef>), TablesError> {
    let find = |name: &str| {
        let column = batch.column_by_name(name).cloned();
        column.ok_or_else(|| TablesError::column(path, name, "there is no such column"))
    };
    let column = find(picture)?;
    let wrong = || {
        let why = format!("it holds {}, not pictures", column.data_type());
        TablesError::column(path, picture, why)
    };
    let cells = match column.data_type() {
        DataType::Binary => Cells { bytes: Some(column.clone()), names: None },
        DataType::Utf8 => Cells { bytes: None, names: Some(column.clone()) },
        DataType::Struct(_) => {
            let parts = column.as_struct();
            let part = |name: &str, kind: &DataType| {
                let part = parts.column_by_name(name).cloned();
                part.filter(|part| part.data_type() == kind)
            };
            let bytes = part("bytes", &DataType::Binary);
            if bytes.is_none() {
                return Err(wrong());
            }
            // Where the whole is missing, so are its parts.
            Cells { bytes, names: part("path", &DataType::Utf8) }
        }
        _ => return Err(wrong()),
    };
    let labelled = labels.map(|labels| find(&labels.column)).transpose()?;
    Ok((cells, labelled))
}

/// The class of a row.
fn label(
    path: &Path,
    labels: &Labels,
    column: &ArrayRef,
    at: usize,
    row: u64,
) -> Result<Option<String>, TablesError> {
    if column.is_null(at) {
        return Ok(None);
    }
    let wrong = |why: String| TablesError::column(path, &labels.column, why);
    let number = match column.data_type() {
        DataType::Utf8 => {
            let text = column.as_string::<i32>().value(at).trim();
            return Ok((!text.is_empty()).then(|| text.to_owned()));
        }
        DataType::Int64 => column.as_primitive::<Int64Type>().value(at),
        DataType::Int32 => column.as_primitive::<Int32Type>().value(at).into(),
        DataType::Int16 => column.as_primitive::<Int16Type>().value(at).into(),
        DataType::Int8 => column.as_primitive::<Int8Type>().value(at).into(),
        DataType::UInt8 => column.as_primitive::<UInt8Type>().value(at).into(),
        DataType::Boolean => column.as_boolean().value(at).into(),
        other => return Err(wrong(format!("it holds {other}, not labels"))),
    };
    match (number, &labels.names) {
        (-1, _) => Ok(None),
        (number, None) => Ok(Some(number.to_string())),
        (number, Some(names)) => {
            let name = usize::try_from(number).ok().and_then(|number| names.get(number));
            let few =
                || wrong(format!("row {row} has the label {number} of {} classes", names.len()));
            name.cloned().map(Some).ok_or_else(few)
        }
    }
}
