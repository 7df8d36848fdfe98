//! What was learnt of something, kept on disk by the digest of that thing.
//!
//! A folder of records is named by a digest of everything that a record depends on but the thing
//! itself (the code's version, its settings). Within it a record is found by the [`Digest`] of the
//! content that it tells of. So a stale record cannot be found. The folder holds *segments*, each
//! written whole or not at all and never changed.
//!
//! ```
//! use ground::{Digest, files::Disk, records::Records};
//! # let place = tempfile::tempdir()?;
//! # let parent = place.path();
//! let key = Digest::of(b"lengths of texts, version 1");
//! let mut fresh = Records::open(parent, &key)?.fresh();
//! fresh.add(&Digest::of(b"some text"), b"9");
//! fresh.write(&Disk)?;
//! assert_eq!(Records::open(parent, &key)?.get(&Digest::of(b"some text")).as_deref(), Some(&b"9"[..]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::files::{Disk, FileError, Files, read_at, write_pieces};
use crate::{Digest, Digester};

/// The first bytes of a segment; they change with its layout.
const MAGIC: &[u8; 16] = b"lookalike recs 1";
/// Bytes of a record's check: the first of its SHA-256.
const CHECK: usize = 8;
/// Bytes of an entry of the index: digest, start, length, check.
const ENTRY: usize = 32 + 8 + 4 + CHECK;
/// Bytes at a segment's end: how many records there are, and the SHA-256 of index and count.
const END: usize = 8 + 32;
/// Records in a segment at most, so that few are lost when the power fails.
pub const SEGMENT: usize = 4096;
/// More segments than that, beside full ones, are made into fewer.
const SEGMENTS: usize = 32;
/// The longest record, in bytes.
const LONGEST: usize = 1 << 20;
/// What nobody has used for so long makes room.
const UNUSED: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Records by the digest of what they tell of. See the module's documentation. They stay on disk:
/// in memory there are about 80 bytes of each.
#[derive(Debug)]
pub struct Records {
    folder: PathBuf,
    segments: Vec<(File, PathBuf)>,
    places: HashMap<Digest, Place>,
}

/// Where a record lies.
#[derive(Clone, Copy, Debug)]
struct Place {
    segment: u32,
    length: u32,
    start: u64,
    check: [u8; CHECK],
}

/// Records on their way to disk.
#[derive(Debug)]
pub struct Fresh {
    folder: PathBuf,
    blobs: Vec<u8>,
    index: Vec<u8>,
}

impl Records {
    /// Those of the folder `key` in `parent`; it need not exist yet. Damaged segments are removed:
    /// what they held is made again.
    ///
    /// # Errors
    /// When the folder exists and cannot be read.
    pub fn open(parent: &Path, key: &Digest) -> Result<Self, FileError> {
        let folder = parent.join(&key.to_string()[..16]);
        let mut records = Self { folder, segments: vec![], places: HashMap::new() };
        let entries = match fs::read_dir(&records.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(records),
            Err(error) => return Err(FileError::at("read", &records.folder)(error)),
        };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|name| name == "records"));
        paths.sort();
        for path in paths {
            if records.take(&path).is_err() {
                let _ = fs::remove_file(&path);
            }
        }
        Ok(records)
    }

    /// Takes a segment in.
    fn take(&mut self, path: &Path) -> io::Result<()> {
        let damaged = || io::Error::from(io::ErrorKind::InvalidData);
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let mut magic = [0; MAGIC.len()];
        read_at(&file, &mut magic, 0)?;
        let at = length.checked_sub(END as u64).ok_or_else(damaged)?;
        let mut end = [0; END];
        read_at(&file, &mut end, at)?;
        let count = u64::from_le_bytes(*end.first_chunk().ok_or_else(damaged)?);
        let start = count.checked_mul(ENTRY as u64).and_then(|bytes| at.checked_sub(bytes));
        let start = start.filter(|&start| start >= MAGIC.len() as u64).ok_or_else(damaged)?;
        if magic != *MAGIC {
            return Err(damaged());
        }
        let mut index = vec![0; count as usize * ENTRY];
        read_at(&file, &mut index, start)?;
        if end_of(&index) != end {
            return Err(damaged());
        }
        // Only keeps it from being swept up; without that it is made again one day.
        let _ =
            File::options().append(true).open(path).and_then(|f| f.set_modified(SystemTime::now()));
        let segment = self.segments.len() as u32;
        self.segments.push((file, path.to_owned()));
        self.places.reserve(count as usize);
        for entry in index.as_chunks::<ENTRY>().0 {
            let (digest, mut place) = parse(entry);
            place.segment = segment;
            // What is written later may replace what is damaged.
            self.places.insert(digest, place);
        }
        Ok(())
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The record of what has this digest; none where it is damaged or not there.
    #[must_use]
    pub fn get(&self, of: &Digest) -> Option<Vec<u8>> {
        let place = self.places.get(of)?;
        let mut bytes = vec![0; place.length as usize];
        read_at(&self.segments[place.segment as usize].0, &mut bytes, place.start).ok()?;
        (check(&bytes) == place.check).then_some(bytes)
    }

    /// What is to be added, empty yet. It is found once it is written and the folder opened again.
    #[must_use]
    pub fn fresh(&self) -> Fresh {
        Fresh { folder: self.folder.clone(), blobs: vec![], index: vec![] }
    }

    /// Makes few segments of many, so that a folder that grows by a few pictures a day stays quick
    /// to open. Does nothing where there are few.
    ///
    /// # Errors
    /// When the new ones cannot be written; the old ones are then still there.
    pub fn tidy(self) -> Result<Self, FileError> {
        if self.segments.len() <= SEGMENTS + self.places.len() / SEGMENT + 1 {
            return Ok(self);
        }
        let mut digests: Vec<&Digest> = self.places.keys().collect();
        digests.sort_unstable();
        let mut tidied =
            Self { folder: self.folder.clone(), segments: vec![], places: HashMap::new() };
        for digests in digests.chunks(SEGMENT) {
            let mut fresh = self.fresh();
            for digest in digests {
                // A damaged record is not carried over.
                if let Some(record) = self.get(digest) {
                    fresh.add(digest, &record);
                }
            }
            if let Some(path) = fresh.write(&Disk)? {
                tidied.take(&path).map_err(FileError::at("read back", &path))?;
            }
        }
        // For a moment both were there, and each record was found once.
        for (_, path) in &self.segments {
            if !tidied.segments.iter().any(|(_, new)| new == path) {
                let _ = fs::remove_file(path);
            }
        }
        Ok(tidied)
    }
}

