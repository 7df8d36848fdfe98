//! Classes and pictures from a table of labels.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use ground::files::read_capped;
use ground::words::{count, thousands};

use super::columns::{Columns, reader};
use super::found::Finder;
use super::{Entry, Folder, Need, Side, build, composed, sides};
use crate::{Cut, PicturesError, Place};

/// Each fold is a head to fit.
const MOST_FOLDS: usize = 100;

/// The largest table, in bytes: some millions of rows.
const LIMIT: u64 = 1 << 28;

/// How workbooks begin: the newer ones are zip archives.
const WORKBOOKS: [&[u8]; 2] = [b"PK\x03\x04", b"\xd0\xcf\x11\xe0"];

/// Reads a table whose paths start in `base`.
pub(super) fn from_csv(
    path: &Path,
    base: &Path,
    columns: &Columns,
    need: Need,
) -> Result<Folder, PicturesError> {
    let text = read_capped(path, LIMIT)?;
    let wrong = |line, why| PicturesError::Table { path: path.to_owned(), line, why };
    if WORKBOOKS.iter().any(|start| text.starts_with(start)) {
        let why =
            "it is a workbook of Excel or LibreOffice, not text; save the sheet as `CSV UTF-8`";
        return Err(wrong(1, why.into()));
    }
    let (text, mut reader) = reader(&text, &columns.needed());
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
    let mut places = Finder::of(base);
    let header = reader.headers().map_err(broken)?;
    let (columns, unused) = columns.places(header).map_err(|why| wrong(1, why))?;
    let mut warnings: Vec<String> = unused.into_iter().collect();
    let mut entries = Vec::new();
    // The first picture that is listed again, where, and how many such lines there are.
    let mut repeated: Option<(String, u64, usize)> = None;
    // The first picture without a label, where, and how many there are.
    let mut unlabelled: Option<(String, u64, usize)> = None;
    let mut seen: HashMap<String, (String, csv::Position)> = HashMap::new();
    for record in reader.records() {
        let record = record.map_err(broken)?;
        let place = record.position().cloned().unwrap_or_else(csv::Position::new);
        let wrong = |why| wrong(line(text, &place), why);
        let field = |column: usize| record.get(column).unwrap_or_default();
        // Spaces may be part of a file's name.
        let (picture, label) = (field(columns.path), field(columns.label).trim());
        // Spreadsheets save empty rows below a table.
        if record.iter().all(|field| field.trim().is_empty()) {
            continue;
        }
        if picture.trim().is_empty() {
            return Err(wrong("the path is empty".into()));
        }
        // Somebody may still be labelling, as in a table that `lookalike next` wrote.
        if label.is_empty() {
            unlabelled.get_or_insert((picture.to_owned(), line(text, &place), 0)).2 += 1;
            continue;
        }
        let mut place_of = Place::named(&places.find(picture));
        if let Some(columns) = columns.boxes {
            place_of = place_of.cut(cut(columns.map(field)).map_err(wrong)?);
        }
        // Of a path as it is written, or of a box in it.
        let name = match place_of.photograph() {
            Some(_) => place_of.name().to_string_lossy().into_owned(),
            None => picture.to_owned(),
        };
        if let Some((other, first)) = seen.get(&name) {
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
        let fold = columns.fold.map(|column| field(column).trim());
        if fold == Some("") {
            return Err(wrong(format!("`{picture}` has no fold")));
        }
        entries.push(Entry {
            class: composed(label),
            place: place_of,
            side: side.map_err(wrong)?,
            group: group.map(str::to_owned),
            fold: fold.map(str::to_owned),
        });
        seen.insert(name, (label.to_owned(), place));
    }
    if let Some((picture, line, count)) = repeated {
        let lines = if count == 1 { "1 line lists" } else { &format!("{count} lines list") };
        warnings.push(format!(
            "{lines} a picture again, first line {line} with `{picture}`: it is used once"
        ));
    }
    if let Some((picture, line, count)) = unlabelled {
        if entries.is_empty() {
            return Err(wrong(line, format!("`{picture}` has no label, and no other picture has")));
        }
        let pictures = if count == 1 { "1 picture has" } else { &format!("{count} pictures have") };
        warnings.push(format!("{pictures} no label, first line {line} with `{picture}`: skipped"));
    }
    warnings.extend(places.told());
    if need == Need::Classes {
        check_folds(&entries).map_err(|why| wrong(1, why))?;
    }
    let boxes = entries.iter().filter(|entry| entry.place.photograph().is_some()).count();
    let photographs: BTreeSet<Place> =
        entries.iter().filter_map(|entry| entry.place.photograph()).collect();
    let (all, photographs) = (thousands(boxes), count(photographs.len(), "photograph"));
    let boxes = if boxes == 1 { "box" } else { "boxes" };
    let read_as = (columns.boxes.is_some())
        .then(|| format!("read as a table of boxes: {all} {boxes} of {photographs}"));
    Ok(Folder { read_as, ..build(path, entries, &[], warnings, need)? })
}

/// A box in pixels.
fn cut(fields: [&str; 4]) -> Result<Cut, String> {
    let mut sides = [0.0; 4];
    for (side, text) in sides.iter_mut().zip(fields) {
        *side = text.trim().parse().map_err(|_| format!("`{text}` is not a number of pixels"))?;
    }
    Cut::pixels(sides).ok_or_else(|| format!("the box {} has no pixel", fields.join(",")))
}

/// The line of a record. The reader's own count stands before the line ends that lead up to it.
fn line(text: &[u8], position: &csv::Position) -> u64 {
    let start = (position.byte() as usize).min(text.len());
    let leading = text[start..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    1 + text[..start + leading].iter().filter(|&&byte| byte == b'\n').count() as u64
}

/// Folds hold every picture out once, so there are at least two, and nothing else is held out.
fn check_folds(entries: &[Entry]) -> Result<(), String> {
    let folds: BTreeSet<&str> = entries.iter().filter_map(|entry| entry.fold.as_deref()).collect();
    let held_out = |entry: &Entry| entry.side.is_some_and(|side| side != Side::Train);
    match folds.first() {
        Some(only) if folds.len() == 1 => {
            Err(format!("all pictures are in the fold `{only}`, and there must be at least two"))
        }
        Some(_) if folds.len() > MOST_FOLDS => {
            Err(format!("{} folds are too many: at most {MOST_FOLDS} are possible", folds.len()))
        }
        Some(_) if entries.iter().any(held_out) => Err(
            "the column `split` holds pictures out, and the folds hold out every one: leave out one \
             of the two columns"
                .into(),
        ),
        _ => Ok(()),
    }
}

fn side(text: &str) -> Result<Option<Side>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let side = sides::of_name(text).map(Some);
    side.ok_or_else(|| format!("the split `{text}` is neither `train`, `valid` nor `test`"))
}
