//! What tells the class of a picture beside what it shows.

use std::collections::HashMap;

use doctor::{Checkup, Kind, Seen, Sight};
use ground::Digest;
use insight::{Guessed, Proportion, guessed};
use pictures::split;
use training::shortcuts::Clue;

use crate::Error;

/// Pictures that are judged at most, so that a check stays quick; those with the lowest digests,
/// which is as good as drawn.
const JUDGED: usize = 2000;
/// Fewer tell nothing.
const FEWEST: usize = 40;
const FOLDS: usize = 5;
const SEED: u64 = 42;

/// Clues that were tried, and what they compare with: always naming the most common class.
#[derive(Debug, Default)]
pub struct Shortcuts {
    /// How often each clue alone names the right class.
    pub guesses: Vec<Guessed>,
    /// How often the most common class is right; nothing where too few pictures were judged.
    pub chance: Option<Proportion>,
}

impl Shortcuts {
    /// Judges what is known of the pictures beside their content, copies kept together, and adds a
    /// finding for what tells far more than chance. `warn` hears of a table that cannot be read.
    pub(super) fn of(checkup: &mut Checkup, warn: &dyn Fn(&str)) -> Result<Self, Error> {
        let known = known(checkup);
        let classes = checkup.survey.classes.len();
        let labels: Vec<usize> = known.iter().map(|known| known.seen.label).collect();
        let mut counts = vec![0; classes];
        labels.iter().for_each(|&label| counts[label] += 1);
        if labels.len() < FEWEST || counts.iter().filter(|&&count| count > 0).count() < 2 {
            return Ok(Self::default());
        }
        let digests: Vec<Digest> = known.iter().map(|known| known.digest).collect();
        let groups: Vec<usize> = known.iter().map(|known| known.group).collect();
        let fold_of = split::folds(&labels, &digests, &groups, FOLDS, SEED, 0);
        let trials: Vec<(Vec<usize>, Vec<usize>)> = (0..FOLDS)
            .map(|fold| (0..labels.len()).partition(|&picture| fold_of[picture] != fold))
            .filter(|(learned, asked): &(Vec<usize>, Vec<usize>)| {
                !learned.is_empty() && !asked.is_empty()
            })
            .collect();
        let judge = |clue: &Clue| {
            let trials = trials.iter().map(|(learned, asked)| (&learned[..], &asked[..]));
            clue.cross_validate(&labels, classes, trials)
        };
        let clues = clues(checkup, &known, warn);
        let judged: Vec<_> = clues.iter().map(judge).collect::<Result<_, _>>()?;
        let most = counts.iter().copied().max().unwrap_or(0);
        let chance = Proportion::new(most, labels.len());
        let guesses = guessed(&judged, &chance);
        for guess in guesses.iter().filter(|guess| guess.alarm) {
            let words = format!(
                "{} alone gives the right class for {} of pictures; the most common class is right for \
                 {}",
                guess.what, guess.right, chance
            );
            checkup.add(Kind::Shortcut, words);
        }
        Ok(Self { guesses, chance: Some(chance) })
    }
}

/// A picture that can be seen.
struct Known<'a> {
    seen: &'a Seen,
    sight: &'a Sight,
    digest: Digest,
    group: usize,
}

/// The pictures to judge, in the order of their digests; of equal files all have one group.
fn known(checkup: &Checkup) -> Vec<Known<'_>> {
    let files = &checkup.survey.files;
    let mut group: Vec<usize> = (0..files.len()).collect();
    for set in &checkup.groups {
        set.iter().for_each(|&file| group[file] = set[0]);
    }
    let known = files.iter().zip(group).filter_map(|(seen, group)| {
        let sight = seen.sight.as_ref().ok()?;
        Some(Known { seen, sight, digest: seen.digest?, group })
    });
    let mut known: Vec<Known<'_>> = known.collect();
    known.sort_by_key(|known| known.digest);
    known.truncate(JUDGED);
    known
}

fn clues(checkup: &Checkup, known: &[Known<'_>], warn: &dyn Fn(&str)) -> Vec<Clue> {
    let bytes: Vec<u64> = known.iter().map(|known| known.seen.bytes).collect();
    let sizes: Vec<_> = known.iter().map(|known| (known.sight.width, known.sight.height)).collect();
    let colours: Vec<_> = known.iter().map(|known| known.sight.light.colour).collect();
    let camera = |known: &Known<'_>| {
        let exif = known.seen.header.as_ref()?.exif.as_ref()?;
        exif.camera.clone()
    };
    let cameras: Vec<Option<String>> = known.iter().map(camera).collect();
    let hosts = match collect::rows(&checkup.survey.folder) {
        Ok(rows) => hosts(&rows),
        Err(error) => {
            warn(&format!("{error}; where pictures came from is not looked at"));
            HashMap::new()
        }
    };
    let hosts: Vec<Option<String>> =
        known.iter().map(|known| hosts.get(&known.digest).cloned()).collect();
    let names = |what: &str, names: &[Option<String>]| {
        Clue::of_names(what, &names.iter().map(Option::as_deref).collect::<Vec<_>>())
    };
    [Clue::of_files(&bytes), Clue::of_sizes(&sizes), Clue::of_colours(&colours)]
        .into_iter()
        .chain(names("the camera", &cameras))
        .chain(names("the web site that it came from", &hosts))
        .collect()
}

/// Where each file came from, by its content.
fn hosts(rows: &[collect::Row]) -> HashMap<Digest, String> {
    let host = |address: &str| {
        let rest = address.split_once("://")?.1;
        let host = rest.split(['/', '?', '#']).next()?;
        let host = host.rsplit('@').next()?.split(':').next()?.to_lowercase();
        (!host.is_empty()).then_some(host)
    };
    let of = |row: &collect::Row| Some((row.sha256.parse().ok()?, host(&row.url)?));
    rows.iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::hosts;
    use ground::Digest;

    #[test]
    fn the_host_is_that_of_the_address() {
        let row = |url: &str| {
            format!(
                "url,class,time,status,reason,file,sha256,bytes,address,licence,warning\n{url},owl,,kept,,,{},,,,\n",
                Digest::of(b"x")
            )
        };
        for (url, host) in [
            ("https://Birds.example:81/a.jpg", Some("birds.example")),
            ("http://me@birds.example?x=/", Some("birds.example")),
            ("owls.zip!/a.jpg", None),
        ] {
            let rows: Vec<collect::Row> = csv::Reader::from_reader(row(url).as_bytes())
                .deserialize()
                .map(Result::unwrap)
                .collect();
            let found = hosts(&rows);
            assert_eq!(found.get(&Digest::of(b"x")).map(String::as_str), host, "{url}");
        }
    }
}
