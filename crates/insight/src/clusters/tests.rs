use ground::parallel::with_threads;
use ground::random::{Draws, Purpose};

use super::{Clusters, cut, silhouette};

/// So many rows around each of `kinds` directions.
fn rows(kinds: usize, each: usize, width: usize, noise: f64) -> Vec<f32> {
    let mut draws = Draws::new(3, Purpose::Synthetic, &[]);
    let centres: Vec<Vec<f64>> =
        (0..kinds).map(|_| (0..width).map(|_| draws.normal()).collect()).collect();
    let mut rows = vec![];
    for _ in 0..each {
        for centre in &centres {
            rows.extend(centre.iter().map(|x| (5.0 + x + noise * draws.normal()) as f32));
        }
    }
    rows
}

fn places(clusters: &Clusters, rows: &[f32], width: usize) -> Vec<usize> {
    rows.chunks_exact(width).map(|row| clusters.place(row).unwrap().cluster).collect()
}

#[test]
fn rows_of_a_kind_come_together_and_their_number_is_found() {
    let rows = rows(6, 12, 16, 0.3);
    let clusters = Clusters::of(&rows, 16, None);
    assert_eq!(clusters.len(), 6);
    let places = places(&clusters, &rows, 16);
    for (at, place) in places.iter().enumerate() {
        assert_eq!(*place, at % 6, "groups are numbered as they come");
    }
}

#[test]
fn as_many_groups_as_are_wanted_and_no_more_than_rows() {
    let rows = rows(3, 4, 8, 0.1);
    for (wanted, groups) in [(1, 1), (2, 2), (5, 5), (12, 12), (99, 12)] {
        assert_eq!(Clusters::of(&rows, 8, Some(wanted)).len(), groups);
    }
}

#[test]
fn few_or_equal_rows_are_no_trouble() {
    assert!(Clusters::of(&[], 4, None).is_empty());
    assert_eq!(Clusters::of(&[], 4, None).place(&[1.0; 4]), None);
    let one = Clusters::of(&[1.0, 2.0, 3.0, 4.0], 4, None);
    assert_eq!((one.len(), one.place(&[1.0, 2.0, 3.0, 4.0]).unwrap().cluster), (1, 0));
    let same = [0.3f32; 40];
    let clusters = Clusters::of(&same, 4, None);
    assert_eq!(places(&clusters, &same, 4), [0; 10], "equal rows are of one group");
}

#[test]
fn the_most_typical_row_points_to_the_middle() {
    // Beside its mean each group is a line of three, the middle one in front.
    let rows = [1.0, 0.2, 1.0, 0.0, 1.0, -0.2, -1.0, 0.2, -1.0, 0.0, -1.0, -0.2f32];
    let clusters = Clusters::of(&rows, 2, Some(2));
    let typical: Vec<f32> =
        rows.chunks_exact(2).map(|row| clusters.place(row).unwrap().typical).collect();
    assert!(typical[1] > typical[0] && typical[1] > typical[2] && typical[1] > 0.999);
}

#[test]
fn groups_are_made_of_a_draw_of_many_rows() {
    assert_eq!(Clusters::drawn(3, 1), [0, 1, 2]);
    let drawn = Clusters::drawn(9000, 1);
    assert!(drawn.len() == 4000 && drawn.is_sorted() && drawn[3999] > 8000);
    assert!(drawn == Clusters::drawn(9000, 1) && drawn != Clusters::drawn(9000, 2));
}

#[test]
fn threads_make_no_difference() {
    let rows = rows(4, 100, 8, 0.3);
    let found = Clusters::of(&rows, 8, None);
    assert_eq!(with_threads(1, || Clusters::of(&rows, 8, None)), found);
    assert_eq!(with_threads(3, || Clusters::of(&rows, 8, None)), found);
}

#[test]
fn a_dendrogram_is_cut_where_so_many_groups_are_left() {
    // Rows 0 and 2, then 1 and 3, then 4 to the latter.
    let steps = [[0, 2], [1, 3], [4, 6], [5, 7]];
    assert_eq!(cut(&steps, 5, 5), [0, 1, 2, 3, 4]);
    assert_eq!(cut(&steps, 5, 3), [0, 1, 0, 1, 2]);
    assert_eq!(cut(&steps, 5, 2), [0, 1, 0, 1, 1]);
    assert_eq!(cut(&steps, 5, 1), [0; 5]);
}

#[test]
fn silhouettes_are_those_of_scikit_learn() {
    // silhouette_score([[0], [1], [5], [6], [20]], labels, metric="euclidean")
    let points = [0.0f32, 1.0, 5.0, 6.0, 20.0];
    let distances: Vec<Vec<f32>> = (0..5)
        .map(|at| points[at + 1..].iter().map(|to| (to - points[at]).abs()).collect())
        .collect();
    for (labels, score) in [([0, 0, 1, 1, 2], 0.638_383_838), ([0, 0, 0, 0, 1], 0.623_324_979)] {
        let found = silhouette(&distances, &labels);
        assert!((found - score).abs() < 1e-6, "{found} {score}");
    }
}
