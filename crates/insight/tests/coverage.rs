//! Intervals of 95 % hold the truth in 93 to 97 % of 2,000 simulated sets of a realistic size.
//!
//! That is the form with `LOOKALIKE_SLOW=1`, which tries more sizes and classifiers too. Without it
//! there are 500 sets, of which chance alone may take the share a percent further.

#![allow(clippy::unwrap_used)] // every function here is part of a test

use ground::random::{Draws, Purpose};
use insight::Interval;
use insight::stats::{self, Units, mcnemar, paired_difference};

/// How many sets are simulated.
fn sets() -> u64 {
    if slow() { 2000 } else { 500 }
}

/// The share of simulated sets, by number, of which something holds.
fn share_of(holds: impl Fn(u64) -> bool) -> f64 {
    (0..sets()).filter(|&set| holds(set)).count() as f64 / sets() as f64
}

/// Whether such a share is what intervals of 95 % promise.
fn kept(covered: f64) -> bool {
    let off = if slow() { 0.02 } else { 0.03 };
    (covered - 0.95).abs() <= off
}

/// A made-up classifier on classes with so many pictures each.
#[derive(Clone, Debug)]
struct World {
    pictures: Vec<usize>,
    /// How far apart the classes lie: 1 is hard, 3 easy.
    apart: f64,
    /// By how much it is too sure: 1 is calibrated.
    too_sure: f64,
}

/// What it says of a set of pictures.
struct Set {
    rows: Vec<Vec<f64>>,
    actual: Vec<usize>,
    predicted: Vec<usize>,
    losses: Vec<f64>,
    confidence: Vec<f64>,
    right: Vec<bool>,
    units: Units,
}

impl World {
    fn new(pictures: &[usize], apart: f64, too_sure: f64) -> Self {
        Self { pictures: pictures.to_vec(), apart, too_sure }
    }

