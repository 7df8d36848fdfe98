//! Features of pictures one after the other, of as many as there are: none is held longer than the
//! few beside it.

use std::ops::ControlFlow;
use std::sync::{PoisonError, RwLock};

use classifier::Views;
use engine::Engine;
use ground::files::Disk;
use ground::parallel::{self, ordered};
use ground::progress::Progress;
use ground::records::SEGMENT;
use ground::{Digest, Stop};
use pictures::{Limits, PerceptualHash, Place, Preprocess};

use super::{About, BATCH, Cache, FeaturesError, Segment, colour, unkept};

/// Pictures that are read ahead of the network.
const AHEAD: usize = 2 * BATCH;

/// What features are extracted with, and where they are kept.
pub struct Stream<'a> {
    /// Holds the network.
    pub engine: &'a mut dyn Engine,
    /// How a picture becomes its input.
    pub preprocess: &'a Preprocess,
    /// What features are averaged over.
    pub views: Views,
    /// Those that are known, of the [`key`](super::key) that belongs to all this.
    pub cache: Cache,
}

/// What came of a picture.
#[derive(Clone, Debug)]
pub struct Streamed {
    /// The SHA-256 of its file, where that could be read.
    pub digest: Option<Digest>,
    /// The length of its file, in bytes.
    pub bytes: u64,
    /// What was found, or why it cannot be used; `None` where it was not wanted.
    pub found: Option<Result<Found, String>>,
}

/// What is known of a picture.
#[derive(Clone, Debug)]
pub struct Found {
    /// What it is beside its features.
    pub about: About,
    /// By which near duplicates are found.
    pub hash: PerceptualHash,
    /// Its features.
    pub row: Vec<f32>,
}

/// A picture that was read; its features may be known.
struct Looked {
    streamed: Streamed,
    /// What is to be looked at by the network.
    square: Option<(About, PerceptualHash, Vec<u8>)>,
}

impl Stream<'_> {
    /// Hands over pictures in their order, each with its key: the same features as
    /// [`extract`](super::extract) finds. What `wanted` declines, by its key and the digest of its file,
    /// is passed over.
    ///
    /// A stop that is asked for ends this after the pictures under way, which are kept in the cache.
    ///
    /// # Errors
    /// When the network does not take such pictures, and those of `take`.
    pub fn run<K: Send, E: From<FeaturesError>>(
        mut self,
        pictures: impl Iterator<Item = (K, Place)> + Send,
        wanted: &(dyn Fn(&K, &Digest) -> bool + Sync),
        progress: &dyn Progress,
        stop: &Stop,
        take: &mut dyn FnMut(K, Streamed) -> Result<(), E>,
    ) -> Result<(), E> {
        let width = self.cache.width();
        let cache = RwLock::new(std::mem::replace(&mut self.cache, Cache::nowhere(width)));
        let known = |digest: &Digest| {
            let cache = cache.read().unwrap_or_else(PoisonError::into_inner);
            let record = cache.find(digest)?;
            let mut row = vec![0.0; width];
            let (about, hash) = cache.about(record).ok()?;
            cache.is_sound(record, &mut row).then_some(Found { about, hash, row })
        };
        let preprocess = self.preprocess;
        let look = |(key, place): (K, Place)| {
            let looked = look(&place, preprocess, &known, &|digest| wanted(&key, digest));
            (key, looked)
        };
        let (mut batch, mut failed) = (vec![], None);
        let segment = cache.read().unwrap_or_else(PoisonError::into_inner).segment();
        let mut keeper = Keeper { segment, warned: false, progress };
        let threads = parallel::threads();
        ordered(pictures, threads, AHEAD, &|| stop.asked(), look, |looked| {
            batch.push(looked);
            if batch.len() >= BATCH {
                let batch = std::mem::take(&mut batch);
                failed = self.pass(batch, &cache, &mut keeper, take).err();
            }
            if failed.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        let rest = match failed {
            Some(error) => Err(error),
            None if stop.asked() => Ok(()),
            None => self.pass(batch, &cache, &mut keeper, take),
        };
        keeper.put_down(&mut cache.write().unwrap_or_else(PoisonError::into_inner));
        rest
    }

    /// Extracts what is missing of some pictures and hands all of them over.
    fn pass<K, E: From<FeaturesError>>(
        &mut self,
        batch: Vec<(K, Looked)>,
        cache: &RwLock<Cache>,
        keeper: &mut Keeper<'_>,
        take: &mut dyn FnMut(K, Streamed) -> Result<(), E>,
    ) -> Result<(), E> {
        let squares = batch.iter().filter_map(|(_, looked)| looked.square.as_ref());
        let squares: Vec<&[u8]> = squares.map(|(.., square)| square.as_slice()).collect();
        let rows = match squares.is_empty() {
            true => vec![],
            false => classifier::features(self.engine, self.preprocess, &squares, self.views)
                .map_err(|error| E::from(error.into()))?,
        };
        let mut rows = rows.into_iter();
        for (key, Looked { mut streamed, square }) in batch {
            if let Some(((about, hash, _), row)) =
                square.and_then(|square| Some((square, rows.next()?)))
            {
                if let Some(digest) = &streamed.digest {
                    keeper.add(digest, about, &hash, &row, cache);
                }
                streamed.found = Some(Ok(Found { about, hash, row }));
            }
            take(key, streamed)?;
        }
        Ok(())
    }
}

/// Reads a picture, and decodes it unless its features are known.
fn look(
    place: &Place,
    preprocess: &Preprocess,
    known: &dyn Fn(&Digest) -> Option<Found>,
    wanted: &dyn Fn(&Digest) -> bool,
) -> Looked {
    let (limits, detail) = (Limits::default(), preprocess.detail());
    let without =
        |digest, bytes, found| Looked { streamed: Streamed { digest, bytes, found }, square: None };
    let (bytes, _permit) = match place.read_with_permit(&limits, detail) {
        Ok(read) => read,
        Err(why) => return without(None, 0, Some(Err(why.to_string()))),
    };
    let (digest, length) = (place.digest(&bytes), bytes.len() as u64);
    if !wanted(&digest) {
        return without(Some(digest), length, None);
    }
    if let Some(found) = known(&digest) {
        return without(Some(digest), length, Some(Ok(found)));
    }
    match place.decode(&bytes, &limits, detail) {
        Err(why) => without(Some(digest), length, Some(Err(why.to_string()))),
        Ok(decoded) => {
            let [width, height] = decoded.size;
            let square = preprocess.pixels(&decoded.picture);
            let about = About { width, height, colour: colour(&square) };
            let hash = PerceptualHash::of(&decoded.picture);
            let looked = without(Some(digest), length, None);
            Looked { square: Some((about, hash, square)), ..looked }
        }
    }
}

/// Puts features down a segment at a time.
struct Keeper<'a> {
    segment: Segment,
    warned: bool,
    progress: &'a dyn Progress,
}

impl Keeper<'_> {
    fn add(
        &mut self,
        digest: &Digest,
        about: About,
        hash: &PerceptualHash,
        row: &[f32],
        cache: &RwLock<Cache>,
    ) {
        self.segment.add(digest, about, hash, row);
        if self.segment.len() == SEGMENT {
            self.put_down(&mut cache.write().unwrap_or_else(PoisonError::into_inner));
        }
    }

    fn put_down(&mut self, cache: &mut Cache) {
        if let Err(error) = cache.write(&Disk, &mut self.segment)
            && !std::mem::replace(&mut self.warned, true)
        {
            self.progress.warn(&unkept(&error));
        }
    }
}
