use serde_json::Value;

use super::pca::{Pca, pca};
use super::tsne::{affinities, slopes, tsne};
use super::{Layout, MAPPED, layout, mapped};
use crate::record::Place;

fn golden() -> Value {
    serde_json::from_str(include_str!("../../tests/golden/layout.json")).unwrap()
}

fn numbers(golden: &Value, name: &str) -> Vec<f64> {
    golden[name].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn rows(golden: &Value) -> (Vec<f32>, usize) {
    let rows = numbers(golden, "rows").iter().map(|&x| x as f32).collect();
    (rows, golden["width"].as_u64().unwrap() as usize)
}

fn wide(rows: &[f32]) -> Vec<f64> {
    rows.iter().map(|&x| x.into()).collect()
}

#[test]
fn components_are_those_of_scikit_learn() {
    let golden = golden();
    let (rows, width) = rows(&golden);
    let found = pca(&rows, width, 5, 1).unwrap();
    for (found, expected) in found.scores.iter().zip(numbers(&golden, "scores")) {
        assert!((found.abs() - expected).abs() < 2e-4, "{found} {expected}");
    }
    for (variance, share) in found.variances.iter().zip(numbers(&golden, "shares")) {
        assert!((variance / found.total - share).abs() < 1e-6, "{variance} {share}");
    }
    for other in [2, 3] {
        let again = pca(&rows, width, 5, other).unwrap();
        let apart = found.scores.iter().zip(&again.scores).map(|(a, b)| (a - b).abs());
        assert!(apart.fold(0.0, f64::max) < 1e-6, "the first guess decides nothing");
    }
}

#[test]
fn affinities_and_slopes_are_those_of_scikit_learn() {
    let golden = golden();
    let (rows, width) = rows(&golden);
    let n = rows.len() / width;
    let found = affinities(&wide(&rows), width, 15.0);
    let pairs = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j)));
    for ((i, j), expected) in pairs.zip(numbers(&golden, "joint")) {
        let found = found[i * n + j];
        assert!((found - expected).abs() < 1e-3 * expected + 1e-9, "{i} {j}: {found} {expected}");
    }
    let places = numbers(&golden, "places");
    let axis = |axis: usize| places.iter().skip(axis).step_by(2).map(|&x| x as f32).collect();
    let drawn: Vec<f32> = found.iter().map(|&p| p as f32).collect();
    let [x, y] = slopes(&drawn, &[axis(0), axis(1)], 1.0);
    let expected = numbers(&golden, "slopes");
    let largest = expected.iter().fold(0.0, |largest: f64, x| largest.max(x.abs()));
    for (i, expected) in expected.chunks_exact(2).enumerate() {
        for (found, expected) in [(x[i], expected[0]), (y[i], expected[1])] {
            assert!((f64::from(found) - expected).abs() < 2e-3 * largest, "{found} {expected}");
        }
    }
}

/// What t-SNE makes small.
fn divergence(drawn: &[f64], places: &[[f64; 2]]) -> f64 {
    let n = places.len();
    let close = |i: usize, j: usize| {
        let [dx, dy] = [0, 1].map(|axis| places[i][axis] - places[j][axis]);
        if i == j { 0.0 } else { 1.0 / (1.0 + dx * dx + dy * dy) }
    };
    let all: f64 = (0..n * n).map(|at| close(at / n, at % n)).sum();
    let pair = |at: usize| match close(at / n, at % n) {
        0.0 => 0.0,
        close => drawn[at] * (drawn[at] * all / close).ln(),
    };
    (0..n * n).map(pair).sum()
}

#[test]
fn neighbours_stay_neighbours_as_well_as_with_scikit_learn() {
    let golden = golden();
    let (rows, width) = rows(&golden);
    let Pca { scores, variances, .. } = pca(&rows, width, 2, 1).unwrap();
    let begin: Vec<[f64; 2]> = scores.as_chunks::<2>().0.to_vec();
    assert_eq!(variances.len(), 2);
    let drawn = affinities(&wide(&rows), width, 15.0);
    let found = divergence(&drawn, &tsne(&drawn, &begin));
    let (before, theirs) = (divergence(&drawn, &begin), golden["divergence"].as_f64().unwrap());
    assert!(found < 1.03 * theirs && found < before / 2.0, "{found} {theirs} {before}");
}

#[test]
fn kinds_lie_apart_and_every_place_is_on_the_map() {
    let golden = golden();
    let (rows, width) = rows(&golden);
    let Layout { places, explained } = layout(&rows, width, 42).unwrap();
    assert!(explained > 0.4 && explained < 1.0, "{explained}");
    assert_eq!(places.len(), 80);
    let apart = |a: &Place, b: &Place| {
        [0, 1].map(|axis| f64::from(a.near[axis]) - f64::from(b.near[axis])).map(|d| d * d)
    };
    // The golden rows are of four kinds, twenty each.
    let of_kind = |i: usize| {
        let mut others: Vec<usize> = (0..80).filter(|&j| j != i).collect();
        let far = |&j: &usize| apart(&places[i], &places[j]).iter().sum::<f64>();
        others.sort_by(|a, b| far(a).total_cmp(&far(b)));
        others[..5].iter().filter(|&&j| j / 20 == i / 20).count()
    };
    assert!((0..80).map(of_kind).sum::<usize>() > 390, "almost all of the nearest five");
    let all = || places.iter().flat_map(|p| p.linear.into_iter().chain(p.near));
    assert!(all().all(|x| (20..=980).contains(&x)));
    assert_eq!((all().min(), all().max()), (Some(20), Some(980)), "it fills its square");
    assert_eq!(layout(&rows, width, 42).unwrap().places, places);
}

#[test]
fn rows_that_say_nothing_have_no_map() {
    assert_eq!(layout(&[1.0; 30], 3, 1), None, "all the same");
    assert_eq!(layout(&[1.0, 2.0], 1, 1), None, "two rows");
    // Rows of one number, and many that are the same, have one.
    let column: Vec<f32> = (0..20).map(|i| if i < 15 { 0.0 } else { i as f32 }).collect();
    let line = layout(&column, 1, 1).unwrap();
    assert!((line.explained - 1.0).abs() < 1e-9);
    assert!(line.places.iter().all(|place| place.linear[1] == 500));
}

#[test]
fn wrong_pictures_are_mapped_first() {
    assert_eq!(mapped(&[true, false, true]), [0, 1, 2]);
    let right: Vec<bool> = (0..5000).map(|i| i % 25 != 0).collect();
    let found = mapped(&right);
    assert_eq!((found.len(), found.iter().filter(|&&i| !right[i]).count()), (MAPPED, 200));
    assert!(found.is_sorted() && found.windows(2).all(|pair| pair[0] < pair[1]));
    let found = mapped(&vec![false; 5000]);
    assert_eq!(found.len(), MAPPED);
    let most: Vec<bool> = (0..5000).map(|i| i % 5 == 0).collect();
    let found = mapped(&most);
    assert_eq!(found.iter().filter(|&&i| most[i]).count(), MAPPED / 2);
}
