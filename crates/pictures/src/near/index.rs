//! Which pictures might show the same, without looking at each pair.
//!
//! Every picture is filed, in several tables, by the signs of a few of its frequencies: whole, and
//! as each of sixteen parts that a crop might have left of it. Then each is looked up in its eight
//! orientations, and once more with the signs changed that are least sure. What lies there is a
//! candidate if few of all 63 signs differ and coarse thumbnails agree ([`coarse`]).

use ground::Stop;

use super::spectrum::{PARTS, Spectrum, WAVES, Waves, has_structure, signs, turned};
use super::{Turn, coarse, in_parallel};
use crate::Print;

/// Signs that may differ.
pub(super) const MOST: u32 = 13;
/// Signs by which a table files.
pub(super) const BITS: usize = 20;
/// Of those, how many are tried both ways.
pub(super) const UNSURE: usize = 2;
/// The frequencies of each table: rows and columns of the spectrum.
pub(super) const TABLES: usize = 3;
/// How well a candidate must agree coarsely, in thousandths: of 991 planted pairs one agreed less,
/// of other candidates 98 in 100 did.
pub(super) const LEAST: u16 = 500;
/// Candidates of a picture at most.
pub(super) const KEPT: usize = 16;
/// Entries of one place that are looked at.
const WINDOW: usize = 256;

/// A picture that might show the same as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Candidate {
    /// The one asked for …
    pub(super) asked: u32,
    /// … the one found …
    pub(super) found: u32,
    /// … signs that differ …
    pub(super) differ: u32,
    /// … which turn the one asked for takes to lie on the other …
    pub(super) turn: Turn,
    /// … on which part of it: its row × 4 + its column in [`PARTS`] …
    pub(super) part: u8,
    /// … and how well the two agree coarsely, in thousandths.
    pub(super) alike: u16,
}

const PARTS_IN_ALL: u32 = (PARTS.len() * PARTS.len()) as u32;

/// The frequencies that each table files by: the lowest come in more than one.
fn keys() -> [[usize; BITS]; TABLES] {
    let mut order: Vec<usize> = (1..WAVES * WAVES).collect();
    order.sort_by_key(|&at| {
        let (row, column) = (at / WAVES, at % WAVES);
        (row + column, row.abs_diff(column), at)
    });
    // The lowest 27 in turns, the rest of each from the beginning.
    std::array::from_fn(|table| std::array::from_fn(|bit| order[(bit * TABLES + table) % 27]))
}

struct Table {
    /// Where each key's entries begin, and at last where they end.
    starts: Vec<u32>,
    hashes: Vec<u64>,
    /// Picture × 16 + part.
    owners: Vec<u32>,
}

impl Table {
    fn new(key: &[usize; BITS], entries: &[(u64, u32)]) -> Self {
        let mut starts = vec![0u32; (1 << BITS) + 1];
        for &(hash, _) in entries {
            starts[gather(hash, key) + 1] += 1;
        }
        for at in 0..1 << BITS {
            starts[at + 1] += starts[at];
        }
        let mut next = starts.clone();
        let (mut hashes, mut owners) = (vec![0; entries.len()], vec![0; entries.len()]);
        for &(hash, owner) in entries {
            let place = &mut next[gather(hash, key)];
            (hashes[*place as usize], owners[*place as usize]) = (hash, owner);
            *place += 1;
        }
        Self { starts, hashes, owners }
    }
}

fn gather(hash: u64, key: &[usize; BITS]) -> usize {
    key.iter().enumerate().fold(0, |out, (bit, &at)| out | ((hash >> at & 1) as usize) << bit)
}

