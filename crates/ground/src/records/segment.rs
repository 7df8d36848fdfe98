//! A segment: a file of records, or what such a file would hold.
//!
//! ```text
//! header  16 bytes of magic, the length of a note (u32), the length of a body (u32; all ones: any)
//! bodies  one after the other
//! index   for each record its digest (32 bytes), the body's start (u64), length (u32) and check
//!         (the first 8 bytes of its SHA-256), and the note
//! end     how many records there are (u64), and the SHA-256 of index and count
//! ```

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::Layout;
use crate::files::{FileError, Files, read_at, write_pieces};
use crate::{Digest, Digester};

/// The first bytes of a segment; they change with its layout.
const MAGIC: &[u8; 16] = b"lookalike recs 2";
const HEADER: usize = MAGIC.len() + 4 + 4;
const CHECK: usize = 8;
/// Bytes of an entry of the index, without the note.
const ENTRY: usize = 32 + 8 + 4 + CHECK;
const END: usize = 8 + 32;
/// The longest body where lengths differ, in bytes.
const LONGEST: usize = 1 << 20;

/// Records in a segment at most, so that few are lost when the power fails.
pub const SEGMENT: usize = 4096;

/// Where a record lies, and its check.
#[derive(Clone, Copy, Debug)]
pub(super) struct Location {
    start: u64,
    length: u32,
    check: [u8; CHECK],
    segment: u32,
    /// Its number in the segment's index.
    entry: u32,
}

impl Location {
    pub(super) fn segment(&self) -> usize {
        self.segment as usize
    }

    /// The length of the body, in bytes.
    pub(super) fn length(&self) -> usize {
        self.length as usize
    }

    pub(super) fn checks(&self, body: &[u8]) -> bool {
        check(body) == self.check
    }
}

/// Where the bytes of a segment are.
#[derive(Debug)]
pub(super) enum Source {
    File(File, PathBuf),
    Memory(Vec<u8>),
}

impl Source {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self::File(File::open(path)?, path.to_owned()))
    }

    /// The layout that the header states; `None` where it is no header.
    pub(super) fn layout(&self) -> Option<Layout> {
        let mut header = [0; HEADER];
        self.read_at(&mut header, 0).ok()?;
        let lengths = header.strip_prefix(MAGIC)?.as_chunks::<4>().0;
        let [note, body] = lengths.first_chunk()?.map(u32::from_le_bytes);
        let body = (body != u32::MAX).then_some(body as usize);
        Some(Layout { note: note as usize, body })
    }

    fn length(&self) -> io::Result<u64> {
        match self {
            Self::File(file, _) => Ok(file.metadata()?.len()),
            Self::Memory(bytes) => Ok(bytes.len() as u64),
        }
    }

    fn read_at(&self, out: &mut [u8], start: u64) -> io::Result<()> {
        match self {
            Self::File(file, _) => read_at(file, out, start),
            Self::Memory(bytes) => {
                let from = usize::try_from(start).ok().and_then(|start| bytes.get(start..));
                let from = from.and_then(|from| from.get(..out.len()));
                out.copy_from_slice(from.ok_or(io::ErrorKind::UnexpectedEof)?);
                Ok(())
            }
        }
    }
}

/// A segment that can be read.
#[derive(Debug)]
pub(super) struct Stored {
    source: Source,
    /// Where the index begins.
    index: u64,
    /// Bytes of an entry of the index, with the note.
    entry: usize,
}

impl Stored {
    /// Opens a segment and checks its index. `number` is the segment's own in its store.
    pub(super) fn open(
        source: Source,
        layout: Layout,
        number: usize,
    ) -> io::Result<(Self, Vec<(Digest, Location)>)> {
        let damaged = || io::Error::from(io::ErrorKind::InvalidData);
        if source.layout() != Some(layout) {
            return Err(damaged());
        }
        let at = source.length()?.checked_sub(END as u64).ok_or_else(damaged)?;
        let mut end = [0; END];
        source.read_at(&mut end, at)?;
        let count = u64::from_le_bytes(array(&end, 0));
        let entry = ENTRY + layout.note;
        let start = count.checked_mul(entry as u64).and_then(|bytes| at.checked_sub(bytes));
        let start = start.filter(|&start| start >= HEADER as u64).ok_or_else(damaged)?;
        let mut index = vec![0; count as usize * entry];
        source.read_at(&mut index, start)?;
        if end_of(&index, count) != end {
            return Err(damaged());
        }
        let parse = |(at, bytes)| parse(bytes, number as u32, at as u32);
        let entries: Vec<_> = index.chunks_exact(entry).enumerate().map(parse).collect();
        // A length that no body has would be a hole in memory.
        let fits = |length: usize| layout.body.map_or(length <= LONGEST, |body| length == body);
        if !entries.iter().all(|(_, location)| fits(location.length())) {
            return Err(damaged());
        }
        Ok((Self { source, index: start, entry }, entries))
    }

    pub(super) fn path(&self) -> Option<&Path> {
        match &self.source {
            Source::File(_, path) => Some(path),
            Source::Memory(_) => None,
        }
    }

