//! Batches of pictures for training and prediction.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::sync::{Mutex, PoisonError};

use ground::random::{Draws, Purpose};

use crate::{Augment, Dataset, PicturesError, Preprocess};

#[cfg(test)]
mod tests;

/// How a [`Loader`] makes batches.
#[derive(Clone, Debug)]
pub struct Batching {
    /// Pictures in a batch, at least 1.
    pub batch: usize,
    /// How pictures are altered; without, they come as they are.
    pub augment: Option<Augment>,
    /// Keys the order and the alterations.
    pub seed: u64,
    /// Whether each epoch has an order of its own.
    pub shuffle: bool,
    /// Leaves out a last batch that is not full, as fastai does in training, unless it is the only
    /// one; which pictures that are changes with the order.
    pub drop_last: bool,
    /// Threads that prepare batches beside the caller; 0 prepares each when it is asked for.
    pub workers: usize,
}

impl Batching {
    /// To learn from: shuffled, altered, full batches only.
    #[must_use]
    pub fn to_train(batch: usize, augment: Option<Augment>, seed: u64) -> Self {
        Self { batch, augment, seed, shuffle: true, drop_last: true, workers: 1 }
    }

    /// To measure on: every picture once, as it is, in order.
    #[must_use]
    pub fn to_measure(batch: usize) -> Self {
        Self { batch, augment: None, seed: 0, shuffle: false, drop_last: false, workers: 1 }
    }
}

/// Some pictures and what they show, as a network takes them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// `count × size × size × 3`, scaled by the [`Preprocess`].
    pub pixels: Vec<f32>,
    /// The class of each picture.
    pub labels: Vec<usize>,
    /// Each picture's index in [`Dataset::items`].
    pub pictures: Vec<usize>,
    /// How many pictures.
    pub count: usize,
    /// Their height and width, in pixels.
    pub size: usize,
}

/// Batches of some of a dataset's pictures, prepared beside the computing.
///
/// What a batch holds depends on the seed, the epoch and the pictures' content alone, not on the
/// number of workers.
pub struct Loader<'a> {
    dataset: &'a Dataset,
    indices: Vec<usize>,
    preprocess: &'a Preprocess,
    batching: Batching,
}

impl<'a> Loader<'a> {
    /// Of the items with these indices.
    ///
    /// # Panics
    /// When there is no such item, the batch is 0, or the dataset's squares are of another size.
    #[must_use]
    pub fn new(
        dataset: &'a Dataset,
        indices: Vec<usize>,
        preprocess: &'a Preprocess,
        batching: Batching,
    ) -> Self {
        assert!(batching.batch > 0, "a batch of at least one picture");
        assert!(indices.iter().all(|&index| index < dataset.items.len()), "items of the dataset");
        assert_eq!(dataset.size(), preprocess.size, "squares of the network's size");
        Self { dataset, indices, preprocess, batching }
    }

    /// Batches in an epoch.
    #[must_use]
    pub fn batches(&self) -> usize {
        let (pictures, batch) = (self.indices.len(), self.batching.batch);
        match self.batching.drop_last {
            true => (pictures / batch).max(pictures.min(1)),
            false => pictures.div_ceil(batch),
        }
    }

    /// Hands all batches of an epoch to `each`, in order, until one fails. While the caller works
    /// on one, the workers prepare the next two; buffers go round.
    ///
    /// # Errors
    /// Those of `each`, and when pixels cannot be read back from the cache.
    pub fn epoch<E: From<PicturesError>>(
        &self,
        epoch: u64,
        each: impl FnMut(&Batch) -> Result<(), E>,
    ) -> Result<(), E> {
        self.epoch_from(epoch, 0, each)
    }

