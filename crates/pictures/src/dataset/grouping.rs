//! Which items belong together, the sides that follow from it, and what the owner is told of it.

use std::collections::HashMap;

use ground::progress::Progress;
use ground::{Digest, Stop};

use super::{Dataset, Settings};
use crate::folder::natural;
use crate::near::{self, Pair, Trusted};
use crate::{Absent, Labelled, PerceptualHash, PicturesError, split};

/// Near duplicates in two classes that are named; beyond it they are counted.
const NAMED: usize = 3;

impl Dataset {
    /// Groups the items, of which `good` says where they come from, and gives each a side. Copies are
    /// looked for among those with a hash, which come in the order of the items.
    pub(super) fn split(
        &mut self,
        good: &[&Labelled],
        hashes: Vec<(usize, PerceptualHash)>,
        settings: &Settings,
        progress: &dyn Progress,
        stop: &Stop,
    ) -> Result<(), PicturesError> {
        let found = self.near_duplicates(hashes, progress, stop)?;
        let alike = found.pairs;
        let pairs: Vec<_> = alike.iter().map(|pair| (pair.first, pair.second)).collect();
        let labels: Vec<_> = self.items.iter().map(|item| item.label).collect();
        let digests: Vec<_> = self.items.iter().map(|item| item.digest).collect();
        let ways = good.first().map_or(0, |picture| picture.also.len());
        let gone: Vec<Labelled> = self.absent.iter().map(|absent| labelled(absent, ways)).collect();
        let good: Vec<&Labelled> = good.iter().copied().chain(&gone).collect();
        // Boxes of one photograph share its light and its ground.
        let photograph = |picture: &Labelled| {
            picture.place.photograph().map(|whole| whole.name().to_string_lossy().into_owned())
        };
        let name = |picture: &Labelled, way: usize| match way {
            0 => picture.group.clone(),
            1 => photograph(picture),
            _ => picture.also[way - 2].clone(),
        };
        let names = |way| good.iter().map(|picture| name(picture, way)).collect();
        let named: Vec<Vec<Option<String>>> = (0..ways + 2)
            .map(names)
            .filter(|names: &Vec<_>| names.iter().any(Option::is_some))
            .collect();
        let named: Vec<&[Option<String>]> = named.iter().map(Vec::as_slice).collect();
        let given: Vec<_> = good.iter().map(|picture| picture.side).collect();
        self.groups = split::groups(&digests, &named, &pairs);
        self.copies = split::sets(&split::groups(&digests, &[], &pairs));
        let (fraction, seed) = (settings.valid_fraction, settings.seed);
        let sides = split::assign(&labels, &digests, &self.groups, &given, fraction, seed);
        let leaks = split::leaks(&self.groups, &sides);
        if leaks > 0 {
            let known = split::leaks(&split::groups(&digests, &named, &[]), &sides);
            self.warnings.push(warning_of_leaks(leaks, known));
        }
        for (item, side) in self.items.iter_mut().zip(sides) {
            item.side = side;
        }
        self.folds = given_folds(&good);
        if let Some(folds) = &self.folds {
            let known = split::groups(&digests, &named, &[]);
            let leaks = [&self.groups, &known].map(|groups| split::torn(groups, folds));
            self.warnings.extend(warning_of_torn(leaks));
            self.warn_of_lone_folds();
        }
        self.warn_of_contradictions();
        self.warn_of_doubtful_labels(&alike);
        self.warn_of_large_groups();
        self.warn_of_likeness(&found.alike);
        self.warn_of_lone_groups();
        Ok(())
    }

    /// Keeps pairs of items together that prove to show the same.
    ///
    /// # Panics
    /// When one is no item.
    pub fn keep_together(&mut self, pairs: &[(usize, usize)]) {
        let digests: Vec<_> = self.items.iter().map(|item| item.digest).collect();
        let named = |group: &usize| Some(group.to_string());
        let groups: Vec<Option<String>> = self.groups.iter().map(named).collect();
        self.groups = split::groups(&digests, &[&groups], pairs);
        let mut copies = vec![None; digests.len()];
        for (set, members) in self.copies.iter().enumerate() {
            members.iter().for_each(|&item| copies[item] = Some(set.to_string()));
        }
        self.copies = split::sets(&split::groups(&digests, &[&copies], pairs));
    }

