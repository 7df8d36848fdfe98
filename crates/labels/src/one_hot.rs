//! Roboflow's `_classes.csv`: a file name, and a column of zeros and ones for each class.

use std::path::Path;

use ground::files::read_capped;
use pictures::{Finder, PicturesError};

use crate::How;
use crate::gathered::{Gathered, Named};
use crate::json::LIMIT;

/// How many rows are checked to recognise such a table.
const TRIED: usize = 20;

fn reader(text: &[u8]) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text)
}

/// Whether a table begins so: file names, at least two more columns, and zeros and ones alone.
pub(crate) fn begins(text: &[u8]) -> bool {
    // The last line may be cut.
    let end = text.iter().rposition(|&byte| byte == b'\n').map_or(text.len(), |end| end + 1);
    let mut reader = reader(&text[..end]);
    let named = |header: &csv::StringRecord| {
        let first = header.get(0).unwrap_or_default();
        header.len() > 2 && ["filename", "file_name", "image", "path"].contains(&first)
    };
    if !reader.headers().is_ok_and(named) {
        return false;
    }
    let mut rows = 0;
    for row in reader.records().take(TRIED) {
        let Ok(row) = row else { return false };
        if !row.iter().skip(1).all(|cell| cell == "0" || cell == "1") {
            return false;
        }
        rows += 1;
    }
    rows > 0
}

pub(crate) fn read(path: &Path, how: &How, into: &mut Gathered) -> Result<(), PicturesError> {
    let text = read_capped(path, LIMIT)?;
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
    let wrong = |line: u64, why: String| PicturesError::Table { path: path.to_owned(), line, why };
    let broken = |error: csv::Error| {
        wrong(error.position().map_or(1, csv::Position::line), error.to_string())
    };
    let mut finder = Finder::of(how.base(path));
    let mut reader = reader(text);
    let classes = reader.headers().map_err(broken)?.clone();
    for row in reader.records() {
        let row = row.map_err(broken)?;
        let line = row.position().map_or(0, csv::Position::line);
        let name = row.get(0).unwrap_or_default();
        let mut found = vec![];
        for (cell, class) in row.iter().zip(&classes).skip(1) {
            match cell {
                "1" => found.push(class),
                "0" | "" => {}
                _ => return Err(wrong(line, format!("`{cell}` is neither 0 nor 1"))),
            }
        }
        let class = match &found[..] {
            [] => None,
            [class] => Some((*class).to_owned()),
            several => {
                let several = several.join("`, `");
                let why = format!("`{name}` has the labels `{several}`, and a picture has one");
                return Err(wrong(line, why));
            }
        };
        let place = finder.find(name).into();
        into.add(path, Named { place, class, side: None, group: None })?;
    }
    into.warn(finder.told());
    Ok(())
}
