//! Heads on drawn clouds of features: at their optimum, the same on any number of threads, sound on
//! odd sets.

use ground::random::{Draws, Purpose};

use super::logistic::{Data, Walk};
use super::scale::Scale;
use super::{Linear, LinearKind, Samples, logits};
use crate::features::Table;

/// Classes as clouds around corners, in numbers of very different scale.
fn clouds(pictures: usize, width: usize, classes: usize, seed: u64) -> (Table, Vec<usize>) {
    let mut numbers = vec![];
    let labels: Vec<usize> = (0..pictures).map(|picture| picture % classes).collect();
    for (picture, &label) in labels.iter().enumerate() {
        let mut draws = Draws::new(seed, Purpose::Synthetic, &[picture as u64]);
        for c in 0..width {
            let corner = if c % classes == label { 1.0 } else { 0.0 };
            let scale = 10.0f64.powi(c as i32 % 5 - 2);
            numbers.push((scale * (corner + draws.normal() + 3.0)) as f32);
        }
    }
    (Table::new(width, numbers), labels)
}

fn rows(range: std::ops::Range<usize>) -> Vec<usize> {
    range.collect()
}

/// scikit-learn's objective, from the head as it stands on plain features.
fn objective(head: &Linear, table: &Table, rows: &[usize], labels: &[usize], c_value: f64) -> f64 {
    let width = table.width();
    let n = rows.len() as f64;
    let mut all = vec![0.0; rows.len() * width];
    table.read(rows, &mut all).unwrap();
    let mut penalty = 0.0;
    for c in 0..width {
        let column: Vec<f64> = all.iter().skip(c).step_by(width).map(|&x| f64::from(x)).collect();
        let mean = column.iter().sum::<f64>() / n;
        let variance = column.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        for class in 0..head.classes {
            penalty += f64::from(head.weights[class * width + c]).powi(2) * variance;
        }
    }
    let said = head.logits(table, rows).unwrap();
    let loss: f64 =
        said.iter().zip(rows).map(|(row, &i)| f64::from(classifier::loss(row, labels[i]))).sum();
    loss * c_value + penalty / 2.0
}

/// Around the optimum of a convex function every way leads up.
#[test]
fn logistic_regression_is_at_its_lowest_point() {
    let (table, labels) = clouds(120, 30, 3, 1);
    let rows = rows(0..100);
    let cs = [1e-3, 0.1, 10.0];
    let heads = LinearKind::Logistic.fit(Samples::new(&table, &rows, &labels, 3), &cs).unwrap();
    for (head, c_value) in heads.iter().zip(cs) {
        let lowest = objective(head, &table, &rows, &labels, c_value);
        let mut draws = Draws::new(5, Purpose::Synthetic, &[]);
        for _ in 0..20 {
            let mut other = head.clone();
            for (w, c) in other.weights.iter_mut().zip(0i32..) {
                *w += (draws.normal() * 0.02 / 10.0f64.powi(c % 30 % 5 - 2)) as f32;
            }
            other.bias.iter_mut().for_each(|b| *b += 0.02 * draws.normal() as f32);
            let there = objective(&other, &table, &rows, &labels, c_value);
            assert!(there > lowest, "C = {c_value}: {there} is lower than {lowest}");
        }
    }
}

/// What is fitted in step with others is what is fitted alone, in one block or several, and in
/// memory or not.
#[test]
fn values_of_c_do_not_disturb_one_another() {
    let (table, labels) = clouds(60, 12, 4, 2);
    let rows = rows(0..60);
    let together =
        LinearKind::Logistic.fit(Samples::new(&table, &rows, &labels, 4), &[1e-2, 1.0]).unwrap();
    for (head, c_value) in together.iter().zip([1e-2, 1.0]) {
        let alone = &LinearKind::Logistic
            .fit(Samples::new(&table, &rows, &labels, 4), &[c_value])
            .unwrap()[0];
        for (a, b) in head.weights.iter().zip(&alone.weights) {
            assert!((a - b).abs() < 1e-3 * (1.0 + b.abs()), "{a} is not {b}");
        }
    }
}

