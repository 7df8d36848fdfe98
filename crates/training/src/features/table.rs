use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use ground::files::{FileError, read_at};

use super::cache::Cache;

/// Rows of numbers, one a picture: in memory, or read from the cache's files when they are asked
/// for, so that there may be more of them than memory holds.
#[derive(Clone, Debug)]
pub struct Table {
    rows: Rows,
    width: usize,
}

#[derive(Clone, Debug)]
enum Rows {
    Memory(Arc<Vec<f32>>),
    /// Where each row lies.
    Disk(Arc<(Cache, Vec<usize>)>),
    /// A file, what messages call it, and which of its rows each is.
    File(Arc<(File, PathBuf)>, Arc<Vec<usize>>),
}

impl Table {
    /// A table in memory, from rows of `width` numbers, one after the other.
    ///
    /// # Panics
    /// When the last row is not whole.
    #[must_use]
    pub fn new(width: usize, numbers: Vec<f32>) -> Self {
        assert!(width > 0 && numbers.len().is_multiple_of(width), "whole rows");
        Self { rows: Rows::Memory(Arc::new(numbers)), width }
    }

    /// A table on disk, of the cache's records with these numbers.
    #[must_use]
    pub fn of_cache(cache: Cache, records: Vec<usize>) -> Self {
        let width = cache.width();
        Self { rows: Rows::Disk(Arc::new((cache, records))), width }
    }

    /// A table in a file of rows that lie one behind the other, as little-endian numbers of 32 bits: of
    /// those with these numbers. `path` is what messages call it.
    #[must_use]
    pub fn of_file(width: usize, file: File, path: PathBuf, rows: Vec<usize>) -> Self {
        Self { rows: Rows::File(Arc::new((file, path)), Arc::new(rows)), width }
    }

    /// The table of some of the rows.
    ///
    /// # Errors
    /// When they lie in a file that cannot be read.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn select(&self, rows: &[usize]) -> Result<Self, FileError> {
        if let Rows::File(file, own) = &self.rows {
            let own = rows.iter().map(|&row| own[row]).collect();
            return Ok(Self { rows: Rows::File(file.clone(), Arc::new(own)), width: self.width });
        }
        let mut numbers = vec![0.0; rows.len() * self.width];
        self.read(rows, &mut numbers)?;
        Ok(Self::new(self.width, numbers))
    }

    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.rows {
            Rows::Memory(numbers) => numbers.len() / self.width,
            Rows::Disk(disk) => disk.1.len(),
            Rows::File(_, rows) => rows.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Numbers in a row.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Copies some rows, one after the other.
    ///
    /// # Errors
    /// When they lie in a file that cannot be read.
    ///
    /// # Panics
    /// When there is no such row, or `out` is of another length.
    pub fn read(&self, rows: &[usize], out: &mut [f32]) -> Result<(), FileError> {
        assert_eq!(out.len(), rows.len() * self.width, "a place for each number");
        for (&row, out) in rows.iter().zip(out.chunks_exact_mut(self.width)) {
            match &self.rows {
                Rows::Memory(numbers) => {
                    out.copy_from_slice(&numbers[row * self.width..][..self.width]);
                }
                Rows::Disk(disk) => disk.0.read(disk.1[row], out)?,
                Rows::File(file, rows) => {
                    let (file, path) = &**file;
                    let mut bytes = vec![0; size_of_val(out)];
                    let place = rows[row] as u64 * bytes.len() as u64;
                    read_at(file, &mut bytes, place).map_err(FileError::at("read", path))?;
                    for (x, bytes) in out.iter_mut().zip(bytes.as_chunks().0) {
                        *x = f32::from_le_bytes(*bytes);
                    }
                }
            }
        }
        Ok(())
    }
}
