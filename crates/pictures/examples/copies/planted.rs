//! Altered copies of real pictures, and which of them were found.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::PathBuf;

use ::ground::random::{Draws, Purpose};
use image::RgbImage;
use pictures::{Limits, PerceptualHash, Rgb, near, read};

use super::alter::Kind;

/// Copies altered in one way, of each way.
const SINGLE: usize = 40;
/// Copies altered in two ways, of each two.
const DOUBLE: usize = 12;
pub(crate) const SEED: u64 = 5;

/// A copy.
pub(crate) struct Planted {
    /// Its original, as a place among the originals.
    pub(crate) of: usize,
    pub(crate) kinds: Vec<Kind>,
}

/// Whole, readable and different pictures, in order of their paths.
pub(crate) fn originals(dirs: &[PathBuf], half: Option<u8>) -> Vec<(PathBuf, RgbImage)> {
    let mut paths = vec![];
    let mut folders = dirs.to_vec();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { folders.push(path) } else { paths.push(path) }
        }
    }
    paths.sort();
    let mut seen = HashSet::new();
    let mut out = vec![];
    for path in paths {
        let Ok((picture, digest)) = read(&path, &Limits::default()) else { continue };
        if half.is_none_or(|half| digest.0[31] & 1 == half) && seen.insert(digest.0) {
            out.extend(
                RgbImage::from_raw(picture.width, picture.height, picture.data).map(|p| (path, p)),
            );
        }
    }
    out
}

/// Alters copies of the originals and shows each, in order.
pub(crate) fn plant(
    originals: &[(PathBuf, RgbImage)],
    mut show: impl FnMut(&RgbImage),
) -> Vec<Planted> {
    let mut planned: Vec<Vec<Kind>> = vec![];
    for (at, &kind) in Kind::ALL.iter().enumerate() {
        planned.extend(std::iter::repeat_n(vec![kind], SINGLE));
        for &other in &Kind::ALL[at + 1..] {
            planned.extend(std::iter::repeat_n(vec![kind, other], DOUBLE));
        }
    }
    let plant = |(number, kinds): (usize, Vec<Kind>)| {
        let mut draws = Draws::new(SEED, Purpose::Synthetic, &[number as u64]);
        let of = draws.below(originals.len());
        let mut order = kinds.clone();
        draws.shuffle(&mut order);
        let original = originals[of].1.clone();
        let altered = order.iter().fold(original, |picture, kind| kind.of(&picture, &mut draws));
        show(&altered);
        Planted { of, kinds }
    };
    planned.into_iter().enumerate().map(plant).collect()
}

/// Says how many copies of each kind are among the pairs.
pub(crate) fn table(
    originals: &[(PathBuf, RgbImage)],
    planted: &[Planted],
    hashes: &[PerceptualHash],
    pairs: &[near::Pair],
) {
    let found: HashSet<(usize, usize)> = pairs.iter().map(|p| (p.first, p.second)).collect();
    // The order of Kind::ALL, single ones first.
    let mut rows: BTreeMap<(usize, Vec<usize>), (String, usize, usize)> = BTreeMap::new();
    // Of copies with equal hashes the search pairs the first with the original, the others with it.
    let mut first: HashMap<&PerceptualHash, usize> = HashMap::new();
    for (at, hash) in hashes.iter().enumerate() {
        first.entry(hash).or_insert(at);
    }
    let mut total = (0, 0);
    for (at, copy) in planted.iter().enumerate() {
        let place = |kind: &Kind| Kind::ALL.iter().position(|other| other == kind).unwrap_or(0);
        let key = (copy.kinds.len(), copy.kinds.iter().map(place).collect());
        let words = || match copy.kinds[..] {
            [one] => one.words().to_owned(),
            _ => copy.kinds.iter().map(|kind| kind.word()).collect::<Vec<_>>().join(", "),
        };
        let row = rows.entry(key).or_insert_with(|| (words(), 0, 0));
        let like = first[&hashes[originals.len() + at]];
        let hit = usize::from(like == copy.of || found.contains(&(copy.of, like)));
        (row.1, row.2) = (row.1 + 1, row.2 + hit);
        total = (total.0 + 1, total.1 + hit);
        if hit == 0 {
            println!("lost: {} {:?}", originals[copy.of].0.display(), copy.kinds);
        }
    }
    println!("\n{:<32}{:>8}{:>8}{:>8}", "alteration", "planted", "found", "%");
    let line = |words: &str, planted: usize, found: usize| {
        let share = 100.0 * found as f64 / planted.max(1) as f64;
        println!("{words:<32}{planted:>8}{found:>8}{share:>8.1}");
    };
    rows.values().for_each(|(words, planted, found)| line(words, *planted, *found));
    line("all", total.0, total.1);
}

/// Pairs of originals that were found, themselves or through copies.
pub(crate) fn false_pairs(
    originals: &[(PathBuf, RgbImage)],
    planted: &[Planted],
    pairs: &[near::Pair],
) -> BTreeSet<(usize, usize)> {
    let source =
        |at: usize| if at < originals.len() { at } else { planted[at - originals.len()].of };
    let mut strange: BTreeMap<(usize, usize), (bool, f32)> = BTreeMap::new();
    for pair in pairs {
        let (a, b) = (source(pair.first), source(pair.second));
        if a != b {
            let entry = strange.entry((a.min(b), a.max(b))).or_insert((false, 0.0));
            entry.0 |= pair.second < originals.len();
            entry.1 = entry.1.max(pair.likeness);
        }
    }
    println!("\npairs of different originals (to be looked at): {}", strange.len());
    for ((a, b), (direct, likeness)) in &strange {
        let how = if *direct { "originals" } else { "only copies" };
        println!(
            "{likeness:.3} {how}: {} {}",
            originals[*a].0.display(),
            originals[*b].0.display()
        );
    }
    strange.into_keys().collect()
}

pub(crate) fn hash_of(picture: &RgbImage) -> PerceptualHash {
    let (width, height) = picture.dimensions();
    PerceptualHash::of(&Rgb { width, height, data: picture.as_raw().clone() })
}
