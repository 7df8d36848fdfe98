//! Classes and pictures from a table of labels.

use std::collections::HashMap;
use std::path::Path;

use ground::files::{folder_of, read_capped};

use super::found::Places;
use super::{Entry, Folder, Need, Side, build, composed, sides};
use crate::PicturesError;

/// The largest table, in bytes: some millions of rows.
const LIMIT: u64 = 1 << 28;

/// The columns by their place in the header.
struct Columns {
    path: usize,
    label: usize,
    split: Option<usize>,
    group: Option<usize>,
}

pub(super) fn from_csv(path: &Path, need: Need) -> Result<Folder, PicturesError> {
    let text = read_capped(path, LIMIT)?;
    // Spreadsheets put a byte order mark before the first name.
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
    let wrong = |line, why| PicturesError::Table { path: path.to_owned(), line, why };
    let broken = |error: csv::Error| {
        let line = error.position().map_or(1, |position| line(text, position));
        wrong(
            line,
            match error.into_kind() {
                csv::ErrorKind::Utf8 { .. } => {
                    "not UTF-8 text; save the table as `CSV UTF-8`".into()
                }
                csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                    format!("{len} fields where the header has {expected_len}")
                }
                other => format!("{other:?}"),
            },
        )
    };
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::Headers).from_reader(text);
    let mut places = Places::of(folder_of(path));
    let mut warnings = Vec::new();
    let header = reader.headers().map_err(broken)?;
    let columns = columns(header, &mut warnings).map_err(|why| wrong(1, why))?;
    let mut entries = Vec::new();
    // The first picture that is listed again, where, and how many such lines there are.
    let mut repeated: Option<(String, u64, usize)> = None;
    let mut seen: HashMap<String, (String, csv::Position)> = HashMap::new();
    for record in reader.records() {
        let record = record.map_err(broken)?;
        let place = record.position().cloned().unwrap_or_else(csv::Position::new);
        let wrong = |why| wrong(line(text, &place), why);
        let field = |column: usize| record.get(column).unwrap_or_default();
        // Spaces may be part of a file's name.
        let (picture, label) = (field(columns.path), field(columns.label).trim());
        if picture.trim().is_empty() {
            return Err(wrong("the path is empty".into()));
        }
        if label.is_empty() {
            return Err(wrong(format!("`{picture}` has no label")));
        }
        if let Some((other, first)) = seen.get(picture) {
            if other != label {
                let first = line(text, first);
                return Err(wrong(format!(
                    "`{picture}` is labelled `{label}` here and `{other}` in line {first}"
                )));
            }
            repeated.get_or_insert_with(|| (picture.to_owned(), line(text, &place), 0)).2 += 1;
            continue;
        }
        let side = columns.split.map_or(Ok(None), |column| side(field(column).trim()));
        let group = columns.group.map(field).map(str::trim).filter(|group| !group.is_empty());
        entries.push(Entry {
            class: composed(label),
            path: places.find(picture),
            side: side.map_err(wrong)?,
            group: group.map(str::to_owned),
        });
        seen.insert(picture.to_owned(), (label.to_owned(), place));
    }
    if let Some((picture, line, count)) = repeated {
        let lines = if count == 1 { "1 line lists" } else { &format!("{count} lines list") };
        warnings.push(format!(
            "{lines} a picture again, first line {line} with `{picture}`: it is used once"
        ));
    }
    warnings.extend(places.told());
    build(path, entries, &[], warnings, need)
}

/// The line of a record. The reader's own count stands before the line ends that lead up to it.
fn line(text: &[u8], position: &csv::Position) -> u64 {
    let start = (position.byte() as usize).min(text.len());
    let leading = text[start..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    1 + text[..start + leading].iter().filter(|&&byte| byte == b'\n').count() as u64
}

fn columns(header: &csv::StringRecord, warnings: &mut Vec<String>) -> Result<Columns, String> {
    let mut places: HashMap<String, usize> = HashMap::new();
    for (place, name) in header.iter().enumerate() {
        let name = name.to_lowercase();
        if !["path", "label", "split", "group"].contains(&name.as_str()) {
            warnings.push(format!("the column `{name}` is not used"));
        } else if places.insert(name.clone(), place).is_some() {
            return Err(format!("two columns are called `{name}`"));
        }
    }
    let need = |name: &str| {
        places.get(name).copied().ok_or_else(|| {
            let separated = header.len() == 1 && header[0].contains([';', '\t']);
            let hint = if separated { "; fields are separated by commas" } else { "" };
            format!("the header has no column `{name}`{hint}")
        })
    };
    Ok(Columns {
        path: need("path")?,
        label: need("label")?,
        split: places.get("split").copied(),
        group: places.get("group").copied(),
    })
}

fn side(text: &str) -> Result<Option<Side>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let side = sides::of_name(text).map(Some);
    side.ok_or_else(|| format!("the split `{text}` is neither `train`, `valid` nor `test`"))
}
