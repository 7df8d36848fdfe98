//! Columns of a batch by name, of the types that writers give them.

use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float16Type, Float32Type, Float64Type, Int32Type, Int64Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, Float32Array, RecordBatch, StringArray};
use arrow_schema::DataType;

use crate::TablesError;

/// A batch of a file's rows.
pub(crate) struct Columns<'a> {
    pub(crate) path: &'a Path,
    pub(crate) batch: &'a RecordBatch,
}

impl<'a> Columns<'a> {
    fn find(&self, name: &str) -> Option<&'a ArrayRef> {
        self.batch.column_by_name(name)
    }

    pub(crate) fn wrong(&self, name: &str, why: impl Into<String>) -> TablesError {
        TablesError::column(self.path, name, why)
    }

    fn of_type(&self, name: &str, found: &DataType, wanted: &str) -> TablesError {
        self.wrong(name, format!("it holds {found}, not {wanted}"))
    }

    /// Texts; `None` where there is no such column.
    pub(crate) fn texts(&self, name: &str) -> Result<Option<&'a StringArray>, TablesError> {
        let Some(column) = self.find(name) else { return Ok(None) };
        let texts = column.as_string_opt::<i32>();
        texts.map(Some).ok_or_else(|| self.of_type(name, column.data_type(), "texts"))
    }

    /// Bytes, of a fixed length or not.
    pub(crate) fn bytes(&self, name: &str) -> Result<Option<Cells<'a>>, TablesError> {
        let Some(column) = self.find(name) else { return Ok(None) };
        match column.data_type() {
            DataType::FixedSizeBinary(_) | DataType::Binary => Ok(Some(Cells(column))),
            other => Err(self.of_type(name, other, "bytes")),
        }
    }

    /// Lists of texts.
    pub(crate) fn text_lists(&self, name: &str) -> Result<Vec<Vec<String>>, TablesError> {
        let Some(column) = self.find(name) else { return Ok(vec![]) };
        let wrong = || self.of_type(name, column.data_type(), "lists of texts");
        let lists = column.as_list_opt::<i32>().ok_or_else(wrong)?;
        let texts = |row: Option<ArrayRef>| {
            let Some(row) = row else { return Ok(vec![]) };
            let texts = row.as_string_opt::<i32>().ok_or_else(wrong)?;
            Ok(texts.iter().flatten().map(str::to_owned).collect())
        };
        lists.iter().map(texts).collect()
    }

    /// Numbers of 32 bits.
    pub(crate) fn numbers(&self, name: &str) -> Result<Option<&'a Float32Array>, TablesError> {
        let Some(column) = self.find(name) else { return Ok(None) };
        let numbers = column.as_primitive_opt::<Float32Type>();
        numbers.map(Some).ok_or_else(|| self.of_type(name, column.data_type(), "numbers"))
    }

    /// Whole numbers.
    pub(crate) fn integers(&self, name: &str) -> Result<Option<Vec<Option<u64>>>, TablesError> {
        let Some(column) = self.find(name) else { return Ok(None) };
        let signed = |x: Option<i64>| x.and_then(|x| u64::try_from(x).ok());
        let numbers = match column.data_type() {
            DataType::UInt32 => {
                column.as_primitive::<UInt32Type>().iter().map(|x| x.map(u64::from)).collect()
            }
            DataType::UInt64 => column.as_primitive::<UInt64Type>().iter().collect(),
            DataType::Int32 => {
                let all = column.as_primitive::<Int32Type>().iter();
                all.map(|x| signed(x.map(i64::from))).collect()
            }
            DataType::Int64 => column.as_primitive::<Int64Type>().iter().map(signed).collect(),
            other => return Err(self.of_type(name, other, "whole numbers")),
        };
        Ok(Some(numbers))
    }

    /// Lists of numbers, each of this length or missing.
    pub(crate) fn lists(
        &self,
        name: &str,
        length: usize,
    ) -> Result<Option<Vec<Option<Vec<f32>>>>, TablesError> {
        let Some(column) = self.find(name) else { return Ok(None) };
        let wanted = "lists of numbers of 16, 32 or 64 bits";
        let Some(lists) = column.as_list_opt::<i32>() else {
            return Err(self.of_type(name, column.data_type(), wanted));
        };
        let numbers = |row: &ArrayRef| -> Option<Vec<f32>> {
            if row.null_count() > 0 {
                return None;
            }
            match row.data_type() {
                DataType::Float16 => {
                    let values = row.as_primitive::<Float16Type>().values();
                    Some(values.iter().map(|x| x.to_f32()).collect())
                }
                DataType::Float32 => Some(row.as_primitive::<Float32Type>().values().to_vec()),
                DataType::Float64 => {
                    let values = row.as_primitive::<Float64Type>().values();
                    Some(values.iter().map(|&x| x as f32).collect())
                }
                _ => None,
            }
        };
        let rows = lists.iter().map(|row| {
            let Some(row) = row else { return Ok(None) };
            match numbers(&row) {
                Some(row) if row.len() == length => Ok(Some(row)),
                Some(row) => {
                    Err(self.wrong(name, format!("a list of {} numbers, not {length}", row.len())))
                }
                None => Err(self.of_type(name, column.data_type(), wanted)),
            }
        });
        rows.collect::<Result<_, _>>().map(Some)
    }
}

/// Bytes in a column.
pub(crate) struct Cells<'a>(&'a ArrayRef);

impl<'a> Cells<'a> {
    /// Those of a row, if it has any.
    pub(crate) fn get(&self, row: usize) -> Option<&'a [u8]> {
        if self.0.is_null(row) {
            return None;
        }
        match self.0.data_type() {
            DataType::Binary => Some(self.0.as_binary::<i32>().value(row)),
            _ => Some(self.0.as_fixed_size_binary().value(row)),
        }
    }
}

/// A text of a row, if it has one.
pub(crate) fn text(texts: Option<&StringArray>, row: usize) -> Option<String> {
    let texts = texts.filter(|texts| texts.is_valid(row))?;
    Some(texts.value(row).to_owned())
}
