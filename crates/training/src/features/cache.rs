//! Features on disk, so that a picture passes through the body once, whatever is asked of it
//! afterwards.
//!
//! A [`Cache`] is a folder named by a digest of everything that a feature depends on but the
//! picture: the weights, how pictures are made into input, the instruction set, and this code's
//! version. Within it a record is found by the SHA-256 of the picture's file. So a stale record
//! cannot be found. The folder holds *segments*, each written whole or not at all, which are
//! never changed.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use ground::files::{Disk, FileError, Files, read_at, write_pieces};
use ground::{Digest, Digester};
use pictures::Print;

/// The first bytes of a segment; they change with its layout.
const MAGIC: &[u8; 16] = b"lookalike feat 2";
/// Bytes of a record's check: the first of the SHA-256 of its numbers.
const CHECK: usize = 8;
/// Bytes of an entry of the index: digest, width, height, colour, print.
const ENTRY: usize = PRINT + Print::BYTES;
/// Where in an entry the print is.
const PRINT: usize = 32 + 4 + 4 + 12;
/// Bytes at a segment's end: how many records there are, and the SHA-256 of index and count.
const END: usize = 8 + 32;
/// Records in a segment at most, so that few are lost when the power fails.
pub(super) const SEGMENT: usize = 4096;
/// More segments than that, beside full ones, are made into fewer.
const SEGMENTS: usize = 32;
/// What nobody has used for so long makes room.
const KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// What is known of a picture beside its features.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct About {
    /// Of the whole picture, upright, in pixels.
    pub width: u32,
    /// Of the whole picture, upright, in pixels.
    pub height: u32,
    /// Its mean red, green and blue, 0 to 255.
    pub colour: [f32; 3],
}

/// Features of pictures by their content. See the module's documentation.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    width: usize,
    segments: Vec<(File, PathBuf)>,
    /// Where the index of each segment begins.
    indices: Vec<u64>,
    /// Each record's segment and its number there.
    records: Vec<(usize, u64)>,
    about: Vec<About>,
    by_digest: HashMap<Digest, usize>,
}

impl Cache {
    /// The folder `key` in `parent`; it need not exist yet. Damaged segments are passed over and
    /// removed. `width` is the length of a row of features.
    ///
    /// # Errors
    /// When the folder exists and cannot be read.
    pub fn open(parent: &Path, key: &Digest, width: usize) -> Result<Self, FileError> {
        Self::of_folder(parent.join(&key.to_string()[..16]), width)
    }

    fn empty(width: usize) -> Self {
        Self {
            folder: PathBuf::new(),
            width,
            segments: vec![],
            indices: vec![],
            records: vec![],
            about: vec![],
            by_digest: HashMap::new(),
        }
    }