    fn near_duplicates(
        &self,
        hashes: Vec<(usize, PerceptualHash)>,
        progress: &dyn Progress,
        stop: &Stop,
    ) -> Result<Trusted, PicturesError> {
        let (items, hashes): (Vec<usize>, Vec<PerceptualHash>) = hashes.into_iter().unzip();
        let bar = progress.begin("Looking for copies", None);
        let pairs = near::pairs(&hashes, stop);
        drop(bar);
        if stop.asked() {
            return Err(PicturesError::Stopped);
        }
        let labels: Vec<usize> = items.iter().map(|&item| self.items[item].label).collect();
        let mut found = near::trusted(&pairs, &labels);
        for pair in &mut found.pairs {
            (pair.first, pair.second) = (items[pair.first], items[pair.second]);
        }
        found.alike.iter_mut().flatten().for_each(|at| *at = items[*at]);
        Ok(found)
    }

    /// The same bytes under two labels: one of them is wrong.
    fn warn_of_contradictions(&mut self) {
        let mut first: HashMap<Digest, usize> = HashMap::new();
        let mut copies: Vec<usize> = self.copies.iter().flatten().copied().collect();
        copies.sort_unstable();
        for index in copies {
            let item = &self.items[index];
            let twin = &self.items[*first.entry(item.digest).or_insert(index)];
            if twin.label != item.label {
                self.warnings.push(format!(
                    "`{}` and `{}` are the same picture in two classes",
                    twin.place.name().display(),
                    item.place.name().display()
                ));
            }
        }
    }

    /// Nearly the same picture under two labels: one of them is probably wrong.
    fn warn_of_doubtful_labels(&mut self, alike: &[Pair]) {
        let both = |pair: &Pair| (&self.items[pair.first], &self.items[pair.second]);
        let doubtful: Vec<_> = alike
            .iter()
            .map(both)
            .filter(|(a, b)| a.label != b.label && a.digest != b.digest)
            .collect();
        if doubtful.is_empty() {
            return;
        }
        let mut named: Vec<String> = doubtful
            .iter()
            .take(NAMED)
            .map(|(a, b)| {
                format!("`{}` and `{}`", a.place.name().display(), b.place.name().display())
            })
            .collect();
        if doubtful.len() > NAMED {
            named.push(format!("and {} more", doubtful.len() - NAMED));
        }
        let pairs = match doubtful.len() {
            1 => "1 picture appears, nearly identical, in two classes".to_owned(),
            n => format!("{n} pictures appear, nearly identical, in two classes"),
        };
        self.warnings.push(format!(
            "{pairs}; one of the labels is probably wrong: {}. Each pair stays on the same side of \
             every split",
            named.join("; ")
        ));
    }

    /// A class of which more than half is one group is evaluated on few pictures.
    fn warn_of_large_groups(&mut self) {
        let mut sizes = vec![0; self.classes.len()];
        self.items.iter().for_each(|item| sizes[item.label] += 1);
        let mut large = vec![];
        for set in &self.copies {
            let mut of_class: HashMap<usize, usize> = HashMap::new();
            set.iter().for_each(|&item| *of_class.entry(self.items[item].label).or_default() += 1);
            for (label, count) in of_class {
                if count > 2 && count * 2 > sizes[label] {
                    large.push((label, count));
                }
            }
        }
        large.sort_unstable();
        self.warnings.extend(large.into_iter().map(|(label, count)| {
            format!(
                "{count} of the {} pictures of `{}` are copies or near duplicates of one another \
                 and stay together, so its scores come from few pictures",
                sizes[label], self.classes[label]
            )
        }));
    }

