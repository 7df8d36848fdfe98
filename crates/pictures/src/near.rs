//! Pictures that show the same, though one was turned, mirrored, cropped, resized, recompressed,
//! brightened, marked or framed.
//!
//! [`pairs`] looks for candidates in an index (`index`) of perceptual hashes: signs of the low
//! frequencies of the brightness (as in pHash; C. Zauner, *Implementation and Benchmarking of
//! Perceptual Image Hash Functions*, 2010), of each picture whole and of sixteen parts of it, asked for
//! in eight orientations. Each candidate is then laid on the picture as well as it goes
//! (`fit`) and must agree with it cell by cell. Pairs that a network finds alike are laid on one
//! another too (`second`).

use std::collections::{HashMap, HashSet};

use ground::Stop;

use crate::PerceptualHash;
pub use trust::{Trusted, trusted};
pub use turn::Turn;

mod coarse;
mod evidence;
mod fit;
mod index;
mod sampled;
mod second;
mod spectrum;
mod trust;
mod turn;

#[cfg(test)]
mod tests;

/// Two pictures that show the same, one perhaps turned or mirrored, cropped, resized,
/// recompressed, brightened, marked or framed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// The lower number.
    pub first: usize,
    /// The higher number.
    pub second: usize,
    /// How the second is turned against the first.
    pub turn: Turn,
    /// How well they agree once laid on one another, 0 to 1.
    pub likeness: f32,
    /// Whether both show a subject on a plain ground, where likeness says less.
    pub plain: bool,
}

/// The near duplicates among pictures, in order; each pair once. The same for any number of
/// threads. Asked to stop, it ends early with none.
///
/// Of hashes that are equal, each is paired with the first only. Of a long run of pictures that
/// are all alike each is paired with those most like it; [`sets`] joins them.
#[must_use]
pub fn pairs(hashes: &[PerceptualHash], stop: &Stop) -> Vec<Pair> {
    find(hashes, &[], stop).pairs
}

/// As [`pairs`], with a closer look at pairs that something else than the hashes suspects to show
/// the same: of these, less agreement is enough. What is suspected wrongly costs time only.
///
/// # Panics
/// When something is suspected that is not among the hashes.
#[must_use]
pub fn pairs_with(
    hashes: &[PerceptualHash],
    suspected: &[(usize, usize)],
    stop: &Stop,
) -> Vec<Pair> {
    find(hashes, suspected, stop).pairs
}

/// What [`find`] found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// The near duplicates.
    pub pairs: Vec<Pair>,
    /// How many pairs were looked at closely.
    pub candidates: usize,
}

/// As [`pairs_with`], telling what it took.
#[must_use]
pub fn find(hashes: &[PerceptualHash], suspected: &[(usize, usize)], stop: &Stop) -> Found {
    // Copies are found by their bytes; the search is for the rest.
    let mut first: HashMap<&PerceptualHash, usize> = HashMap::new();
    let (mut unique, mut found) = (vec![], vec![]);
    for (at, hash) in hashes.iter().enumerate() {
        match first.get(hash) {
            Some(&first) => found.extend(fit::equal(hash, first, at)),
            None => {
                first.insert(hash, at);
                unique.push(at);
            }
        }
    }
    let (mut views, mut owners) = (vec![], vec![]);
    for &at in &unique {
        for view in std::iter::once(hashes[at].whole()).chain(hashes[at].subject()) {
            views.push(view);
            owners.push(at);
        }
    }
    let candidates = index::candidates(&views, &owners, stop);
    let fitted = loops(candidates.len(), stop, |at| fit::check(&views, &candidates[at]));
    found.extend(fitted.into_iter().flatten().map(|pair| Pair {
        first: owners[pair.first],
        second: owners[pair.second],
        ..pair
    }));
    let known: HashSet<(usize, usize)> = found.iter().map(|p| (p.first, p.second)).collect();
    let suspected = suspected.iter().map(|&(a, b)| (a.min(b), a.max(b)));
    let suspected: Vec<(usize, usize)> =
        suspected.filter(|pair| pair.0 < pair.1 && !known.contains(pair)).collect();
    found.extend(second::confirmed(hashes, &suspected, stop));
    if stop.asked() {
        return Found::default();
    }
    // A pair may have been found from both ends and by several views; the best fit stays.
    found.sort_unstable_by(|a, b| {
        let place = (a.first, a.second).cmp(&(b.first, b.second));
        place.then(b.likeness.total_cmp(&a.likeness)).then(a.turn.cmp(&b.turn))
    });
    found.dedup_by_key(|pair| (pair.first, pair.second));
    for pair in &mut found {
        pair.plain = [pair.first, pair.second].iter().all(|&at| hashes[at].subject().is_some());
    }
    Found { pairs: found, candidates: candidates.len() }
}

/// Connected sets of at least two, each sorted, in order of their first.
///
/// ```
/// use pictures::near::{Pair, Turn, sets};
/// let pair = |first, second| Pair { first, second, turn: Turn::AsIs, likeness: 1.0, plain: false };
/// assert_eq!(sets(6, &[pair(0, 3), pair(1, 2), pair(3, 5)]), [vec![0, 3, 5], vec![1, 2]]);
/// ```
///
/// # Panics
/// When a pair is of something that is not among `count`.
#[must_use]
pub fn sets(count: usize, pairs: &[Pair]) -> Vec<Vec<usize>> {
    let mut joined = crate::joined::Joined::new(count);
    pairs.iter().for_each(|pair| joined.join(pair.first, pair.second));
    crate::split::sets(&joined.numbers())
}

/// Work for 0..count on the threads that compute, in chunks that make up for what handing them out
/// costs; results in order.
fn loops<T: Send>(count: usize, stop: &Stop, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    ground::parallel::map_until(count, 256, &|| stop.asked(), work)
}
