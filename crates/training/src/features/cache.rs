//! Features on disk, so that a picture passes through the body once, whatever is asked of it
//! afterwards.
//!
//! A [`Cache`] is a folder named by a digest of everything that a feature depends on but the
//! picture: the weights, how pictures are made into input, the instruction set, and this code's
//! version. Within it a record is found by the SHA-256 of the picture's file. So a stale record
//! cannot be found. The folder holds *segments*, each written whole or not at all, which are
//! never changed. A segment that cannot be written is held in memory instead.
//!
//! Each record has a check of its own, which [`Cache::is_sound`] looks at; [`Cache::read`] trusts
//! it, so that a fit that passes over a million records a hundred times checks each once.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

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
    /// `None` where nothing is to be kept.
    folder: Option<PathBuf>,
    width: usize,
    segments: Vec<Store>,
    /// Where the index of each segment begins.
    indices: Vec<u64>,
    /// Each record's segment and its number there.
    records: Vec<(usize, u64)>,
    about: Vec<About>,
    by_digest: HashMap<Digest, usize>,
}

/// Where the bytes of a segment lie.
#[derive(Debug)]
enum Store {
    File(File, PathBuf),
    Memory(Vec<u8>),
}

impl Store {
    fn length(&self) -> io::Result<u64> {
        match self {
            Self::File(file, _) => Ok(file.metadata()?.len()),
            Self::Memory(bytes) => Ok(bytes.len() as u64),
        }
    }

    fn read_at(&self, out: &mut [u8], place: u64) -> io::Result<()> {
        match self {
            Self::File(file, _) => read_at(file, out, place),
            Self::Memory(bytes) => {
                let from = usize::try_from(place).ok().and_then(|place| bytes.get(place..));
                let from = from.and_then(|from| from.get(..out.len()));
                out.copy_from_slice(from.ok_or(io::ErrorKind::UnexpectedEof)?);
                Ok(())
            }
        }
    }

    fn path(&self) -> Option<&Path> {
        match self {
            Self::File(_, path) => Some(path),
            Self::Memory(_) => None,
        }
    }
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

    /// A cache that finds nothing and keeps what is written in memory, for where the folder cannot
    /// be used.
    #[must_use]
    pub fn nowhere(width: usize) -> Self {
        Self {
            folder: None,
            width,
            segments: vec![],
            indices: vec![],
            records: vec![],
            about: vec![],
            by_digest: HashMap::new(),
        }
    }

    /// Of all caches in `parent` the one that knows most of these pictures; none where none knows
    /// any. It is for looking into only: what cannot be read is passed over and stays, and nothing
    /// counts as used.
    #[must_use]
    pub fn that_knows(parent: &Path, pictures: &[Digest]) -> Option<Self> {
        let folders = fs::read_dir(parent).ok()?.flatten().map(|entry| entry.path());
        let known = |cache: &Self| pictures.iter().filter(|&at| cache.find(at).is_some()).count();
        let mut folders: Vec<PathBuf> = folders.collect();
        folders.sort();
        let caches = folders.iter().filter_map(|folder| Self::seen_in(folder));
        caches
            .map(|cache| (known(&cache), cache))
            .filter(|(known, _)| *known > 0)
            .reduce(|best, next| if next.0 > best.0 { next } else { best })
            .map(|(_, cache)| cache)
    }

    fn seen_in(folder: &Path) -> Option<Self> {
        let paths = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
        let mut paths: Vec<PathBuf> =
            paths.filter(|path| path.extension().is_some_and(|name| name == "features")).collect();
        paths.sort();
        let mut cache: Option<Self> = None;
        for path in paths {
            let Ok(file) = File::open(&path) else { continue };
            let mut head = [0; MAGIC.len() + 4];
            if read_at(&file, &mut head, 0).is_err() || !head.starts_with(MAGIC) {
                continue;
            }
            let width = u32::from_le_bytes(*head.last_chunk()?) as usize;
            let mut taken = cache.take().unwrap_or_else(|| Self::nowhere(width));
            let _ = taken.take(Store::File(file, path));
            cache = Some(taken).filter(|taken| !taken.segments.is_empty());
        }
        cache
    }

