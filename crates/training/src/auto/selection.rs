//! Which kind of head is selected: the one that predicts held-out pictures best.

use classifier::softmax;
use ground::Stop;
use ground::progress::Progress;
use insight::{Candidate, Difference, HeldOut, Protocol, RunRecord};

use super::cross_validation::{CrossValidation, Fold, each};
use super::{AutoError, HeadKind, HeadSpec, stopped};
use crate::head::{Layers, LinearKind};

/// The kinds of linear head that are compared.
const LINEAR: [LinearKind; 2] = [LinearKind::Logistic, LinearKind::Means];
/// Pictures on which it is tried first, in whole folds. It goes on with the other folds where it is
/// the best there.
const FIRST_TRIED: usize = 100;

/// What cross-validation showed.
pub(super) struct Selection {
    pub(super) chosen: HeadKind,
    /// The run's record with its held-out pictures and candidates, to be completed.
    pub(super) record: RunRecord,
    /// The index of each held-out picture in the dataset.
    pub(super) pictures: Vec<usize>,
    /// The heads of the chosen kind in each fold of the first round.
    pub(super) first: Vec<FittedHead>,
}

/// The head of a fold: how it was fitted, and itself where that was on the features as they are.
pub(super) struct FittedHead {
    spec: HeadSpec,
    head: Option<Layers>,
}

/// What heads of one kind predicted in some folds, the first ones of all.
struct Results {
    kind: HeadKind,
    heads: Vec<FittedHead>,
    /// For each fold a row for each held-out picture.
    logits: Vec<Vec<Vec<f32>>>,
}

/// Cross-validates every kind of head, and selects one.
///
/// The linear ones predict all held-out pictures, in all rounds. The two-layer network, which takes
/// longer to train than all of them, is tried in the first folds; only where it is the best there,
/// in the others, and in one round. It is selected where it is better beyond chance.
pub(super) fn of(
    cross: &CrossValidation<'_>,
    progress: &dyn Progress,
    stop: &Stop,
) -> Result<Selection, AutoError> {
    let bar = progress.begin("Cross-validating", Some(cross.folds.len() as u64));
    let results = each(&cross.folds, |fold| {
        stopped(stop)?;
        let space = cross.space(&fold.train, &fold.held_out)?;
        let one: Result<Vec<_>, AutoError> = LINEAR
            .iter()
            .map(|&kind| {
                let spec = cross.spec(HeadKind::Linear(kind), &space, &fold.train)?;
                let head = space.fit(spec, &space.train, cross.classes)?;
                let logits = head.logits(&space.table, &space.held_out)?;
                let head = (fold.round == 0 && !space.scaled).then_some(head);
                Ok((FittedHead { spec, head }, logits))
            })
            .collect();
        bar.advance(1);
        one
    })?;
    let mut linear = LINEAR.map(|kind| Results::of(HeadKind::Linear(kind)));
    for result in results {
        for (results, one) in linear.iter_mut().zip(result) {
            results.add(one);
        }
    }
    let [a, b] = &linear;
    let (mut candidates, mut chosen) = cross.compete(&[a, b], cross.folds.len());
    let mut protocol = cross.protocol();
    let mut hidden = Results::of(HeadKind::Hidden);
    let mut folds = cross.folds.len();
    if cross.labels.len() <= HeadKind::MOST_FOR_HIDDEN {
        let round = cross.folds.iter().filter(|fold| fold.round == 0).count();
        let mut asked = 0;
        let few = cross.folds[..round].iter().take_while(|fold| {
            let wanted = asked < FIRST_TRIED;
            asked += fold.held_out.len();
            wanted
        });
        let few = few.count();
        hidden.extend_to(few, cross, progress, stop)?;
        let (mut both, best) = cross.compete(&[&linear[chosen], &hidden], few);
        if best == 1 && few < round {
            hidden.extend_to(round, cross, progress, stop)?;
            both = cross.compete(&[&linear[chosen], &hidden], round).0;
        }
        // With a few hundred pictures it wins by luck now and then, and costs more ever after.
        if both[0].behind.is_some_and(|gap| gap.low > 0.0) {
            (candidates, chosen) = cross.compete(&[a, b, &hidden], round);
            folds = round;
            if let Protocol::OutOfFold { repeats, .. } = &mut protocol {
                *repeats = 1;
            }
        } else {
            let ahead = both[0].behind.map(Difference::reversed);
            candidates.extend(both.pop().map(|network| Candidate {
                behind: network.behind.or(ahead),
                chosen: false,
                ..network
            }));
        }
    }
    let [a, b] = linear;
    let selected = [a, b, hidden].into_iter().nth(chosen).expect("one of these was chosen");
    let (pictures, held_out) = cross.gather(&selected.logits[..folds]);
    let part = cross.part;
    let record = RunRecord { protocol, held_out, part, candidates, ..RunRecord::default() };
    Ok(Selection { chosen: selected.kind, record, pictures, first: selected.heads })
}