    fn draw(&self, key: u64, times: usize) -> Set {
        let mut draws = Draws::new(5, Purpose::Synthetic, &[key]);
        let total: usize = self.pictures.iter().sum();
        let (mut rows, mut actual) = (vec![], vec![]);
        for (class, &n) in self.pictures.iter().enumerate() {
            for _ in 0..n * times {
                let mut row: Vec<f64> = (0..self.pictures.len())
                    .map(|c| {
                        let signal = draws.normal() + if c == class { self.apart } else { 0.0 };
                        let prior = (self.pictures[c] as f64 / total as f64).ln();
                        (signal * self.apart * self.too_sure + prior).exp()
                    })
                    .collect();
                let sum: f64 = row.iter().sum();
                row.iter_mut().for_each(|p| *p /= sum);
                rows.push(row);
                actual.push(class);
            }
        }
        let best =
            |row: &Vec<f64>| (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap();
        let predicted: Vec<usize> = rows.iter().map(best).collect();
        let groups: Vec<usize> = (0..rows.len()).collect();
        Set {
            losses: rows.iter().zip(&actual).map(|(row, &a)| -row[a].ln()).collect(),
            confidence: rows.iter().zip(&predicted).map(|(row, &p)| row[p]).collect(),
            right: predicted.iter().zip(&actual).map(|(p, a)| p == a).collect(),
            units: Units::new(&actual, &groups),
            rows,
            actual,
            predicted,
        }
    }

    /// The share of sets whose interval holds the value that a very large set has.
    fn covered(&self, truth: impl Fn(&Set) -> f64, interval: impl Fn(&Set) -> Interval) -> f64 {
        let truth = truth(&self.draw(u64::MAX, 400));
        let holds = |set: u64| {
            let Interval { low, high } = interval(&self.draw(set, 1));
            low <= truth && truth <= high
        };
        share_of(holds)
    }
}

fn slow() -> bool {
    std::env::var_os("LOOKALIKE_SLOW").is_some()
}

/// Sizes and classifiers, the first few of them where time is short.
fn worlds(few: usize) -> Vec<World> {
    let mut all = vec![
        World::new(&[34, 36, 31], 1.5, 1.7),
        World::new(&[170, 180, 150], 2.5, 1.5),
        World::new(&[60, 20, 20], 1.0, 1.0),
        World::new(&[170, 180, 150], 1.0, 1.5),
        World::new(&[100, 100], 1.5, 1.0),
        World::new(&[34, 36, 31], 2.5, 1.5),
        World::new(&[170, 180, 150], 1.5, 1.0),
    ];
    all.truncate(if slow() { usize::MAX } else { few });
    all
}

fn assert_kept(name: &str, world: &World, covered: f64) {
    eprintln!("{name}, {world:?}: {covered}");
    assert!(kept(covered), "{name}, {world:?}: {covered}");
}

#[test]
fn of_log_loss() {
    for world in worlds(1) {
        let mean = |set: &Set| stats::mean_loss(&set.losses, &set.units).unwrap();
        let truth = |set: &Set| set.losses.iter().sum::<f64>() / set.losses.len() as f64;
        assert_kept("log-loss", &world, world.covered(truth, |set| mean(set).interval));
    }
}

#[test]
fn of_macro_f1() {
    for world in worlds(4) {
        let score = |set: &Set| {
            stats::macro_f1(&set.predicted, &set.actual, world.pictures.len(), &set.units).unwrap()
        };
        let covered = world.covered(|set| score(set).value, |set| score(set).interval);
        assert_kept("macro F1", &world, covered);
    }
}

#[test]
fn of_auroc() {
    for world in worlds(3) {
        let score = |set: &Set| stats::auroc(&set.rows, &set.actual, &set.units).unwrap();
        let covered = world.covered(|set| score(set).value, |set| score(set).interval);
        let near_1 = score(&world.draw(0, 20)).value > 0.98;
        // Beyond 0.98 it is rather too wide than too narrow.
        assert_kept("AUROC", &world, if near_1 { covered.min(0.97) } else { covered });
    }
}

#[test]
fn of_calibration_error() {
    for world in worlds(2) {
        let error =
            |set: &Set| stats::reliability(&set.confidence, &set.right, &set.units).unwrap();
        let covered = world.covered(|set| error(set).plain, |set| error(set).error.interval);
        assert_kept("ECE", &world, covered);
    }
}

/// With three wrong pictures among a hundred, or among two hundred, as with many.
#[test]
fn of_calibration_error_with_few_mistakes() {
    for world in [
        World::new(&[34, 36, 31], 2.5, 1.5),
        World::new(&[34, 36, 31], 3.0, 1.5),
        World::new(&[100, 100], 3.0, 1.5),
    ] {
        let error =
            |set: &Set| stats::reliability(&set.confidence, &set.right, &set.units).unwrap();
        let wrong = world.draw(0, 100).right.iter().filter(|right| !**right).count() / 100;
        assert!(wrong < 10, "{wrong}");
        let covered = world.covered(|set| error(set).plain, |set| error(set).error.interval);
        assert_kept("ECE", &world, covered);
    }
}

#[test]
fn of_no_calibration_error() {
    let world = World::new(&[100, 100, 100], 1.5, 1.0);
    let error = |set: &Set| stats::reliability(&set.confidence, &set.right, &set.units).unwrap();
    let covered = world.covered(|set| error(set).plain, |set| error(set).error.interval);
    assert_kept("ECE near 0", &world, covered);
    // The plain estimate itself is never so small.
    let plain: Vec<f64> = (0..20).map(|key| error(&world.draw(key, 1)).plain).collect();
    assert!(plain.iter().all(|&plain| plain > 0.015), "{plain:?}");
}

#[test]
fn of_paired_differences() {
    for (n, only_a, only_b) in [(100, 0.1, 0.1), (100, 0.05, 0.15), (500, 0.03, 0.06)] {
        let (mut covered, mut rejected) = (0, 0);
        for set in 0..2000 {
            let mut draws = Draws::new(6, Purpose::Synthetic, &[n as u64, set]);
            let (mut a, mut b) = (0, 0);
            for _ in 0..n {
                let at = draws.uniform();
                a += usize::from(at < only_a);
                b += usize::from(at >= only_a && at < only_a + only_b);
            }
            let found = paired_difference(a, b, n, 1.0);
            covered += usize::from(found.low <= only_b - only_a && only_b - only_a <= found.high);
            rejected += usize::from(mcnemar(a, b) < 0.05);
        }
        let covered = covered as f64 / 2000.0;
        assert!((0.93..=0.97).contains(&covered), "{n} {only_a} {only_b}: {covered}");
        if only_a == only_b {
            let rejected = rejected as f64 / 2000.0;
            assert!((0.03..=0.06).contains(&rejected), "the test's own errors: {rejected}");
        }
    }
}

#[test]
fn of_paired_log_losses() {
    let (a, b) = (World::new(&[34, 36, 31], 1.5, 1.7), World::new(&[34, 36, 31], 1.6, 1.5));
    let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
    // The same draws make the same pictures, of which b sees a little more.
    let (large_a, large_b) = (a.draw(u64::MAX, 400), b.draw(u64::MAX, 400));
    let truth = mean(&large_b.losses) - mean(&large_a.losses);
    let holds = |key: u64| {
        let (a, b) = (a.draw(key, 1), b.draw(key, 1));
        let differences: Vec<f64> = a.losses.iter().zip(&b.losses).map(|(a, b)| b - a).collect();
        let Interval { low, high } = stats::mean(&differences, &a.units).unwrap().interval;
        low <= truth && truth <= high
    };
    let covered = share_of(holds);
    assert!(kept(covered), "{covered}");
}

/// One to five pictures of an animal, which hang together half, of a class that makes up a third of
/// them: its own interval, not that of all.
#[test]
fn of_a_class_whose_pictures_come_in_groups() {
    let (animals, share) = (240, 0.75);
    let covered = |grouped: bool| {
        let holds = |key: u64| {
            let mut draws = Draws::new(8, Purpose::Synthetic, &[key]);
            let (mut right, mut groups, mut labels) = (vec![], vec![], vec![]);
            for animal in 0..animals {
                let together = draws.chance(share);
                for _ in 0..=draws.below(5) {
                    let own = if draws.chance(0.7) { together } else { draws.chance(share) };
                    right.push(f64::from(own));
                    groups.push(if grouped { animal } else { right.len() });
                    labels.push(animal % 3);
                }
            }
            let units = Units::new(&labels, &groups);
            let of_class = |i: usize| labels[i] == 1;
            let own: Vec<usize> = (0..labels.len()).filter(|&i| of_class(i)).collect();
            let hits = own.iter().map(|&i| right[i]).sum::<f64>() as usize;
            let design = units.design_effect_among(&right, of_class);
            let found = insight::Proportion::of_groups(hits, own.len(), design).interval;
            found.low <= share && share <= found.high
        };
        share_of(holds)
    };
    let (with, without) = (covered(true), covered(false));
    assert!(kept(with), "{with}");
    assert!(without < 0.9, "groups that are not told flatter: {without}");
    // Where all are right, nothing shows how alike a group is: it counts as one.
    let units = Units::new(&[0; 60], &(0..60).map(|i| i / 3).collect::<Vec<_>>());
    assert_eq!(units.design_effect(&[1.0; 60]), 3.0);
}

#[test]
fn of_pictures_that_come_in_groups() {
    // Three pictures of one animal are right or wrong together, as far as it matters here.
    let (animals, share) = (80, 0.8);
    let covered = |grouped: bool| {
        let holds = |key: u64| {
            let mut draws = Draws::new(7, Purpose::Synthetic, &[key]);
            let right: Vec<f64> =
                (0..animals).flat_map(|_| [f64::from(draws.chance(share)); 3]).collect();
            let groups: Vec<usize> =
                (0..3 * animals).map(|i| if grouped { i / 3 } else { i }).collect();
            let units = Units::new(&vec![0; 3 * animals], &groups);
            let design = units.design_effect(&right);
            let hits = right.iter().sum::<f64>() as usize;
            let found = insight::Proportion::of_groups(hits, right.len(), design).interval;
            found.low <= share && share <= found.high
        };
        share_of(holds)
    };
    let (with, without) = (covered(true), covered(false));
    assert!(kept(with), "{with}");
    assert!(without < 0.8, "groups that are not told flatter: {without}");
}
