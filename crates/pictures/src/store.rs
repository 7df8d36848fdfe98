//! Decoded pictures at one size, each with the perceptual hash of the whole picture, so that each is decoded
//! once a run.
//!
//! They stay in memory where they fit the budget; else they go to a file in the cache folder,
//! which the next run finds again by the pictures' content and the settings. The file is read a
//! crop at a time at its place, into the caller's buffer, rather than mapped: a mapping needs
//! unsafe code and dies by a signal when the file is cut short meanwhile, and the system's page
//! cache serves both ways alike.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use ground::files::{FileError, Files, Whole, folder_of, read_at};
use ground::{Digest, Digester};
use serde::{Deserialize, Serialize};

use crate::long_crop::CropMargin;
use crate::{Limits, PerceptualHash, Place, Preprocess};

#[cfg(test)]
mod tests;

/// Changes with the layout of the file and with how pictures are decoded and resized.
const VERSION: &str = "lookalike pixels 4";

/// Files that nobody has opened for so long make room when a new one is written.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Strips (RGB8) and hashes, by number.
#[derive(Debug)]
pub(crate) enum Store {
    Memory(Vec<(LongCrop, PerceptualHash)>),
    /// Here a number is a place in the file. The hash comes first.
    File {
        file: File,
        path: PathBuf,
    },
}

/// One of them.
#[derive(Debug)]
pub(crate) enum LongCrop {
    Pixels(Box<[u8]>),
    /// Decoded whenever it is asked for, which nobody is expected to do often.
    Later(Box<Later>),
}

/// A picture that was decoded in an earlier run.
#[derive(Debug)]
pub(crate) struct Later {
    pub(crate) place: Place,
    pub(crate) digest: Digest,
    pub(crate) preprocess: Preprocess,
    pub(crate) margin: CropMargin,
    pub(crate) limits: Limits,
}

impl Later {
    pub(crate) fn decode(&self) -> Result<Vec<u8>, FileError> {
        let failed =
            |why: String| FileError::at("read again", self.place.name())(io::Error::other(why));
        let read = crate::read_with_permit(&self.place, &self.limits, self.preprocess.detail());
        let (decoded, digest, _permit) = read.map_err(|why| failed(why.to_string()))?;
        if digest != self.digest {
            return Err(failed("it has changed meanwhile".into()));
        }
        Ok(self.margin.long_crop(&self.preprocess, &decoded.picture))
    }
}

/// The entry of one picture in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Entry {
    /// The number of its crop, and its width and height as a picture.
    Good(u64, u32, u32),
    /// Why there is no crop of it.
    Bad(String),
}

impl Store {
    /// Shows a crop, which has so many bytes.
    ///
    /// # Panics
    /// When there is no such crop in memory.
    pub(crate) fn read(
        &self,
        number: u64,
        bytes: usize,
        see: impl FnOnce(&[u8]),
    ) -> Result<(), FileError> {
        match self {
            Self::Memory(crops) => match &crops[number as usize].0 {
                LongCrop::Pixels(pixels) => see(pixels),
                LongCrop::Later(later) => see(&later.decode()?),
            },
            Self::File { file, path } => {
                let mut crop = vec![0; bytes];
                read_at(file, &mut crop, number + PerceptualHash::BYTES as u64)
                    .map_err(FileError::at("read", path))?;
                see(&crop);
            }
        }
        Ok(())
    }

    /// The perceptual hash of the picture of a crop.
    ///
    /// # Panics
    /// When there is no such crop in memory.
    pub(crate) fn hash(&self, number: u64) -> Result<PerceptualHash, FileError> {
        match self {
            Self::Memory(crops) => Ok(crops[number as usize].1.clone()),
            Self::File { file, path } => {
                let mut bytes = [0; PerceptualHash::BYTES];
                read_at(file, &mut bytes, number).map_err(FileError::at("read", path))?;
                Ok(PerceptualHash::from_bytes(&bytes))
            }
        }
    }

    /// Finds the file of a [`key`] with an entry for each of `pictures`; `bytes` says how long the
    /// crop of a picture of some width and height is. A damaged or foreign one counts as none: it
    /// is made again.
    pub(crate) fn open(
        path: &Path,
        pictures: usize,
        bytes: impl Fn(u32, u32) -> usize,
    ) -> Option<(Self, Vec<Entry>)> {
        let mut file = File::open(path).ok()?;
        let (crops, index) = verify(&mut file).ok()?;
        let index: Vec<Entry> = serde_json::from_slice(&index).ok()?;
        // Only keeps it from being swept up; without that it is made again one day.
        let _ =
            File::options().append(true).open(path).and_then(|f| f.set_modified(SystemTime::now()));
        (index.len() == pictures && fills(&index, crops, bytes))
            .then(|| (Self::File { file, path: path.to_owned() }, index))
    }
}

