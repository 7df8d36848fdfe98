//! The learning curve: how well a head does that is trained on fewer pictures.

use ground::random::{Draws, Purpose};

use ground::Stop;
use ground::progress::Progress;
use insight::CurvePoint;
use insight::stats::first_of_largest;

use super::cross_validation::{CrossValidation, Fold, Space, each};
use super::{AutoError, HeadSpec, stopped};

/// The shares of the training pictures that are trained on.
const SHARES: [f64; 6] = [0.1, 0.2, 0.35, 0.55, 0.75, 1.0];
/// Pictures of a class below which a part is too small to fit anything on.
const LEAST: usize = 2;
/// How many times pictures are drawn for each part.
const RUNS: usize = 3;
/// Above so many pictures one fold and one draw show as much as many do of few.
const MANY: usize = 10_000;

/// The learning curve of a head, in the folds of the first round.
pub(super) fn of(
    cross: &CrossValidation<'_>,
    spec: HeadSpec,
    progress: &dyn Progress,
    stop: &Stop,
) -> Result<Vec<CurvePoint>, AutoError> {
    let mut folds: Vec<&Fold> = cross.folds.iter().filter(|fold| fold.round == 0).collect();
    let many = cross.labels.len() > MANY;
    // The two-layer network takes long enough once.
    let most = if many || spec == HeadSpec::Hidden { 1 } else { RUNS };
    folds.truncate(if many { 1 } else { usize::MAX });
    let spaces = each(&folds, |fold| match spec {
        HeadSpec::Linear(..) => cross.space(&fold.train, &fold.held_out),
        HeadSpec::Hidden => Ok(cross.plain(&fold.train, &fold.held_out)),
    })?;
    let mut work = vec![];
    for (at, share) in SHARES.into_iter().enumerate() {
        // Of all of the pictures there is only one draw.
        for run in 0..if share == 1.0 { 1 } else { most } {
            work.extend(
                folds.iter().zip(&spaces).map(|(fold, space)| (at, run, fold.index, space)),
            );
        }
    }
    let bar = progress.begin("Learning from fewer", Some(work.len() as u64));
    let results = each(&work, |&(at, run, fold, space)| {
        stopped(stop)?;
        let drawn = draw(cross, space, SHARES[at], &[run as u64, fold as u64]);
        let result = drawn.map(|drawn| {
            let head = space.fit(spec, &drawn, cross.classes)?;
            let logits = head.logits(&space.table, &space.held_out)?;
            let mut of_class = vec![(0, 0); cross.classes];
            for (row, &held_out) in logits.iter().zip(&space.held_out) {
                let label = space.labels[held_out];
                of_class[label].0 += usize::from(first_of_largest(row) == label);
                of_class[label].1 += 1;
            }
            Ok::<_, AutoError>((at, run, drawn.len(), of_class))
        });
        bar.advance(1);
        result.transpose()
    })?;
    let count = folds.len();
    let mut points = vec![];
    for at in 0..SHARES.len() {
        let of_share: Vec<_> = results.iter().flatten().filter(|result| result.0 == at).collect();
        if of_share.is_empty() {
            continue;
        }
        let mut per_class = vec![(0, 0); cross.classes];
        let mut runs = vec![];
        for run in 0..RUNS {
            let of_run: Vec<_> = of_share.iter().filter(|result| result.1 == run).collect();
            if of_run.len() < count {
                continue; // a fold without an answer would be another set of pictures
            }
            let (mut right, mut all) = (0, 0);
            for (.., of_class) in of_run {
                for (sum, (hits, n)) in per_class.iter_mut().zip(of_class) {
                    (sum.0, sum.1) = (sum.0 + hits, sum.1 + n);
                    (right, all) = (right + hits, all + n);
                }
            }
            runs.push(right as f64 / (all as f64).max(1.0));
        }
        let sizes: usize = of_share.iter().map(|result| result.2).sum();
        if !runs.is_empty() {
            points.push(CurvePoint { pictures: sizes / of_share.len(), runs, per_class });
        }
    }
    Ok(points)
}

/// A part of each class; nothing where that leaves too few of one.
fn draw(cross: &CrossValidation<'_>, space: &Space, share: f64, key: &[u64]) -> Option<Vec<usize>> {
    if share == 1.0 {
        return Some(space.train.clone());
    }
    let mut drawn = vec![];
    for class in 0..cross.classes {
        let mut own: Vec<usize> =
            space.train.iter().copied().filter(|&row| space.labels[row] == class).collect();
        let wanted = (share * own.len() as f64).round() as usize;
        if wanted < LEAST && !own.is_empty() {
            return None;
        }
        let key: Vec<u64> = [key, &[class as u64]].concat();
        Draws::new(cross.seed, Purpose::Curve, &key).shuffle(&mut own);
        own.truncate(wanted);
        drawn.append(&mut own);
    }
    drawn.sort_unstable();
    Some(drawn)
}
