//! A second opinion: whether pictures that something else than their hashes suspects to be one do
//! show the same.
//!
//! What is suspected need not be found among thousands, so less agreement is enough: thresholds
//! were chosen on one half of real photographs and judged on the other (`docs/duplicates.md`).

use ground::Stop;

use super::index::{Candidate, LEAST};
use super::spectrum::{PARTS, has_structure};
use super::{Pair, Turn, coarse, fit, loops};
use crate::PerceptualHash;
use crate::perceptual_hash::View;

/// How well the whole of two must agree coarsely for their parts to be tried, in thousandths.
const WHOLE: u16 = 150;
/// How many ways of laying one on the other are tried: those that agree best coarsely.
const TRIED: usize = 3;

/// Those of the suspected pairs, the lower number first, that show the same; a pair may be there
/// more than once.
pub(super) fn confirmed(
    hashes: &[PerceptualHash],
    suspected: &[(usize, usize)],
    stop: &Stop,
) -> Vec<Pair> {
    let check = |at: usize| {
        let (first, second) = suspected[at];
        let of = |at: usize| {
            let views = std::iter::once(hashes[at].whole()).chain(hashes[at].subject());
            views.filter(|&view| has_structure(view)).collect::<Vec<View<'_>>>()
        };
        let (ones, others) = (of(first), of(second));
        let mut both = ones.iter().flat_map(|&one| others.iter().map(move |&other| [one, other]));
        let fitted = both.find_map(|views| {
            let cells = views.map(coarse::cells);
            ways(&cells).into_iter().find_map(|way| fit::confirm(&views, &way))
        })?;
        Some(Pair { first, second, ..fitted })
    };
    loops(suspected.len(), stop, check).into_iter().flatten().collect()
}

/// The ways to lay one of two on a part of the other that are worth trying, the best first.
fn ways(cells: &[[u8; coarse::CELLS]; 2]) -> Vec<Candidate> {
    const WAYS: usize = PARTS.len() * PARTS.len();
    let mut ways = vec![];
    for turn in Turn::ALL {
        let laid = coarse::Laid::new(&cells[0], turn);
        if laid.alike(&cells[1], 0) < WHOLE {
            continue;
        }
        ways.extend((0..WAYS).map(|part| {
            let (alike, part) = (laid.alike(&cells[1], part), part as u8);
            Candidate { asked: 0, found: 1, differ: 0, turn, part, alike }
        }));
        let (turn, back) = (turn.undone(), coarse::Laid::new(&cells[1], turn.undone()));
        // The whole on the whole is as before.
        ways.extend((1..WAYS).map(|part| {
            let (alike, part) = (back.alike(&cells[0], part), part as u8);
            Candidate { asked: 1, found: 0, differ: 0, turn, part, alike }
        }));
    }
    ways.retain(|way| way.alike >= LEAST);
    ways.sort_by_key(|way| u16::MAX - way.alike);
    ways.truncate(TRIED);
    ways
}