/// The name of the file for these pictures at these settings.
pub(crate) fn key(
    digests: &[Digest],
    preprocess: &Preprocess,
    margin: bool,
    limits: &Limits,
) -> Digest {
    let mut key = Digester::new();
    let Preprocess { short_side, size, .. } = preprocess;
    let Limits { max_pixels, max_side, .. } = limits;
    let settings = format!("{VERSION} {short_side} {size} {margin} {max_pixels} {max_side}\n");
    key.update(settings.as_bytes());
    digests.iter().for_each(|digest| key.update(&digest.0));
    key.finish()
}

/// The default folder for such files.
pub(crate) fn cache_folder() -> PathBuf {
    ground::files::cache_folder(|name| std::env::var_os(name)).join("pixels")
}

/// A file in the making: hashes, each with its crop, then the index (JSON), its length (8 bytes,
/// little-endian), and the SHA-256 of all that. It takes its name once it is whole.
pub(crate) struct Writer<'a> {
    path: &'a Path,
    file: Whole<'a>,
    digester: Digester,
    written: u64,
}

impl<'a> Writer<'a> {
    /// Begins the file `path`, and its folder if need be.
    pub(crate) fn new(files: &'a dyn Files, path: &'a Path) -> Result<Self, FileError> {
        let folder = folder_of(path);
        fs::create_dir_all(folder).map_err(FileError::at("create", folder))?;
        sweep(folder);
        let file = Whole::begin(files, path)?;
        Ok(Self { path, file, digester: Digester::new(), written: 0 })
    }

    /// Adds a crop and gives its number.
    pub(crate) fn add(&mut self, crop: &[u8], hash: &PerceptualHash) -> Result<u64, FileError> {
        let number = self.written;
        self.append(&hash.to_bytes())?;
        self.append(crop)?;
        Ok(number)
    }

    /// Ends the file, which then exists.
    pub(crate) fn finish(mut self, index: &[Entry]) -> Result<(), FileError> {
        let index = serde_json::to_vec(index).map_err(io::Error::other);
        let index = index.map_err(FileError::at("write", self.path))?;
        self.append(&index)?;
        self.append(&(index.len() as u64).to_le_bytes())?;
        let digest = self.digester.clone().finish();
        self.append(&digest.0)?;
        self.file.finish()
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        self.digester.update(bytes);
        self.written += bytes.len() as u64;
        self.file.append(bytes)
    }
}

/// Whether the crops of an index follow one another from the file's beginning to where they end.
fn fills(index: &[Entry], end: u64, bytes: impl Fn(u32, u32) -> usize) -> bool {
    let good = index.iter().filter_map(|entry| match *entry {
        Entry::Good(number, width, height) => {
            Some((number, PerceptualHash::BYTES + bytes(width, height)))
        }
        Entry::Bad(_) => None,
    });
    let mut crops: Vec<(u64, usize)> = good.collect();
    crops.sort_unstable();
    let next = |at: u64, &(number, len): &(u64, usize)| (number == at).then_some(at + len as u64);
    crops.iter().try_fold(0, next) == Some(end)
}

/// Reads all of the file and gives where its crops end, and its index.
fn verify(file: &mut File) -> io::Result<(u64, Vec<u8>)> {
    let damaged = || io::Error::from(io::ErrorKind::InvalidData);
    let body = file.metadata()?.len().checked_sub(8 + 32).ok_or_else(damaged)?;
    let mut end = [0; 8 + 32];
    read_at(file, &mut end, body)?;
    let (length, digest) = end.split_at(8);
    let length = u64::from_le_bytes(length.try_into().map_err(|_| damaged())?);
    let crops = body.checked_sub(length).ok_or_else(damaged)?;
    let mut digester = Digester::new();
    let mut buffer = vec![0; 1 << 20];
    let mut content = file.take(body + 8);
    loop {
        match content.read(&mut buffer)? {
            0 => break,
            count => digester.update(&buffer[..count]),
        }
    }
    if digester.finish().0 != digest {
        return Err(damaged());
    }
    let mut index = vec![0; usize::try_from(length).map_err(|_| damaged())?];
    read_at(file, &mut index, crops)?;
    Ok((crops, index))
}

/// Removes files of former sets that nobody has used for long, and what a crash left behind.
fn sweep(folder: &Path) {
    let now = SystemTime::now();
    let old = |entry: &fs::DirEntry| {
        let ours = entry.file_name().to_string_lossy().contains(".pixels");
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        ours && modified.is_ok_and(|at| now.duration_since(at).is_ok_and(|age| age > KEPT))
    };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten().filter(old) {
        // It is only a cache: what cannot be removed stays.
        let _ = fs::remove_file(entry.path());
    }
}
