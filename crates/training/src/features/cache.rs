//! Features on disk, so that a picture passes through the backbone once, whatever is asked of it
//! afterwards.
//!
//! They are [`ground::records`] under a key of everything that a feature depends on but the picture:
//! the weights, how pictures are made into input, the instruction set, and this code's version. A
//! record's body is a row of numbers, its note what else is known of the picture.

use std::fs;
use std::path::{Path, PathBuf};

use ground::Digest;
use ground::files::{FileError, Files};
use ground::records::{self, Layout, Records};
use pictures::PerceptualHash;

/// Bytes of a note: width, height, colour, print.
const NOTE: usize = PRINT + PerceptualHash::BYTES;
/// Where in a note the print is.
const PRINT: usize = 4 + 4 + 12;

/// What is known of a picture beside its features.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct About {
    /// Width of the whole picture, upright, in pixels.
    pub width: u32,
    /// Height of the whole picture, upright, in pixels.
    pub height: u32,
    /// Its mean red, green and blue, 0 to 255.
    pub colour: [f32; 3],
}

/// Features of pictures by the digest of their files.
#[derive(Debug)]
pub struct Cache {
    records: Records,
    width: usize,
}

fn layout(width: usize) -> Layout {
    Layout { note: NOTE, body: Some(width * size_of::<f32>()) }
}

impl Cache {
    /// The folder `key` in `parent`; it need not exist yet. `width` is the length of a row of
    /// features. Damaged segments are removed.
    ///
    /// # Errors
    /// When the folder exists and cannot be read.
    pub fn open(parent: &Path, key: &Digest, width: usize) -> Result<Self, FileError> {
        Records::open(parent, key, layout(width)).map(|records| Self { records, width })
    }

    /// An empty cache that keeps what is written in memory, for where the folder cannot be used.
    #[must_use]
    pub fn nowhere(width: usize) -> Self {
        Self { records: Records::in_memory(layout(width)), width }
    }

    /// Of all caches in `parent` the one that has most of these pictures; `None` where none has any.
    /// It is to be looked into only: damaged segments are passed over and stay, and nothing counts
    /// as used.
    #[must_use]
    pub fn that_knows(parent: &Path, pictures: &[Digest]) -> Option<Self> {
        let mut folders: Vec<PathBuf> =
            fs::read_dir(parent).ok()?.flatten().map(|entry| entry.path()).collect();
        folders.sort();
        let known = |cache: &Self| pictures.iter().filter(|&at| cache.find(at).is_some()).count();
        let caches = folders.iter().filter_map(|folder| Self::look(folder));
        caches
            .map(|cache| (known(&cache), cache))
            .filter(|(known, _)| *known > 0)
            .reduce(|best, next| if next.0 > best.0 { next } else { best })
            .map(|(_, cache)| cache)
    }

    fn look(folder: &Path) -> Option<Self> {
        let records = Records::look(folder, NOTE)?;
        let width = records.layout().body? / size_of::<f32>();
        Some(Self { records, width })
    }

