//! Where the bytes of a picture lie in the file, if they lie there as they are: in a column that is not
//! compressed, one behind the other with four bytes of length before each.

use std::fs::File;

use ground::files::{FileError, read_at};
use parquet::basic::Compression;

use crate::pages::{Page, pages};
use crate::{Parquet, TablesError};

/// How far into a page values may begin: before them is which rows have one.
const LEVELS: u64 = 1 << 16;

/// Finds values in the file, in their order.
pub(crate) struct Locator {
    /// Where the pages lie; none where the column is compressed.
    file: Option<(File, Vec<Page>)>,
    /// Where the next value is if it is in the same page.
    next: u64,
    /// The page that it is in.
    page: usize,
}

impl Locator {
    pub(crate) fn of(file: &Parquet, group: usize, column: &str) -> Result<Self, TablesError> {
        let nowhere = Self { file: None, next: 0, page: 0 };
        let Some((start, length, compression)) = file.leaf(group, column) else {
            return Ok(nowhere);
        };
        if compression != Compression::UNCOMPRESSED {
            return Ok(nowhere);
        }
        let path = file.path();
        let mut opened = File::open(path).map_err(FileError::at("read", path))?;
        let pages = pages(&mut opened, start, length)
            .map_err(|why| TablesError::column(path, column, why))?;
        Ok(Self { file: Some((opened, pages)), next: 0, page: 0 })
    }

    /// Where these bytes lie, which follow the ones that were found before.
    pub(crate) fn find(&mut self, bytes: &[u8]) -> Option<u64> {
        let (file, pages) = self.file.as_ref()?;
        let lies_at = |place: u64| {
            let mut found = vec![0; 4 + bytes.len()];
            let there = read_at(file, &mut found, place).is_ok();
            there && found[..4] == (bytes.len() as u32).to_le_bytes() && found[4..] == *bytes
        };
        if self.next > 0 && lies_at(self.next) {
            self.next += 4 + bytes.len() as u64;
            return Some(self.next - bytes.len() as u64);
        }
        // It is the first of a page. One that holds no value is passed over.
        for (at, page) in pages.iter().enumerate().skip(self.page) {
            let mut start = vec![0; page.packed.min(LEVELS) as usize];
            read_at(file, &mut start, page.start).ok()?;
            let length = (bytes.len() as u32).to_le_bytes();
            let places = start.windows(4).enumerate().filter(|(_, four)| **four == length);
            let found =
                places.map(|(place, _)| page.start + place as u64).find(|&place| lies_at(place));
            if let Some(place) = found {
                (self.page, self.next) = (at + 1, place + 4 + bytes.len() as u64);
                return Some(place + 4);
            }
        }
        None
    }
}
