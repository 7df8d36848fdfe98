//! Cache of what a survey found in a file, by the file's content.

use std::path::PathBuf;

use ground::Digest;
use ground::files::{Disk, FileError, cache_folder};
use ground::progress::Progress;
use ground::records::{self, Layout, Records, SEGMENT, Segment};
use pictures::{Header, Limits, PerceptualHash};
use serde::{Deserialize, Serialize};

use crate::{Light, Seen, Settings, Sight};

/// Changes with anything in this code, or in what decodes, that changes what is seen in a file: a
/// test holds it to that.
const VERSION: &str = "lookalike survey 3";

/// Where the binary keeps what was seen in files.
#[must_use]
pub fn folder() -> PathBuf {
    cache_folder(|name| std::env::var_os(name)).join("surveys")
}

/// What all records of these limits have in common.
fn key(limits: &Limits) -> Digest {
    Digest::of(format!("{VERSION} {limits:?}").as_bytes())
}

/// What is known of files by their content, perhaps nothing: what is not there is looked at.
pub(crate) struct Kept(Option<Records>);

/// What was seen and is to be kept.
pub(crate) struct New(Option<Segment>);

#[derive(Serialize, Deserialize)]
struct Record {
    header: Option<Header>,
    sight: Result<Look, String>,
}

#[derive(Serialize, Deserialize)]
struct Look {
    width: u32,
    height: u32,
    pixels: [u8; 32],
    light: Light,
    hash: Vec<u8>,
}

impl Kept {
    /// What is kept where the settings say; and a place for more.
    pub(crate) fn open(settings: &Settings, progress: &dyn Progress) -> (Self, New) {
        let Some(folder) = &settings.kept else { return (Self(None), New(None)) };
        records::sweep(folder);
        match Records::open(folder, &key(&settings.limits), Layout::FREE).map(Records::tidy) {
            Ok(records) => {
                let segment = records.segment();
                (Self(Some(records)), New(Some(segment)))
            }
            Err(error) => {
                warn(&error, progress);
                (Self(None), New(None))
            }
        }
    }

    /// The cached result for a file of this content.
    pub(crate) fn find(&self, content: &Digest) -> Option<(Option<Header>, Result<Sight, String>)> {
        let Record { header, sight } =
            postcard::from_bytes(&self.0.as_ref()?.get(content)?).ok()?;
        let sight = match sight {
            Ok(Look { width, height, pixels, light, hash }) => {
                let hash = PerceptualHash::from_bytes(hash.first_chunk()?);
                Ok(Sight { width, height, pixels: Digest(pixels), hash, light })
            }
            Err(reason) => Err(reason),
        };
        Some((header, sight))
    }
}

impl New {
    /// Adds the result for a file.
    pub(crate) fn add(&mut self, seen: &Seen, progress: &dyn Progress) {
        let (Some(segment), Some(content)) = (&mut self.0, &seen.digest) else { return };
        if let Ok(bytes) = postcard::to_allocvec(&record(seen)) {
            segment.add(content, b"", &bytes);
        }
        if segment.len() >= SEGMENT {
            self.write(progress);
        }
    }

    /// Puts it on disk. Where that fails, nothing more is kept.
    pub(crate) fn write(&mut self, progress: &dyn Progress) {
        if let Some(Err(error)) = self.0.as_mut().map(|segment| segment.write(&Disk)) {
            warn(&error, progress);
            self.0 = None;
        }
    }
}

fn record(seen: &Seen) -> Record {
    let look = |sight: &Sight| Look {
        width: sight.width,
        height: sight.height,
        pixels: sight.pixels.0,
        light: sight.light,
        hash: sight.hash.to_bytes().to_vec(),
    };
    let sight = seen.sight.as_ref().map(look).map_err(Clone::clone);
    Record { header: seen.header.clone(), sight }
}

fn warn(error: &FileError, progress: &dyn Progress) {
    progress.warn(&format!(
        "{error}: {}; what is seen is not kept, and the next check takes as long",
        error.source
    ));
}

#[cfg(test)]
mod tests;