    /// The folder in which the features lie, if they are kept in one.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.records.folder()
    }

    /// Numbers in a row.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// The number of a picture's record, by which the cache's other functions know it.
    #[must_use]
    pub fn find(&self, picture: &Digest) -> Option<usize> {
        self.records.find(picture)
    }

    /// What a record knows of its picture beside the features. This stays on disk: the prints of a
    /// million pictures would take half a gigabyte.
    ///
    /// # Errors
    /// When it can no longer be read.
    ///
    /// # Panics
    /// When there is no such record.
    pub fn about(&self, record: usize) -> Result<(About, PerceptualHash), FileError> {
        let mut note = [0; NOTE];
        self.records.note(record, &mut note)?;
        Ok(parse(&note))
    }

    /// Reads the features of a record, and trusts them: whoever opened the cache has called
    /// [`Cache::is_sound`].
    ///
    /// # Errors
    /// When it cannot be read.
    ///
    /// # Panics
    /// When there is no such record or `row` is of another length.
    pub fn read(&self, record: usize, row: &mut [f32]) -> Result<(), FileError> {
        self.read_by(row, |bytes| self.records.read(record, bytes))
    }

    /// Whether a record can be read and is whole; `row` then holds its features. The segment of one
    /// that is not is removed, so that the next run does not find it.
    ///
    /// # Panics
    /// See [`Cache::read`].
    pub fn is_sound(&self, record: usize, row: &mut [f32]) -> bool {
        self.read_by(row, |bytes| self.records.read_checked(record, bytes)).is_ok()
    }

    fn read_by(
        &self,
        row: &mut [f32],
        read: impl FnOnce(&mut [u8]) -> Result<(), FileError>,
    ) -> Result<(), FileError> {
        assert_eq!(row.len(), self.width, "a place for each number");
        let mut bytes = vec![0; size_of_val(row)];
        read(&mut bytes)?;
        for (x, bytes) in row.iter_mut().zip(bytes.as_chunks().0) {
            *x = f32::from_le_bytes(*bytes);
        }
        Ok(())
    }

    /// A new segment, empty yet, for rows of this cache.
    #[must_use]
    pub fn segment(&self) -> Segment {
        Segment(self.records.segment())
    }

    /// Writes a segment to disk, after which its features are found here too. It is empty then.
    ///
    /// # Errors
    /// When it cannot be written. Its features are then held in memory as long as this cache lives.
    pub fn write(&mut self, files: &dyn Files, segment: &mut Segment) -> Result<(), FileError> {
        self.records.write(files, &mut segment.0)
    }

    /// Adds features that somebody kept of pictures without files, for as long as this cache lives:
    /// they were rounded, and are not to be found in place of exact ones. Those of pictures that the
    /// cache knows are left out.
    ///
    /// # Panics
    /// When a row is of another length.
    pub fn lend<'a>(&mut self, rows: impl Iterator<Item = (Digest, &'a [f32])>) {
        let nothing = About { width: 0, height: 0, colour: [0.0; 3] };
        let no_hash = PerceptualHash::from_bytes(&[0; PerceptualHash::BYTES]);
        let mut segment = self.segment();
        for (picture, row) in rows {
            if self.find(&picture).is_none() {
                segment.add(&picture, nothing, &no_hash, row);
            }
            if segment.len() == records::SEGMENT {
                self.records.hold(&mut segment.0);
            }
        }
        self.records.hold(&mut segment.0);
    }

    /// Merges small segments, so that a set that grows by a few pictures a day stays quick to open.
    #[must_use]
    pub fn tidy(self) -> Self {
        Self { records: self.records.tidy(), width: self.width }
    }
}

/// Features on their way to disk.
#[derive(Debug)]
pub struct Segment(records::Segment);

impl Segment {
    /// Adds the features of a picture.
    ///
    /// # Panics
    /// When they are not as many as the cache has in a row.
    pub fn add(
        &mut self,
        picture: &Digest,
        about: About,
        print: &PerceptualHash,
        features: &[f32],
    ) {
        let mut note = Vec::with_capacity(NOTE);
        note.extend(about.width.to_le_bytes());
        note.extend(about.height.to_le_bytes());
        note.extend(about.colour.iter().flat_map(|x| x.to_le_bytes()));
        note.extend(print.to_bytes());
        let row: Vec<u8> = features.iter().flat_map(|x| x.to_le_bytes()).collect();
        self.0.add(picture, &note, &row);
    }

    /// How many pictures were added. It is time to write them when there are
    /// [`records::SEGMENT`].
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no picture was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn parse(note: &[u8; NOTE]) -> (About, PerceptualHash) {
    let word = |at: usize| note[at..].first_chunk().copied().unwrap_or_default();
    let [width, height] = [0, 4].map(|at| u32::from_le_bytes(word(at)));
    let colour = [8, 12, 16].map(|at| f32::from_le_bytes(word(at)));
    let mut print = [0; PerceptualHash::BYTES];
    print.copy_from_slice(&note[PRINT..]);
    (About { width, height, colour }, PerceptualHash::from_bytes(&print))
}

#[cfg(test)]
mod tests;
