//! Which pictures are held out: stratified by class, the same for the same content and seed,
//! whatever the files are called and in whatever order they come; and folds, by which every
//! picture is held out once.

use std::collections::HashMap;

use ground::Digest;
use ground::random::{Draws, Purpose};

use crate::Side;
use crate::joined::Joined;

/// The side of each picture; all slices have one entry a picture.
///
/// A side that is `given` stands. If any picture is given to [`Side::Valid`], those without a side
/// are trained on; otherwise about `fraction` of them, class by class, is held out: of a class with
/// at least two groups at least one group, and never all. Pictures of one of the [`groups`] fall on
/// one side, the strictest (test, then valid) that is given to any of them.
///
/// # Panics
/// When the slices differ in length.
#[must_use]
pub fn assign(
    labels: &[usize],
    digests: &[Digest],
    groups: &[usize],
    given: &[Option<Side>],
    fraction: f64,
    seed: u64,
) -> Vec<Side> {
    assert!([labels.len(), groups.len(), given.len()] == [digests.len(); 3], "one entry a picture");
    let units = Members::of(groups);
    // A million pictures that are all trained on need no draw.
    let drawn = fraction > 0.0 && !given.contains(&Some(Side::Valid));
    let mut sides: Vec<Option<Side>> = given.to_vec();
    let mut free: HashMap<usize, Vec<Unit<'_>>> = HashMap::new();
    for members in units.iter() {
        if let Some(side) = members.iter().filter_map(|&picture| given[picture]).max() {
            members.iter().for_each(|&picture| {
                sides[picture].get_or_insert(side);
            });
        } else if drawn {
            let unit = Unit::new(members, digests, seed, &[]);
            free.entry(home(members, labels)).or_default().push(unit);
        }
    }
    for class in free.into_values() {
        for unit in held_out(class, fraction) {
            unit.members.iter().for_each(|&picture| sides[picture] = Some(Side::Valid));
        }
    }
    sides.into_iter().map(|side| side.unwrap_or(Side::Train)).collect()
}

/// How many pictures of `Valid` or `Test` have one of their group among those trained on: none
/// after [`assign`], unless the sides were given so.
///
/// # Panics
/// When the slices differ in length.
#[must_use]
pub fn leaks(groups: &[usize], sides: &[Side]) -> usize {
    assert_eq!(groups.len(), sides.len(), "one entry a picture");
    let leaks = |members: &[usize]| {
        let trained = members.iter().filter(|&&picture| sides[picture] == Side::Train).count();
        if trained == 0 { 0 } else { members.len() - trained }
    };
    Members::of(groups).iter().map(leaks).sum()
}

/// How many pictures have one of their group in another fold: none of [`folds`], unless the folds were
/// given so.
///
/// # Panics
/// When the slices differ in length.
#[must_use]
pub fn torn(groups: &[usize], folds: &[usize]) -> usize {
    assert_eq!(groups.len(), folds.len(), "one entry a picture");
    let torn =
        |members: &&[usize]| members.iter().any(|&picture| folds[picture] != folds[members[0]]);
    Members::of(groups).iter().filter(torn).map(<[usize]>::len).sum()
}

/// Which pictures stay together: those with the same number, counted from 0 in the order of their
/// first pictures. They have the same bytes, one of the names that `named` gives, or are one of the
/// `pairs`, directly or by way of others.
///
/// # Panics
/// When the slices differ in length or a pair is of something that is no picture.
#[must_use]
pub fn groups(
    digests: &[Digest],
    named: &[&[Option<String>]],
    pairs: &[(usize, usize)],
) -> Vec<usize> {
    let mut joined = Joined::new(digests.len());
    let mut by_digest: Vec<usize> = (0..digests.len()).collect();
    by_digest.sort_unstable_by_key(|&picture| digests[picture]);
    for pair in by_digest.windows(2) {
        if digests[pair[0]] == digests[pair[1]] {
            joined.join(pair[0], pair[1]);
        }
    }
    for names in named {
        assert_eq!(digests.len(), names.len(), "one entry a picture");
        let mut by_name: HashMap<&str, usize> = HashMap::new();
        for (picture, name) in names.iter().enumerate() {
            if let Some(name) = name {
                joined.join(*by_name.entry(name).or_insert(picture), picture);
            }
        }
    }
    pairs.iter().for_each(|&(a, b)| joined.join(a, b));
    joined.numbers()
}

/// Groups of at least two, each sorted, in the order of their numbers.
pub(crate) fn sets(groups: &[usize]) -> Vec<Vec<usize>> {
    Members::of(groups).iter().filter(|set| set.len() > 1).map(<[usize]>::to_vec).collect()
}

