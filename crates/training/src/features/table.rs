use std::sync::Arc;

use ground::files::FileError;

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

    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.rows {
            Rows::Memory(numbers) => numbers.len() / self.width,
            Rows::Disk(disk) => disk.1.len(),
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
            }
        }
        Ok(())
    }
}