    fn of_folder(folder: PathBuf, width: usize) -> Result<Self, FileError> {
        let mut cache = Self { folder, ..Self::empty(width) };
        let entries = match fs::read_dir(&cache.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(cache),
            Err(error) => return Err(FileError::at("read", &cache.folder)(error)),
        };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|name| name == "features"));
        paths.sort();
        for path in paths {
            if cache.take(&path).is_err() {
                // It is only a cache: what it held is computed anew.
                let _ = fs::remove_file(&path);
            }
        }
        Ok(cache)
    }

    /// Takes a segment in.
    fn take(&mut self, path: &Path) -> io::Result<()> {
        let damaged = || io::Error::from(io::ErrorKind::InvalidData);
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let mut head = [0; MAGIC.len() + 4];
        read_at(&file, &mut head, 0)?;
        if head != *header(self.width) {
            return Err(damaged());
        }
        let mut end = [0; END];
        let at = length.checked_sub(END as u64).ok_or_else(damaged)?;
        read_at(&file, &mut end, at)?;
        let count = u64::from_le_bytes(*end.first_chunk().ok_or_else(damaged)?);
        let whole = (self.stride() + ENTRY as u64)
            .checked_mul(count)
            .and_then(|records| records.checked_add((head.len() + END) as u64));
        if whole != Some(length) {
            return Err(damaged());
        }
        let mut index = vec![0; count as usize * ENTRY];
        let start = at - count * ENTRY as u64;
        read_at(&file, &mut index, start)?;
        if end_of(&index, count) != end {
            return Err(damaged());
        }
        // Only keeps it from being swept up; without that it is made again one day.
        let _ =
            File::options().append(true).open(path).and_then(|f| f.set_modified(SystemTime::now()));
        let segment = self.segments.len();
        self.segments.push((file, path.to_owned()));
        self.indices.push(start);
        for (number, entry) in index.as_chunks::<ENTRY>().0.iter().enumerate() {
            let (digest, about) = parse(entry);
            // What is written later may replace what is damaged.
            self.by_digest.insert(digest, self.records.len());
            self.records.push((segment, number as u64));
            self.about.push(about);
        }
        Ok(())
    }

    /// Bytes of a record.
    fn stride(&self) -> u64 {
        (self.width * size_of::<f32>() + CHECK) as u64
    }

    /// Where it lies.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Numbers in a record.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// The record of a picture.
    #[must_use]
    pub fn find(&self, picture: &Digest) -> Option<usize> {
        self.by_digest.get(picture).copied()
    }

    /// What a record knows of its picture beside the features.
    ///
    /// # Panics
    /// When there is no such record.
    #[must_use]
    pub fn about(&self, record: usize) -> About {
        self.about[record]
    }

    /// What the picture of a record looks like; nothing where it can no longer be read. Prints stay
    /// on disk: those of a million pictures would take half a gigabyte.
    ///
    /// # Panics
    /// When there is no such record.
    #[must_use]
    pub fn print(&self, record: usize) -> Option<Print> {
        let (segment, number) = self.records[record];
        let place = self.indices[segment] + number * ENTRY as u64 + PRINT as u64;
        let mut bytes = [0; Print::BYTES];
        read_at(&self.segments[segment].0, &mut bytes, place).ok()?;
        Some(Print::from_bytes(&bytes))
    }

    /// Reads the features of a record.
    ///
    /// # Errors
    /// When it cannot be read or is damaged.
    ///
    /// # Panics
    /// When there is no such record or `out` is of another length.
    pub fn read(&self, record: usize, out: &mut [f32]) -> Result<(), FileError> {
        assert_eq!(out.len(), self.width, "a place for each number");
        let (segment, number) = self.records[record];
        let (file, path) = &self.segments[segment];
        let mut bytes = vec![0; self.stride() as usize];
        let place = (MAGIC.len() + 4) as u64 + number * self.stride();
        read_at(file, &mut bytes, place).map_err(FileError::at("read", path))?;
        let (numbers, check) = bytes.split_at(self.width * size_of::<f32>());
        if Digest::of(numbers).0[..CHECK] != *check {
            let damaged = io::Error::new(io::ErrorKind::InvalidData, "a record is damaged");
            return Err(FileError::at("read", path)(damaged));
        }
        for (out, bytes) in out.iter_mut().zip(numbers.as_chunks().0) {
            *out = f32::from_le_bytes(*bytes);
        }
        Ok(())
    }

    /// Whether a record can be read and is whole. The segment of one that is not is removed, so
    /// that the next run does not meet it again.
    pub(super) fn is_sound(&self, record: usize, row: &mut [f32]) -> bool {
        let sound = self.read(record, row).is_ok();
        if !sound {
            let _ = fs::remove_file(&self.segments[self.records[record].0].1);
        }
        sound
    }

    /// Writes records to disk and takes them in.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn write(&mut self, files: &dyn Files, segment: &mut Segment) -> Result<(), FileError> {
        if let Some(path) = segment.write(files, &self.folder)? {
            self.take(&path).map_err(FileError::at("read back", &path))?;
        }
        Ok(())
    }

    /// Makes few segments of many, so that a set that grows by a few pictures a day stays quick to
    /// open. Does nothing where there are few.
    ///
    /// # Errors
    /// When the new ones cannot be written; the old ones are then still there.
    pub fn tidy(self) -> Result<Self, FileError> {
        let small = self.records.len() / SEGMENT + 1;
        if self.segments.len() <= SEGMENTS + small {
            return Ok(self);
        }
        // In a folder beside it, which takes its place.
        let name = self.folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let beside = self.folder.with_file_name(format!("{name}.tidied"));
        let _ = fs::remove_dir_all(&beside);
        let mut tidied = Self { folder: beside.clone(), ..Self::empty(self.width) };
        let mut segment = Segment::new(self.width);
        let mut row = vec![0.0; self.width];
        let mut digests: Vec<(&Digest, &usize)> = self.by_digest.iter().collect();
        digests.sort();
        for (digest, &record) in digests {
            // A damaged record is not carried over.
            let print = self.print(record).filter(|_| self.read(record, &mut row).is_ok());
            if let Some(print) = print {
                segment.add(*digest, self.about[record], &print, &row);
            }
            if segment.len() == SEGMENT {
                tidied.write(&Disk, &mut segment)?;
            }
        }
        tidied.write(&Disk, &mut segment)?;
        let files: Vec<PathBuf> = tidied.segments.iter().map(|(_, path)| path.clone()).collect();
        // The new ones go in first: for a moment both are there, and each record is found once.
        for path in &files {
            let Some(name) = path.file_name() else { continue };
            let own = self.folder.join(name);
            fs::rename(path, &own).map_err(FileError::at("replace", &own))?;
        }
        let kept: Vec<_> = files.iter().filter_map(|path| path.file_name()).collect();
        for (_, old) in &self.segments {
            if !old.file_name().is_some_and(|name| kept.contains(&name)) {
                let _ = fs::remove_file(old);
            }
        }
        let _ = fs::remove_dir(&beside);
        Self::of_folder(self.folder, self.width)
    }

    /// Removes what nobody has used for long from the folder that all caches lie in.
    pub fn sweep(parent: &Path) {
        let now = SystemTime::now();
        let fresh = |file: &fs::DirEntry| {
            let modified = file.metadata().and_then(|metadata| metadata.modified());
            modified.is_ok_and(|at| now.duration_since(at).is_ok_and(|age| age <= KEPT))
        };
        for folder in fs::read_dir(parent).into_iter().flatten().flatten() {
            let mut files = fs::read_dir(folder.path()).into_iter().flatten().flatten();
            if !files.any(|file| fresh(&file)) {
                // What cannot be removed stays.
                let _ = fs::remove_dir_all(folder.path());
            }
        }
    }
}