/// Deals pictures to `folds` folds for the `round`-th time: whole groups, and every class as evenly
/// as whole groups allow (stratified, grouped cross-validation). The deal follows content and seed,
/// not order.
///
/// Larger groups are dealt first, each to the fold that has fewest pictures of its most common
/// class, then fewest pictures.
///
/// # Panics
/// When the slices differ in length or there is no fold.
#[must_use]
pub fn folds(
    labels: &[usize],
    digests: &[Digest],
    groups: &[usize],
    folds: usize,
    seed: u64,
    round: u64,
) -> Vec<usize> {
    assert!([labels.len(), groups.len()] == [digests.len(); 2] && folds > 0, "one entry a picture");
    let members = Members::of(groups);
    let mut units: Vec<(usize, Unit<'_>)> = members
        .iter()
        .map(|members| (home(members, labels), Unit::new(members, digests, seed, &[round])))
        .collect();
    units.sort_by_key(|(class, unit)| (std::cmp::Reverse(unit.members.len()), *class, unit.rank));
    let classes = labels.iter().max().map_or(0, |&last| last + 1);
    let mut of_class = vec![vec![0; classes]; folds];
    let mut sizes = vec![0; folds];
    let mut fold_of = vec![0; labels.len()];
    for (class, unit) in units {
        let emptiest = (0..folds).min_by_key(|&fold| (of_class[fold][class], sizes[fold]));
        let fold = emptiest.unwrap_or(0);
        for &picture in unit.members {
            of_class[fold][labels[picture]] += 1;
            fold_of[picture] = fold;
        }
        sizes[fold] += unit.members.len();
    }
    fold_of
}

/// Pictures that stay together, and where they come in the draw.
struct Unit<'a> {
    members: &'a [usize],
    /// By draw; two units never share the digest.
    rank: (u64, Digest),
}

impl<'a> Unit<'a> {
    fn new(members: &'a [usize], digests: &[Digest], seed: u64, round: &[u64]) -> Self {
        let name = members.iter().map(|&picture| digests[picture]).min();
        let name = name.expect("a unit has a member");
        let parts = name.0.as_chunks().0.iter().map(|&part| u64::from_le_bytes(part));
        let key: Vec<u64> = parts.chain(round.iter().copied()).collect();
        Self { members, rank: (Draws::new(seed, Purpose::Split, &key).bits(), name) }
    }
}

/// The class that most pictures of a unit have; of several, the first.
fn home(members: &[usize], labels: &[usize]) -> usize {
    let mut counts: HashMap<usize, usize> = HashMap::new();
    members.iter().for_each(|&picture| *counts.entry(labels[picture]).or_default() += 1);
    let most = counts.into_iter().max_by_key(|&(label, count)| (count, std::cmp::Reverse(label)));
    most.map_or(0, |(label, _)| label)
}