    /// As [`Loader::epoch`], without its first `done` batches, which are not even prepared; the
    /// others are what they are in the whole epoch.
    ///
    /// # Errors
    /// As [`Loader::epoch`].
    pub fn epoch_from<E: From<PicturesError>>(
        &self,
        epoch: u64,
        done: usize,
        mut each: impl FnMut(&Batch) -> Result<(), E>,
    ) -> Result<(), E> {
        let order = self.order(epoch);
        let batches = order.chunks(self.batching.batch).take(self.batches());
        let batches: Vec<&[usize]> = batches.skip(done).collect();
        if self.batching.workers == 0 {
            let mut buffer = Buffer::default();
            return batches.iter().try_for_each(|pictures| {
                self.fill(pictures, epoch, &mut buffer)?;
                each(&buffer.batch)
            });
        }
        // As many buffers as are in the making, plus one that waits and one that is in use.
        let workers = self.batching.workers.min(batches.len());
        let (give_back, free) = channel();
        (0..workers + 2).for_each(|_| drop(give_back.send(Buffer::default())));
        let (ready, prepared) = sync_channel(workers + 2);
        let queue = Mutex::new((0, free));
        std::thread::scope(|scope| {
            for _ in 0..workers {
                let (ready, queue, batches) = (ready.clone(), &queue, &batches);
                scope.spawn(move || self.work(batches, epoch, queue, &ready));
            }
            drop(ready);
            // Dropped when this ends, however it ends: the workers then end too.
            let (give_back, prepared) = (give_back, prepared);
            let mut waiting = BTreeMap::new();
            for wanted in 0..batches.len() {
                while !waiting.contains_key(&wanted) {
                    let Ok((number, buffer)) = prepared.recv() else {
                        // A worker panicked; the scope passes that on.
                        return Ok(());
                    };
                    waiting.insert(number, buffer);
                }
                let Some(buffer) = waiting.remove(&wanted) else {
                    unreachable!("it was waited for")
                };
                let buffer: Buffer = buffer?;
                each(&buffer.batch)?;
                // At the end nobody waits for a buffer any more.
                let _ = give_back.send(buffer);
            }
            Ok(())
        })
    }

    /// Prepares batches until there are none left, or nobody to take them.
    fn work(
        &self,
        batches: &[&[usize]],
        epoch: u64,
        queue: &Mutex<(usize, Receiver<Buffer>)>,
        ready: &SyncSender<(usize, Result<Buffer, PicturesError>)>,
    ) {
        loop {
            // A buffer first, then a number: the batch that is waited for always has a buffer.
            let (number, mut buffer) = {
                let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
                if queue.0 == batches.len() {
                    return;
                }
                let Ok(buffer) = queue.1.recv() else { return };
                queue.0 += 1;
                (queue.0 - 1, buffer)
            };
            let filled = self.fill(batches[number], epoch, &mut buffer);
            if ready.send((number, filled.map(|()| buffer))).is_err() {
                return;
            }
        }
    }

    fn order(&self, epoch: u64) -> Vec<usize> {
        let mut order = self.indices.clone();
        if self.batching.shuffle {
            Draws::new(self.batching.seed, Purpose::Shuffle, &[epoch]).shuffle(&mut order);
        }
        order
    }

    fn fill(
        &self,
        pictures: &[usize],
        epoch: u64,
        buffer: &mut Buffer,
    ) -> Result<(), PicturesError> {
        let Buffer { square, batch } = buffer;
        let size = self.preprocess.size;
        let stride = size * size * 3;
        square.resize(stride, 0);
        batch.pixels.resize(pictures.len() * stride, 0.0);
        batch.pictures.clear();
        batch.pictures.extend_from_slice(pictures);
        batch.labels.clear();
        batch.labels.extend(pictures.iter().map(|&picture| self.dataset.items[picture].label));
        (batch.count, batch.size) = (pictures.len(), size);
        for (&picture, out) in pictures.iter().zip(batch.pixels.chunks_exact_mut(stride)) {
            match &self.batching.augment {
                Some(augment) => {
                    let digest = self.dataset.items[picture].digest;
                    let key = u64::from_le_bytes(digest.0.as_chunks().0[0]);
                    let drawn = augment.draw(self.batching.seed, epoch, key);
                    self.dataset.read_along(picture, drawn.along, square)?;
                    drawn.apply(square, size, self.preprocess, out);
                }
                None => {
                    self.dataset.read(picture, square)?;
                    self.preprocess.normalise(square, out);
                }
            }
        }
        Ok(())
    }
}

/// A batch in the making.
#[derive(Default)]
struct Buffer {
    square: Vec<u8>,
    batch: Batch,
}
