//! Which pairs may keep pictures together.
//!
//! Specimens on white or digits on black have little that tells them apart, so likeness is passed on
//! from pair to pair until most of a class is one "copy". Pairs on plain grounds are therefore
//! trusted only around a centre, and not where they would swallow a class.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Pair, sets};

/// A set on plain grounds of so many pictures …
const MANY: usize = 6;
/// … that holds more than one in so many of a class, is no set of copies.
const PART: usize = 5;

/// Pairs that are copies, and sets that only look alike.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trusted {
    /// Pairs that keep pictures together, in order.
    pub pairs: Vec<Pair>,
    /// Sets of pictures on plain grounds that look alike to the search and are so many of a class that
    /// they are no copies.
    pub alike: Vec<Vec<usize>>,
}

/// Sorts out the pairs among pictures of these classes.
///
/// # Panics
/// If a pair is of something without a label.
#[must_use]
pub fn trusted(pairs: &[Pair], labels: &[usize]) -> Trusted {
    let pairs = around_centres(pairs, labels.len());
    let mut sizes: HashMap<usize, usize> = HashMap::new();
    labels.iter().for_each(|&label| *sizes.entry(label).or_default() += 1);
    let plain: Vec<Pair> = pairs.iter().copied().filter(|pair| pair.plain).collect();
    let swallows = |set: &Vec<usize>| {
        let mut of_class: BTreeMap<usize, usize> = BTreeMap::new();
        set.iter().for_each(|&at| *of_class.entry(labels[at]).or_default() += 1);
        set.len() >= MANY && of_class.iter().any(|(label, &count)| count * PART > sizes[label])
    };
    let mut alike = sets(labels.len(), &plain);
    alike.retain(swallows);
    let without: HashSet<usize> = alike.iter().flatten().copied().collect();
    let pairs = pairs.into_iter().filter(|pair| !(pair.plain && without.contains(&pair.first)));
    Trusted { pairs: pairs.collect(), alike }
}

/// The pairs without those on plain grounds that would join sets in which no picture is like at
/// least half of the others; the most alike come first.
fn around_centres(pairs: &[Pair], count: usize) -> Vec<Pair> {
    let mut like: HashMap<usize, HashSet<usize>> = HashMap::new();
    for pair in pairs {
        like.entry(pair.first).or_default().insert(pair.second);
        like.entry(pair.second).or_default().insert(pair.first);
    }
    let (plain, mut kept): (Vec<Pair>, Vec<Pair>) = pairs.iter().partition(|pair| pair.plain);
    // The set of each picture, by its first.
    let mut set_of: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut home: Vec<usize> = (0..count).collect();
    for set in sets(count, &kept) {
        set.iter().for_each(|&at| home[at] = set[0]);
        set_of.insert(set[0], set);
    }
    let mut plain = plain;
    plain.sort_by(|a, b| b.likeness.total_cmp(&a.likeness));
    for pair in plain {
        let [a, b] = [home[pair.first], home[pair.second]];
        if a == b {
            kept.push(pair);
            continue;
        }
        let members = |at: usize| set_of.get(&at).cloned().unwrap_or_else(|| vec![at]);
        let all = [members(a), members(b)].concat();
        let within: HashSet<usize> = all.iter().copied().collect();
        let centre = all.iter().any(|at| {
            let near = like.get(at).map_or(0, |like| like.intersection(&within).count());
            2 * near >= all.len() - 1
        });
        if centre {
            all.iter().for_each(|&at| home[at] = a);
            set_of.remove(&b);
            set_of.insert(a, all);
            kept.push(pair);
        }
    }
    kept.sort_unstable_by_key(|pair| (pair.first, pair.second));
    kept
}

#[cfg(test)]
mod tests {
    use super::trusted;
    use crate::near::{Pair, Turn};

    fn pair(first: usize, second: usize, plain: bool) -> Pair {
        Pair { first, second, turn: Turn::AsIs, likeness: 1.0 - first as f32 / 100.0, plain }
    }

    #[test]
    fn a_chain_on_plain_grounds_is_no_group() {
        let chain = |plain| (0..9).map(|at| pair(at, at + 1, plain)).collect::<Vec<_>>();
        let kept = trusted(&chain(true), &[0; 100]);
        let largest = crate::near::sets(100, &kept.pairs).iter().map(Vec::len).max();
        assert!(largest <= Some(5), "{largest:?}");
        // Frames of a film resemble one another from one to the next.
        assert_eq!(trusted(&chain(false), &[0; 100]).pairs.len(), 9);
    }

    #[test]
    fn copies_around_an_original_stay_together() {
        let star: Vec<Pair> = (1..9).map(|at| pair(0, at, true)).collect();
        assert_eq!(trusted(&star, &[0; 100]).pairs, star);
    }

    #[test]
    fn what_swallows_a_class_is_announced_and_keeps_nothing_together() {
        let star: Vec<Pair> = (1..9).map(|at| pair(0, at, true)).collect();
        let labels: Vec<usize> = (0..40).map(|at| at % 2).collect();
        let found = trusted(&star, &labels);
        assert_eq!((found.pairs, found.alike), (vec![], vec![(0..9).collect()]));
        // Of photographs that fill the frame it is told as it is.
        let star: Vec<Pair> = (1..9).map(|at| pair(0, at, false)).collect();
        assert_eq!(trusted(&star, &labels).pairs, star);
    }
}
