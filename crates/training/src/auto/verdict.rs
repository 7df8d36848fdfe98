//! Which kind of head says best what pictures show that it had not learned from.

use classifier::softmax;
use ground::Stop;
use ground::progress::Progress;
use insight::{Candidate, Difference, HeldOut, Protocol, RunRecord};

use super::judge::{Judge, Trial, each};
use super::{AutoError, Rival, Way, stopped};
use crate::head::{Kind, Layers};

/// The kinds of linear head that compete.
const LINEAR: [Kind; 2] = [Kind::Logistic, Kind::Means];
/// Pictures on which it is tried first, in whole folds. It goes on with the other folds where it is
/// the best there.
const FIRST_TRIED: usize = 100;

/// What the trials showed.
pub(super) struct Verdict {
    pub(super) chosen: Rival,
    /// The run's record with its held-out pictures and candidates, to be completed.
    pub(super) record: RunRecord,
    /// The index of each held-out picture in the dataset.
    pub(super) pictures: Vec<usize>,
    /// What the chosen kind of head was made with in each trial of the first round.
    pub(super) first: Vec<Fit>,
}

/// A head of a trial: how it was made, and itself where that was on the features as they are.
pub(super) struct Fit {
    way: Way,
    head: Option<Layers>,
}

/// What a rival said in each of some trials, the first ones of all.
struct Said {
    rival: Rival,
    fits: Vec<Fit>,
    /// A row for each picture that the trial asks about.
    logits: Vec<Vec<Vec<f32>>>,
}

