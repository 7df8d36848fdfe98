//! Which pictures might show the same, without looking at each pair.
//!
//! Every view is filed, in several tables, by the signs of a few of its frequencies: whole, and
//! as each of sixteen parts that a crop might have left of it. Then each is looked up in its eight
//! orientations, and once more with the signs changed that are least sure. What lies there is a
//! candidate if few of all 63 signs differ and coarse thumbnails agree ([`coarse`]).

use ground::Stop;

use super::spectrum::{PARTS, Spectrum, WAVES, Waves, has_structure, signs, turned};
use super::{Turn, coarse, loops};
use crate::perceptual_hash::View;

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
/// Entries that are looked at together.
const GROUP: usize = 8;

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
    words: Vec<u64>,
    /// Picture × 16 + part.
    owners: Vec<u32>,
}

impl Table {
    fn new(key: &[usize; BITS], entries: &[(u64, u32)]) -> Self {
        let mut starts = vec![0u32; (1 << BITS) + 1];
        for &(word, _) in entries {
            starts[gather(word, key) + 1] += 1;
        }
        for at in 0..1 << BITS {
            starts[at + 1] += starts[at];
        }
        let mut next = starts.clone();
        let (mut words, mut owners) = (vec![0; entries.len()], vec![0; entries.len()]);
        for &(word, owner) in entries {
            let place = &mut next[gather(word, key)];
            (words[*place as usize], owners[*place as usize]) = (word, owner);
            *place += 1;
        }
        Self { starts, words, owners }
    }
}

fn gather(word: u64, key: &[usize; BITS]) -> usize {
    key.iter().enumerate().fold(0, |out, (bit, &at)| out | ((word >> at & 1) as usize) << bit)
}

/// The candidates among views, of which several may have one owner, in order; a pair may be there
/// both ways.
pub(super) fn candidates(views: &[View<'_>], owners: &[usize], stop: &Stop) -> Vec<Candidate> {
    let waves = Waves::new();
    let filed = loops(views.len(), stop, |at| {
        let mut words = vec![];
        if has_structure(views[at]) {
            waves.parts(views[at], |part, spectrum| {
                let word = signs(spectrum);
                // Parts that look alike are found as one another.
                if words.iter().all(|&(other, _): &(u64, u32)| (other ^ word).count_ones() > 1) {
                    words.push((word, at as u32 * PARTS_IN_ALL + part as u32));
                }
            });
        }
        words
    });
    // In order of their words, so that what is most alike lies close by.
    let mut filed: Vec<(u64, u32)> = filed.into_iter().flatten().collect();
    filed.sort_unstable();
    let keys = keys();
    let tables = keys.map(|key| Table::new(&key, &filed));
    drop(filed);
    let coarse = loops(views.len(), stop, |at| coarse::cells(views[at]));
    let found = loops(views.len(), stop, |at| {
        if !has_structure(views[at]) {
            return vec![];
        }
        ask(at as u32, &waves.whole(views[at]), owners, &keys, &tables, &coarse)
    });
    found.into_iter().flatten().collect()
}

/// A place of a table to look at, for one turn of the picture that is asked for.
#[derive(Clone, Copy, Default)]
struct Look {
    turn: usize,
    table: usize,
    place: usize,
    start: usize,
    end: usize,
}

/// Places that are looked at for one picture.
const LOOKS: usize = Turn::ALL.len() * TABLES * (1 << UNSURE);

fn ask(
    asked: u32,
    spectrum: &Spectrum,
    owners: &[usize],
    keys: &[[usize; BITS]; TABLES],
    tables: &[Table; TABLES],
    coarse: &[[u8; coarse::CELLS]],
) -> Vec<Candidate> {
    let (mut looks, mut words) = ([Look::default(); LOOKS], [0; Turn::ALL.len()]);
    let mut free = looks.iter_mut();
    for (turn, word) in words.iter_mut().enumerate() {
        let spectrum = turned(spectrum, Turn::ALL[turn]);
        *word = signs(&spectrum);
        for (table, key) in keys.iter().enumerate() {
            let (place, unsure) = (gather(*word, key), unsure(&spectrum, key));
            for (which, look) in free.by_ref().take(1 << UNSURE).enumerate() {
                let flipped = (0..UNSURE)
                    .filter(|bit| which >> bit & 1 == 1)
                    .fold(place, |place, bit| place ^ 1 << unsure[bit]);
                *look = Look { turn, table, place: flipped, ..Look::default() };
            }
        }
    }
    narrow(&mut looks, &words, tables);
    let mut found = vec![];
    for look in &looks {
        let (table, word) = (&tables[look.table], words[look.turn]);
        let filed = &table.words[look.start..look.end];
        for (group, others) in filed.chunks(GROUP).enumerate() {
            // Most groups hold nothing, which is seen at once.
            let nearest = others.iter().map(|other| (word ^ other).count_ones()).min();
            if nearest.is_none_or(|nearest| nearest > MOST) {
                continue;
            }
            for (at, &other) in (look.start + group * GROUP..).zip(others) {
                let (differ, owner) = ((word ^ other).count_ones(), table.owners[at]);
                let (picture, part) = (owner / PARTS_IN_ALL, (owner % PARTS_IN_ALL) as u8);
                if differ <= MOST && owners[picture as usize] != owners[asked as usize] {
                    let turn = Turn::ALL[look.turn];
                    found.push(Candidate { asked, found: picture, differ, turn, part, alike: 0 });
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

/// The bits of a key that are least sure: those of the frequencies nearest to 0, the first where
/// several are equally near.
fn unsure(spectrum: &Spectrum, key: &[usize; BITS]) -> [usize; UNSURE] {
    let mut least = [(f32::INFINITY, 0); UNSURE];
    for (bit, &at) in key.iter().enumerate() {
        let mut next = (spectrum[at].abs(), bit);
        for kept in &mut least {
            if next < *kept {
                std::mem::swap(kept, &mut next);
            }
        }
    }
    least.map(|(_, bit)| bit)
}

/// Finds which entries of each place are looked at: all, or of many those around where the word
/// would lie.
///
/// The tables are larger than a processor's caches, so that each load waits for memory. Therefore
/// all places are found together, step by step: loads that do not need one another's outcome wait
/// at the same time.
fn narrow(looks: &mut [Look], words: &[u64], tables: &[Table; TABLES]) {
    for look in &mut *looks {
        let starts = &tables[look.table].starts;
        (look.start, look.end) = (starts[look.place] as usize, starts[look.place + 1] as usize);
    }
    // The last entry below the word, or the first, by halving.
    let mut crowded: Vec<(&mut Look, usize, usize)> = looks
        .iter_mut()
        .filter(|look| look.end - look.start > WINDOW)
        .map(|look| {
            let (low, left) = (look.start, look.end - look.start);
            (look, low, left)
        })
        .collect();
    while crowded.iter().any(|&(_, _, left)| left > 1) {
        for (look, low, left) in &mut crowded {
            let half = *left / 2;
            let below = tables[look.table].words[*low + half] < words[look.turn];
            *low = if below { *low + half } else { *low };
            *left -= half;
        }
    }
    for (look, low, _) in crowded {
        let below = tables[look.table].words[low] < words[look.turn];
        let middle = low + usize::from(below);
        look.start = middle.saturating_sub(WINDOW / 2).clamp(look.start, look.end - WINDOW);
        look.end = look.start + WINDOW;
    }
    let first = |look: &Look| tables[look.table].words.get(look.start).copied().unwrap_or(0);
    std::hint::black_box(looks.iter().fold(0, |all, look| all ^ first(look)));
}

#[cfg(test)]
mod tests;
