//! What has been done so far, so that a run that is killed can be resumed.
//!
//! While a run goes on each finished row is appended to a journal, a line each; a line that a kill
//! tore is not counted. At the end all rows are written as a table, whole or not at all, and the
//! journal goes.

use std::collections::HashMap;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ground::files::{self, Disk, FileError, Files};

use crate::CollectError;
use crate::row::{Key, Row, Status};

/// The table's name in the folder that is collected into.
pub(crate) const TABLE: &str = "collected.csv";
const JOURNAL: &str = ".collect.journal";
const LOCK: &str = ".collect.lock";

/// The largest table or journal that is read, in bytes: a million rows.
const LARGEST: u64 = 1 << 30;

/// All rows, old and new.
pub(crate) struct Journal {
    folder: PathBuf,
    /// Held while the run lasts; the system gives it back, however that ends.
    _lock: File,
    inner: Mutex<Inner>,
}

struct Inner {
    file: File,
    rows: HashMap<Key, Row>,
    /// The keys of the rows of earlier runs.
    order: Vec<Key>,
}

impl Journal {
    /// Reads what earlier runs left in the folder.
    pub(crate) fn open(folder: &Path) -> Result<Self, CollectError> {
        let lock = lock(folder)?;
        let mut rows = HashMap::new();
        let mut order = Vec::new();
        for row in table(&folder.join(TABLE))? {
            let key = row.key();
            if rows.insert(key.clone(), row).is_none() {
                order.push(key);
            }
        }
        let path = folder.join(JOURNAL);
        let mut lines = Vec::new();
        if path.exists() {
            for line in files::read_capped(&path, LARGEST)?.split_inclusive(|&b| b == b'\n') {
                // Only the last can be torn; what else is damaged is done again.
                if let Some(whole) = line.strip_suffix(b"\n")
                    && let Ok(row) = serde_json::from_slice::<Row>(whole)
                {
                    lines.extend_from_slice(line);
                    rows.insert(row.key(), row);
                }
            }
        }
        // Without the torn line, or the next one would be torn too.
        files::write(&path, &lines)?;
        let file = File::options().append(true).open(&path);
        let file = file.map_err(FileError::at("write", &path))?;
        let inner = Mutex::new(Inner { file, rows, order });
        Ok(Self { folder: folder.to_owned(), _lock: lock, inner })
    }

    /// Its outcome, if it has one.
    pub(crate) fn of(&self, key: &Key) -> Option<Status> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.rows.get(key).map(|row| row.status)
    }

    /// Appends a row.
    pub(crate) fn note(&self, row: Row) -> Result<(), FileError> {
        let mut line = serde_json::to_vec(&row).expect("strings and numbers become JSON");
        line.push(b'\n');
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let at = self.folder.join(JOURNAL);
        Disk.append(&mut inner.file, &line).map_err(FileError::at("write", &at))?;
        inner.rows.insert(row.key(), row);
        Ok(())
    }

    /// Writes the table, with the rows of earlier runs first and then those of `order`; gives all
    /// rows back.
    pub(crate) fn finish(self, order: Vec<Key>) -> Result<Vec<Row>, CollectError> {
        let inner = self.inner.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut left = inner.rows;
        let mut rows: Vec<Row> =
            inner.order.into_iter().chain(order).filter_map(|key| left.remove(&key)).collect();
        // A killed run may have been of other sources.
        let mut others: Vec<Row> = left.into_values().collect();
        others.sort_by_key(Row::key);
        rows.extend(others);
        settle(&self.folder, &mut rows);
        let path = self.folder.join(TABLE);
        let unwritable = |error: csv::Error| {
            CollectError::File(FileError::at("write", &path)(io::Error::other(error)))
        };
        let mut writer = csv::Writer::from_writer(Vec::new());
        rows.iter().try_for_each(|row| writer.serialize(row)).map_err(unwritable)?;
        let bytes = writer.into_inner().map_err(|error| unwritable(error.into_error().into()))?;
        files::write(&path, &bytes)?;
        let journal = self.folder.join(JOURNAL);
        Disk.remove(&journal).map_err(FileError::at("remove", &journal))?;
        Ok(rows)
    }
}

/// Says of each picture that came whether it is the first of its kind: in the order of the table,
/// so that it depends on neither the network nor on breaks.
fn settle(folder: &Path, rows: &mut [Row]) {
    let mut first: HashMap<(String, String), String> = HashMap::new();
    let mut classes: HashMap<String, Vec<String>> = HashMap::new();
    for row in rows.iter_mut().filter(|row| !row.file.is_empty()) {
        let in_class = classes.entry(row.sha256.clone()).or_default();
        if !in_class.contains(&row.class) {
            in_class.push(row.class.clone());
        }
        let url = first.entry((row.class.clone(), row.sha256.clone()));
        let url = url.or_insert_with(|| row.url.clone());
        if *url != row.url {
            (row.status, row.reason) = (Status::Same, format!("the same picture as {url}"));
        } else if fs::symlink_metadata(folder.join(&row.file)).is_err() {
            (row.status, row.reason) = (Status::Removed, "taken out of the folder since".into());
        } else {
            (row.status, row.reason) = (Status::Kept, String::new());
        }
    }
    for row in rows.iter_mut().filter(|row| !row.file.is_empty()) {
        let others = classes.get(&row.sha256).into_iter().flatten();
        let others: Vec<String> =
            others.filter(|class| **class != row.class).map(|class| format!("`{class}`")).collect();
        row.warning = match others.len() {
            0 => String::new(),
            _ => format!("the same picture is also in {}", others.join(", ")),
        };
    }
}

/// The rows of the table in a folder that was collected into, in order; empty without a table.
///
/// # Errors
/// When the table cannot be read.
pub fn rows(folder: &Path) -> Result<Vec<Row>, CollectError> {
    table(&folder.join(TABLE))
}

fn table(path: &Path) -> Result<Vec<Row>, CollectError> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let bytes = files::read_capped(path, LARGEST)?;
    let rows: Result<Vec<Row>, csv::Error> =
        csv::Reader::from_reader(&bytes[..]).deserialize().collect();
    rows.map_err(|why| CollectError::Table { path: path.to_owned(), why: why.to_string() })
}

fn lock(folder: &Path) -> Result<File, CollectError> {
    let path = folder.join(LOCK);
    let file = File::options().create(true).append(true).open(&path);
    let file = file.map_err(FileError::at("create", &path))?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(CollectError::Busy(folder.to_owned())),
        Err(TryLockError::Error(e)) if e.kind() != io::ErrorKind::Unsupported => {
            Err(FileError::at("lock", &path)(e).into())
        }
        Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
    }
}