    fn of_folder(folder: PathBuf, width: usize) -> Result<Self, FileError> {
        let entries = fs::read_dir(&folder).map(|entries| entries.flatten().collect());
        let entries: Vec<fs::DirEntry> = match entries {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => vec![],
            Err(error) => return Err(FileError::at("read", &folder)(error)),
        };
        let mut cache = Self { folder: Some(folder), ..Self::nowhere(width) };
        let mut paths: Vec<PathBuf> = entries.iter().map(fs::DirEntry::path).collect();
        paths.retain(|path| path.extension().is_some_and(|name| name == "features"));
        paths.sort();
        for path in paths {
            if cache.take_file(&path).is_err() {
                // It is only a cache: what it held is computed anew.
                let _ = fs::remove_file(&path);
            }
        }
        Ok(cache)
    }

    fn take_file(&mut self, path: &Path) -> io::Result<()> {
        self.take(Store::File(File::open(path)?, path.to_owned()))?;
        // Only keeps it from being swept up; without that it is made again one day.
        let _ =
            File::options().append(true).open(path).and_then(|f| f.set_modified(SystemTime::now()));
        Ok(())
    }

    /// Takes a segment in.
    fn take(&mut self, store: Store) -> io::Result<()> {
        let damaged = || io::Error::from(io::ErrorKind::InvalidData);
        let length = store.length()?;
        let mut head = [0; MAGIC.len() + 4];
        store.read_at(&mut head, 0)?;
        if head != *header(self.width) {
            return Err(damaged());
        }
        let mut end = [0; END];
        let at = length.checked_sub(END as u64).ok_or_else(damaged)?;
        store.read_at(&mut end, at)?;
        let count = u64::from_le_bytes(*end.first_chunk().ok_or_else(damaged)?);
        let whole = (self.stride() + ENTRY as u64)
            .checked_mul(count)
            .and_then(|records| records.checked_add((head.len() + END) as u64));
        if whole != Some(length) {
            return Err(damaged());
        }
        let mut index = vec![0; count as usize * ENTRY];
        let start = at - count * ENTRY as u64;
        store.read_at(&mut index, start)?;
        if end_of(&index, count) != end {
            return Err(damaged());
        }
        let segment = self.segments.len();
        self.segments.push(store);
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

    /// Where it lies; nowhere, if nothing is to be kept.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
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
        self.segments[segment].read_at(&mut bytes, place).ok()?;
        Some(Print::from_bytes(&bytes))
    }

    /// Reads the features of a record, and trusts them: whoever opened the cache has asked
    /// [`Cache::is_sound`].
    ///
    /// # Errors
    /// When it cannot be read.
    ///
    /// # Panics
    /// When there is no such record or `out` is of another length.
    pub fn read(&self, record: usize, out: &mut [f32]) -> Result<(), FileError> {
        self.bytes(record, out, |_| true)
    }

    /// Whether a record can be read and is whole; `row` then holds its features. The segment of
    /// one that is not is removed, so that the next run does not meet it again.
    ///
    /// # Panics
    /// As [`Cache::read`].
    pub fn is_sound(&self, record: usize, row: &mut [f32]) -> bool {
        let sound = self.checked(record, row).is_ok();
        if !sound && let Some(path) = self.segments[self.records[record].0].path() {
            let _ = fs::remove_file(path);
        }
        sound
    }

    fn checked(&self, record: usize, out: &mut [f32]) -> Result<(), FileError> {
        let numbers = self.width * size_of::<f32>();
        self.bytes(record, out, |bytes| {
            Digest::of(&bytes[..numbers]).0[..CHECK] == bytes[numbers..]
        })
    }