    pub(super) fn read_body(&self, location: &Location, body: &mut [u8]) -> Result<(), FileError> {
        assert_eq!(body.len(), location.length(), "a body's length");
        self.source.read_at(body, location.start).map_err(|error| self.failed(error))
    }

    pub(super) fn read_note(&self, location: &Location, note: &mut [u8]) -> Result<(), FileError> {
        let start = self.index + (location.entry as usize * self.entry + ENTRY) as u64;
        self.source.read_at(note, start).map_err(|error| self.failed(error))
    }

    pub(super) fn damaged(&self) -> FileError {
        self.failed(io::Error::new(io::ErrorKind::InvalidData, "a record is damaged"))
    }

    fn failed(&self, error: io::Error) -> FileError {
        FileError::at("read", self.path().unwrap_or(Path::new("")))(error)
    }
}

/// Records on their way to disk.
#[derive(Debug)]
pub struct Segment {
    folder: Option<PathBuf>,
    layout: Layout,
    bodies: Vec<u8>,
    index: Vec<u8>,
    count: usize,
}

impl Segment {
    pub(super) fn new(folder: Option<PathBuf>, layout: Layout) -> Self {
        Self { folder, layout, bodies: vec![], index: vec![], count: 0 }
    }

    /// Adds a record of the content `of`. Where the length of bodies is free, a body of more than
    /// 1 MiB is not kept.
    ///
    /// # Panics
    /// When note or body have another length than the store's layout says.
    pub fn add(&mut self, of: &Digest, note: &[u8], body: &[u8]) {
        assert_eq!(note.len(), self.layout.note, "a note's length");
        match self.layout.body {
            Some(length) => assert_eq!(body.len(), length, "a body's length"),
            None if body.len() > LONGEST => return,
            None => {}
        }
        self.index.extend_from_slice(&of.0);
        self.index.extend_from_slice(&((HEADER + self.bodies.len()) as u64).to_le_bytes());
        self.index.extend_from_slice(&(body.len() as u32).to_le_bytes());
        self.index.extend_from_slice(&check(body));
        self.index.extend_from_slice(note);
        self.bodies.extend_from_slice(body);
        self.count += 1;
    }

    /// How many records were added. It is time to write them when there are [`SEGMENT`].
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether no record was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Writes the records to disk, where they are found once the store is opened again. The segment
    /// is empty afterwards; an empty one, or one of a store in memory, is not written.
    ///
    /// # Errors
    /// When it cannot be written. The records are then lost, which costs time alone.
    pub fn write(&mut self, files: &dyn Files) -> Result<(), FileError> {
        match self.folder.clone().filter(|_| !self.is_empty()) {
            Some(folder) => self.take().write(files, &folder).map(drop),
            None => Ok(()),
        }
    }

    /// The records as a file holds them. The segment is empty afterwards.
    pub(super) fn take(&mut self) -> Bytes {
        let (bodies, index) = (std::mem::take(&mut self.bodies), std::mem::take(&mut self.index));
        let end = end_of(&index, std::mem::take(&mut self.count) as u64);
        Bytes { header: header(self.layout), bodies, index, end }
    }
}

/// The bytes of a whole segment, in pieces.
pub(super) struct Bytes {
    header: [u8; HEADER],
    bodies: Vec<u8>,
    index: Vec<u8>,
    end: [u8; END],
}

impl Bytes {
    fn pieces(&self) -> [&[u8]; 4] {
        [&self.header, &self.bodies, &self.index, &self.end]
    }

    pub(super) fn concat(&self) -> Vec<u8> {
        self.pieces().concat()
    }

    /// Writes the segment into a folder, under a name made of its content.
    pub(super) fn write(&self, files: &dyn Files, folder: &Path) -> Result<PathBuf, FileError> {
        fs::create_dir_all(folder).map_err(FileError::at("create", folder))?;
        let name = Digest::of(&self.end).to_string();
        let path = folder.join(format!("{}.records", &name[..32]));
        write_pieces(files, &path, &self.pieces())?;
        Ok(path)
    }
}

fn header(layout: Layout) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    let body = layout.body.map_or(u32::MAX, |body| body as u32);
    header[..MAGIC.len()].copy_from_slice(MAGIC);
    header[MAGIC.len()..][..4].copy_from_slice(&(layout.note as u32).to_le_bytes());
    header[MAGIC.len() + 4..].copy_from_slice(&body.to_le_bytes());
    header
}

fn check(body: &[u8]) -> [u8; CHECK] {
    array(&Digest::of(body).0, 0)
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

/// Reads an entry of at least [`ENTRY`] bytes.
fn parse(bytes: &[u8], segment: u32, entry: u32) -> (Digest, Location) {
    let start = u64::from_le_bytes(array(bytes, 32));
    let length = u32::from_le_bytes(array(bytes, 40));
    let location = Location { start, length, check: array(bytes, 44), segment, entry };
    (Digest(array(bytes, 0)), location)
}

/// The `N` bytes from `at` on, which are there.
fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..].first_chunk().copied().unwrap_or([0; N])
}
