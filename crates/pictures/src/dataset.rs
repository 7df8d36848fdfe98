//! Pictures decoded once per run and split, without the unusable ones.

use std::collections::HashSet;
use std::fmt;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use ground::progress::Progress;
use ground::{Digest, Stop, parallel};

use crate::long_crop::CropMargin;
use crate::store::{Later, LongCrop, Store};
use crate::{
    Absent, Folder, Labelled, Limits, PerceptualHash, PicturesError, Place, Preprocess, Rgb, Side,
    split,
};
use filling::{Found, Work};

mod filling;
mod grouping;

#[cfg(test)]
mod tests;

/// Settings of [`Dataset::prepare`].
#[derive(Clone, Debug)]
pub struct Settings {
    /// Limits on the size of a picture.
    pub limits: Limits,
    /// Bytes of decoded pictures to hold in memory; where there are more, all go to a file.
    pub memory_budget: u64,
    /// The folder for that file; without one, `pixels` in `LOOKALIKE_CACHE` or else in `lookalike` in
    /// the platform's cache folder.
    pub cache_folder: Option<PathBuf>,
    /// The share of each class that is held out where the folder or table says nothing.
    pub valid_fraction: f64,
    /// The random seed of that choice.
    pub seed: u64,
    /// How many pictures are decoded at a time.
    pub threads: usize,
    /// Whether to keep a margin along each picture's longer side, for random crops in training
    /// ([`Dataset::read_along`]).
    pub margin: bool,
}

impl Default for Settings {
    /// 2 GiB, a fifth held out, seed 42, all cores, squares alone.
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            memory_budget: 2 << 30,
            cache_folder: None,
            valid_fraction: 0.2,
            seed: 42,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            margin: false,
        }
    }
}

/// A picture that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Where it is; what it is called, where its file is gone.
    pub place: Place,
    /// An index into [`Dataset::classes`].
    pub label: usize,
    /// The SHA-256 of the file or member, or of that and the box ([`Place::digest`]).
    pub digest: Digest,
    /// Which side of the split it is on.
    pub side: Side,
    /// Width of the whole upright picture, in pixels; 0 where its file is gone.
    pub width: u32,
    /// Height of the whole upright picture, in pixels; 0 where its file is gone.
    pub height: u32,
}

/// What an earlier run stored about a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Width of the whole upright picture, in pixels.
    pub width: u32,
    /// Height of the whole upright picture, in pixels.
    pub height: u32,
    /// Its perceptual hash.
    pub hash: PerceptualHash,
}

/// What somebody saw of a picture whose file is not at hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The SHA-256 of the file.
    pub digest: Digest,
    /// Width of the whole upright picture, in pixels.
    pub width: u32,
    /// Height of the whole upright picture, in pixels.
    pub height: u32,
    /// Its perceptual hash, if one was kept.
    pub hash: Option<PerceptualHash>,
}

/// A picture that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bad {
    /// What it is called ([`Place::name`]).
    pub path: PathBuf,
    /// Why not, in one line.
    pub reason: String,
}

/// Decoded pictures, split into those to train on and those held out.
pub struct Dataset {
    /// Names in natural order.
    pub classes: Vec<String>,
    /// The good ones, in the folder's order; last come those whose files are gone
    /// ([`Dataset::absent`]).
    pub items: Vec<Item>,
    /// The others, in the folder's order.
    pub bad: Vec<Bad>,
    /// Warnings for the user, one line each.
    pub warnings: Vec<String>,
    /// Items with the same number are related and always stay together: same bytes, near
    /// duplicates ([`near`](crate::near)), or one group of the table's or of [`Folder::group`]'s
    /// ([`split::groups`]).
    pub groups: Vec<usize>,
    /// Those of them that show the same: sets of at least two items that are copies or near
    /// duplicates, whatever the table says.
    pub copies: Vec<Vec<usize>>,
    /// The fold in which each item is held out, from 0, where a table says so.
    pub folds: Option<Vec<usize>>,
    /// Height and width of the squares, in pixels.
    size: usize,
    store: Store,
    /// The number in the store, and the margin, of each item that has a file.
    crops: Vec<(u64, CropMargin)>,
    /// The items behind those.
    absent: Vec<Absent>,
}

