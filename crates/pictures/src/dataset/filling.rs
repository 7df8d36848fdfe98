//! Decodes the pictures of a folder into a store: memory, or a file that an earlier run wrote.

use std::ops::ControlFlow;
use std::path::Path;

use ground::files::{Disk, FileError, Files};
use ground::progress::Progress;
use ground::{Digest, Stop, parallel};

use super::{Known, Settings};
use crate::long_crop::CropMargin;
use crate::store::{self, Entry, Later, LongCrop, Store, Writer};
use crate::{Labelled, PerceptualHash, PicturesError, Place, Preprocess, decode, read_with_permit};

/// The result of decoding a picture.
pub(super) struct Found {
    pub(super) digest: Digest,
    pub(super) number: u64,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// A decoded picture with its digest, or the reason why it cannot be used.
type Decoded<T> = Result<(T, Known, Digest), String>;
/// The crops, and what is known of each picture.
type Filled = Result<(Store, Vec<Result<Found, String>>), PicturesError>;

/// The pictures to decode, and how.
pub(super) struct Work<'a> {
    pub(super) pictures: &'a [Labelled],
    pub(super) preprocess: &'a Preprocess,
    pub(super) settings: &'a Settings,
    pub(super) known: &'a (dyn Fn(&Digest) -> Option<Known> + Sync),
    pub(super) progress: &'a dyn Progress,
    pub(super) stop: &'a Stop,
}

