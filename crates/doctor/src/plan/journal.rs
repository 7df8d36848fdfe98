//! What was moved, written down before it is, beside the plan.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ground::files::{self, FileError, Files, read_capped};
use ground::{Digest, Digester};

use super::place::{from_bytes, to_bytes};
use super::{Action, LIMIT, PlanError, table};

/// The first field of every journal, with its version.
const FIRST: &str = "lookalike applied 1";

/// One file's move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) action: Action,
    /// Where it was, from the folder above the pictures on.
    pub(super) from: PathBuf,
    /// Where it goes, likewise.
    pub(super) to: PathBuf,
    /// Of its bytes, so that no other file is taken for it.
    pub(super) digest: Digest,
}

/// Everything that a plan moved, or is about to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Journal {
    /// The folder of pictures.
    pub(super) folder: PathBuf,
    /// Folders that were made for it, the outer ones first, from the folder above on.
    pub(super) made: Vec<PathBuf>,
    pub(super) entries: Vec<Entry>,
}

impl Journal {
    /// Reads one; `None` where there is none.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, PlanError> {
        let text = match read_capped(path, LIMIT) {
            Ok(text) => text,
            Err(error) if error.source.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let wrong =
            |line, why: &str| PlanError::Table { path: path.to_owned(), line, why: why.into() };
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(&text[..]);
        let mut journal = None;
        for record in reader.byte_records() {
            let record = record.map_err(|error| wrong(1, &error.to_string()))?;
            let line = record.position().map_or(1, csv::Position::line);
            let field = |column: usize| record.get(column).unwrap_or_default();
            let Some(journal) = &mut journal else {
                if field(0) != FIRST.as_bytes() {
                    return Err(wrong(line, "this is not a record of an applied plan"));
                }
                let folder = table::folder(path, field(1));
                journal = Some(Self { folder, ..Self::default() });
                continue;
            };
            if field(0) == table::FOLDER.as_bytes() {
                journal.made.push(from_bytes(field(1)));
                continue;
            }
            let action = Action::ALL.into_iter().find(|a| a.words().as_bytes() == field(0));
            let digest = std::str::from_utf8(field(3)).ok().and_then(|text| text.parse().ok());
            let (Some(action), Some(digest)) = (action, digest) else {
                return Err(wrong(line, "this is not a record of a file"));
            };
            let (from, to) = (from_bytes(field(1)), from_bytes(field(2)));
            journal.entries.push(Entry { action, from, to, digest });
        }
        journal.map(Some).ok_or_else(|| wrong(1, "this is not a record of an applied plan"))
    }

    /// Writes it, whole or not at all.
    pub(super) fn write(&self, files: &dyn Files, path: &Path) -> Result<(), FileError> {
        let mut table = table::Table::new();
        table.line(&[FIRST.as_bytes(), &table::relative(path, &self.folder)]);
        for folder in &self.made {
            table.line(&[table::FOLDER.as_bytes(), &to_bytes(folder)]);
        }
        for entry in &self.entries {
            let (from, to) = (to_bytes(&entry.from), to_bytes(&entry.to));
            let digest = entry.digest.to_string();
            table.line(&[entry.action.words().as_bytes(), &from, &to, digest.as_bytes()]);
        }
        files::write_pieces(files, path, &[&table.done()])
    }
}

/// What lies at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    /// The file that was meant.
    Ours,
    Another,
}

/// Whether the file with this digest lies here.
pub(super) fn find(path: &Path, digest: &Digest) -> Result<Found, FileError> {
    match fs::symlink_metadata(path) {
        Err(_) => Ok(Found::Nothing),
        Ok(found) if !found.is_file() => Ok(Found::Another),
        Ok(_) if digest_of(path)? == *digest => Ok(Found::Ours),
        Ok(_) => Ok(Found::Another),
    }
}

/// The digest of a file of any size.
pub(super) fn digest_of(path: &Path) -> Result<Digest, FileError> {
    let read = || {
        let (mut file, mut digester) = (File::open(path)?, Digester::new());
        let mut piece = vec![0; 1 << 16];
        loop {
            match file.read(&mut piece)? {
                0 => return Ok(digester.finish()),
                count => digester.update(&piece[..count]),
            }
        }
    };
    read().map_err(FileError::at("read", path))
}
