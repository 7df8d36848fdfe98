use std::path::PathBuf;
use std::sync::mpsc::sync_channel;

use engine::Engine;
use ground::Stop;
use insight::Answer;
use pictures::{Limits, Preprocess, Reason};

use crate::answer::{Answered, Answerer};
use crate::features::BATCH;
use crate::{Classifier, ClassifierError, Heat, Known, heat_maps};

/// What a classifier says of a picture.
#[derive(Debug)]
pub struct Prediction<'a> {
    /// Where the picture lies.
    pub picture: PathBuf,
    /// What is said of it, or why it cannot be read.
    pub result: Result<Told<'a>, Reason>,
}

/// What a classifier says of a picture that can be read.
#[derive(Debug)]
pub struct Told<'a> {
    /// Calibrated probabilities, the verdict and its reason.
    pub answer: Answer,
    /// How strange the picture is, as [`insight::Prediction::novelty`]; `None` where the classifier
    /// has nothing to compare it with.
    pub novelty: Option<f32>,
    /// The known pictures most like it, at most [`NEAREST`], the nearest first.
    pub nearest: Vec<Near<'a>>,
    /// Where the network found what speaks for the class that [`explain`] was asked about.
    pub heat: Option<Heat>,
}

/// A known picture that another is like.
#[derive(Clone, Copy, Debug)]
pub struct Near<'a> {
    /// It.
    pub known: &'a Known,
    /// The cosine of the angle between the two, as the body sees them: 1 for the same picture.
    pub similarity: f32,
}

/// Known pictures that are named with an answer.
pub const NEAREST: usize = 3;

/// Says what pictures show, in their order, one by one as they are done; `engine` holds the
/// classifier's parameters. Pictures that cannot be read are told with their reason. The next
/// pictures are decoded while these are computed. Ends early once a stop is asked for.
///
/// # Errors
/// When the engine's network is not the classifier's.
pub fn predict<'a>(
    engine: &mut dyn Engine,
    classifier: &'a Classifier,
    pictures: impl IntoIterator<Item = PathBuf, IntoIter: Send>,
    stop: &Stop,
    told: impl FnMut(Prediction<'a>),
) -> Result<(), ClassifierError> {
    explain(engine, classifier, pictures, stop, |_| None, told)
}

/// As [`predict`], with [`Told::heat`] for the class that `asked` names on seeing the answer. The
/// body runs once more for these pictures.
///
/// # Errors
/// As [`predict`], and when there is no such class.
pub fn explain<'a>(
    engine: &mut dyn Engine,
    classifier: &'a Classifier,
    pictures: impl IntoIterator<Item = PathBuf, IntoIter: Send>,
    stop: &Stop,
    asked: impl Fn(&Answer) -> Option<usize>,
    mut told: impl FnMut(Prediction<'a>),
) -> Result<(), ClassifierError> {
    let preprocess = &classifier.preprocess;
    let mut answerer = Answerer::of(classifier)?;
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
            let answered = answerer.answers(engine, &good)?;
            let classes: Vec<_> = answered.iter().map(|one| asked(&one.answer)).collect();
            let heats = heats(engine, classifier, &good, &classes)?;
            let mut answered = answered.into_iter().zip(heats);
            for (picture, pixels) in batch {
                let result = match pixels {
                    Ok(_) => answered.next().map(|(one, heat)| Ok(tell(classifier, one, heat))),
                    Err(reason) => Some(Err(reason)),
                };
                if let Some(result) = result {
                    told(Prediction { picture, result });
                }
            }
            if stop.asked() {
                break;
            }
        }
        Ok(())
    })
}

/// For each square where a class is asked about, where the network found what speaks for it.
fn heats(
    engine: &mut dyn Engine,
    classifier: &Classifier,
    squares: &[&[u8]],
    classes: &[Option<usize>],
) -> Result<Vec<Option<Heat>>, ClassifierError> {
    let Classifier { preprocess, views, .. } = classifier;
    let asked =
        squares.iter().zip(classes).filter_map(|(&square, class)| Some((square, (*class)?)));
    let (squares, asked): (Vec<&[u8]>, Vec<usize>) = asked.unzip();
    let maps = heat_maps(engine, preprocess, &squares, &asked, views.mirrored)?;
    let mut heats = squares
        .into_iter()
        .zip(maps.each())
        .map(|(square, map)| (square.to_vec(), preprocess.size, map.to_vec(), maps.width));
    let heat = |class: &Option<usize>| {
        let class = (*class)?;
        let (square, size, map, side) = heats.next()?;
        Some(Heat { class, square, size, map, side })
    };
    Ok(classes.iter().map(heat).collect())
}

fn tell(classifier: &Classifier, answered: Answered, heat: Option<Heat>) -> Told<'_> {
    let Answered { answer, novelty, neighbours } = answered;
    let known = classifier.reference.iter().flat_map(|reference| {
        let near = |&(index, distance): &(usize, f32)| Near {
            known: &reference.pictures[index],
            similarity: 1.0 - distance,
        };
        neighbours.nearest.iter().take(NEAREST).map(near).collect::<Vec<_>>()
    });
    Told { answer, novelty, nearest: known.collect(), heat }
}

/// A picture's path, and its pixels at the network's size.
type Decoded = (PathBuf, Result<Vec<u8>, Reason>);

fn decode(path: PathBuf, preprocess: &Preprocess) -> Decoded {
    let read = pictures::read_with_permit(&path, &Limits::default());
    let pixels = read.map(|(rgb, _, _permit)| preprocess.pixels(&rgb));
    (path, pixels)
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