impl Work<'_> {
    /// Decodes all of it: into memory where that fits the budget, else into a file.
    pub(super) fn run(&self) -> Filled {
        let longest = if self.settings.margin { CropMargin::LONGEST } else { 1 };
        let most = self.pictures.len() * self.preprocess.size * self.preprocess.size * 3 * longest;
        if most as u64 <= self.settings.memory_budget {
            self.in_memory()
        } else {
            self.in_file(&Disk)
        }
    }

    fn decode(&self, place: &Place) -> Decoded<Box<[u8]>> {
        let detail = self.preprocess.detail();
        let read = read_with_permit(place, &self.settings.limits, detail);
        let (decoded, digest, _permit) = read.map_err(|why| why.to_string())?;
        let (pixels, known) = self.see(&decoded);
        Ok((pixels, known, digest))
    }

    fn see(&self, decode::Decoded { picture, size }: &decode::Decoded) -> (Box<[u8]>, Known) {
        let &[width, height] = size;
        let known = Known { width, height, hash: PerceptualHash::of(picture) };
        (self.margin(width, height).long_crop(self.preprocess, picture).into(), known)
    }

    pub(super) fn margin(&self, width: u32, height: u32) -> CropMargin {
        match self.settings.margin {
            true => CropMargin::of(self.preprocess, width, height),
            false => CropMargin::none(self.preprocess.size),
        }
    }

    /// Runs `work` for each of `count` pictures beside a progress bar, results in order.
    fn each<T: Send, U>(
        &self,
        what: &str,
        count: usize,
        work: impl Fn(usize) -> T + Sync,
        mut take: impl FnMut(T) -> Result<U, FileError>,
    ) -> Result<Vec<U>, PicturesError> {
        let bar = self.progress.begin(what, Some(count as u64));
        let mut results: Vec<Option<U>> = (0..count).map(|_| None).collect();
        let mut failed = None;
        let stop = || self.stop.asked();
        let all = parallel::stream(count, self.settings.threads, &stop, work, |index, result| {
            bar.advance(1);
            match take(result) {
                Ok(result) => results[index] = Some(result),
                Err(error) => {
                    failed = Some(error);
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        });
        match failed {
            Some(error) => Err(error.into()),
            None if !all => Err(PicturesError::Stopped),
            None => Ok(results.into_iter().flatten().collect()),
        }
    }

    /// A picture's crop, decoded if it was not before.
    fn look(&self, place: &Place) -> Decoded<LongCrop> {
        let limits = &self.settings.limits;
        let detail = self.preprocess.detail();
        let read = place.read_with_permit(limits, detail);
        let (bytes, _permit) = read.map_err(|why| why.to_string())?;
        let digest = place.digest(&bytes);
        if let Some(known) = (self.known)(&digest) {
            let (place, preprocess) = (place.clone(), self.preprocess.clone());
            let margin = self.margin(known.width, known.height);
            let later = Later { place, digest, preprocess, margin, limits: *limits };
            return Ok((LongCrop::Later(Box::new(later)), known, digest));
        }
        let decoded = place.decode(&bytes, limits, detail).map_err(|why| why.to_string())?;
        let (pixels, known) = self.see(&decoded);
        Ok((LongCrop::Pixels(pixels), known, digest))
    }

    fn in_memory(&self) -> Filled {
        let mut crops = vec![];
        let look = |index: usize| self.look(&self.pictures[index].place);
        let found = self.each("Reading pictures", self.pictures.len(), look, |looked| {
            Ok(looked.map(|(crop, Known { width, height, hash }, digest)| {
                crops.push((crop, hash));
                Found { digest, number: crops.len() as u64 - 1, width, height }
            }))
        })?;
        Ok((Store::Memory(crops), found))
    }

    /// The file is named by content, so digests come first; decoding follows where there is none.
    fn in_file(&self, files: &dyn Files) -> Filled {
        let digest = |index: usize| self.digest(&self.pictures[index].place);
        let digests = self.each("Looking up pictures", self.pictures.len(), digest, Ok)?;
        // Of several files with the same bytes, any one is decoded.
        let by_digest = digests.iter().zip(self.pictures);
        let by_digest =
            by_digest.filter_map(|(digest, picture)| Some((digest.as_ref().ok()?, picture)));
        let mut unique: Vec<(Digest, &Place)> =
            by_digest.map(|(&digest, picture)| (digest, &picture.place)).collect();
        unique.sort_unstable();
        unique.dedup_by_key(|&mut (digest, _)| digest);
        let names: Vec<Digest> = unique.iter().map(|&(digest, _)| digest).collect();
        let Settings { margin, limits, .. } = self.settings;
        let key = store::key(&names, self.preprocess, *margin, limits);
        let folder = self.settings.cache_folder.clone().unwrap_or_else(store::cache_folder);
        let path = folder.join(format!("{key}.pixels"));
        let bytes = |width, height| self.margin(width, height).bytes();
        let opened = Store::open(&path, unique.len(), bytes);
        let (store, index) = match opened {
            Some(opened) => opened,
            None => {
                self.fill(files, &path, &unique)?;
                let reopened = Store::open(&path, unique.len(), bytes);
                reopened.ok_or_else(|| FileError {
                    action: "read back",
                    path,
                    source: std::io::ErrorKind::InvalidData.into(),
                })?
            }
        };
        let find = |digest: Result<Digest, String>| {
            let digest = digest?;
            let place = names.binary_search(&digest).map_err(|_| "not in the cache".to_owned())?;
            match &index[place] {
                &Entry::Good(number, width, height) => Ok(Found { digest, number, width, height }),
                Entry::Bad(reason) => Err(reason.clone()),
            }
        };
        Ok((store, digests.into_iter().map(find).collect()))
    }

    fn digest(&self, place: &Place) -> Result<Digest, String> {
        let bytes = place.read(&self.settings.limits).map_err(|why| why.to_string())?;
        Ok(place.digest(&bytes))
    }

    fn fill(
        &self,
        files: &dyn Files,
        path: &Path,
        unique: &[(Digest, &Place)],
    ) -> Result<(), PicturesError> {
        let mut writer = Writer::new(files, path)?;
        let decode = |index: usize| {
            let (expected, place) = unique[index];
            match self.decode(place) {
                Ok((.., digest)) if digest != expected => Err("changed while it was read".into()),
                decoded => decoded,
            }
        };
        let index =
            self.each("Reading pictures", unique.len(), decode, |decoded| match decoded {
                Ok((crop, Known { width, height, hash }, _)) => {
                    Ok(Entry::Good(writer.add(&crop, &hash)?, width, height))
                }
                Err(reason) => Ok(Entry::Bad(reason)),
            })?;
        Ok(writer.finish(&index)?)
    }
}
