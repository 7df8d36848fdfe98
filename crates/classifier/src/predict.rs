use std::path::PathBuf;
use std::sync::mpsc::sync_channel;

use engine::{Engine, Images};
use ground::Stop;
use pictures::{Limits, Preprocess, Reason};

use crate::{Classifier, ClassifierError, softmax};

/// What a classifier says of a picture.
#[derive(Debug)]
pub struct Prediction {
    /// Where the picture lies.
    pub picture: PathBuf,
    /// One probability a class, in the classifier's order; or why it cannot be read.
    pub result: Result<Vec<f32>, Reason>,
}

/// Pictures computed at once: enough to keep the engine busy, few enough to answer soon.
const BATCH: usize = 16;

/// Says what pictures show, in their order, one by one as they are done; `engine` holds the
/// classifier's parameters. Pictures that cannot be read are told with their reason. The next
/// pictures are decoded while these are computed. Ends early once a stop is asked for.
///
/// # Errors
/// When the engine's network is not the classifier's.
pub fn predict(
    engine: &mut dyn Engine,
    classifier: &Classifier,
    pictures: impl IntoIterator<Item = PathBuf, IntoIter: Send>,
    stop: &Stop,
    mut told: impl FnMut(Prediction),
) -> Result<(), ClassifierError> {
    let preprocess = &classifier.preprocess;
    let pictures = pictures.into_iter();
    std::thread::scope(|scope| {
        let (sender, decoded) = sync_channel::<Vec<Decoded>>(1);
        scope.spawn(move || {
            let mut pictures = pictures.take_while(|_| !stop.asked()).peekable();
            while pictures.peek().is_some() {
                let batch = pictures.by_ref().take(BATCH).map(|path| decode(path, preprocess));
                if sender.send(batch.collect()).is_err() {
                    return; // the other side has failed and gone
                }
            }
        });
        for batch in decoded {
            let good: Vec<&[u8]> = batch.iter().filter_map(|(_, p)| p.as_deref().ok()).collect();
            let mut rows = probabilities(engine, preprocess, &good)?.into_iter();
            for (picture, pixels) in batch {
                let result = pixels.map(|_| rows.next().unwrap_or_default());
                told(Prediction { picture, result });
            }
            if stop.asked() {
                break;
            }
        }
        Ok(())
    })
}

/// A picture's path, and its pixels at the network's size.
type Decoded = (PathBuf, Result<Vec<u8>, Reason>);

fn decode(path: PathBuf, preprocess: &Preprocess) -> Decoded {
    let pixels = pictures::read(&path, &Limits::default()).map(|(rgb, _)| preprocess.pixels(&rgb));
    (path, pixels)
}

/// The probabilities of pictures that are pixels already, a row each.
pub(crate) fn probabilities(
    engine: &mut dyn Engine,
    preprocess: &Preprocess,
    pictures: &[&[u8]],
) -> Result<Vec<Vec<f32>>, ClassifierError> {
    let size = preprocess.size;
    let mut pixels = vec![0.0; pictures.len() * size * size * 3];
    for (picture, out) in pictures.iter().zip(pixels.chunks_exact_mut(size * size * 3)) {
        preprocess.normalise(picture, out);
    }
    let images = Images { pixels: &pixels, count: pictures.len(), height: size, width: size };
    Ok(engine.predict(images)?.rows().map(softmax).collect())
}

/// The classes from the likeliest to the least, with their probabilities; ties keep their order.
#[must_use]
pub fn ranked(probabilities: &[f32]) -> Vec<(usize, f32)> {
    let mut ranked: Vec<_> = probabilities.iter().copied().enumerate().collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    ranked
}

#[cfg(test)]
mod tests {
    use super::ranked;

    #[test]
    fn the_likeliest_comes_first_and_ties_keep_their_order() {
        assert_eq!(ranked(&[0.2, 0.4, 0.0, 0.4]), [(1, 0.4), (3, 0.4), (0, 0.2), (2, 0.0)]);
    }
}
