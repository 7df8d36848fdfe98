//! What is kept so that it need not be computed or downloaded again.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use ground::files::{FileError, cache_folder};
use serde::Serialize;

use crate::Error;

/// A part of the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CachePart {
    /// Features that networks extracted from pictures.
    Features,
    /// Sets of decoded pictures too large for memory.
    Pixels,
    /// Downloaded networks.
    Weights,
    /// What checks saw in pictures.
    Surveys,
}

/// What a part of the cache holds.
#[derive(Clone, Debug, Serialize)]
pub struct Cached {
    /// Which part.
    pub name: CachePart,
    /// What it is, in words.
    pub what: &'static str,
    /// Where it lies.
    pub folder: PathBuf,
    /// How many files it has.
    pub files: usize,
    /// Their size together.
    pub bytes: u64,
}

impl CachePart {
    /// Every part.
    pub const ALL: [Self; 4] = [Self::Features, Self::Pixels, Self::Weights, Self::Surveys];

    /// What it is, in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Features => "features that networks extracted from pictures",
            Self::Pixels => "sets of decoded pictures too large for memory",
            Self::Surveys => "what `check` saw in pictures",
            Self::Weights => "downloaded networks",
        }
    }
}

impl fmt::Display for CachePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Features => "features",
            Self::Pixels => "pixels",
            Self::Surveys => "surveys",
            Self::Weights => "weights",
        })
    }
}

impl FromStr for CachePart {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|part| part.to_string() == name);
        found.ok_or_else(|| format!("`{name}` is no part of the cache"))
    }
}

/// Where the cache lies.
#[must_use]
pub fn cache_root() -> PathBuf {
    cache_folder(|name| std::env::var_os(name))
}

/// What the cache holds, of one part or of all.
///
/// # Errors
/// When a folder of it cannot be read.
pub fn cached(part: Option<CachePart>) -> Result<Vec<Cached>, Error> {
    let parts = CachePart::ALL.into_iter().filter(|&one| part.is_none_or(|part| part == one));
    let cached = parts.map(|name| {
        let folder = cache_root().join(name.to_string());
        let (files, bytes) = size(&folder)?;
        Ok(Cached { name, what: name.words(), folder, files, bytes })
    });
    cached.collect()
}

/// Removes one part, or all but the weights, which are slow to download again: they go only by
/// name. Returns what was removed.
///
/// # Errors
/// When something cannot be removed.
pub fn clear_cache(part: Option<CachePart>) -> Result<Vec<Cached>, Error> {
    let mut removed = cached(part)?;
    removed.retain(|cached| part.is_some() || cached.name != CachePart::Weights);
    for Cached { folder, .. } in &removed {
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(FileError::at("remove", folder)(error).into());
            }
            _ => {}
        }
    }
    Ok(removed)
}

/// Files in a folder and below, and their bytes; none where there is no such folder. The locks of
/// downloads hold nothing and do not count.
fn size(folder: &Path) -> Result<(usize, u64), FileError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((0, 0)),
        Err(error) => return Err(FileError::at("read", folder)(error)),
    };
    let (mut files, mut bytes) = (0, 0);
    for entry in entries.flatten() {
        // What vanishes meanwhile counts for nothing; links are not followed.
        let Ok(metadata) = entry.metadata() else { continue };
        let (more, size) = match metadata.is_dir() {
            true => size(&entry.path())?,
            false if is_lock(&entry.path()) => (0, 0),
            false => (1, metadata.len()),
        };
        (files, bytes) = (files + more, bytes + size);
    }
    Ok((files, bytes))
}

fn is_lock(path: &Path) -> bool {
    path.extension().is_some_and(|suffix| suffix == "lock")
}

#[cfg(test)]
mod tests {
    use super::{CachePart, size};

    #[test]
    fn a_lock_holds_nothing() {
        let place = tempfile::tempdir().unwrap();
        std::fs::write(place.path().join("resnet34.lock"), "").unwrap();
        assert_eq!(size(place.path()).unwrap(), (0, 0));
        std::fs::create_dir(place.path().join("more")).unwrap();
        std::fs::write(place.path().join("more/resnet34.part"), "1234").unwrap();
        assert_eq!(size(place.path()).unwrap(), (1, 4));
    }

    #[test]
    fn every_part_is_found_by_its_name() {
        for part in CachePart::ALL {
            assert_eq!(part.to_string().parse(), Ok(part));
        }
        assert!("Features".parse::<CachePart>().is_err());
    }
}
