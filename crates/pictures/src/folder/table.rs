//! Classes and pictures from a table of labels.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;

use ground::files::{FileError, folder_of};

use super::{Entry, Folder, Side, build};
use crate::PicturesError;

/// The columns by their place in the header.
struct Columns {
    path: usize,
    label: usize,
    split: Option<usize>,
    group: Option<usize>,
}

pub(super) fn from_csv(path: &Path) -> Result<Folder, PicturesError> {
    let wrong = |line, why| PicturesError::Table { path: path.to_owned(), line, why };
    let broken = |error: csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        match error.into_kind() {
            csv::ErrorKind::Io(source) => FileError::at("read", path)(source).into(),
            csv::ErrorKind::Utf8 { .. } => wrong(line, "not UTF-8 text".into()),
            csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                wrong(line, format!("{len} fields where the header has {expected_len}"))
            }
            other => wrong(line, format!("{other:?}")),
        }
    };
    let file = File::open(path).map_err(FileError::at("read", path))?;
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file);
    let mut warnings = Vec::new();
    let header = reader.headers().map_err(broken)?;
    let columns = columns(header, &mut warnings).map_err(|why| wrong(1, why))?;
    let mut entries = Vec::new();
    let mut seen: HashMap<String, (String, u64)> = HashMap::new();
    for record in reader.records() {
        let record = record.map_err(broken)?;
        let line = record.position().map_or(0, csv::Position::line);
        let field = |column: usize| record.get(column).unwrap_or_default();
        let (picture, label) = (field(columns.path), field(columns.label));
        if picture.is_empty() {
            return Err(wrong(line, "the path is empty".into()));
        }
        if label.is_empty() {
            return Err(wrong(line, format!("`{picture}` has no label")));
        }
        if let Some((other, first)) = seen.get(picture) {
            if other != label {
                let why =
                    format!("`{picture}` is labelled `{label}` here and `{other}` in line {first}");
                return Err(wrong(line, why));
            }
            warnings
                .push(format!("`{picture}` stands in lines {first} and {line}: it is used once"));
            continue;
        }
        seen.insert(picture.to_owned(), (label.to_owned(), line));
        let side = columns.split.map_or(Ok(None), |column| side(field(column)));
        let group = columns.group.map(field).filter(|group| !group.is_empty());
        entries.push(Entry {
            class: label.to_owned(),
            path: folder_of(path).join(picture),
            side: side.map_err(|why| wrong(line, why))?,
            group: group.map(str::to_owned),
        });
    }
    build(path, entries, &[], warnings)
}

fn columns(header: &csv::StringRecord, warnings: &mut Vec<String>) -> Result<Columns, String> {
    let mut places: HashMap<String, usize> = HashMap::new();
    for (place, name) in header.iter().enumerate() {
        // Spreadsheets put a byte order mark before the first name.
        let name = name.trim_start_matches('\u{feff}').trim().to_lowercase();
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
    match text.to_lowercase().as_str() {
        "" => Ok(None),
        "train" => Ok(Some(Side::Train)),
        "valid" | "val" | "validation" => Ok(Some(Side::Valid)),
        "test" => Ok(Some(Side::Test)),
        _ => Err(format!("the split `{text}` is neither `train`, `valid` nor `test`")),
    }
}
