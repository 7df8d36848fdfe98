//! What the body says of each picture, computed once.

mod alike;
mod cache;
mod derived;
mod stream;
mod table;

use std::collections::HashSet;
use std::path::PathBuf;

use classifier::{ClassifierError, Views};
use engine::Engine;
use ground::files::{Disk, FileError, cache_folder};
use ground::progress::Progress;
use ground::records::SEGMENT;
use ground::{Digest, Digester, Stop};
use network::{Graph, Parameters};
use pictures::{Dataset, PicturesError, Preprocess};

pub use alike::{MOST as MOST_COMPARED, alike};
pub use cache::{About, Cache, Segment};
pub use derived::DerivedCache;
pub use stream::{Found, Stream, Streamed};
pub use table::Table;

/// Changes with anything in this code that changes a feature.
pub const VERSION: &str = "lookalike features 4";
/// Pictures that pass through the body at once, each in all its views.
const BATCH: usize = 16;
/// Bytes of features to hold in memory; where there are more, they are read from the cache.
pub const HELD: usize = 1 << 30;
/// Each picture's features, and what else is known of it, in the order of the dataset.
#[derive(Debug)]
pub struct Features {
    /// A row a picture: the average of each channel, over the picture's views. (The largest value
    /// of each beside it was tried on the sled dogs and helped nothing.)
    pub table: Table,
    /// What the pictures are beside that.
    pub about: Vec<About>,
    /// How many pictures had to be computed.
    pub computed: usize,
    /// Where what follows from features is kept: beside them.
    pub kept: DerivedCache,
}

/// Why features cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum FeaturesError {
    /// The network does not take such pictures, or has no features.
    #[error(transparent)]
    Classifier(#[from] ClassifierError),
    /// The pictures could not be read.
    #[error(transparent)]
    Pictures(#[from] PicturesError),
    /// The cache could not be read.
    #[error(transparent)]
    File(#[from] FileError),
}

impl FeaturesError {
    /// What the user can do about it, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Classifier(error) => error.help(),
            Self::Pictures(error) => error.help(),
            Self::File(_) => None,
        }
    }
}

/// Where caches of features lie.
#[must_use]
pub fn folder() -> PathBuf {
    cache_folder(|name| std::env::var_os(name)).join("features")
}

/// How many features a network has of a picture.
#[must_use]
pub fn width(graph: &Graph) -> usize {
    graph.features().map_or(0, |pool| graph.channels(pool))
}

/// What all features of a network at these settings have in common: the name of their cache.
#[must_use]
pub fn key(
    graph: &Graph,
    parameters: &Parameters,
    preprocess: &Preprocess,
    views: Views,
) -> Digest {
    let mut key = Digester::new();
    let Preprocess { short_side, size, mean, std } = preprocess;
    let isa = engine::instruction_set();
    key.update(
        format!("{VERSION} {short_side} {size} {mean:?} {std:?} {views:?} {isa}\n").as_bytes(),
    );
    let body = graph.nodes()[..=graph.cut().0].iter();
    body.for_each(|node| key.update(format!("{:?} {:?}\n", node.op, node.inputs).as_bytes()));
    let mut bytes = vec![0; 4 * 4096];
    for (parameter, tensor) in graph.parameters().iter().zip(parameters.tensors()) {
        if parameter.group < graph.groups() - 1 {
            for numbers in tensor.data.chunks(4096) {
                for (to, x) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(numbers) {
                    *to = x.to_le_bytes();
                }
                key.update(&bytes[..4 * numbers.len()]);
            }
        }
    }
    key.finish()
}