    fn bytes(
        &self,
        record: usize,
        out: &mut [f32],
        whole: impl Fn(&[u8]) -> bool,
    ) -> Result<(), FileError> {
        assert_eq!(out.len(), self.width, "a place for each number");
        let (segment, number) = self.records[record];
        let store = &self.segments[segment];
        let at = |error| FileError::at("read", store.path().unwrap_or(Path::new("")))(error);
        let mut bytes = vec![0; self.stride() as usize];
        let place = (MAGIC.len() + 4) as u64 + number * self.stride();
        store.read_at(&mut bytes, place).map_err(at)?;
        if !whole(&bytes) {
            return Err(at(io::Error::new(io::ErrorKind::InvalidData, "a record is damaged")));
        }
        for (out, bytes) in out.iter_mut().zip(bytes.as_chunks().0) {
            *out = f32::from_le_bytes(*bytes);
        }
        Ok(())
    }

    /// Writes records to disk and takes them in.
    ///
    /// # Errors
    /// When they cannot be written. They are then held in memory, as long as this lives.
    pub fn write(&mut self, files: &dyn Files, segment: &mut Segment) -> Result<(), FileError> {
        let Some(name) = segment.name.take() else { return Ok(()) };
        let whole = segment.take(self.width);
        let Some(folder) = &self.folder else {
            self.hold(whole);
            return Ok(());
        };
        let path = folder.join(format!("{}.features", &name.to_string()[..32]));
        let written = fs::create_dir_all(folder)
            .map_err(FileError::at("create", folder))
            .and_then(|()| write_pieces(files, &path, &[&whole]))
            .and_then(|()| self.take_file(&path).map_err(FileError::at("read back", &path)));
        if written.is_err() {
            self.hold(whole);
        }
        written
    }

    fn hold(&mut self, whole: Vec<u8>) {
        let taken = self.take(Store::Memory(whole));
        debug_assert!(taken.is_ok(), "it was made a moment ago");
    }

    /// Makes few segments of many, so that a set that grows by a few pictures a day stays quick to
    /// open. Everything stays as it is where there are few, or new ones cannot be written.
    #[must_use]
    pub fn tidy(self) -> Self {
        self.tidied().ok().flatten().unwrap_or(self)
    }

    fn tidied(&self) -> Result<Option<Self>, FileError> {
        let Some(folder) = &self.folder else { return Ok(None) };
        let small = self.records.len() / SEGMENT + 1;
        if self.segments.len() <= SEGMENTS + small {
            return Ok(None);
        }
        // In a folder beside it, which takes its place.
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let beside = folder.with_file_name(format!("{name}.tidied"));
        let _ = fs::remove_dir_all(&beside);
        let mut tidied = Self { folder: Some(beside.clone()), ..Self::nowhere(self.width) };
        let mut segment = Segment::new(self.width);
        let mut row = vec![0.0; self.width];
        let mut digests: Vec<(&Digest, &usize)> = self.by_digest.iter().collect();
        digests.sort();
        for (digest, &record) in digests {
            // A damaged record is not carried over.
            let print = self.print(record).filter(|_| self.checked(record, &mut row).is_ok());
            if let Some(print) = print {
                segment.add(*digest, self.about[record], &print, &row);
            }
            if segment.len() == SEGMENT {
                tidied.write(&Disk, &mut segment)?;
            }
        }
        tidied.write(&Disk, &mut segment)?;
        let files: Vec<&Path> = tidied.segments.iter().filter_map(Store::path).collect();
        // The new ones go in first: for a moment both are there, and each record is found once.
        for path in &files {
            let Some(name) = path.file_name() else { continue };
            let own = folder.join(name);
            fs::rename(path, &own).map_err(FileError::at("replace", &own))?;
        }
        let kept: Vec<_> = files.iter().filter_map(|path| path.file_name()).collect();
        for old in self.segments.iter().filter_map(Store::path) {
            if !old.file_name().is_some_and(|name| kept.contains(&name)) {
                let _ = fs::remove_file(old);
            }
        }
        let _ = fs::remove_dir(&beside);
        Self::of_folder(folder.clone(), self.width).map(Some)
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

    /// All of it, as a file holds it. It is empty afterwards.
    fn take(&mut self, width: usize) -> Vec<u8> {
        let end = end_of(&self.index, self.len() as u64);
        let whole = [&header(width)[..], &self.records, &self.index, &end].concat();
        self.records.clear();
        self.index.clear();
        whole
    }
}

#[cfg(test)]
mod tests;
