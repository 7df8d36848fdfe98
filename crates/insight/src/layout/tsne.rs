//! t-SNE (van der Maaten and Hinton: *Visualizing data using t-SNE*, JMLR 9, 2008), exact: every
//! pair is weighed, which is quick for a thousand pictures. Settings are scikit-learn's.

/// Steps with neighbours drawn closer than they should be, so that groups find together, …
const EARLY: usize = 250;
/// … how much closer, …
const EXAGGERATION: f32 = 12.0;
/// … and steps in all.
const STEPS: usize = 750;
/// How far from the truth a perplexity may be, in nats of entropy.
const TOLERANCE: f64 = 1e-5;
/// Pairs weighed at a time; their number decides the bits.
const LANES: usize = 8;

/// How much each row of `width` numbers is drawn to each other: the mean of both one's views, all
/// together 1. A row's own view is a normal distribution so wide that it has about `perplexity`
/// neighbours.
pub(super) fn affinities(rows: &[f64], width: usize, perplexity: f64) -> Vec<f64> {
    assert!(width > 0 && rows.len().is_multiple_of(width), "whole rows");
    let rows: Vec<&[f64]> = rows.chunks_exact(width).collect();
    let n = rows.len();
    let mut own = vec![0.0; n * n];
    for (i, view) in own.chunks_exact_mut(n).enumerate() {
        let apart = |other: &&[f64]| {
            rows[i].iter().zip(*other).map(|(a, b)| (a - b) * (a - b)).sum::<f64>()
        };
        let apart: Vec<f64> = rows.iter().map(apart).collect();
        see(i, &apart, perplexity.max(1.0).ln(), view);
    }
    let both = |at: usize| (own[at] + own[at % n * n + at / n]) / (2.0 * n as f64);
    (0..n * n).map(|at| both(at).max(f64::MIN_POSITIVE)).collect()
}

/// One row's view of the others, `apart` squared distances away: by halving, so narrow that its
/// entropy is the one wanted.
fn see(own: usize, apart: &[f64], entropy: f64, view: &mut [f64]) {
    let others = || apart.iter().enumerate().filter(|&(j, _)| j != own).map(|(_, &d)| d);
    // Distances beyond the nearest decide; the mean sets the scale to begin with.
    let nearest = others().fold(f64::INFINITY, f64::min);
    let mean = others().map(|d| d - nearest).sum::<f64>() / apart.len().max(2) as f64;
    let (mut low, mut high) = (0.0, f64::INFINITY);
    let mut narrow = if mean > 0.0 { 1.0 / mean } else { 1.0 };
    for _ in 0..200 {
        let (mut sum, mut weighed) = (0.0, 0.0);
        for (j, (view, &d)) in view.iter_mut().zip(apart).enumerate() {
            let far = d - nearest;
            *view = if j == own { 0.0 } else { (-far * narrow).exp() };
            sum += *view;
            weighed += *view * far;
        }
        let found = sum.ln() + narrow * weighed / sum;
        view.iter_mut().for_each(|view| *view /= sum);
        if (found - entropy).abs() <= TOLERANCE {
            break;
        }
        (low, high) = if found > entropy { (narrow, high) } else { (low, narrow) };
        narrow = if high.is_finite() { (low + high) / 2.0 } else { 2.0 * narrow };
    }
}

/// Places that `affinities` lead to, from a beginning that is given (its scale does not count).
pub(super) fn tsne(affinities: &[f64], begin: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let n = begin.len();
    assert_eq!(affinities.len(), n * n, "one a pair");
    let drawn: Vec<f32> = affinities.iter().map(|&p| p as f32).collect();
    let square: f64 = begin.iter().map(|place| place[0] * place[0]).sum();
    let scale = 1e-4 / (square / n.max(1) as f64).sqrt().max(f64::MIN_POSITIVE);
    let axis = |axis: usize| begin.iter().map(|p| (p[axis] * scale) as f32).collect::<Vec<_>>();
    let mut places = [axis(0), axis(1)];
    let rate = (n as f32 / EXAGGERATION / 4.0).max(50.0);
    let (mut moved, mut gains) = ([vec![0.0f32; n], vec![0.0; n]], [vec![1.0f32; n], vec![1.0; n]]);
    for step in 0..STEPS {
        let (closer, momentum) = if step < EARLY { (EXAGGERATION, 0.5) } else { (1.0, 0.8) };
        let slopes = slopes(&drawn, &places, closer);
        for axis in 0..2 {
            for i in 0..n {
                let (slope, moved) = (slopes[axis][i], &mut moved[axis][i]);
                let gain = &mut gains[axis][i];
                *gain = if slope * *moved < 0.0 { *gain + 0.2 } else { *gain * 0.8 };
                *gain = gain.max(0.01);
                *moved = momentum * *moved - rate * *gain * slope;
                places[axis][i] += *moved;
            }
        }
    }
    let [x, y] = &places;
    x.iter().zip(y).map(|(&x, &y)| [f64::from(x), f64::from(y)]).collect()
}

/// The slopes of the divergence of the places' own closeness from `closer` times the affinities
/// `drawn` (the paper's equation 5), along each axis.
pub(super) fn slopes(drawn: &[f32], places: &[Vec<f32>; 2], closer: f32) -> [Vec<f32>; 2] {
    let [x, y] = places;
    let n = x.len();
    assert_eq!((y.len(), drawn.len()), (n, n * n), "a place on both axes, and one a pair");
    let mut pull = [vec![0.0f32; n], vec![0.0; n]];
    let mut push = pull.clone();
    let mut all = 0.0f64;
    let (xs, ys) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
    for i in 0..n {
        let own = drawn[i * n..][..n].as_chunks::<LANES>();
        let mut sums = [[0.0f32; LANES]; 5];
        for ((xs, ys), own) in xs.0.iter().zip(ys.0).zip(own.0) {
            for lane in 0..LANES {
                weigh(&mut sums, lane, x[i] - xs[lane], y[i] - ys[lane], own[lane]);
            }
        }
        for (at, ((xs, ys), own)) in xs.1.iter().zip(ys.1).zip(own.1).enumerate() {
            weigh(&mut sums, at, x[i] - xs, y[i] - ys, *own);
        }
        let [close, pull_x, pull_y, push_x, push_y] =
            sums.map(|lanes| lanes.iter().map(|&x| f64::from(x)).sum::<f64>());
        all += close - 1.0; // a place is as close as can be to itself, which does not count
        (pull[0][i], pull[1][i]) = (pull_x as f32, pull_y as f32);
        (push[0][i], push[1][i]) = (push_x as f32, push_y as f32);
    }
    let share = (1.0 / all.max(f64::MIN_POSITIVE)) as f32;
    let slope = |axis: usize| {
        let both = pull[axis].iter().zip(&push[axis]);
        both.map(|(pull, push)| 4.0 * (closer * pull - share * push)).collect()
    };
    [slope(0), slope(1)]
}

/// Adds what one place does to another to the sums of a lane.
#[inline(always)]
fn weigh(sums: &mut [[f32; LANES]; 5], lane: usize, dx: f32, dy: f32, drawn: f32) {
    let close = 1.0 / (1.0 + dx * dx + dy * dy);
    let (pull, push) = (drawn * close, close * close);
    sums[0][lane] += close;
    sums[1][lane] += pull * dx;
    sums[2][lane] += pull * dy;
    sums[3][lane] += push * dx;
    sums[4][lane] += push * dy;
}
