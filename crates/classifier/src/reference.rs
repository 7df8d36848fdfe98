//! The pictures that new ones are compared with: which are chosen, and their features.

use insight::spread;
use weights::safetensors::as_bf16;

use crate::Limits;
use crate::neighbours::{Neighbours, neighbours, neighbours_among};

/// Features of known pictures, which a new picture is compared with to tell whether it is like any
/// of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// Pictures that were trained on, at most [`Limits::max_reference`].
    pub pictures: Vec<Known>,
    /// Numbers in a row: the channels of the body.
    pub width: usize,
    /// A row a picture: the average of each channel ([`crate::averages`]), as bfloat16 holds it.
    pub rows: Vec<f32>,
}

/// A picture that others are compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its path relative to the data folder.
    pub picture: String,
    /// Its class.
    pub label: usize,
    /// Index of its thumbnail, where it has one.
    pub thumbnail: Option<usize>,
}

impl Reference {
    /// The `k` nearest of its pictures for each row of averages.
    ///
    /// # Panics
    /// When there are no whole rows.
    #[must_use]
    pub fn neighbours(&self, rows: &[f32], k: usize) -> Vec<Neighbours> {
        neighbours(rows, &self.rows, self.width, k)
    }

    pub(crate) fn unsound(&self, channels: usize, classes: usize, jpegs: usize) -> Option<String> {
        let count = self.pictures.len();
        let most = Limits::DEFAULT.max_reference;
        if !(1..=most).contains(&count) {
            return Some(format!("its reference has {count} pictures, not 1 to {most}"));
        }
        if self.width != channels || self.rows.len() != count * channels {
            let (numbers, width) = (self.rows.len(), self.width);
            return Some(format!("its reference has {numbers} numbers in rows of {width}"));
        }
        if !self.rows.iter().all(|&x| x.is_finite() && as_bf16(x) == x) {
            return Some("its reference holds a number that is no finite bfloat16".into());
        }
        let fits = |known: &Known| {
            known.label < classes && known.thumbnail.is_none_or(|index| index < jpegs)
        };
        let wrong = self.pictures.iter().position(|known| !fits(known))?;
        Some(format!("picture {wrong} of its reference has a class or thumbnail that is not there"))
    }
}

/// A reference in the making: pictures of a dataset that a network trained on, and their
/// averages as the saved classifier will hold them.
///
/// ```
/// use classifier::{Learned, evenly};
/// // Four pictures in two folds, and the averages of all: two numbers each.
/// let folds = [0, 1, 0, 1];
/// let averages = [[1.0, 0.0], [1.0, 0.25], [0.0, 1.0], [0.0, 1.0]];
/// let pictures = evenly(&[0, 0, 1, 1]); // by their classes: all, as they are few
/// let rows: Vec<f32> = pictures.iter().flat_map(|&picture| averages[picture]).collect();
/// let learned = Learned::new(&pictures, 2, &rows);
/// let other_fold = |query: usize, picture: usize| folds[query] != folds[picture];
/// let novelty = learned.novelties(averages.as_flattened(), other_fold);
/// assert!(novelty[0] > novelty[1]); // which has something in common with both of the other fold
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Learned {
    /// Their indices.
    pub(crate) pictures: Vec<usize>,
    pub(crate) width: usize,
    pub(crate) rows: Vec<f32>,
}

impl Learned {
    /// Takes pictures by their indices in the dataset, at most as many as [`evenly`] chooses, and
    /// for each a row of `width` averages. A row with a number that is not finite is left out.
    ///
    /// # Panics
    /// When there are not as many rows as pictures.
    #[must_use]
    pub fn new(pictures: &[usize], width: usize, rows: &[f32]) -> Self {
        assert_eq!(rows.len(), pictures.len() * width, "a row of averages a picture");
        let mut learned = Self { pictures: vec![], width, rows: vec![] };
        for (&picture, row) in pictures.iter().zip(rows.chunks_exact(width)) {
            if row.iter().all(|&x| as_bf16(x).is_finite()) {
                learned.pictures.push(picture);
                learned.rows.extend(row.iter().copied().map(as_bf16));
            }
        }
        learned
    }

    /// Their rows, as the file will hold them.
    #[must_use]
    pub fn rows(&self) -> &[f32] {
        &self.rows
    }

    /// The novelty of rows of averages: their mean distance to their [`insight::NEIGHBOURS`]
    /// nearest among those pictures for which `may(row, picture)`. `None` where there is none.
    ///
    /// # Panics
    /// When there are no whole rows.
    #[must_use]
    pub fn novelties(&self, rows: &[f32], may: impl Fn(usize, usize) -> bool) -> Vec<Option<f32>> {
        let may = |row: usize, place: usize| may(row, self.pictures[place]);
        let found = neighbours_among(rows, &self.rows, self.width, insight::NEIGHBOURS, may);
        found.iter().map(Neighbours::novelty).collect()
    }
}

/// Which of some pictures, of these classes, a classifier is to compare others with: at most
/// [`Limits::max_reference`], as many of each class as of any other that has them, spread over
/// those of the class in their order. Ascending.
#[must_use]
pub fn evenly(labels: &[usize]) -> Vec<usize> {
    at_most(labels, Limits::DEFAULT.max_reference)
}

fn at_most(labels: &[usize], most: usize) -> Vec<usize> {
    let mut of_class = vec![vec![]; labels.iter().max().map_or(0, |&last| last + 1)];
    for (place, &label) in labels.iter().enumerate() {
        of_class[label].push(place);
    }
    let taken = |each: usize| of_class.iter().map(|places| places.len().min(each)).sum::<usize>();
    let mut each = 0;
    while taken(each) < taken(each + 1) && taken(each + 1) <= most {
        each += 1;
    }
    // What is left goes to the first that have one more.
    let mut left = most - taken(each);
    let mut chosen = vec![];
    for places in &of_class {
        let more = usize::from(places.len() > each && left > 0);
        left -= more;
        chosen.extend(spread(places.len(), each + more).map(|i| places[i]));
    }
    chosen.sort_unstable();
    chosen
}

#[cfg(test)]
mod tests {
    use super::{Learned, at_most};

    #[test]
    fn few_pictures_are_all_taken_and_many_at_most() {
        assert_eq!(at_most(&[1, 0, 1], 3), [0, 1, 2]);
        let labels: Vec<usize> = (0..100).map(|i| usize::from(i >= 90)).collect();
        let chosen = at_most(&labels, 31);
        assert_eq!(chosen.len(), 31);
        assert_eq!(chosen.iter().filter(|&&i| labels[i] == 1).count(), 10);
        // Not the first ones of a class: spread over it.
        assert!(chosen.iter().any(|&i| (80..90).contains(&i)), "{chosen:?}");
        // More classes than places.
        let labels: Vec<usize> = (0..10).collect();
        assert_eq!(at_most(&labels, 4), [0, 1, 2, 3]);
        assert_eq!(at_most(&[], 4), [0usize; 0]);
        assert_eq!(at_most(&[0; 9], 4).len(), 4);
    }

    #[test]
    fn what_is_not_finite_is_no_reference() {
        let rows = [1.0, 1.001, 1.0, f32::NAN, 1.001, 1.0, f32::MAX, 1.0];
        let learned = Learned::new(&[5, 7, 9, 11], 2, &rows);
        assert_eq!(learned.pictures, [5, 9]);
        assert_eq!(learned.rows, [1.0; 4], "as bfloat16 holds them");
    }
}
