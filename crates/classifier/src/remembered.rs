//! What a classifier's file keeps of the pictures that it was trained on, so that it can grow when
//! their files are gone.

use std::collections::HashMap;

use ground::Digest;
use insight::{HeldOut, Protocol};
use pictures::Side;

use crate::{Classifier, Known, Used, evenly};

/// A picture that a classifier was trained on and has the features of.
#[derive(Clone, Copy, Debug)]
pub struct Remembered<'a> {
    /// Its name and class.
    pub known: &'a Known,
    /// The SHA-256 of its file.
    pub digest: Digest,
    /// Its features, as bfloat16 holds them.
    pub features: &'a [f32],
    /// Its thumbnail, where it has one.
    pub thumbnail: Option<&'a [u8]>,
    /// The number that it shares with its copies, where it was held out once.
    pub group: Option<usize>,
}

impl Classifier {
    /// The pictures that it compares others with, which are those that it was trained on, up to
    /// [`crate::Limits::max_reference`]. `None` where it has none, or they are not the choice of
    /// [`evenly`] by which the file tells which they are.
    #[must_use]
    pub fn remembered(&self) -> Option<Vec<Remembered<'_>>> {
        let reference = self.reference.as_ref()?;
        let train = self.data.pictures.iter().filter(|used| used.side == Side::Train);
        let train: Vec<&Used> = train.collect();
        let labels: Vec<usize> = train.iter().map(|used| used.label).collect();
        let chosen = evenly(&labels);
        let same = |(known, &place): (&Known, &usize)| known.label == labels[place];
        if chosen.len() != reference.pictures.len()
            || !reference.pictures.iter().zip(&chosen).all(same)
        {
            return None;
        }
        let held_out: HashMap<Digest, &HeldOut> = self.judged().collect();
        let rows = reference.rows.chunks_exact(reference.width);
        let mut remembered = Vec::with_capacity(chosen.len());
        for ((known, place), features) in reference.pictures.iter().zip(chosen).zip(rows) {
            let digest = train[place].digest;
            let thumbnail = known.thumbnail.and_then(|index| self.thumbnails.get(index));
            let group = held_out.get(&digest).map(|held_out| held_out.group);
            let thumbnail = thumbnail.map(Vec::as_slice);
            remembered.push(Remembered { known, digest, features, thumbnail, group });
        }
        Some(remembered)
    }

    /// The pictures that its scores come from by the SHA-256 of their files, each with what a network
    /// said that was not trained on it, in the order of the dataset. None where the record does not
    /// tell which they are.
    pub fn judged(&self) -> impl Iterator<Item = (Digest, &HeldOut)> {
        let evaluated = |used: &&Used| match self.record.protocol {
            Protocol::OutOfFold { .. } => true,
            Protocol::HeldOut { .. } => used.side == Side::Valid,
            Protocol::Test => used.side == Side::Test,
        };
        let mut evaluated: Vec<&Used> = self.data.pictures.iter().filter(evaluated).collect();
        let held_out = &self.record.held_out;
        if let Some(part) = self.record.part
            && (part.of, part.kept) == (evaluated.len(), held_out.len())
        {
            evaluated = part.places().map(|at| evaluated[at]).collect();
        }
        let same = |(used, held_out): (&&Used, &HeldOut)| used.label == held_out.actual;
        // Both are in the order of the dataset.
        let told = evaluated.len() == held_out.len() && evaluated.iter().zip(held_out).all(same);
        let judged = evaluated.into_iter().zip(held_out).filter(move |_| told);
        judged.map(|(used, held_out)| (used.digest, held_out))
    }
}
