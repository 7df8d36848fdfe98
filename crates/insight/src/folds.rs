//! Which pictures may speak about which: whatever scores a picture was fitted on other folds.

use std::collections::{BTreeMap, BTreeSet};

use ground::random::{Draws, Purpose};

use crate::record::HeldOut;

/// Into how many a single split is cut.
const FOLDS: usize = 5;

/// The fold of each prediction: as it was judged, or, where all come from a single split, drawn
/// class by class and group by group.
pub(crate) fn of(known: &[&HeldOut]) -> Vec<usize> {
    let distinct: BTreeSet<usize> = known.iter().map(|p| p.fold).collect();
    if distinct.len() > 1 {
        return known.iter().map(|p| p.fold).collect();
    }
    let labels: Vec<usize> = known.iter().map(|p| p.actual).collect();
    let groups: Vec<usize> = known.iter().map(|p| p.group).collect();
    drawn(&labels, &groups)
}

/// Folds of about the same size and the same classes, no group in two of them.
pub(crate) fn drawn(labels: &[usize], groups: &[usize]) -> Vec<usize> {
    // A group goes with the class of its first picture.
    let mut home = BTreeMap::new();
    for (&group, &label) in groups.iter().zip(labels) {
        home.entry(group).or_insert(label);
    }
    let mut of_class = BTreeMap::<usize, Vec<usize>>::new();
    for (&group, &label) in &home {
        of_class.entry(label).or_default().push(group);
    }
    let mut fold = BTreeMap::new();
    let mut next = 0;
    for (class, mut members) in of_class {
        Draws::new(0, Purpose::Split, &[FOLDS as u64, class as u64]).shuffle(&mut members);
        for group in members {
            fold.insert(group, next % FOLDS);
            next += 1;
        }
    }
    groups.iter().map(|group| fold[group]).collect()
}

/// What is fitted for each fold on the indices of all others.
pub(crate) fn cross<T>(folds: &[usize], fit: impl Fn(&[usize]) -> T) -> BTreeMap<usize, T> {
    let distinct: BTreeSet<usize> = folds.iter().copied().collect();
    let others = |fold| (0..folds.len()).filter(|&i| folds[i] != fold).collect::<Vec<_>>();
    distinct.into_iter().map(|fold| (fold, fit(&others(fold)))).collect()
}

#[cfg(test)]
mod tests {
    use super::drawn;

    #[test]
    fn folds_are_even_and_part_no_group() {
        let labels: Vec<usize> = (0..100).map(|i| usize::from(i >= 60)).collect();
        let groups: Vec<usize> = (0..100).map(|i| if i < 10 { i / 2 } else { i }).collect();
        let folds = drawn(&labels, &groups);
        assert!((0..10).all(|i| folds[i] == folds[i / 2 * 2]));
        for fold in 0..5 {
            let count =
                |class| (0..100).filter(|&i| folds[i] == fold && labels[i] == class).count();
            assert!((10..=14).contains(&count(0)) && count(1) == 8, "{} {}", count(0), count(1));
        }
    }
}