impl fmt::Debug for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (items, bad) = (self.items.len(), self.bad.len());
        write!(f, "Dataset({:?}, {items} pictures, {bad} bad)", self.classes)
    }
}

impl Dataset {
    /// Reads and decodes every picture of the folder once, puts bad ones aside, and splits the
    /// rest. The result does not depend on the number of threads.
    ///
    /// # Errors
    /// When more than half of the pictures are bad, a class has none left to train on, the cache
    /// cannot be written, or on request.
    pub fn prepare(
        folder: &Folder,
        preprocess: &Preprocess,
        settings: &Settings,
        progress: &dyn Progress,
        stop: &Stop,
    ) -> Result<Self, PicturesError> {
        Self::prepare_new(folder, preprocess, settings, &|_| None, progress, stop)
    }

    /// Like [`Dataset::prepare`], but pictures that an earlier run has decoded at these settings are
    /// only decoded if somebody asks for their pixels. `known` gives what it saw of such pictures.
    /// (Where the pictures are too many for memory it makes no difference: the file that
    /// holds them is found again, or made whole.)
    ///
    /// # Errors
    /// As [`Dataset::prepare`].
    pub fn prepare_new(
        folder: &Folder,
        preprocess: &Preprocess,
        settings: &Settings,
        known: &(dyn Fn(&Digest) -> Option<Known> + Sync),
        progress: &dyn Progress,
        stop: &Stop,
    ) -> Result<Self, PicturesError> {
        let work = Work { pictures: &folder.pictures, preprocess, settings, known, progress, stop };
        let (store, found) = work.run()?;
        let mut dataset = Self {
            classes: folder.classes.clone(),
            items: vec![],
            bad: vec![],
            warnings: folder.warnings.clone(),
            groups: vec![],
            copies: vec![],
            folds: None,
            size: preprocess.size,
            store,
            crops: vec![],
            absent: vec![],
        };
        let mut good: Vec<&Labelled> = vec![];
        for (picture, found) in folder.pictures.iter().zip(found) {
            let place = picture.place.clone();
            match found {
                Ok(Found { digest, number, width, height }) => {
                    let (label, side) = (picture.label, Side::Train);
                    dataset.items.push(Item { place, label, digest, side, width, height });
                    dataset.crops.push((number, work.margin(width, height)));
                    good.push(picture);
                }
                Err(reason) => dataset.bad.push(Bad { path: place.name().into(), reason }),
            }
        }
        dataset.check_bad()?;
        dataset.add_absent(&folder.absent);
        let hashes = dataset.present().map(|item| Ok((item, dataset.perceptual_hash(item)?)));
        let hashes = hashes.collect::<Result<_, PicturesError>>()?;
        dataset.split(&good, hashes, settings, progress, stop)?;
        dataset.check_classes(folder)?;
        Ok(dataset)
    }

    /// A dataset of pictures that somebody else has read: of each picture of the folder what is known of
    /// it, in its order, and those that could not be used. Their files are not looked for, so that nobody
    /// can ask for pixels; otherwise it is what [`Dataset::prepare`] makes of the same pictures.
    ///
    /// # Errors
    /// As [`Dataset::prepare`].
    ///
    /// # Panics
    /// When something is known of more or fewer pictures than the folder has.
    pub fn of_known(
        folder: &Folder,
        known: Vec<Seen>,
        bad: Vec<Bad>,
        settings: &Settings,
        progress: &dyn Progress,
        stop: &Stop,
    ) -> Result<Self, PicturesError> {
        assert_eq!(known.len(), folder.pictures.len(), "what is known of each picture");
        let (mut items, mut hashes) = (Vec::with_capacity(known.len()), vec![]);
        for (at, (picture, seen)) in folder.pictures.iter().zip(known).enumerate() {
            let Seen { digest, width, height, hash } = seen;
            let (place, label, side) = (picture.place.clone(), picture.label, Side::Train);
            items.push(Item { place, label, digest, side, width, height });
            hashes.extend(hash.map(|hash| (at, hash)));
        }
        let mut dataset = Self {
            classes: folder.classes.clone(),
            items,
            bad,
            warnings: folder.warnings.clone(),
            groups: vec![],
            copies: vec![],
            folds: None,
            size: 0,
            store: Store::Memory(vec![]),
            crops: vec![],
            absent: vec![],
        };
        dataset.check_bad()?;
        let good: Vec<&Labelled> = folder.pictures.iter().collect();
        dataset.split(&good, hashes, settings, progress, stop)?;
        dataset.check_classes(folder)?;
        Ok(dataset)
    }

