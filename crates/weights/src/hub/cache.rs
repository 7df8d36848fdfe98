//! The cache's files: the weights, a record beside them, and during a download a part and a lock.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ground::files::{self, Disk, FileError, Files};
use ground::progress::Progress;
use ground::{Digest, Digester, Stop};
use serde::{Deserialize, Serialize};

use super::Hub;
use crate::WeightsError;
use crate::pretrained::Pretrained;

/// Records are small; a larger one is not ours.
const RECORD: u64 = 1 << 16;

/// The paths of one file of weights.
pub(super) struct Paths {
    pub(super) file: PathBuf,
    pub(super) record: PathBuf,
    pub(super) part: PathBuf,
    pub(super) part_record: PathBuf,
    lock: PathBuf,
}

/// The record of a file in the cache.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    /// Where it was fetched from; `None` if the user put it there.
    url: Option<String>,
    /// In hexadecimal.
    sha256: String,
    /// In bytes.
    size: u64,
    /// When it was fetched, in seconds since 1970.
    fetched: u64,
    /// When its content last changed, in nanoseconds since 1970: while this and the size stay,
    /// a hundred megabytes need not be hashed again.
    modified: u64,
}

impl Paths {
    pub(super) fn of(hub: &Hub, row: &Pretrained) -> Self {
        let at = |suffix: &str| hub.cache.join(format!("{}{suffix}", row.stem()));
        Self {
            file: at(".safetensors"),
            record: at(".json"),
            part: at(".part"),
            part_record: at(".part.json"),
            lock: at(".lock"),
        }
    }

    /// The file, if it is there and is what was fetched or put there.
    pub(super) fn sound_file(&self, row: &Pretrained) -> Result<Option<PathBuf>, WeightsError> {
        let Some((size, modified)) = stamp(&self.file)? else { return Ok(None) };
        let known = match read_json::<Record>(&self.record)? {
            Some(record) if (record.size, record.modified) == (size, modified) => {
                return Ok(Some(self.file.clone()));
            }
            Some(record) => record.sha256.parse::<Digest>().ok().map(|digest| (record.url, digest)),
            None => None,
        };
        let found = digest_of(&self.file)?;
        let url = match known {
            Some((_, expected)) if expected != found => {
                return Err(WeightsError::Changed { path: self.file.clone(), expected, found });
            }
            Some((url, _)) => url,
            None => {
                super::fits(&self.file, row)?;
                None
            }
        };
        self.note(&self.file, url.as_deref(), found)?;
        Ok(Some(self.file.clone()))
    }

    /// Gives the part, complete and checked, its final name.
    pub(super) fn keep(&self, url: Option<&str>, sha256: Digest) -> Result<(), WeightsError> {
        // The record comes first: without its file it means nothing, while a file without its
        // record would look like one put there by hand.
        self.note(&self.part, url, sha256)?;
        Disk.rename(&self.part, &self.file).map_err(FileError::at("replace", &self.file))?;
        let folder = files::folder_of(&self.file);
        Disk.sync_folder(folder).map_err(FileError::at("sync", folder))?;
        let _ = Disk.remove(&self.part_record);
        Ok(())
    }

    fn note(&self, path: &Path, url: Option<&str>, sha256: Digest) -> Result<(), WeightsError> {
        let (size, modified) = stamp(path)?.unwrap_or_default();
        let fetched = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let url = url.map(str::to_owned);
        write_json(
            &self.record,
            &Record { url, sha256: sha256.to_string(), size, fetched, modified },
        )
    }

    pub(super) fn discard_part(&self) {
        let _ = Disk.remove(&self.part);
        let _ = Disk.remove(&self.part_record);
    }

    /// Waits until nobody else fetches the same file. The system gives the lock back when its
    /// holder ends, however it ends.
    pub(super) fn lock(
        &self,
        url: &str,
        progress: &dyn Progress,
        stop: &Stop,
    ) -> Result<fs::File, WeightsError> {
        let open = || fs::File::options().create(true).append(true).open(&self.lock);
        let file = open().map_err(FileError::at("create", &self.lock))?;
        let mut told = false;
        loop {
            match file.try_lock() {
                Err(fs::TryLockError::WouldBlock) => {}
                Err(fs::TryLockError::Error(e)) if e.kind() != io::ErrorKind::Unsupported => {
                    return Err(FileError::at("lock", &self.lock)(e).into());
                }
                // A file system without locks is no reason to fetch nothing: the finished part is
                // hashed from the disk, so two writers would be noticed.
                Ok(()) | Err(fs::TryLockError::Error(_)) => return Ok(file),
            }
            if !told {
                progress.note("waiting for another program that is fetching the same weights");
                told = true;
            }
            if stop.asked() {
                return Err(WeightsError::Stopped { url: url.to_owned() });
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// A file's size and time of change, if it exists.
fn stamp(path: &Path) -> Result<Option<(u64, u64)>, WeightsError> {
    match fs::metadata(path) {
        Ok(metadata) => {
            let modified =
                metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
            Ok(Some((metadata.len(), modified.unwrap_or_default().as_nanos() as u64)))
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(FileError::at("read", path)(e).into()),
    }
}

/// The SHA-256 of a file as it lies on the disk.
pub(super) fn digest_of(path: &Path) -> Result<Digest, WeightsError> {
    let read = || {
        let mut file = fs::File::open(path)?;
        let mut digester = Digester::new();
        let mut buffer = vec![0; 1 << 18];
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(digester.finish()),
                n => digester.update(&buffer[..n]),
            }
        }
    };
    Ok(read().map_err(FileError::at("read", path))?)
}

/// A record, if it is there and can be read.
pub(super) fn read_json<T: for<'de> Deserialize<'de>>(
    path: &Path,
) -> Result<Option<T>, WeightsError> {
    if stamp(path)?.is_none() {
        return Ok(None);
    }
    Ok(serde_json::from_slice(&files::read_capped(path, RECORD)?).ok())
}

pub(super) fn write_json(path: &Path, record: &impl Serialize) -> Result<(), WeightsError> {
    let text = serde_json::to_vec_pretty(record).expect("strings and numbers become JSON");
    Ok(files::write(path, &text)?)
}
