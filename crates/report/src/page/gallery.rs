//! Everything on the page that shows pictures.

use insight::{Insight, Judged, RunRecord};

use crate::names::{Name, percent};
use crate::thumbnail::address;

/// Pairs whose pictures are shown.
pub(super) const PAIRS: usize = 12;

/// Pictures shown of a pair, of a class, of a class among [`MANY`] or more, of the top losses.
const OF_PAIR: usize = 12;
const OF_CLASS: usize = 8;
const OF_MANY: usize = 4;
const LOSSES: usize = 12;

/// From this many classes on, each shows fewer pictures.
const MANY: usize = 7;

/// How many top losses, confused pairs and pictures of each pair are shown, and so need heat maps
/// ([`Insight::worth_explaining`]).
pub const EXPLAINED: [usize; 3] = [LOSSES, PAIRS, OF_PAIR];

/// A picture: its file, and the address of its thumbnail (empty without one).
pub(crate) struct Picture {
    pub(crate) file: Name,
    pub(crate) address: String,
    /// Heat maps that can be laid over it: the lenses that show each, and its address.
    pub(crate) heat: Vec<(&'static str, String)>,
}

impl Picture {
    /// The full name has the folders; a card shows the file name alone.
    pub(crate) fn of(file: &str, address: String) -> Self {
        let last = file.rsplit(['/', '\\']).next().unwrap_or(file);
        let file = Name { full: Name::of(file).full, ..Name::of(last) };
        Self { file, address, heat: vec![] }
    }
}

/// Sample pictures of a class.
pub(super) struct ClassSamples {
    pub(super) class: usize,
    pub(super) pictures: Vec<Picture>,
}

/// A confused pair of classes, and its pictures.
pub(super) struct Pair {
    pub(super) actual: usize,
    pub(super) predicted: usize,
    pub(super) count: usize,
    /// How many pictures the actual class has.
    pub(super) of: usize,
    pub(super) share: String,
    pub(super) width: f64,
    pub(super) pictures: Vec<Wrong>,
    /// Pictures that are not shown.
    pub(super) more: usize,
}

/// A picture with the probabilities of prediction and label.
pub(super) struct Wrong {
    pub(super) picture: Picture,
    pub(super) predicted: String,
    pub(super) actual: String,
}

/// A picture with a large loss.
pub(super) struct Loss {
    pub(super) picture: Picture,
    pub(super) actual: usize,
    pub(super) predicted: usize,
    pub(super) right: bool,
    pub(super) loss: String,
    pub(super) probability: String,
}

pub(super) fn samples(
    record: &RunRecord,
    classes: &[usize],
    thumbnails: &[Vec<u8>],
) -> Vec<ClassSamples> {
    let most = if classes.len() < MANY { OF_CLASS } else { OF_MANY };
    let of = |class: usize| ClassSamples {
        class,
        pictures: record
            .samples
            .iter()
            .filter(|sample| sample.class == class)
            .take(most)
            .map(|sample| picture(&sample.picture, Some(sample.thumbnail), thumbnails))
            .collect(),
    };
    classes.iter().map(|&class| of(class)).filter(|class| !class.pictures.is_empty()).collect()
}

/// The most confused pairs, and the pictures of the first [`PAIRS`] of them.
pub(super) fn pairs(insight: &Insight, thumbnails: &[Vec<u8>]) -> Vec<Pair> {
    let wrong = |&index: &usize| {
        let judged = &insight.judged[index];
        Wrong {
            picture: explained(judged, insight, thumbnails),
            predicted: percent(judged.probability.into()),
            actual: percent(judged.probability_of_actual.into()),
        }
    };
    let most = insight.most_confused.first().map_or(1, |pair| pair.count) as f64;
    let pair = |pair: &insight::Confused| Pair {
        actual: pair.actual,
        predicted: pair.predicted,
        count: pair.count,
        of: insight.confusion.row_sum(pair.actual),
        share: percent(insight.confusion.share(pair.actual, pair.predicted)),
        width: 100.0 * pair.count as f64 / most,
        pictures: pair.pictures.iter().take(OF_PAIR).map(wrong).collect(),
        more: pair.count.saturating_sub(OF_PAIR),
    };
    insight.most_confused.iter().take(PAIRS).map(pair).collect()
}

pub(super) fn losses(insight: &Insight, thumbnails: &[Vec<u8>]) -> Vec<Loss> {
    let loss = |judged: &Judged| Loss {
        picture: explained(judged, insight, thumbnails),
        actual: judged.actual,
        predicted: judged.predicted,
        right: judged.actual == judged.predicted,
        loss: format!("{:.2}", judged.loss),
        probability: percent(judged.probability.into()),
    };
    insight.top_losses(LOSSES).into_iter().map(loss).collect()
}

/// An evaluated picture with heat maps for its prediction and its label.
fn explained(judged: &Judged, insight: &Insight, thumbnails: &[Vec<u8>]) -> Picture {
    let mut picture = of_judged(judged, thumbnails);
    let side = insight.reasons.map_or(0, |reasons| reasons.side);
    for heat in &judged.heat {
        let lenses = match (heat.class == judged.predicted, heat.class == judged.actual) {
            (true, true) => "called actual",
            (true, false) => "called",
            (false, true) => "actual",
            (false, false) => continue,
        };
        let address = crate::heat::address(heat, side);
        if !address.is_empty() && !picture.address.is_empty() {
            picture.heat.push((lenses, address));
        }
    }
    picture
}

pub(super) fn of_judged(judged: &Judged, thumbnails: &[Vec<u8>]) -> Picture {
    picture(&judged.picture, judged.thumbnail, thumbnails)
}

fn picture(file: &str, thumbnail: Option<usize>, thumbnails: &[Vec<u8>]) -> Picture {
    Picture::of(file, address(thumbnails, thumbnail))
}