/// Has every kind of head judge the pictures that are asked about.
///
/// The linear ones are asked about all, in all rounds. fastai's small network, which takes longer
/// to make than all of them, is tried in the first folds; only where it is the best there, in the
/// others, and in one round. It is taken where it is better beyond chance.
pub(super) fn of(
    judge: &Judge<'_>,
    progress: &dyn Progress,
    stop: &Stop,
) -> Result<Verdict, AutoError> {
    let bar = progress.begin("Judging pictures", Some(judge.trials.len() as u64));
    let results = each(&judge.trials, |trial| {
        stopped(stop)?;
        let space = judge.space(&trial.learned, &trial.asked)?;
        let said: Result<Vec<_>, AutoError> = LINEAR
            .iter()
            .map(|&kind| {
                let way = judge.way(Rival::Linear(kind), &space, &trial.learned)?;
                let head = space.fit(way, &space.learned, judge.classes)?;
                let logits = head.logits(&space.table, &space.asked)?;
                let head = (trial.round == 0 && !space.scaled).then_some(head);
                Ok((Fit { way, head }, logits))
            })
            .collect();
        bar.advance(1);
        said
    })?;
    let mut linear = LINEAR.map(|kind| Said::nothing(Rival::Linear(kind)));
    for result in results {
        for (said, one) in linear.iter_mut().zip(result) {
            said.add(one);
        }
    }
    let [a, b] = &linear;
    let (mut candidates, mut chosen) = judge.compete(&[a, b], judge.trials.len());
    let mut protocol = judge.protocol();
    let mut hidden = Said::nothing(Rival::Hidden);
    let mut trials = judge.trials.len();
    if judge.labels.len() <= Rival::MOST_FOR_HIDDEN {
        let round = judge.trials.iter().filter(|trial| trial.round == 0).count();
        let mut asked = 0;
        let few = judge.trials[..round].iter().take_while(|trial| {
            let wanted = asked < FIRST_TRIED;
            asked += trial.asked.len();
            wanted
        });
        let few = few.count();
        hidden.go_on(judge, few, progress, stop)?;
        let (mut both, best) = judge.compete(&[&linear[chosen], &hidden], few);
        if best == 1 && few < round {
            hidden.go_on(judge, round, progress, stop)?;
            both = judge.compete(&[&linear[chosen], &hidden], round).0;
        }
        // With a few hundred pictures it wins by luck now and then, and costs more ever after.
        if both[0].behind.is_some_and(|gap| gap.low > 0.0) {
            (candidates, chosen) = judge.compete(&[a, b, &hidden], round);
            trials = round;
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
    let said = [a, b, hidden].into_iter().nth(chosen).expect("one of these was chosen");
    let (pictures, held_out) = judge.gather(&said.logits[..trials]);
    let record = RunRecord { protocol, held_out, candidates, ..RunRecord::default() };
    Ok(Verdict { chosen: said.rival, record, pictures, first: said.fits })
}

impl Said {
    fn nothing(rival: Rival) -> Self {
        Self { rival, fits: vec![], logits: vec![] }
    }

    fn add(&mut self, (fit, logits): (Fit, Vec<Vec<f32>>)) {
        self.fits.push(fit);
        self.logits.push(logits);
    }

    /// Makes heads on the features as they are, up to so many trials.
    fn go_on(
        &mut self,
        judge: &Judge<'_>,
        trials: usize,
        progress: &dyn Progress,
        stop: &Stop,
    ) -> Result<(), AutoError> {
        let trials = &judge.trials[self.fits.len()..trials];
        let bar = progress.begin("Trying a small network", Some(trials.len() as u64));
        let results = each(trials, |trial: &Trial| {
            stopped(stop)?;
            let way = Way::Hidden;
            let head = way.fit(judge.samples(&trial.learned))?;
            let logits = head.logits(judge.table, &trial.asked)?;
            bar.advance(1);
            Ok::<_, AutoError>((Fit { way, head: Some(head) }, logits))
        })?;
        results.into_iter().for_each(|one| self.add(one));
        Ok(())
    }
}

impl Judge<'_> {
    /// Who is best in the first so many trials, and by how much.
    fn compete(&self, rivals: &[&Said], trials: usize) -> (Vec<Candidate>, usize) {
        let mut all = vec![];
        let (mut labels, mut groups) = (vec![], vec![]);
        for said in rivals {
            // All were asked about the same pictures.
            let (_, held_out) = self.gather(&said.logits[..trials]);
            labels = held_out.iter().map(|one| one.actual).collect();
            groups = held_out.iter().map(|one| one.group).collect();
            let logits = held_out.into_iter().map(|one| one.logits).collect();
            all.push((said.rival.to_string(), logits));
        }
        let candidates = insight::compete(&all, &labels, &groups);
        let best = candidates.iter().position(|candidate| candidate.chosen).unwrap_or(0);
        (candidates, best)
    }

    /// The held-out pictures of the first trials, with their logits over all rounds, and the index
    /// of each in the dataset.
    fn gather(&self, said: &[Vec<Vec<f32>>]) -> (Vec<usize>, Vec<HeldOut>) {
        let mut of_picture: Vec<Vec<&[f32]>> = vec![vec![]; self.labels.len()];
        let mut fold_of = vec![0; self.labels.len()];
        for (trial, rows) in self.trials.iter().zip(said) {
            for (&picture, row) in trial.asked.iter().zip(rows) {
                of_picture[picture].push(row);
                if trial.round == 0 {
                    fold_of[picture] = trial.fold;
                }
            }
        }
        let judged = of_picture.iter().enumerate().filter(|(_, rows)| !rows.is_empty());
        let judged = judged.map(|(picture, rows)| {
            let one = HeldOut {
                actual: self.labels[picture],
                logits: mean(rows),
                fold: fold_of[picture],
                group: self.groups[picture],
                ..HeldOut::default()
            };
            (picture, one)
        });
        judged.unzip()
    }
}

/// The heads that judged in the first round, by fold.
pub(super) fn heads(first: Vec<Fit>, judge: &Judge<'_>) -> Result<Vec<Layers>, AutoError> {
    let trials = judge.trials.iter().filter(|trial| trial.round == 0);
    let both: Vec<(&Trial, Fit)> = trials.zip(first).collect();
    each(&both, |(trial, fit)| match &fit.head {
        Some(head) => Ok(head.clone()),
        // It was fitted on other coordinates, which come to the same.
        None => Ok(fit.way.fit(judge.samples(&trial.learned))?),
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