impl Results {
    /// None yet.
    fn of(kind: HeadKind) -> Self {
        Self { kind, heads: vec![], logits: vec![] }
    }

    fn add(&mut self, (head, logits): (FittedHead, Vec<Vec<f32>>)) {
        self.heads.push(head);
        self.logits.push(logits);
    }

    /// Trains small networks on the features as they are, up to so many folds.
    fn extend_to(
        &mut self,
        count: usize,
        cross: &CrossValidation<'_>,
        progress: &dyn Progress,
        stop: &Stop,
    ) -> Result<(), AutoError> {
        let folds = &cross.folds[self.heads.len()..count];
        let bar = progress.begin("Trying a small network", Some(folds.len() as u64));
        let results = each(folds, |fold: &Fold| {
            stopped(stop)?;
            let spec = HeadSpec::Hidden;
            let head = spec.fit(cross.samples(&fold.train))?;
            let logits = head.logits(cross.table, &fold.held_out)?;
            bar.advance(1);
            Ok::<_, AutoError>((FittedHead { spec, head: Some(head) }, logits))
        })?;
        results.into_iter().for_each(|one| self.add(one));
        Ok(())
    }
}

impl CrossValidation<'_> {
    /// Which of some kinds is best in the first so many folds, and by how much.
    fn compete(&self, kinds: &[&Results], folds: usize) -> (Vec<Candidate>, usize) {
        let mut all = vec![];
        let (mut labels, mut groups) = (vec![], vec![]);
        for results in kinds {
            // All predicted the same pictures.
            let (_, held_out) = self.gather(&results.logits[..folds]);
            labels = held_out.iter().map(|one| one.actual).collect();
            groups = held_out.iter().map(|one| one.group).collect();
            let logits = held_out.into_iter().map(|one| one.logits).collect();
            all.push((results.kind.to_string(), logits));
        }
        let candidates = insight::compete(&all, &labels, &groups);
        let best = candidates.iter().position(|candidate| candidate.chosen).unwrap_or(0);
        (candidates, best)
    }

    /// The held-out pictures of the first folds, with their logits over all rounds, and the index
    /// of each in the dataset.
    fn gather(&self, logits: &[Vec<Vec<f32>>]) -> (Vec<usize>, Vec<HeldOut>) {
        let mut of_picture: Vec<Vec<&[f32]>> = vec![vec![]; self.labels.len()];
        for (fold, rows) in self.folds.iter().zip(logits) {
            for (&picture, row) in fold.held_out.iter().zip(rows) {
                of_picture[picture].push(row);
            }
        }
        let judged = of_picture.iter().enumerate().filter(|(_, rows)| !rows.is_empty());
        let judged = judged.map(|(picture, rows)| {
            let one = HeldOut {
                actual: self.labels[picture],
                logits: mean(rows),
                fold: self.fold_of[picture].unwrap_or_default(),
                group: self.groups[picture],
                ..HeldOut::default()
            };
            (picture, one)
        });
        judged.unzip()
    }
}

/// The heads of the first round, by fold.
pub(super) fn heads(
    first: Vec<FittedHead>,
    cross: &CrossValidation<'_>,
) -> Result<Vec<Layers>, AutoError> {
    let folds = cross.folds.iter().filter(|fold| fold.round == 0);
    let both: Vec<(&Fold, FittedHead)> = folds.zip(first).collect();
    each(&both, |(fold, fitted)| match &fitted.head {
        Some(head) => Ok(head.clone()),
        // It was fitted on other coordinates, which come to the same.
        None => Ok(fitted.spec.fit(cross.samples(&fold.train))?),
    })
}

/// The logarithm of the mean probability.
fn mean(rows: &[&[f32]]) -> Vec<f32> {
    if let [row] = rows {
        return row.to_vec();
    }
    let mut sums = vec![0.0f64; rows[0].len()];
    for row in rows {
        sums.iter_mut().zip(softmax(row)).for_each(|(sum, p)| *sum += f64::from(p));
    }
    let n = rows.len() as f64;
    sums.iter().map(|sum| (sum / n).max(f64::from(f32::MIN_POSITIVE)).ln() as f32).collect()
}