/// The candidates, in order; a pair may be there both ways.
pub(super) fn candidates(prints: &[&Print], threads: usize, stop: &Stop) -> Vec<Candidate> {
    let waves = Waves::new();
    let filed = in_parallel(prints.len(), threads, stop, |at| {
        let mut hashes = vec![];
        if has_structure(prints[at]) {
            waves.parts(prints[at], |part, spectrum| {
                let hash = signs(spectrum);
                // Parts that look alike are found as one another.
                if hashes.iter().all(|&(other, _): &(u64, u32)| (other ^ hash).count_ones() > 1) {
                    hashes.push((hash, at as u32 * PARTS_IN_ALL + part as u32));
                }
            });
        }
        hashes
    });
    // In order of their hashes, so that what is most alike lies close by.
    let mut filed: Vec<(u64, u32)> = filed.into_iter().flatten().collect();
    filed.sort_unstable();
    let keys = keys();
    let tables = keys.map(|key| Table::new(&key, &filed));
    drop(filed);
    let coarse = in_parallel(prints.len(), threads, stop, |at| coarse::cells(prints[at]));
    let found = in_parallel(prints.len(), threads, stop, |at| {
        if !has_structure(prints[at]) {
            return vec![];
        }
        ask(at as u32, &waves.whole(prints[at]), &keys, &tables, &coarse)
    });
    found.into_iter().flatten().collect()
}

fn ask(
    asked: u32,
    spectrum: &Spectrum,
    keys: &[[usize; BITS]; TABLES],
    tables: &[Table; TABLES],
    coarse: &[[u8; coarse::CELLS]],
) -> Vec<Candidate> {
    let mut found = vec![];
    for turn in Turn::ALL {
        let spectrum = turned(spectrum, turn);
        let hash = signs(&spectrum);
        for (key, table) in keys.iter().zip(tables) {
            let mut weak: [(f32, usize); BITS] =
                std::array::from_fn(|bit| (spectrum[key[bit]].abs(), bit));
            weak.sort_by(|a, b| a.0.total_cmp(&b.0));
            let place = gather(hash, key);
            for which in 0..1usize << UNSURE {
                let flipped = (0..UNSURE)
                    .filter(|bit| which >> bit & 1 == 1)
                    .fold(place, |place, bit| place ^ 1 << weak[bit].1);
                let (start, end) =
                    (table.starts[flipped] as usize, table.starts[flipped + 1] as usize);
                let (start, end) = window(&table.hashes, start, end, hash);
                let entries = table.hashes[start..end].iter().zip(&table.owners[start..end]);
                for (&other, &owner) in entries {
                    let differ = (hash ^ other).count_ones();
                    let (picture, part) = (owner / PARTS_IN_ALL, (owner % PARTS_IN_ALL) as u8);
                    if differ <= MOST && picture != asked {
                        found.push(Candidate {
                            asked,
                            found: picture,
                            differ,
                            turn,
                            part,
                            alike: 0,
                        });
                    }
                }
            }
        }
    }
    // Of each picture the best.
    found.sort_unstable();
    found.dedup_by_key(|candidate| candidate.found);
    let mut laid = [const { None }; Turn::ALL.len()];
    for candidate in &mut found {
        let laid = laid[candidate.turn as usize]
            .get_or_insert_with(|| coarse::Laid::new(&coarse[asked as usize], candidate.turn));
        candidate.alike = laid.alike(&coarse[candidate.found as usize], candidate.part as usize);
    }
    found.retain(|candidate| candidate.alike >= LEAST);
    if found.len() > KEPT {
        found.sort_unstable_by_key(|candidate| (u16::MAX - candidate.alike, candidate.found));
        found.truncate(KEPT);
        found.sort_unstable();
    }
    found
}

/// The entries of one place that are looked at: all, or those around where the hash would lie.
fn window(hashes: &[u64], start: usize, end: usize, hash: u64) -> (usize, usize) {
    if end - start <= WINDOW {
        return (start, end);
    }
    let middle = start + hashes[start..end].partition_point(|&other| other < hash);
    let from = middle.saturating_sub(WINDOW / 2).clamp(start, end - WINDOW);
    (from, from + WINDOW)
}
