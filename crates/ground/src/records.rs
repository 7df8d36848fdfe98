//! Records on disk, each found by the digest of the content that it describes.
//!
//! A folder of records is named by a digest of everything else that a record depends on: the version
//! of the code, its settings, the weights of a network. So a stale record cannot be found. The folder
//! holds *segments*: files that are written whole or not at all and never change. A segment that
//! cannot be written is held in memory instead.
//!
//! A record has a *body* and a *note* of fixed length ([`Layout`]). Notes lie in the segment's index,
//! which is checked when the segment is opened. Each body has a check of its own, which
//! [`Records::get`] and [`Records::read_checked`] compare; [`Records::read`] trusts it, so that a fit
//! that passes over a million records a hundred times checks each once.
//!
//! ```
//! use ground::{Digest, files::Disk, records::{Layout, Records}};
//! # let place = tempfile::tempdir()?;
//! # let parent = place.path();
//! let key = Digest::of(b"lengths of texts, version 1");
//! let mut records = Records::open(parent, &key, Layout::FREE)?;
//! let mut segment = records.segment();
//! segment.add(&Digest::of(b"some text"), b"", b"9");
//! records.write(&Disk, &mut segment)?;
//! assert_eq!(records.get(&Digest::of(b"some text")).as_deref(), Some(&b"9"[..]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod segment;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::Digest;
use crate::files::{Disk, FileError, Files};
use segment::{Bytes, Location, Source, Stored};

pub use segment::{SEGMENT, Segment};

/// When there are more segments than that beside full ones, they are merged.
const SEGMENTS: usize = 32;
/// Folders that nobody has used for so long are removed.
const UNUSED: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// How long the parts of a store's records are, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The length of each note.
    pub note: usize,
    /// The length of each body, if all are equally long.
    pub body: Option<usize>,
}

impl Layout {
    /// Bodies of any length, and no notes.
    pub const FREE: Self = Self { note: 0, body: None };
}

/// Records by the digest of what they describe. Notes and bodies stay on disk; in memory there are
/// about 100 bytes a record.
#[derive(Debug)]
pub struct Records {
    /// `None` where everything new is held in memory, and nothing on disk is changed.
    folder: Option<PathBuf>,
    layout: Layout,
    segments: Vec<Stored>,
    locations: Vec<Location>,
    numbers: HashMap<Digest, usize>,
}

impl Records {
    /// The records of the folder `key` in `parent`, which need not exist yet. Segments that are
    /// damaged or of another layout are removed: what they held is made again.
    ///
    /// # Errors
    /// When the folder exists and cannot be read.
    pub fn open(parent: &Path, key: &Digest, layout: Layout) -> Result<Self, FileError> {
        let folder = parent.join(&key.to_string()[..16]);
        let paths = match segments_in(&folder) {
            Ok(paths) => paths,
            Err(error) if error.kind() == io::ErrorKind::NotFound => vec![],
            Err(error) => return Err(FileError::at("read", &folder)(error)),
        };
        let mut records = Self { folder: Some(folder), ..Self::in_memory(layout) };
        for path in paths {
            if records.take_file(&path).is_err() {
                let _ = fs::remove_file(&path);
            }
        }
        Ok(records)
    }

    /// An empty store that keeps what is written in memory, for where no folder can be used.
    #[must_use]
    pub fn in_memory(layout: Layout) -> Self {
        let (segments, locations, numbers) = (vec![], vec![], HashMap::new());
        Self { folder: None, layout, segments, locations, numbers }
    }

    /// Whatever records a folder holds with notes of this length, to be looked into only: damaged
    /// segments are passed over and stay, and nothing counts as used. The first segment decides how
    /// long bodies are. `None` where there are no records.
    #[must_use]
    pub fn look(folder: &Path, note: usize) -> Option<Self> {
        let mut found: Option<Self> = None;
        for path in segments_in(folder).ok()? {
            let Ok(source) = Source::open(&path) else { continue };
            let Some(layout) = source.layout().filter(|layout| layout.note == note) else {
                continue;
            };
            let mut records = found.take().unwrap_or_else(|| Self::in_memory(layout));
            let _ = records.take(source);
            found = Some(records).filter(|records| !records.segments.is_empty());
        }
        found
    }

    fn take_file(&mut self, path: &Path) -> io::Result<()> {
        self.take(Source::open(path)?)?;
        // This only keeps the folder from being swept up; without it, records are made again one day.
        let touch = |file: fs::File| file.set_modified(SystemTime::now());
        let _ = fs::File::options().append(true).open(path).and_then(touch);
        Ok(())
    }

    fn take(&mut self, source: Source) -> io::Result<()> {
        let (stored, entries) = Stored::open(source, self.layout, self.segments.len())?;
        self.segments.push(stored);
        self.locations.reserve(entries.len());
        self.numbers.reserve(entries.len());
        for (digest, location) in entries {
            self.numbers.insert(digest, self.locations.len());
            self.locations.push(location);
        }
        Ok(())
    }

    /// The folder in which the records lie, if they are kept in one.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// How long notes and bodies are.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// How many records there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Whether there is no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// The number of the record of this content, by which the store's other functions know it.
    #[must_use]
    pub fn find(&self, of: &Digest) -> Option<usize> {
        self.numbers.get(of).copied()
    }