/// Folds that are walked in step, each from where it was at the last `C`, come to what fits
/// that are made alone and anew come to; so the `C` that is chosen is the best of those.
#[test]
fn the_c_that_is_chosen_is_the_best_in_folds() {
    let (table, labels) = clouds(90, 200, 3, 8);
    let space = super::span(&table, &rows(0..90), &[]).unwrap();
    let (rows, fold_of) = (rows(5..85), (0..80).map(|i| i * i % 7 % 4).collect::<Vec<usize>>());
    let alone = |kind: LinearKind, c_value, asked| {
        let losses = (0..asked).map(|fold| {
            let of = |held: bool| {
                let both = rows.iter().zip(&fold_of).filter(|pair| (*pair.1 == fold) == held);
                both.map(|pair| *pair.0).collect::<Vec<_>>()
            };
            let head = &kind
                .fit_plain(Samples::new(&space, &of(false), &labels, 3), &[c_value])
                .unwrap()[0];
            let said = head.logits(&space, &of(true)).unwrap();
            let losses =
                said.iter().zip(of(true)).map(|(said, i)| classifier::loss(said, labels[i]));
            losses.map(f64::from).sum::<f64>()
        });
        losses.sum::<f64>()
    };
    let samples = Samples::new(&space, &rows, &labels, 3);
    let scale = Scale::none(space.width());
    // Of all folds, or of the first alone, as where there are many rows.
    for asked in [4, 1] {
        let mut walk = Walk::new(Data::new(samples, &scale, &fold_of).unwrap(), asked);
        for &c_value in LinearKind::Logistic.grid() {
            let walked = walk.loss(c_value).unwrap();
            let alone = alone(LinearKind::Logistic, c_value, asked);
            assert!((walked - alone).abs() < 4e-3 * 80.0, "C = {c_value}: {walked} is not {alone}");
        }
        let cs = LinearKind::Means.grid();
        let of_means = super::means::losses(samples, &scale, &fold_of, asked, cs).unwrap();
        for (&c_value, loss) in cs.iter().zip(of_means) {
            let alone = alone(LinearKind::Means, c_value, asked);
            assert!((loss - alone).abs() < 1e-3 * alone, "means, {c_value}: {loss} is not {alone}");
        }
    }
    for kind in [LinearKind::Logistic, LinearKind::Means] {
        let best = kind.grid().iter().copied();
        let best = best.min_by(|&a, &b| alone(kind, a, 4).total_cmp(&alone(kind, b, 4))).unwrap();
        let chosen = kind.choose_c(samples, true, &fold_of).unwrap();
        assert_eq!(chosen, best, "{kind}");
        assert!(chosen != kind.grid()[0], "{kind}");
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    let (table, labels) = clouds(300, 40, 3, 3);
    let rows = rows(0..300);
    for kind in [LinearKind::Logistic, LinearKind::Means] {
        let fit = |threads| {
            let fit = || kind.fit(Samples::new(&table, &rows, &labels, 3), &[0.01, 0.1]).unwrap();
            ground::parallel::with_threads(threads, fit)
        };
        assert_eq!(fit(1), fit(2), "{kind}");
        assert_eq!(fit(1), fit(5), "{kind}");
    }
    let samples = Samples::new(&table, &rows, &labels, 3);
    let scale = Scale::of(&table, &rows).unwrap();
    let fold_of: Vec<usize> = (0..300).map(|i| i % 7 % 3).collect();
    let walked = || {
        let mut walk = Walk::new(Data::new(samples, &scale, &fold_of).unwrap(), 3);
        [1e-3, 1e-2, 0.1].map(|c_value| walk.loss(c_value).unwrap())
    };
    assert_eq!(
        ground::parallel::with_threads(1, walked),
        ground::parallel::with_threads(3, walked)
    );
}

#[test]
fn both_kinds_learn_what_there_is_to_learn() {
    let (table, labels) = clouds(400, 30, 3, 4);
    for kind in [LinearKind::Logistic, LinearKind::Means] {
        let head = &kind.fit(Samples::new(&table, &rows(0..300), &labels, 3), &[0.03]).unwrap()[0];
        let said = head.logits(&table, &rows(300..400)).unwrap();
        let right = said
            .iter()
            .zip(&labels[300..])
            .filter(|(row, label)| (0..3).all(|class| row[class] <= row[**label]));
        let right = right.count();
        assert!(right > 80, "{kind}: {right} of 100");
    }
}

/// A column that never changes, a class without a picture and a single picture do no harm.
#[test]
fn odd_sets_give_numbers() {
    let mut numbers: Vec<f32> = (0..40).map(|i| (i * 7 % 11) as f32).collect();
    numbers.iter_mut().step_by(4).for_each(|x| *x = 2.5);
    let table = Table::new(4, numbers);
    let labels = [0, 2, 0, 2, 0, 2, 0, 2, 0, 2];
    for kind in [LinearKind::Logistic, LinearKind::Means] {
        for rows in [rows(0..10), rows(0..1), vec![]] {
            for head in kind.fit(Samples::new(&table, &rows, &labels, 3), kind.grid()).unwrap() {
                assert!(head.weights.iter().chain(&head.bias).all(|x| x.is_finite()), "{kind}");
                assert!(head.weights.iter().step_by(4).all(|&w| w == 0.0), "{kind}");
            }
            // Also a fold that holds all pictures of a class.
            for folds in [2, 5] {
                let fold_of: Vec<usize> = rows.iter().map(|row| row % folds).collect();
                let chosen = kind
                    .choose_c(Samples::new(&table, &rows, &labels, 3), false, &fold_of)
                    .unwrap();
                assert!(kind.grid().contains(&chosen), "{kind}: {chosen}");
            }
        }
    }
}

#[test]
fn several_heads_are_asked_at_once() {
    let (table, labels) = clouds(50, 8, 2, 6);
    let heads = LinearKind::Logistic
        .fit(Samples::new(&table, &rows(0..40), &labels, 2), &[0.01, 1.0])
        .unwrap();
    let both = logits(&heads, &table, &rows(40..50)).unwrap();
    for (at, head) in heads.iter().enumerate() {
        let alone = head.logits(&table, &rows(40..50)).unwrap();
        for (both, alone) in both.iter().zip(&alone) {
            for (a, b) in both[at].iter().zip(alone) {
                assert!((a - b).abs() < 1e-4 * (1.0 + b.abs()), "{a} is not {b}");
            }
        }
    }
}

/// In coordinates of their span, pictures are told apart as by their features.
#[test]
fn the_span_of_the_pictures_says_all_that_they_say() {
    let (table, labels) = clouds(60, 200, 3, 7);
    let (learned, asked) = (rows(10..50), [rows(0..10), rows(50..60)].concat());
    let space = super::span(&table, &learned, &asked).unwrap();
    assert_eq!((space.len(), space.width()), (60, 40));
    let own: Vec<usize> = learned.iter().chain(&asked).map(|&i| labels[i]).collect();
    for (kind, c_value) in [(LinearKind::Logistic, 0.01), (LinearKind::Means, 0.1)] {
        let plain = &kind.fit(Samples::new(&table, &learned, &labels, 3), &[c_value]).unwrap()[0];
        let spanned =
            &kind.fit_plain(Samples::new(&space, &rows(0..40), &own, 3), &[c_value]).unwrap()[0];
        let plain = plain.logits(&table, &asked).unwrap();
        let spanned = spanned.logits(&space, &rows(40..60)).unwrap();
        for (a, b) in plain.iter().zip(&spanned) {
            let (a, b) = (classifier::softmax(a), classifier::softmax(b));
            for (a, b) in a.iter().zip(&b) {
                assert!((a - b).abs() < 2e-3, "{kind}: {a} is not {b}");
            }
        }
    }
}

/// Classes that no straight line parts: the small network does, and says the same on any number of
/// threads.
#[test]
fn the_small_network_learns_what_a_linear_head_cannot() {
    let (width, labels) = (16, (0..600).map(|i| i % 2).collect::<Vec<usize>>());
    let mut numbers = vec![];
    for (picture, &label) in labels.iter().enumerate() {
        let mut draws = Draws::new(9, Purpose::Synthetic, &[picture as u64]);
        let side = if draws.chance(0.5) { 1.0 } else { -1.0 };
        let other = if label == 0 { side } else { -side };
        numbers.extend((0..width).map(|c| {
            let corner = if c % 2 == 0 { side } else { other };
            (2.0 + corner + 0.7 * draws.normal()) as f32
        }));
    }
    let table = Table::new(width, numbers);
    let right = |said: &[Vec<f32>]| {
        let named = said.iter().zip(&labels[500..]);
        named.filter(|(row, label)| row[**label] > row[1 - **label]).count()
    };
    let fit = || super::fit_hidden(Samples::new(&table, &rows(0..500), &labels, 2)).unwrap();
    let network = ground::parallel::with_threads(1, fit);
    assert_eq!(network, ground::parallel::with_threads(3, fit));
    let by_network = right(&network.logits(&table, &rows(500..600)).unwrap());
    let line = &LinearKind::Logistic
        .fit(Samples::new(&table, &rows(0..500), &labels, 2), &[0.1])
        .unwrap()[0];
    let by_line = right(&line.logits(&table, &rows(500..600)).unwrap());
    assert!(by_network > 85 && by_line < 70, "{by_network}, {by_line}");
    // A linear head in layers says what it says by itself.
    let layers = super::Layers::from(line.clone());
    let said = layers.logits(&table, &rows(500..600)).unwrap();
    for (a, b) in
        said.iter().flatten().zip(line.logits(&table, &rows(500..600)).unwrap().iter().flatten())
    {
        assert!((a - b).abs() < 1e-4, "{a} is not {b}");
    }
    // Few pictures, one, and none give numbers too.
    for rows in [rows(0..3), rows(0..1), vec![]] {
        let few = super::fit_hidden(Samples::new(&table, &rows, &labels, 2)).unwrap();
        assert!(few.logits(&table, &[0]).unwrap()[0].iter().all(|x| x.is_finite()));
    }
}
