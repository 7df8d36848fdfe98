use engine::{Engine, Images};
use network::Head;
use pictures::Preprocess;

use crate::ClassifierError;

/// Pictures that pass through the body at once.
pub(crate) const BATCH: usize = 16;

/// The pooled features of squares (RGB8), a row each; where they are `mirrored`, the average of
/// each square's and its mirror image's.
///
/// # Errors
/// When the engine's network does not take such pictures, or has no features.
pub fn features(
    engine: &mut dyn Engine,
    preprocess: &Preprocess,
    squares: &[&[u8]],
    mirrored: bool,
) -> Result<Vec<Vec<f32>>, ClassifierError> {
    let size = preprocess.size;
    let mut rows = Vec::with_capacity(squares.len());
    let mut pixels = vec![];
    for squares in squares.chunks(BATCH) {
        let views = views(preprocess, squares, mirrored, &mut pixels);
        let count = views * squares.len();
        let images = Images { pixels: &pixels, count, height: size, width: size };
        let outputs = engine.predict(images)?;
        if outputs.features.is_empty() {
            return Err(ClassifierError::NoFeatures);
        }
        let seen: Vec<&[f32]> = outputs.feature_rows().collect();
        rows.extend(seen.chunks_exact(views).map(|views| match *views {
            [plain, mirror] => plain.iter().zip(mirror).map(|(a, b)| (a + b) / 2.0).collect(),
            _ => views.concat(),
        }));
    }
    Ok(rows)
}

/// Puts the network's input for squares (RGB8) in `pixels`: each as it is and, where they are
/// `mirrored`, its mirror image behind it. Returns how many views of each that makes.
pub(crate) fn views(
    preprocess: &Preprocess,
    squares: &[&[u8]],
    mirrored: bool,
    pixels: &mut Vec<f32>,
) -> usize {
    let size = preprocess.size;
    let views = if mirrored { 2 } else { 1 };
    let one = size * size * 3;
    pixels.resize(views * squares.len() * one, 0.0);
    for (square, views) in squares.iter().zip(pixels.chunks_exact_mut(views * one)) {
        let (plain, mirror) = views.split_at_mut(one);
        preprocess.normalise(square, plain);
        // Without a second view there are no rows to fill.
        let lines = plain.chunks_exact(size * 3).zip(mirror.chunks_exact_mut(size * 3));
        for (from, to) in lines {
            let turned = from.as_chunks::<3>().0.iter().rev();
            to.as_chunks_mut::<3>().0.iter_mut().zip(turned).for_each(|(to, from)| *to = *from);
        }
    }
    views
}

/// The averages among pooled features: all of them, or, behind a pool that takes the largest values
/// too, the last half. They are what pictures are compared by.
#[must_use]
pub fn averages(head: Head, features: &[f32]) -> &[f32] {
    match head {
        Head::Fastai { .. } => &features[features.len() / 2..],
        Head::Linear { .. } => features,
    }
}
