//! Scores of a part of the pictures, where there is no room to keep what is said of each.

use serde::{Deserialize, Serialize};

/// An even choice among things in a row: every third, say.
///
/// ```
/// use insight::Part;
/// let part = Part::of(7, 3).unwrap();
/// assert_eq!(part.places().collect::<Vec<_>>(), [0, 2, 4]);
/// assert_eq!(Part::of(7, 7), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// How many were chosen.
    pub kept: usize,
    /// Among how many.
    pub of: usize,
}

impl Part {
    /// As many of so many as there is room for; `None` where all are kept.
    #[must_use]
    pub fn of(of: usize, room: usize) -> Option<Self> {
        (room < of).then_some(Self { kept: room, of })
    }

    /// The places of those that were chosen. Ascending.
    pub fn places(self) -> impl Iterator<Item = usize> {
        spread(self.of, self.kept)
    }

    /// Whether a part from a file can be one.
    pub(super) fn is_possible(self) -> bool {
        self.kept < self.of
    }
}

/// Chooses `most` of so many things in a row, spread evenly: their places, ascending.
pub fn spread(count: usize, most: usize) -> impl Iterator<Item = usize> {
    let taken = count.min(most);
    (0..taken).map(move |at| (at as u64 * count as u64 / taken as u64) as usize)
}