    /// A dataset of squares that were decoded elsewhere, one for each item. Near duplicates are not
    /// looked for: whoever has squares only may have cut the same square of unlike pictures.
    ///
    /// # Panics
    /// When their number is not that of the items, or one is not `size × size × 3` bytes long.
    #[must_use]
    pub fn of_squares(
        classes: Vec<String>,
        items: Vec<Item>,
        size: usize,
        squares: Vec<Box<[u8]>>,
    ) -> Self {
        assert_eq!(items.len(), squares.len(), "a square for each item");
        assert!(squares.iter().all(|square| square.len() == size * size * 3));
        let digests: Vec<_> = items.iter().map(|item| item.digest).collect();
        let groups = split::groups(&digests, &[], &[]);
        let copies = split::sets(&groups);
        let hash = |square: &[u8]| {
            PerceptualHash::of(&Rgb {
                width: size as u32,
                height: size as u32,
                data: square.to_vec(),
            })
        };
        let squares = squares.into_iter().map(|square| {
            let hash = hash(&square);
            (LongCrop::Pixels(square), hash)
        });
        let store = Store::Memory(squares.collect());
        let crops =
            (0..items.len() as u64).map(|number| (number, CropMargin::none(size))).collect();
        let (bad, warnings) = (vec![], vec![]);
        let absent = vec![];
        Self {
            classes,
            items,
            bad,
            warnings,
            groups,
            copies,
            folds: None,
            size,
            store,
            crops,
            absent,
        }
    }

    /// The items on one side.
    #[must_use]
    pub fn indices(&self, side: Side) -> Vec<usize> {
        (0..self.items.len()).filter(|&item| self.items[item].side == side).collect()
    }

    /// Gives each item a side.
    ///
    /// # Panics
    /// When there are not as many.
    pub fn set_sides(&mut self, sides: &[Side]) {
        assert_eq!(sides.len(), self.items.len(), "a side for each item");
        self.items.iter_mut().zip(sides).for_each(|(item, &side)| item.side = side);
    }