    /// The body of the record of this content; `None` where it is damaged or not there.
    #[must_use]
    pub fn get(&self, of: &Digest) -> Option<Vec<u8>> {
        let record = self.find(of)?;
        let mut body = vec![0; self.locations[record].length()];
        self.read_checked(record, &mut body).ok().map(|()| body)
    }

    /// Reads a record's body and trusts it: whoever opened the store has read it with
    /// [`Records::read_checked`].
    ///
    /// # Errors
    /// When it cannot be read.
    ///
    /// # Panics
    /// When there is no such record or its body is of another length.
    pub fn read(&self, record: usize, body: &mut [u8]) -> Result<(), FileError> {
        let location = &self.locations[record];
        self.segments[location.segment()].read_body(location, body)
    }

    /// Reads a record's body and compares its check. The segment of a damaged one is removed, so
    /// that the next run does not find it.
    ///
    /// # Errors
    /// When it cannot be read or is damaged.
    ///
    /// # Panics
    /// As [`Records::read`].
    pub fn read_checked(&self, record: usize, body: &mut [u8]) -> Result<(), FileError> {
        let location = &self.locations[record];
        let segment = &self.segments[location.segment()];
        let result = segment.read_body(location, body).and_then(|()| match location.checks(body) {
            true => Ok(()),
            false => Err(segment.damaged()),
        });
        if let (Err(_), Some(path), Some(_)) = (&result, segment.path(), &self.folder) {
            let _ = fs::remove_file(path);
        }
        result
    }

    /// Reads a record's note.
    ///
    /// # Errors
    /// When it can no longer be read.
    ///
    /// # Panics
    /// When there is no such record or `note` is of another length.
    pub fn note(&self, record: usize, note: &mut [u8]) -> Result<(), FileError> {
        assert_eq!(note.len(), self.layout.note, "a note's length");
        let location = &self.locations[record];
        self.segments[location.segment()].read_note(location, note)
    }

    /// A new segment, empty yet, for records of this store.
    #[must_use]
    pub fn segment(&self) -> Segment {
        Segment::new(self.folder.clone(), self.layout)
    }

    /// Writes a segment to disk, after which its records are found here too. It is empty then.
    ///
    /// # Errors
    /// When it cannot be written. Its records are then held in memory as long as this store lives.
    pub fn write(&mut self, files: &dyn Files, segment: &mut Segment) -> Result<(), FileError> {
        if segment.is_empty() {
            return Ok(());
        }
        let bytes = segment.take();
        let Some(folder) = &self.folder else {
            self.take_from_memory(&bytes);
            return Ok(());
        };
        let written = bytes
            .write(files, folder)
            .and_then(|path| self.take_file(&path).map_err(FileError::at("read back", &path)));
        if written.is_err() {
            self.take_from_memory(&bytes);
        }
        written
    }

    /// Holds a segment in memory as long as this store lives, and writes nothing: for records that are
    /// not to be found again. It is empty then.
    pub fn hold(&mut self, segment: &mut Segment) {
        if !segment.is_empty() {
            self.take_from_memory(&segment.take());
        }
    }

    fn take_from_memory(&mut self, bytes: &Bytes) {
        let taken = self.take(Source::Memory(bytes.concat()));
        debug_assert!(taken.is_ok(), "it was made a moment ago");
    }

    /// Merges small segments, so that a folder that grows by a few pictures a day stays quick to
    /// open. Everything stays as it is where there are few, or where new ones cannot be written.
    #[must_use]
    pub fn tidy(self) -> Self {
        if self.segments.len() <= SEGMENTS + self.len() / SEGMENT + 1 {
            return self;
        }
        self.merged().unwrap_or(self)
    }

    fn merged(&self) -> Option<Self> {
        let folder = self.folder.clone()?;
        let mut merged = Self { folder: Some(folder), ..Self::in_memory(self.layout) };
        let mut segment = merged.segment();
        let mut records: Vec<(&Digest, &usize)> = self.numbers.iter().collect();
        records.sort_unstable();
        let mut note = vec![0; self.layout.note];
        for (digest, &record) in records {
            let mut body = vec![0; self.locations[record].length()];
            // A damaged record is not carried over.
            if self.read_checked(record, &mut body).is_ok() && self.note(record, &mut note).is_ok()
            {
                segment.add(digest, &note, &body);
            }
            if segment.len() == SEGMENT {
                merged.write(&Disk, &mut segment).ok()?;
            }
        }
        merged.write(&Disk, &mut segment).ok()?;
        // For a moment both are there, and each record is found once.
        for path in self.segments.iter().filter_map(Stored::path) {
            if !merged.segments.iter().any(|new| new.path() == Some(path)) {
                let _ = fs::remove_file(path);
            }
        }
        Some(merged)
    }
}

/// Removes from `parent` the folders that nobody has used for 90 days. What cannot be removed stays.
pub fn sweep(parent: &Path) {
    let now = SystemTime::now();
    let recent = |file: &fs::DirEntry| {
        let modified = file.metadata().and_then(|metadata| metadata.modified());
        modified.is_ok_and(|at| now.duration_since(at).is_ok_and(|age| age <= UNUSED))
    };
    for folder in fs::read_dir(parent).into_iter().flatten().flatten() {
        let mut files = fs::read_dir(folder.path()).into_iter().flatten().flatten();
        if !files.any(|file| recent(&file)) {
            let _ = fs::remove_dir_all(folder.path());
        }
    }
}

/// The paths of a folder's segments, in order.
fn segments_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder)?.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|name| name == "records"));
    paths.sort();
    Ok(paths)
}
