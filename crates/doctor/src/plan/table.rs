//! A plan as a table.

use std::path::{Path, PathBuf};

use ground::files::folder_of;

use super::named::{MEMBER, NAME, Named};
use super::place::{from_bytes, to_bytes};
use super::{Action, Plan, PlanError, Step};

pub(super) const HEADER: [&str; 4] = ["action", "path", "to", "reason"];

/// The action of the line that names the folder.
pub(super) const FOLDER: &str = "folder";

pub(super) fn write(path: &Path, plan: &Plan) -> Result<Vec<u8>, PlanError> {
    let mut table = Table::new();
    table.line(&HEADER.map(str::as_bytes));
    let folder = relative(path, &plan.folder);
    table.line(&[FOLDER.as_bytes(), &folder, b"", b"the paths below start in this folder"]);
    for step in &plan.steps {
        let (place, to) = (to_bytes(&step.path), to_bytes(&step.to));
        let action = step.action.words().as_bytes();
        table.line(&[action, &place, &to, step.reason.as_bytes()]);
    }
    Ok(table.done())
}

/// Lines in the making.
pub(super) struct Table(csv::Writer<Vec<u8>>);

impl Table {
    pub(super) fn new() -> Self {
        Self(csv::WriterBuilder::new().flexible(true).from_writer(vec![]))
    }

    pub(super) fn line(&mut self, fields: &[&[u8]]) {
        // What is written to memory does not fail.
        let _ = self.0.write_byte_record(&fields.iter().collect());
    }

    pub(super) fn done(self) -> Vec<u8> {
        self.0.into_inner().unwrap_or_default()
    }
}

/// How a table names a folder: from where the table lies, if the folder lies below; else in full.
pub(super) fn relative(table: &Path, folder: &Path) -> Vec<u8> {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let (above, folder) = (real(folder_of(table)), real(folder));
    match folder.strip_prefix(&above) {
        Ok(below) if below.as_os_str().is_empty() => b".".to_vec(),
        Ok(below) => to_bytes(below),
        Err(_) => to_bytes(&folder),
    }
}

pub(super) fn read(path: &Path, text: &[u8]) -> Result<Plan, PlanError> {
    let (mut plan, named) = parse(path, text)?;
    plan.unnamed = named.resolve(&mut plan.steps).map_err(|(line, why)| PlanError::Table {
        path: path.to_owned(),
        line,
        why,
    })?;
    Ok(plan)
}

/// What a table says, its groups not yet turned into moves.
pub(super) fn parse(path: &Path, text: &[u8]) -> Result<(Plan, Named), PlanError> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let wrong = |line, why: String| PlanError::Table { path: path.to_owned(), line, why };
    let mut reader = reader(text);
    let header = reader.byte_headers().map_err(|error| wrong(1, error.to_string()))?.clone();
    let column = |name: &str| {
        let found = header
            .iter()
            .position(|field| field.trim_ascii().eq_ignore_ascii_case(name.as_bytes()));
        found.ok_or_else(|| wrong(1, format!("the header has no column `{name}`")))
    };
    let [action, place, to, reason] = [
        column(HEADER[0])?,
        column(HEADER[1])?,
        column(HEADER[2])?,
        column(HEADER[3]).unwrap_or(usize::MAX),
    ];
    let (mut plan, mut named) = (Plan::default(), Named::default());
    for record in reader.byte_records() {
        let record = record.map_err(|error| {
            wrong(error.position().map_or(1, |at| line_of(text, at)), error.to_string())
        })?;
        let line = record.position().map_or(0, |at| line_of(text, at));
        let field = |column: usize| record.get(column).unwrap_or_default();
        if record.iter().all(<[u8]>::is_empty) {
            continue;
        }
        let word =
            String::from_utf8_lossy(field(action)).trim().to_lowercase().replace(['-', '_'], " ");
        if word == FOLDER {
            if !plan.folder.as_os_str().is_empty() {
                return Err(wrong(line, "the folder is given twice".into()));
            }
            plan.folder = folder_of(path).join(from_bytes(field(place)));
            continue;
        }
        if word == NAME {
            let name = from_bytes(field(to).trim_ascii());
            named.name(field(place), name).map_err(|why| wrong(line, why))?;
            continue;
        }
        let found = Action::ALL.into_iter().find(|action| action.words() == word);
        let action = match found {
            Some(action) => action,
            None if word == MEMBER => {
                named.member(plan.steps.len(), field(to));
                Action::Keep
            }
            None => return Err(wrong(line, format!("`{word}` is not an action"))),
        };
        let step = Step {
            action,
            path: from_bytes(field(place)),
            to: from_bytes(field(to)),
            reason: String::from_utf8_lossy(field(reason)).into_owned(),
            line,
        };
        match action {
            _ if step.path.as_os_str().is_empty() => {
                return Err(wrong(line, "has no file".into()));
            }
            Action::Move | Action::Relabel if step.to.as_os_str().is_empty() => {
                return Err(wrong(
                    line,
                    format!("`{}` needs a place in the column `to`", action.words()),
                ));
            }
            _ => plan.steps.push(step),
        }
    }
    if plan.folder.as_os_str().is_empty() {
        plan.folder = folder_of(path).to_owned();
    }
    Ok((plan, named))
}

/// The line of a record. The reader's own count stands before the line ends that lead up to it.
fn line_of(text: &[u8], position: &csv::Position) -> u64 {
    let start = (position.byte() as usize).min(text.len());
    let leading = text[start..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    1 + text[..start + leading].iter().filter(|&&byte| byte == b'\n').count() as u64
}

/// Reads what people and their spreadsheets write: the header's own separator, and short lines.
pub(super) fn reader(text: &[u8]) -> csv::Reader<&[u8]> {
    let header = text.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    let has = |byte| header.contains(&byte);
    let separator = if has(b',') {
        b','
    } else if has(b';') {
        b';'
    } else {
        b'\t'
    };
    csv::ReaderBuilder::new().delimiter(separator).flexible(true).from_reader(text)
}

/// The folder that a table names by these bytes.
pub(super) fn folder(table: &Path, bytes: &[u8]) -> PathBuf {
    folder_of(table).join(from_bytes(bytes))
}
