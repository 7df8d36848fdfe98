use ground::Stop;
use ground::random::{Draws, Purpose};
use proptest::prelude::*;

use super::{Candidate, KEPT, LEAST, MOST, UNSURE, candidates, keys};
use crate::PerceptualHash;
use crate::near::spectrum::{Waves, has_structure, signs, turned};
use crate::near::{Turn, coarse};
use crate::perceptual_hash::View;

/// What [`candidates`] finds, by looking at each pair: no table, no order of looking. (Of places
/// with more than [`WINDOW`] entries the index looks at a part; so many there are not here.)
fn plain(hashes: &[View<'_>]) -> Vec<Candidate> {
    let (waves, keys) = (Waves::new(), keys());
    let parts = |hash: View<'_>| {
        let mut words: Vec<(u64, u8)> = vec![];
        waves.parts(hash, |part, spectrum| {
            let word = signs(spectrum);
            if words.iter().all(|&(other, _)| (other ^ word).count_ones() > 1) {
                words.push((word, part as u8));
            }
        });
        words
    };
    let filed: Vec<_> = hashes.iter().map(|&hash| parts(hash)).collect();
    let mut all = vec![];
    for (asked, &hash) in hashes.iter().enumerate() {
        if !has_structure(hash) {
            continue;
        }
        let mut of_this = vec![];
        for (found, &other) in hashes.iter().enumerate() {
            if found == asked || !has_structure(other) {
                continue;
            }
            let mut best: Option<Candidate> = None;
            for turn in Turn::ALL {
                let spectrum = turned(&waves.whole(hash), turn);
                let word = signs(&spectrum);
                for &(filed, part) in &filed[found] {
                    let differ = (word ^ filed).count_ones();
                    // In some table all signs agree but perhaps those of the two least frequencies.
                    let near = keys.iter().any(|key| {
                        let mut order: Vec<usize> = key.to_vec();
                        order.sort_by(|&a, &b| spectrum[a].abs().total_cmp(&spectrum[b].abs()));
                        order[UNSURE..].iter().all(|&at| (word ^ filed) >> at & 1 == 0)
                    });
                    if differ > MOST || !near {
                        continue;
                    }
                    let (asked, found) = (asked as u32, found as u32);
                    let next = Candidate { asked, found, differ, turn, part, alike: 0 };
                    best = Some(best.map_or(next, |best| best.min(next)));
                }
            }
            let Some(mut best) = best else { continue };
            let laid = coarse::Laid::new(&coarse::cells(hash), best.turn);
            best.alike = laid.alike(&coarse::cells(other), best.part as usize);
            of_this.extend((best.alike >= LEAST).then_some(best));
        }
        of_this.sort_by_key(|one| (u16::MAX - one.alike, one.found));
        of_this.truncate(KEPT);
        of_this.sort();
        all.extend(of_this);
    }
    all
}

/// Prints of soft blots; some are turned, shifted or changed copies of others, some are flat.
fn hashes(seed: u64, count: usize) -> Vec<PerceptualHash> {
    let mut draws = Draws::new(seed, Purpose::Synthetic, &[]);
    let mut grey: Vec<Vec<u8>> = vec![];
    for _ in 0..count {
        let blots: Vec<[f64; 4]> = (0..5)
            .map(|_| {
                [0.0, 0.0, 3.0, -90.0]
                    .map(|low| draws.range(low, if low < 0.0 { 90.0 } else { 24.0 }))
            })
            .collect();
        let level = |x: usize, y: usize| {
            let blot = |&[u, v, wide, high]: &[f64; 4]| {
                high * (-((x as f64 - u).powi(2) + (y as f64 - v).powi(2)) / (wide * wide)).exp()
            };
            (128.0 + blots.iter().map(blot).sum::<f64>()).clamp(0.0, 255.0) as u8
        };
        let fresh: Vec<u8> = (0..24 * 24).map(|at| level(at % 24, at / 24)).collect();
        let made = match (grey.is_empty(), draws.below(6)) {
            (false, 0..=2) => {
                let from = &grey[draws.below(grey.len())];
                let turned = Turn::ALL[draws.below(8)].of(from, 24);
                let noise = draws.range(0.0, 12.0);
                turned.iter().map(|&g| (f64::from(g) + draws.range(-noise, noise)) as u8).collect()
            }
            (_, 3) => vec![120; 24 * 24],
            // Half of it the same as it is mirrored, so that some frequencies are exactly 0.
            (_, 4) => {
                (0..24 * 24).map(|at| fresh[at / 24 * 24 + (at % 24).min(23 - at % 24)]).collect()
            }
            _ => fresh,
        };
        grey.push(made);
    }
    let hash = |grey: Vec<u8>| {
        let mut bytes = [0; PerceptualHash::BYTES];
        bytes[24 * 24..PerceptualHash::BYTES / 2].fill(128);
        bytes[..grey.len()].copy_from_slice(&grey);
        PerceptualHash::from_bytes(&bytes)
    };
    grey.into_iter().map(hash).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn the_index_finds_what_looking_at_each_pair_finds(seed: u64, count in 2usize..60) {
        let hashes = hashes(seed, count);
        let views: Vec<View<'_>> = hashes.iter().map(PerceptualHash::whole).collect();
        let owners: Vec<usize> = (0..views.len()).collect();
        let found = candidates(&views, &owners, &Stop::new());
        prop_assert_eq!(found, plain(&views));
    }
}

/// The twin is worth something only where there is something to find.
#[test]
fn there_is_something_to_find_among_what_is_drawn() {
    let hashes = hashes(1, 60);
    let found = plain(&hashes.iter().map(PerceptualHash::whole).collect::<Vec<_>>());
    assert!(found.len() > 20, "{}", found.len());
}
