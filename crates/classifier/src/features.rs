use std::borrow::Cow;

use engine::{Engine, Images};
use network::Head;
use pictures::{Preprocess, Rgb};
use serde::{Deserialize, Serialize};

use crate::ClassifierError;

/// Pictures that pass through the body at once.
pub(crate) const BATCH: usize = 16;

/// The views of a picture whose features are averaged: always the picture as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Views {
    /// Its mirror image too.
    pub mirrored: bool,
    /// Its middle too, seven eighths a side, at the same size.
    pub zoomed: bool,
}

impl Views {
    /// How many there are.
    #[must_use]
    pub fn count(self) -> usize {
        (1 + usize::from(self.mirrored)) * (1 + usize::from(self.zoomed))
    }

    /// So many: the picture, then its mirror image too, then both zoomed in too. `None` unless 1,
    /// 2 or 4.
    #[must_use]
    pub fn of(count: usize) -> Option<Self> {
        let views = Self { mirrored: count >= 2, zoomed: count >= 4 };
        (views.count() == count).then_some(views)
    }
}

/// The pooled features of squares (RGB8), a row each: the average over the views.
///
/// # Errors
/// When the engine's network does not take such pictures, or has no features.
pub fn features(
    engine: &mut dyn Engine,
    preprocess: &Preprocess,
    squares: &[&[u8]],
    views: Views,
) -> Result<Vec<Vec<f32>>, ClassifierError> {
    let size = preprocess.size;
    let each = views.count();
    let mut rows = Vec::with_capacity(squares.len());
    let mut pixels = vec![];
    for squares in squares.chunks(BATCH.min(2 * BATCH / each)) {
        fill(preprocess, squares, views, &mut pixels);
        let count = each * squares.len();
        let images = Images { pixels: &pixels, count, height: size, width: size };
        let outputs = engine.predict(images)?;
        if outputs.features.is_empty() {
            return Err(ClassifierError::NoFeatures);
        }
        let seen: Vec<&[f32]> = outputs.feature_rows().collect();
        rows.extend(seen.chunks_exact(each).map(mean));
    }
    Ok(rows)
}

fn mean(views: &[&[f32]]) -> Vec<f32> {
    let sum = |channel: usize| views.iter().map(|view| view[channel]).sum::<f32>();
    (0..views[0].len()).map(|channel| sum(channel) / views.len() as f32).collect()
}

/// Puts the network's input for squares (RGB8) in `pixels`: of each all its views, the mirror image
/// behind what it mirrors.
pub(crate) fn fill(
    preprocess: &Preprocess,
    squares: &[&[u8]],
    views: Views,
    pixels: &mut Vec<f32>,
) {
    let size = preprocess.size;
    let one = size * size * 3;
    pixels.resize(views.count() * squares.len() * one, 0.0);
    let looks = squares.iter().flat_map(|&square| {
        let zoomed = views.zoomed.then(|| Cow::Owned(zoomed(preprocess, square)));
        [Cow::Borrowed(square)].into_iter().chain(zoomed)
    });
    let places = pixels.chunks_exact_mut(if views.mirrored { 2 * one } else { one });
    for (look, place) in looks.zip(places) {
        let (plain, mirror) = place.split_at_mut(one);
        preprocess.normalise(&look, plain);
        // Without a mirror image there are no rows to fill.
        let lines = plain.chunks_exact(size * 3).zip(mirror.chunks_exact_mut(size * 3));
        for (from, to) in lines {
            let turned = from.as_chunks::<3>().0.iter().rev();
            to.as_chunks_mut::<3>().0.iter_mut().zip(turned).for_each(|(to, from)| *to = *from);
        }
    }
}

/// The middle of a square, seven eighths a side, at its size: what ImageNet's networks are
/// measured on, 224 of 256 pixels.
fn zoomed(preprocess: &Preprocess, square: &[u8]) -> Vec<u8> {
    let size = preprocess.size;
    let zoom = Preprocess { short_side: size * 8 / 7, ..preprocess.clone() };
    zoom.pixels(&Rgb { width: size as u32, height: size as u32, data: square.to_vec() })
}

/// The averages among pooled features: all of them, or, behind a pool that takes the largest values
/// too, the last half. They are what pictures are compared by.
#[must_use]
pub fn averages(head: Head, features: &[f32]) -> &[f32] {
    match head {
        Head::Fastai { .. } => &features[features.len() / 2..],
        Head::Linear { .. } | Head::Hidden { .. } => features,
    }
}