impl Fresh {
    /// Adds a record. One that is too long to be kept is not.
    pub fn add(&mut self, of: &Digest, record: &[u8]) {
        if record.len() > LONGEST {
            return;
        }
        self.index.extend_from_slice(&of.0);
        self.index.extend_from_slice(&((MAGIC.len() + self.blobs.len()) as u64).to_le_bytes());
        self.index.extend_from_slice(&(record.len() as u32).to_le_bytes());
        self.index.extend_from_slice(&check(record));
        self.blobs.extend_from_slice(record);
    }

    /// How many were added. It is time to write them when there are [`SEGMENT`].
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.len() / ENTRY
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Writes what was added as one segment, named by its content, and is then empty. Nothing is
    /// written where there is nothing.
    ///
    /// # Errors
    /// When it cannot be written. It is then lost, which costs time alone.
    pub fn write(&mut self, files: &dyn Files) -> Result<Option<PathBuf>, FileError> {
        if self.is_empty() {
            return Ok(None);
        }
        let (blobs, index) = (std::mem::take(&mut self.blobs), std::mem::take(&mut self.index));
        let end = end_of(&index);
        fs::create_dir_all(&self.folder).map_err(FileError::at("create", &self.folder))?;
        let name = Digest::of(&end).to_string();
        let path = self.folder.join(format!("{}.records", &name[..32]));
        write_pieces(files, &path, &[MAGIC, &blobs, &index, &end])?;
        Ok(Some(path))
    }
}

/// Removes from `parent` the folders in which nobody has used anything for 90 days. What cannot be
/// removed stays.
pub fn sweep(parent: &Path) {
    let now = SystemTime::now();
    let fresh = |file: &fs::DirEntry| {
        let modified = file.metadata().and_then(|metadata| metadata.modified());
        modified.is_ok_and(|at| now.duration_since(at).is_ok_and(|age| age <= UNUSED))
    };
    for folder in fs::read_dir(parent).into_iter().flatten().flatten() {
        let mut files = fs::read_dir(folder.path()).into_iter().flatten().flatten();
        if !files.any(|file| fresh(&file)) {
            let _ = fs::remove_dir_all(folder.path());
        }
    }
}

fn check(record: &[u8]) -> [u8; CHECK] {
    Digest::of(record).0.first_chunk().copied().unwrap_or_default()
}

fn end_of(index: &[u8]) -> [u8; END] {
    let count = ((index.len() / ENTRY) as u64).to_le_bytes();
    let mut digester = Digester::new();
    digester.update(index);
    digester.update(&count);
    let mut end = [0; END];
    end[..8].copy_from_slice(&count);
    end[8..].copy_from_slice(&digester.finish().0);
    end
}

