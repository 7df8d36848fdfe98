//! What can be guessed of a picture's class without looking at what it shows. Where that is much, a
//! score says little: the network may have learned the camera and not the animal.
//!
//! A [`Clue`] is a number or a few that are known of each picture beside its content; a logistic
//! regression guesses by it, out of fold.

use std::collections::BTreeMap;

use ground::files::FileError;
use insight::Shortcut;
use insight::stats::first_of_largest;

use crate::features::Table;
use crate::head::{LinearKind, Samples};

/// The regularisation; on a number or three it hardly matters.
const C: f64 = 1.0;
/// Names of a kind that are told apart: the most frequent.
const NAMES: usize = 24;

/// Something that is known of each picture beside what it shows.
#[derive(Clone, Debug)]
pub struct Clue {
    /// What it is, as it stands in a sentence: `the file's size`.
    pub what: String,
    table: Table,
}

impl Clue {
    /// Lengths in bytes.
    #[must_use]
    pub fn of_files(bytes: &[u64]) -> Self {
        let numbers = bytes.iter().map(|&bytes| (bytes as f32 + 1.0).ln()).collect();
        Self { what: "the file's size".into(), table: Table::new(1, numbers) }
    }

    /// Widths and heights in pixels.
    #[must_use]
    pub fn of_sizes(sizes: &[(u32, u32)]) -> Self {
        let size = |&(width, height): &(u32, u32)| {
            let (width, height) = (f32::ln(width as f32), f32::ln(height as f32));
            [width, height, width - height]
        };
        let numbers = sizes.iter().flat_map(size).collect();
        Self { what: "the picture's size".into(), table: Table::new(3, numbers) }
    }

    /// Mean red, green and blue.
    #[must_use]
    pub fn of_colours(colours: &[[f32; 3]]) -> Self {
        let numbers = colours.as_flattened().to_vec();
        Self { what: "the mean colour".into(), table: Table::new(3, numbers) }
    }

    /// Names, such as those of cameras, where they are known; none where fewer than two things are
    /// told apart by them.
    #[must_use]
    pub fn of_names(what: &str, names: &[Option<&str>]) -> Option<Self> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        names.iter().flatten().for_each(|name| *counts.entry(name).or_default() += 1);
        let known = counts.values().sum::<usize>();
        let mut order: Vec<(&str, usize)> = counts.into_iter().collect();
        order.sort_by_key(|&(name, count)| (usize::MAX - count, name));
        order.truncate(NAMES);
        if order.is_empty() || (order.len() == 1 && known == names.len()) {
            return None;
        }
        let mut numbers = vec![];
        for name in names {
            let is = |&(known, _): &(&str, usize)| f32::from(u8::from(*name == Some(known)));
            numbers.extend(order.iter().map(is));
        }
        Some(Self { what: what.to_owned(), table: Table::new(order.len(), numbers) })
    }

    /// How often it alone names a picture right, out of fold. Each fold trains on the first of its
    /// pictures and predicts the second.
    ///
    /// # Errors
    /// When rows cannot be read, which lie in memory.
    pub fn cross_validate<'a>(
        &self,
        labels: &[usize],
        classes: usize,
        folds: impl Iterator<Item = (&'a [usize], &'a [usize])>,
    ) -> Result<Shortcut, FileError> {
        let (mut right, mut of) = (0, 0);
        for (train, held_out) in folds {
            let heads = LinearKind::Logistic
                .fit(Samples::new(&self.table, train, labels, classes), &[C])?;
            for (row, &picture) in heads[0].logits(&self.table, held_out)?.iter().zip(held_out) {
                right += usize::from(first_of_largest(row) == labels[picture]);
                of += 1;
            }
        }
        Ok(Shortcut { what: self.what.clone(), right, of })
    }
}

#[cfg(test)]
mod tests {
    use super::Clue;

    /// The share that a clue names right, of 60 pictures in two halves.
    fn share(clue: &Clue) -> f64 {
        let labels: Vec<usize> = (0..60).map(|picture| picture % 2).collect();
        let halves: [Vec<usize>; 2] = [(0..30).collect(), (30..60).collect()];
        let folds = [(&halves[0][..], &halves[1][..]), (&halves[1][..], &halves[0][..])];
        let judged = clue.cross_validate(&labels, 2, folds.into_iter()).unwrap();
        assert_eq!(judged.of, 60);
        judged.right as f64 / 60.0
    }

    #[test]
    fn what_gives_the_class_away_is_seen_and_what_does_not_is_not() {
        let of = |names: [&'static str; 2], when: usize| -> Vec<Option<&'static str>> {
            (0..60).map(|picture| Some(names[picture / when % 2])).collect()
        };
        let clue = |names: &[Option<&str>]| Clue::of_names("the camera", names);
        assert_eq!(share(&clue(&of(["A", "B"], 1)).unwrap()), 1.0);
        assert!(share(&clue(&of(["A", "B"], 2)).unwrap()) < 0.7);
        // One camera for all tells nothing, but whether one is known may.
        assert!(clue(&of(["A", "A"], 1)).is_none() && clue(&[None; 60]).is_none());
        let one: Vec<_> = (0..60).map(|picture| (picture % 2 == 0).then_some("A")).collect();
        assert_eq!(share(&clue(&one).unwrap()), 1.0);
        let bytes: Vec<u64> = (0..60).map(|picture| 1000 + 4000 * (picture % 2)).collect();
        assert_eq!(share(&Clue::of_files(&bytes)), 1.0);
        let sizes: Vec<_> = (0..60).map(|picture| (200 + picture / 2, 300)).collect();
        assert!(share(&Clue::of_sizes(&sizes)) < 0.7);
    }
}