fn header(width: usize) -> Box<[u8; MAGIC.len() + 4]> {
    let mut header = Box::new([0; MAGIC.len() + 4]);
    header[..MAGIC.len()].copy_from_slice(MAGIC);
    header[MAGIC.len()..].copy_from_slice(&(width as u32).to_le_bytes());
    header
}

fn end_of(index: &[u8], count: u64) -> [u8; END] {
    let mut digester = Digester::new();
    digester.update(index);
    digester.update(&count.to_le_bytes());
    let mut end = [0; END];
    end[..8].copy_from_slice(&count.to_le_bytes());
    end[8..].copy_from_slice(&digester.finish().0);
    end
}

fn parse(entry: &[u8; ENTRY]) -> (Digest, About) {
    let word = |at: usize| entry[at..].first_chunk().copied().unwrap_or_default();
    let digest = Digest(entry.first_chunk().copied().unwrap_or_default());
    let colour = [40, 44, 48].map(|at| f32::from_le_bytes(word(at)));
    (
        digest,
        About { width: u32::from_le_bytes(word(32)), height: u32::from_le_bytes(word(36)), colour },
    )
}

/// Records on their way to disk, where they become a segment.
#[derive(Debug)]
pub struct Segment {
    width: usize,
    name: Option<Digest>,
    records: Vec<u8>,
    index: Vec<u8>,
}

impl Segment {
    /// An empty one for rows of this length.
    #[must_use]
    pub fn new(width: usize) -> Self {
        Self { width, name: None, records: vec![], index: vec![] }
    }

    /// Adds the features of a picture.
    ///
    /// # Panics
    /// When they are not as many as the cache has in a row.
    pub fn add(&mut self, picture: Digest, about: About, print: &Print, features: &[f32]) {
        assert_eq!(features.len(), self.width, "a row of features");
        // A picture is in one segment only, so the first of them names it.
        self.name.get_or_insert(picture);
        let start = self.records.len();
        self.records.extend(features.iter().flat_map(|x| x.to_le_bytes()));
        let check = Digest::of(&self.records[start..]);
        self.records.extend_from_slice(&check.0[..CHECK]);
        self.index.extend_from_slice(&picture.0);
        self.index.extend_from_slice(&about.width.to_le_bytes());
        self.index.extend_from_slice(&about.height.to_le_bytes());
        self.index.extend(about.colour.iter().flat_map(|x| x.to_le_bytes()));
        self.index.extend_from_slice(&print.to_bytes());
    }

    /// Records added.
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.len() / ENTRY
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Writes it, whole or not at all, and empties it. Nothing is written of an empty one.
    fn write(&mut self, files: &dyn Files, folder: &Path) -> Result<Option<PathBuf>, FileError> {
        let Some(name) = self.name.take() else { return Ok(None) };
        fs::create_dir_all(folder).map_err(FileError::at("create", folder))?;
        let path = folder.join(format!("{}.features", &name.to_string()[..32]));
        let end = end_of(&self.index, self.len() as u64);
        write_pieces(files, &path, &[&*header(self.width), &self.records, &self.index, &end])?;
        self.records.clear();
        self.index.clear();
        Ok(Some(path))
    }
}

#[cfg(test)]
mod tests;