    /// Decodes what [`Dataset::prepare_new`] left for later, for somebody who will look at all of
    /// it often.
    ///
    /// # Errors
    /// When a picture can no longer be read, or on request.
    pub fn decode_rest(
        &mut self,
        threads: usize,
        progress: &dyn Progress,
        stop: &Stop,
    ) -> Result<(), PicturesError> {
        let Store::Memory(crops) = &mut self.store else { return Ok(()) };
        let later: Vec<(usize, &Later)> = crops
            .iter()
            .enumerate()
            .filter_map(|(at, (crop, _))| match crop {
                LongCrop::Later(later) => Some((at, &**later)),
                LongCrop::Pixels(_) => None,
            })
            .collect();
        let bar = progress.begin("Reading pictures", Some(later.len() as u64));
        let (mut decoded, mut failed) = (vec![], None);
        let decode = |index: usize| later[index].1.decode();
        let stopped = || stop.asked();
        let all = parallel::stream(later.len(), threads, &stopped, decode, |index, crop| {
            bar.advance(1);
            match crop {
                Ok(crop) => decoded.push((later[index].0, crop)),
                Err(error) => {
                    failed = Some(error);
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        });
        match failed {
            Some(error) => return Err(error.into()),
            None if !all => return Err(PicturesError::Stopped),
            None => {}
        }
        for (at, crop) in decoded {
            crops[at].0 = LongCrop::Pixels(crop.into());
        }
        Ok(())
    }

    /// Height and width of the squares, in pixels.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// Copies the pixels of an item, RGB8, `size × size × 3` bytes.
    ///
    /// # Errors
    /// When they lie in a file that cannot be read.
    ///
    /// # Panics
    /// When there is no such item or `out` is of another length.
    pub fn read(&self, item: usize, out: &mut [u8]) -> Result<(), PicturesError> {
        let (number, margin) = self.crop(item)?;
        Ok(self.store.read(number, margin.bytes(), |crop| margin.middle(crop, out))?)
    }

    /// Like [`Dataset::read`], but the square lies anywhere along the picture's longer side, from one
    /// end (0) to the other (1, which is excluded). Without [`Settings::margin`] there is only
    /// the one in the middle.
    ///
    /// # Errors
    /// As [`Dataset::read`].
    ///
    /// # Panics
    /// As [`Dataset::read`], or when `along` is not in that range.
    pub fn read_along(&self, item: usize, along: f64, out: &mut [u8]) -> Result<(), PicturesError> {
        let (number, margin) = self.crop(item)?;
        let place = (along * margin.places() as f64) as usize;
        Ok(self.store.read(number, margin.bytes(), |crop| margin.cut(crop, place, out))?)
    }

    /// The perceptual hash of an item.
    ///
    /// # Errors
    /// When it lies in a file that cannot be read.
    ///
    /// # Panics
    /// When there is no such item.
    pub fn perceptual_hash(&self, item: usize) -> Result<PerceptualHash, PicturesError> {
        Ok(self.store.hash(self.crop(item)?.0)?)
    }

    fn crop(&self, item: usize) -> Result<(u64, CropMargin), PicturesError> {
        let gone = || PicturesError::Absent(self.items[item].place.name().into());
        self.crops.get(item).copied().ok_or_else(gone)
    }

    /// What its pictures are called.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &Path> {
        self.items.iter().map(|item| item.place.name())
    }

    /// What is known of an item whose file is gone; `None` where it is there.
    #[must_use]
    pub fn absent(&self, item: usize) -> Option<&Absent> {
        self.absent.get(item.checked_sub(self.crops.len())?)
    }

    /// The items whose files are there.
    #[must_use]
    pub fn present(&self) -> std::ops::Range<usize> {
        0..self.crops.len()
    }

    /// Adds those whose files are gone, but for those that are there again.
    fn add_absent(&mut self, absent: &[Absent]) {
        let there: HashSet<(Digest, usize)> =
            self.items.iter().map(|item| (item.digest, item.label)).collect();
        let gone = |absent: &&Absent| !there.contains(&(absent.digest, absent.label));
        self.absent = absent.iter().filter(gone).cloned().collect();
        self.items.extend(self.absent.iter().map(|absent| Item {
            place: absent.path.clone().into(),
            label: absent.label,
            digest: absent.digest,
            side: Side::Train,
            width: 0,
            height: 0,
        }));
    }

    fn check_bad(&self) -> Result<(), PicturesError> {
        let (bad, all) = (self.bad.len(), self.bad.len() + self.items.len());
        match self.bad.first() {
            Some(first) if bad * 2 > all => Err(PicturesError::MostlyBad {
                bad,
                all,
                path: first.path.clone(),
                reason: first.reason.clone(),
            }),
            _ => Ok(()),
        }
    }

    fn check_classes(&self, folder: &Folder) -> Result<(), PicturesError> {
        for (label, class) in self.classes.iter().enumerate() {
            let trained = |item: &Item| item.label == label && item.side == Side::Train;
            if !self.items.iter().any(trained) {
                let all = folder.pictures.iter().filter(|picture| picture.label == label).count();
                let good = self.items.iter().filter(|item| item.label == label).count();
                return Err(PicturesError::ClassLost {
                    class: class.clone(),
                    all,
                    bad: all - good,
                });
            }
        }
        Ok(())
    }
}