/// Those units of a class that are held out.
fn held_out(mut units: Vec<Unit<'_>>, fraction: f64) -> Vec<Unit<'_>> {
    if units.len() < 2 || fraction <= 0.0 {
        return Vec::new();
    }
    let pictures: usize = units.iter().map(|unit| unit.members.len()).sum();
    let wanted = (fraction.min(1.0) * pictures as f64).round() as usize;
    units.sort_by_key(|unit| unit.rank);
    let count = units.len();
    let (mut held, mut rest): (Vec<_>, Vec<_>) = (Vec::new(), Vec::new());
    let mut taken = 0;
    for unit in units {
        let size = unit.members.len();
        // A unit that would overshoot by more than is missing now is left out.
        let nearer = taken < wanted && taken + size - wanted.min(taken + size) <= wanted - taken;
        if nearer && held.len() + 1 < count {
            taken += size;
            held.push(unit);
        } else {
            rest.push(unit);
        }
    }
    if held.is_empty() {
        held.extend(rest.into_iter().min_by_key(|unit| (unit.members.len(), unit.rank)));
    }
    held
}

/// The pictures of each group, behind one another: a million groups of one are two lists, not a million.
struct Members {
    pictures: Vec<usize>,
    /// The index into `pictures` at which each group ends.
    ends: Vec<usize>,
}

impl Members {
    fn of(groups: &[usize]) -> Self {
        let mut ends = vec![0; groups.iter().max().map_or(0, |&last| last + 1)];
        groups.iter().for_each(|&group| ends[group] += 1);
        let mut end = 0;
        for own in &mut ends {
            end += *own;
            *own = end - *own; // where it begins; a picture that is put there moves it on
        }
        let mut pictures = vec![0; groups.len()];
        for (picture, &group) in groups.iter().enumerate() {
            pictures[ends[group]] = picture;
            ends[group] += 1;
        }
        Self { pictures, ends }
    }

    /// The pictures of each group; empty groups are left out.
    fn iter(&self) -> impl Iterator<Item = &[usize]> {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        let groups = begins.zip(&self.ends).map(|(begin, &end)| &self.pictures[begin..end]);
        groups.filter(|members| !members.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::{folds, leaks};
    use crate::Side::{self, Test, Train, Valid};
    use ground::Digest;
    use proptest::prelude::*;

    fn digests(names: &[usize]) -> Vec<Digest> {
        names.iter().map(|name| Digest::of(&name.to_le_bytes())).collect()
    }

    fn groups(digests: &[Digest], named: &[Option<String>]) -> Vec<usize> {
        super::groups(digests, &[named], &[])
    }

    fn assign(
        labels: &[usize],
        digests: &[Digest],
        named: &[Option<String>],
        given: &[Option<Side>],
        fraction: f64,
        seed: u64,
    ) -> Vec<Side> {
        super::assign(labels, digests, &groups(digests, named), given, fraction, seed)
    }

    fn count(sides: &[Side], labels: &[usize], label: usize) -> usize {
        sides.iter().zip(labels).filter(|&(&side, &l)| side == Valid && l == label).count()
    }

    #[test]
    fn groups_of_two_and_more_come_in_the_order_of_their_numbers() {
        assert_eq!(super::sets(&[2, 0, 2, 5, 0]), [vec![1, 4], vec![0, 2]]);
        assert!(super::sets(&[]).is_empty() && super::sets(&[1]).is_empty());
    }

    #[test]
    fn each_class_gives_its_share() {
        let labels: Vec<usize> = (0..520).map(|i| [0, 1, 1, 2, 2][i % 5]).collect();
        let names: Vec<usize> = (0..520).collect();
        let sides = assign(&labels, &digests(&names), &vec![None; 520], &vec![None; 520], 0.2, 42);
        assert_eq!([0, 1, 2].map(|label| count(&sides, &labels, label)), [21, 42, 42]);
        let other = assign(&labels, &digests(&names), &vec![None; 520], &vec![None; 520], 0.2, 43);
        assert_ne!(sides, other);
    }

    #[test]
    fn the_split_follows_content_not_order() {
        let n = 60;
        let labels: Vec<usize> = (0..n).map(|i| i % 3).collect();
        let names: Vec<usize> = (0..n).map(|i| i / 2 * 2).collect(); // twins, of different classes
        let none = (vec![None; n], vec![None; n]);
        let sides = assign(&labels, &digests(&names), &none.0, &none.1, 0.3, 1);
        let back = |items: &[usize]| items.iter().rev().copied().collect::<Vec<_>>();
        let reversed = assign(&back(&labels), &digests(&back(&names)), &none.0, &none.1, 0.3, 1);
        assert_eq!(sides, reversed.into_iter().rev().collect::<Vec<_>>());
    }

    #[test]
    fn small_classes_keep_a_picture_on_each_side() {
        for n in 1..6 {
            for fraction in [0.01, 0.2, 0.99, 1.0] {
                let sides = assign(
                    &vec![0; n],
                    &digests(&(0..n).collect::<Vec<_>>()),
                    &vec![None; n],
                    &vec![None; n],
                    fraction,
                    7,
                );
                let held = count(&sides, &vec![0; n], 0);
                assert!(if n == 1 { held == 0 } else { (1..n).contains(&held) }, "{n} {fraction}");
            }
        }
        let none = assign(
            &[0; 9],
            &digests(&[0, 1, 2, 3, 4, 5, 6, 7, 8]),
            &vec![None; 9],
            &[None; 9],
            0.0,
            7,
        );
        assert_eq!(none, [Train; 9]);
    }

    #[test]
    fn given_sides_stand_and_draw_their_twins() {
        let names = [0, 1, 2, 0, 4, 5];
        let given = [Some(Valid), Some(Train), None, None, Some(Test), None];
        let groups =
            ["", "", "", "", "film", "film"].map(|g| (!g.is_empty()).then(|| g.to_owned()));
        let sides = assign(&[0; 6], &digests(&names), &groups, &given, 0.5, 1);
        assert_eq!(sides, [Valid, Train, Train, Valid, Test, Test]);
        // Only a test side is given: validation is still drawn.
        let given = [Some(Test), None, None, None, None, None];
        let sides = assign(&[0; 6], &digests(&[0, 1, 2, 3, 4, 5]), &vec![None; 6], &given, 0.4, 1);
        assert_eq!((sides[0], count(&sides, &[0; 6], 0)), (Test, 2));
        // Twins that were given to both sides are told.
        let given = [Some(Train), Some(Valid)];
        let twins = digests(&[3, 3]);
        let sides = assign(&[0; 2], &twins, &[None, None], &given, 0.5, 1);
        assert_eq!((&sides[..], leaks(&[0, 0], &sides)), (&[Train, Valid][..], 1));
    }

    #[test]
    fn what_is_joined_by_way_of_others_is_one_group() {
        let named = [None, Some("film".to_owned()), None, Some("film".to_owned()), None, None];
        let other = [None, None, None, Some("a".to_owned()), Some("a".to_owned()), None];
        let digests = digests(&[0, 1, 0, 3, 4, 5]);
        assert_eq!(super::groups(&digests, &[&named, &other], &[(1, 2)]), [0, 0, 0, 0, 0, 1]);
        assert_eq!(super::groups(&digests, &[&named], &[]), [0, 1, 0, 1, 2, 3]);
        assert_eq!(super::groups(&digests, &[], &[(4, 5)]), [0, 1, 0, 2, 3, 3]);
    }

    #[test]
    fn folds_hold_each_class_evenly_and_differ_by_round() {
        let n = 103;
        let labels: Vec<usize> = (0..n).map(|i| usize::from(i % 4 == 0)).collect();
        let digests = digests(&(0..n).collect::<Vec<_>>());
        let alone: Vec<usize> = (0..n).collect();
        let first = folds(&labels, &digests, &alone, 5, 42, 0);
        for fold in 0..5 {
            for (class, range) in [(0, 15..=16), (1, 5..=6)] {
                let held = (0..n).filter(|&i| first[i] == fold && labels[i] == class).count();
                assert!(range.contains(&held), "{held} of class {class} in fold {fold}");
            }
        }
        assert_ne!(first, folds(&labels, &digests, &alone, 5, 42, 1));
        assert_ne!(first, folds(&labels, &digests, &alone, 5, 43, 0));
        let back = |items: &[usize]| items.iter().rev().copied().collect::<Vec<_>>();
        let reversed: Vec<Digest> = digests.iter().rev().copied().collect();
        assert_eq!(back(&folds(&back(&labels), &reversed, &back(&alone), 5, 42, 0)), first);
    }

    proptest! {
        #[test]
        fn folds_keep_groups_whole(
            pictures in prop::collection::vec((0..4usize, 0..30usize, prop::option::of(0..12u8)), 1..80),
            count in 2..7usize,
            seed: u64,
        ) {
            let labels: Vec<_> = pictures.iter().map(|p| p.0).collect();
            let digests = digests(&pictures.iter().map(|p| p.1).collect::<Vec<_>>());
            let named: Vec<_> = pictures.iter().map(|p| p.2.map(|g| g.to_string())).collect();
            let groups = groups(&digests, &named);
            let dealt = folds(&labels, &digests, &groups, count, seed, 3);
            prop_assert!(dealt.iter().all(|&fold| fold < count));
            for a in 0..pictures.len() {
                for b in 0..a {
                    let same = digests[a] == digests[b] || named[a].is_some() && named[a] == named[b];
                    prop_assert!(!same || groups[a] == groups[b]);
                    prop_assert!(groups[a] != groups[b] || dealt[a] == dealt[b]);
                }
            }
        }

        #[test]
        fn units_are_whole(
            pictures in prop::collection::vec((0..4usize, 0..30usize, prop::option::of(0..12u8)), 1..80),
            pairs in prop::collection::vec((0..80usize, 0..80usize), 0..20),
            fraction in 0.0..1.0f64,
            seed: u64,
        ) {
            let labels: Vec<_> = pictures.iter().map(|p| p.0).collect();
            let digests = digests(&pictures.iter().map(|p| p.1).collect::<Vec<_>>());
            let groups: Vec<_> = pictures.iter().map(|p| p.2.map(|g| g.to_string())).collect();
            let pairs: Vec<_> =
                pairs.into_iter().filter(|&(a, b)| a.max(b) < pictures.len()).collect();
            let other: Vec<_> = (0..pictures.len()).map(|i| (i % 7 == 3).then(|| (i % 2).to_string())).collect();
            let units = super::groups(&digests, &[&groups, &other], &pairs);
            let sides = super::assign(&labels, &digests, &units, &vec![None; pictures.len()], fraction, seed);
            prop_assert!(pairs.iter().all(|&(a, b)| units[a] == units[b] && sides[a] == sides[b]));
            for a in 0..pictures.len() {
                for b in 0..a {
                    let named = |names: &[Option<String>]| names[a].is_some() && names[a] == names[b];
                    let together = digests[a] == digests[b] || named(&groups) || named(&other);
                    prop_assert!(!together || sides[a] == sides[b]);
                }
            }
            prop_assert_eq!(leaks(&units, &sides), 0);
            prop_assert!(sides.contains(&Train));
        }
    }
}
