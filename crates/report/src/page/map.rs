//! The map of the features: every point a picture.

use insight::{Insight, Judged};

use super::gallery::{Picture, of_judged};
use super::words;
use crate::names::percent;

/// Shapes and colours that the style sheet has. A class has one of each, so that two classes look
/// alike only where there are more than their product.
const SHAPES: usize = 8;
const COLOURS: usize = 8;

/// Classes that the key names.
const NAMED: usize = 30;

pub(super) struct FeatureMap {
    /// Which features the map shows, in words.
    pub(super) sentence: String,
    /// The share of the variance that the principal components show.
    pub(super) explained: String,
    /// Correct predictions first, so that wrong ones are drawn above them.
    pub(super) points: Vec<Point>,
    /// How many pictures were evaluated, and how many points have a thumbnail.
    pub(super) judged: usize,
    pub(super) pictured: usize,
    pub(super) wrong: usize,
    /// Each class on the map: how it is drawn, and how many points it has.
    pub(super) key: Vec<(usize, String, usize)>,
    pub(super) classes: usize,
}

pub(super) struct Point {
    /// Its class in the style sheet: shape, colour, and whether the prediction is wrong.
    pub(super) look: String,
    pub(super) near: [u16; 2],
    pub(super) linear: [u16; 2],
    pub(super) picture: Picture,
    pub(super) actual: usize,
    pub(super) predicted: usize,
    pub(super) right: bool,
    pub(super) probability: String,
}

impl FeatureMap {
    pub(super) fn of(insight: &Insight, thumbnails: &[Vec<u8>]) -> Option<Self> {
        let map = insight.map?;
        let point = |judged: &Judged| {
            let place = judged.place?;
            let right = judged.actual == judged.predicted;
            Some(Point {
                look: look(judged.actual) + if right { "" } else { " wrong" },
                near: place.near,
                linear: place.linear,
                picture: of_judged(judged, thumbnails),
                actual: judged.actual,
                predicted: judged.predicted,
                right,
                probability: percent(judged.probability.into()),
            })
        };
        let mut points: Vec<Point> = insight.judged.iter().filter_map(point).collect();
        points.sort_by_key(|point| (!point.right, point.actual));
        let mut counts = vec![0; insight.classes.len()];
        points.iter().for_each(|point| counts[point.actual] += 1);
        let key = counts.iter().enumerate().filter(|(_, count)| **count > 0);
        let key: Vec<_> = key.map(|(class, &count)| (class, look(class), count)).collect();
        (!points.is_empty()).then(|| Self {
            sentence: words(&insight.map_sentence()),
            explained: percent(map.explained),
            judged: insight.judged.len(),
            pictured: points.iter().filter(|point| !point.picture.address.is_empty()).count(),
            wrong: points.iter().filter(|point| !point.right).count(),
            points,
            classes: key.len(),
            key: key.into_iter().take(NAMED).collect(),
        })
    }
}

/// How a class is drawn.
fn look(class: usize) -> String {
    format!("s{} c{}", class % SHAPES, (class + class / SHAPES) % COLOURS)
}

#[cfg(test)]
mod tests {
    use super::{COLOURS, SHAPES, look};

    #[test]
    fn no_two_of_sixty_four_classes_look_alike() {
        let looks: std::collections::HashSet<String> = (0..SHAPES * COLOURS).map(look).collect();
        assert_eq!(looks.len(), 64);
    }
}