/// The features of every picture of a dataset: from the cache those that are there, and the others
/// from the engine, to the cache, which is that of [`key`] with the same views.
///
/// A stop that is asked for ends this after the batch under way; what is done by then is kept. What
/// cannot be written is held in memory, and told as a warning.
///
/// # Errors
/// When pictures or cache cannot be read, and on request.
pub fn extract(
    engine: &mut dyn Engine,
    data: &Dataset,
    preprocess: &Preprocess,
    views: Views,
    mut cache: Cache,
    progress: &dyn Progress,
    stop: &Stop,
) -> Result<Features, FeaturesError> {
    let missing = missing(data, &cache);
    if !missing.is_empty() {
        let bar = progress.begin("Looking at pictures", Some(missing.len() as u64));
        let mut segment = cache.segment();
        let mut warned = false;
        let mut put_down = |segment: &mut Segment| {
            if let Err(error) = cache.write(&Disk, segment)
                && !std::mem::replace(&mut warned, true)
            {
                progress.warn(&unkept(&error));
            }
        };
        for pictures in missing.chunks(BATCH) {
            let squares = squares(data, pictures)?;
            let looked_at: Vec<&[u8]> = squares.iter().map(Vec::as_slice).collect();
            let rows = classifier::features(engine, preprocess, &looked_at, views)?;
            for ((&picture, square), row) in pictures.iter().zip(&squares).zip(rows) {
                let item = &data.items[picture];
                let (width, height) = (item.width, item.height);
                let about = About { width, height, colour: colour(square) };
                segment.add(&item.digest, about, &data.perceptual_hash(picture)?, &row);
            }
            bar.advance(pictures.len() as u64);
            let stopped = stop.asked();
            if segment.len() + BATCH > SEGMENT || stopped {
                put_down(&mut segment);
            }
            if stopped {
                return Err(PicturesError::Stopped.into());
            }
        }
        put_down(&mut segment);
    }
    let records: Option<Vec<usize>> =
        data.items.iter().map(|item| cache.find(&item.digest)).collect();
    let Some(records) = records else { unreachable!("the missing ones were added") };
    let about = records.iter().map(|&record| cache.about(record).map(|(about, _)| about));
    let about = about.collect::<Result<_, _>>()?;
    let (width, kept) =
        (cache.width(), cache.folder().map_or_else(DerivedCache::default, DerivedCache::within));
    let bytes = records.len() * width * size_of::<f32>();
    let table = if bytes <= HELD {
        let mut numbers = vec![0.0; records.len() * width];
        for (&record, out) in records.iter().zip(numbers.chunks_exact_mut(width)) {
            cache.read(record, out)?;
        }
        Table::new(width, numbers)
    } else {
        Table::of_cache(cache, records)
    };
    Ok(Features { table, about, computed: missing.len(), kept })
}

/// What is said where features cannot be kept for the next run.
#[must_use]
pub fn unkept(error: &FileError) -> String {
    let FileError { source, .. } = error;
    format!("{error}: {source}; the next run will look at these pictures again")
}

/// Pictures of which there is no sound record, one for each content.
fn missing(data: &Dataset, cache: &Cache) -> Vec<usize> {
    let mut row = vec![0.0; cache.width()];
    let mut seen = HashSet::new();
    let items = data.items.iter().enumerate();
    items
        .filter(|(_, item)| seen.insert(item.digest))
        .filter(|(_, item)| {
            let record = cache.find(&item.digest);
            !record.is_some_and(|record| cache.is_sound(record, &mut row))
        })
        .map(|(picture, _)| picture)
        .collect()
}

fn squares(data: &Dataset, pictures: &[usize]) -> Result<Vec<Vec<u8>>, PicturesError> {
    let read = |&picture: &usize| {
        let mut square = vec![0; data.size() * data.size() * 3];
        data.read(picture, &mut square).map(|()| square)
    };
    pictures.iter().map(read).collect()
}

/// The mean red, green and blue of a square.
fn colour(square: &[u8]) -> [f32; 3] {
    let mut sums = [0u64; 3];
    for pixel in square.as_chunks::<3>().0 {
        sums.iter_mut().zip(pixel).for_each(|(sum, &x)| *sum += u64::from(x));
    }
    sums.map(|sum| (sum as f64 / (square.len() / 3).max(1) as f64) as f32)
}