fn parse(entry: &[u8; ENTRY]) -> (Digest, Place) {
    let digest = Digest(entry.first_chunk().copied().unwrap_or_default());
    let place = Place {
        segment: 0,
        start: u64::from_le_bytes(entry[32..].first_chunk().copied().unwrap_or_default()),
        // A length that no record has would be a hole in memory.
        length: u32::from_le_bytes(entry[40..].first_chunk().copied().unwrap_or_default())
            .min(LONGEST as u32),
        check: entry[44..].first_chunk().copied().unwrap_or_default(),
    };
    (digest, place)
}

#[cfg(test)]
mod tests {
    use super::{Records, SEGMENTS, sweep};
    use crate::Digest;
    use crate::files::{Disk, Failing};
    use std::fs;
    use std::ops::Range;
    use std::path::{Path, PathBuf};
    use std::time::{Duration, SystemTime};

    fn name(number: usize) -> Digest {
        Digest::of(&number.to_le_bytes())
    }

    fn record(number: usize) -> Vec<u8> {
        vec![number as u8; 3 + number % 50]
    }

    fn keep(parent: &Path, numbers: Range<usize>) {
        let mut fresh = Records::open(parent, &name(0)).unwrap().fresh();
        numbers.for_each(|number| fresh.add(&name(number), &record(number)));
        assert!(fresh.write(&Disk).unwrap().is_some() && fresh.is_empty());
    }

    fn segments(parent: &Path) -> Vec<PathBuf> {
        let folder = fs::read_dir(parent).unwrap().next().unwrap().unwrap().path();
        let mut paths: Vec<_> =
            fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
        paths.sort();
        paths
    }

    #[test]
    fn what_was_kept_is_found_under_its_key_only() {
        let place = tempfile::tempdir().unwrap();
        keep(place.path(), 0..300);
        keep(place.path(), 300..500);
        let records = Records::open(place.path(), &name(0)).unwrap();
        assert_eq!(records.len(), 500);
        assert!((0..500).all(|number| records.get(&name(number)) == Some(record(number))));
        assert_eq!(records.get(&name(500)), None);
        assert!(Records::open(place.path(), &name(1)).unwrap().is_empty());
    }

    #[test]
    fn a_damaged_byte_costs_a_record_or_a_segment_and_never_lies() {
        let place = tempfile::tempdir().unwrap();
        keep(place.path(), 0..6);
        let path = segments(place.path()).remove(0);
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x41;
            fs::write(&path, damaged).unwrap();
            let records = Records::open(place.path(), &name(0)).unwrap();
            let found: Vec<_> = (0..6).map(|number| records.get(&name(number))).collect();
            assert!(found.iter().any(Option::is_none), "byte {at} matters");
            for (number, found) in found.into_iter().enumerate() {
                assert!(found.is_none_or(|bytes| bytes == record(number)), "byte {at}");
            }
        }
        fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert!(Records::open(place.path(), &name(0)).unwrap().is_empty());
        assert!(!path.exists(), "a segment that is not whole is removed");
    }

    #[test]
    fn many_small_segments_become_few() {
        let place = tempfile::tempdir().unwrap();
        (0..SEGMENTS + 5).for_each(|number| keep(place.path(), number..number + 1));
        let tidied = Records::open(place.path(), &name(0)).unwrap().tidy().unwrap();
        assert_eq!(segments(place.path()).len(), 1);
        let again = Records::open(place.path(), &name(0)).unwrap();
        for records in [tidied, again] {
            assert!((0..SEGMENTS + 5).all(|n| records.get(&name(n)) == Some(record(n))));
        }
    }

    #[test]
    fn a_write_that_fails_leaves_what_was_there() {
        let place = tempfile::tempdir().unwrap();
        keep(place.path(), 99..100);
        for step in 0..7 {
            let mut fresh = Records::open(place.path(), &name(0)).unwrap().fresh();
            fresh.add(&name(step), &record(step));
            assert!(fresh.write(&Failing::at(step as u64)).is_err(), "step {step}");
            let records = Records::open(place.path(), &name(0)).unwrap();
            assert!(records.get(&name(step)).is_none_or(|bytes| bytes == record(step)));
            assert_eq!(records.get(&name(99)), Some(record(99)));
        }
    }

    #[test]
    fn only_what_nobody_used_for_long_is_swept_up() {
        let place = tempfile::tempdir().unwrap();
        for key in [0, 1] {
            let mut fresh = Records::open(place.path(), &name(key)).unwrap().fresh();
            fresh.add(&name(7), b"seven");
            fresh.write(&Disk).unwrap();
        }
        let old = SystemTime::now() - Duration::from_secs(91 * 24 * 60 * 60);
        let path = segments(place.path()).remove(0);
        fs::File::options().append(true).open(&path).unwrap().set_modified(old).unwrap();
        sweep(place.path());
        assert!(!path.exists());
        let left = [0, 1].map(|key| Records::open(place.path(), &name(key)).unwrap().len());
        assert_eq!(left.iter().sum::<usize>(), 1);
    }
}
