//! Corrected labels, from a table beside the pictures: the files stay as and where they are.

use std::collections::HashMap;
use std::path::Path;

use ground::files::read_capped;

use super::Folder;
use crate::PicturesError;

/// The largest table, in bytes.
const LIMIT: u64 = 1 << 28;

/// The outcome of a table of fixes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fixed {
    /// Pictures that have another label now.
    pub relabelled: usize,
    /// Pictures that are left out.
    pub left_out: usize,
    /// Lines that say nothing to these pictures, and why.
    pub warnings: Vec<String>,
}

pub(super) fn apply(
    folder: &mut Folder,
    base: &Path,
    table: &Path,
) -> Result<Fixed, PicturesError> {
    let text = read_capped(table, LIMIT)?;
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
    let wrong = |line, why: String| PicturesError::Table { path: table.to_owned(), line, why };
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text);
    let broken = |error: csv::Error| {
        wrong(error.position().map_or(1, csv::Position::line), error.to_string())
    };
    let header = reader.headers().map_err(broken)?.clone();
    let column = |name: &str| {
        let place = header.iter().position(|column| column.eq_ignore_ascii_case(name));
        place.ok_or_else(|| wrong(1, format!("the header has no column `{name}`")))
    };
    let [path, label, suggested] = [column("path")?, column("label")?, column("suggested")?];
    let by_path: HashMap<_, usize> = folder
        .pictures
        .iter()
        .enumerate()
        .map(|(place, picture)| (picture.path.as_path().to_owned(), place))
        .collect();
    let mut fixed = Fixed::default();
    let mut out = vec![];
    for record in reader.records() {
        let record = record.map_err(broken)?;
        let line = record.position().map_or(0, csv::Position::line);
        let field = |column: usize| record.get(column).unwrap_or_default();
        let (picture, label, suggested) = (field(path), field(label), field(suggested));
        let mut warn = |why: &str| {
            fixed
                .warnings
                .push(format!("line {line} of the fixes has no effect: `{picture}` {why}"));
        };
        let Some(&place) = by_path.get(&base.join(picture)) else {
            warn("is not among the pictures");
            continue;
        };
        let found = &mut folder.pictures[place];
        if folder.classes[found.label] != label {
            warn(&format!("is now in class `{}`", folder.classes[found.label]));
            continue;
        }
        if suggested.is_empty() {
            out.push(place);
            continue;
        }
        match folder.classes.iter().position(|class| class == suggested) {
            Some(class) => {
                found.label = class;
                fixed.relabelled += 1;
            }
            None => return Err(wrong(line, format!("there is no class `{suggested}`"))),
        }
    }
    out.sort_unstable();
    out.dedup();
    fixed.left_out = out.len();
    for place in out.into_iter().rev() {
        folder.pictures.remove(place);
    }
    Ok(fixed)
}
