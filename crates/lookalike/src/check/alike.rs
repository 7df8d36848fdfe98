//! Pictures whose features are alike, where an earlier training has kept them.

use std::collections::HashMap;

use doctor::Survey;
use ground::progress::Progress;
use ground::{Digest, Stop};
use training::features::{self, Cache, MOST_COMPARED, Table};

use crate::text::{count, thousands};

/// Pairs of files that a network finds alike: suspected to be near duplicates. Nothing is computed
/// for it that takes longer than a moment: only features that lie in the cache are compared, and
/// where there are none, or too many, prints have to do.
pub(super) fn suspected(
    survey: &Survey,
    progress: &dyn Progress,
    stop: &Stop,
) -> Vec<(usize, usize)> {
    let mut files: HashMap<Digest, usize> = HashMap::new();
    for (file, seen) in survey.files.iter().enumerate() {
        if let (Some(digest), Ok(_)) = (seen.digest, &seen.sight) {
            // Equal files are found as such.
            files.entry(digest).or_insert(file);
        }
    }
    let digests: Vec<Digest> = files.keys().copied().collect();
    let Some(cache) = Cache::that_knows(&features::folder(), &digests) else { return vec![] };
    let mut known: Vec<(usize, usize)> =
        files.iter().filter_map(|(digest, &file)| Some((file, cache.find(digest)?))).collect();
    known.sort_unstable();
    if known.len() > MOST_COMPARED {
        let most = thousands(MOST_COMPARED as u64);
        progress
            .note(&format!("there are more than {most} pictures, so features are not compared"));
        return vec![];
    }
    let (files, records): (Vec<usize>, Vec<usize>) = known.into_iter().unzip();
    let bar = progress.begin("Comparing features", None);
    let pairs = features::alike(&Table::of_cache(cache, records), stop);
    drop(bar);
    match pairs {
        Ok(pairs) => {
            progress.note(&format!(
                "also compared {} using features saved by an earlier training run",
                count(files.len(), "picture")
            ));
            pairs.into_iter().map(|(a, b)| (files[a], files[b])).collect()
        }
        Err(error) => {
            progress.warn(&format!("{error}: {}; features are not compared", error.source));
            vec![]
        }
    }
}