    /// Many pictures of a class that look alike on plain grounds are no copies.
    fn warn_of_likeness(&mut self, alike: &[Vec<usize>]) {
        let pictures: usize = alike.iter().map(Vec::len).sum();
        if pictures > 0 {
            self.warnings.push(format!(
                "{pictures} pictures look alike to the search for copies, probably because of their \
                 plain ground. They are not kept together; if they do show the same things, group them \
                 with `--group-by`"
            ));
        }
    }

    /// A class that is in one fold cannot be both trained on and evaluated.
    fn warn_of_lone_folds(&mut self) {
        let Some(folds) = &self.folds else { return };
        for (label, class) in self.classes.iter().enumerate() {
            let own = self.items.iter().zip(folds).filter(|(item, _)| item.label == label);
            let own: Vec<usize> = own.map(|(_, &fold)| fold).collect();
            if own.iter().all(|&fold| fold == own[0]) {
                self.warnings.push(format!(
                    "all {} pictures of `{class}` are in one fold, so that it cannot be both trained on \
                     and evaluated",
                    own.len()
                ));
            }
        }
    }

    /// A class that is one group cannot be both trained on and evaluated.
    fn warn_of_lone_groups(&mut self) {
        for (label, class) in self.classes.iter().enumerate() {
            let groups = self.items.iter().zip(&self.groups);
            let mut groups: Vec<usize> =
                groups.filter(|(item, _)| item.label == label).map(|(_, &group)| group).collect();
            let pictures = groups.len();
            groups.sort_unstable();
            groups.dedup();
            // Where they are copies, that has been told.
            let copies = self.copies.iter().any(|set| 2 * set.len() > pictures);
            if groups.len() == 1 && pictures > 1 && !copies {
                self.warnings.push(format!(
                    "all {pictures} pictures of `{class}` are one group, so that it cannot be both \
                     trained on and evaluated"
                ));
            }
        }
    }
}

/// A picture whose file is gone among those that are there.
fn labelled(absent: &Absent, ways: usize) -> Labelled {
    let Absent { path, label, group, .. } = absent.clone();
    let place = path.into();
    Labelled { place, label, side: None, group, fold: None, also: vec![None; ways] }
}

/// The fold of each picture, numbered in the order of their names; `None` unless there are two.
fn given_folds(good: &[&Labelled]) -> Option<Vec<usize>> {
    let folds: Option<Vec<&str>> = good.iter().map(|picture| picture.fold.as_deref()).collect();
    let folds = folds?;
    let mut names = folds.clone();
    names.sort_by(|a, b| natural(a, b));
    names.dedup();
    let place = |fold: &str| names.binary_search_by(|name| natural(name, fold)).unwrap_or(0);
    (names.len() > 1).then(|| folds.into_iter().map(place).collect())
}

/// What is said of pictures that have one of their group in another fold: of `all`, and of those that
/// would be there without near duplicates.
fn warning_of_torn([all, known]: [usize; 2]) -> Option<String> {
    let have = if all == 1 { "picture has" } else { "pictures have" };
    let what = match (known, all - known) {
        (_, 0) => "the same bytes or group".to_owned(),
        (0, _) => "near duplicates".to_owned(),
        (known, near) => format!("{known} by the same bytes or group, {near} by near duplicates"),
    };
    (all > 0).then(|| {
        format!(
            "{all} {have} a copy or one of their group in another fold ({what}), as your table says: \
             they are trained on and evaluated, and the scores look better than they are"
        )
    })
}

/// `known` of the leaks would be there without near duplicates.
fn warning_of_leaks(leaks: usize, known: usize) -> String {
    let are = if leaks == 1 { "picture is" } else { "pictures are" };
    let how = match (known, leaks - known) {
        (_, 0) => "the same bytes or group".to_owned(),
        (0, _) => "near duplicates".to_owned(),
        (known, near) => format!("{known} by the same bytes or group, {near} by near duplicates"),
    };
    format!(
        "{leaks} held-out {are} also trained on ({how}), as your folders or table say: the scores \
         look better than they are"
    )
}
