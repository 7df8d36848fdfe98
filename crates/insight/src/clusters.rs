//! Groups of rows that are alike, for pictures that nobody has sorted.
//!
//! Rows are centred and brought to unit length, so that directions count. Ward's method merges the
//! two groups whose merging adds least variance, again and again; of the numbers of groups that this
//! passes through, the one with the largest silhouette is kept (P. Rousseeuw: *Silhouettes*, J.
//! Comput. Appl. Math. 20, 1987). Then each row goes to the nearest centre.

use ground::parallel;
use ground::random::{Draws, Purpose};
use kodama::{Method, linkage};

/// Rows that groups are made of at most: each pair of them takes memory.
const MERGED: usize = 4000;
/// Sums kept at a time, so that a processor adds several at once; their number decides the bits.
const LANES: usize = 8;

/// Groups of rows that are alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Clusters {
    /// What is subtracted from each row.
    mean: Vec<f32>,
    /// The mean direction of each group.
    centres: Vec<Vec<f32>>,
}

/// Where a row belongs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Membership {
    /// The group.
    pub cluster: usize,
    /// How much the row points in the group's direction, −1 to 1; 1 is the most typical.
    pub typical: f32,
}

impl Clusters {
    /// Which of `count` rows to make groups of, in order: all, or of many a draw.
    #[must_use]
    pub fn drawn(count: usize, seed: u64) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        if count > MERGED {
            Draws::new(seed, Purpose::Clusters, &[]).shuffle(&mut order);
            order.truncate(MERGED);
            order.sort_unstable();
        }
        order
    }

    /// Groups rows of `width` numbers: `wanted` groups, or as many as suit the rows, between half and
    /// one and a half times the square root of their number. Time and memory grow with the square of
    /// that number ([`Clusters::drawn`]). Results do not depend on the number of threads.
    ///
    /// # Panics
    /// When the last row is not whole.
    #[must_use]
    pub fn of(rows: &[f32], width: usize, wanted: Option<usize>) -> Self {
        assert!(width > 0 && rows.len().is_multiple_of(width), "whole rows");
        let rows: Vec<&[f32]> = rows.chunks_exact(width).collect();
        let mean = mean(&rows, width);
        let units: Vec<Vec<f32>> = rows.iter().map(|row| direction(row, &mean)).collect();
        let labels = merged(&units, wanted);
        let groups = labels.iter().max().map_or(0, |&last| last + 1);
        let none = vec![0.0; width];
        let centre = |group: usize| {
            let own = labels.iter().zip(&units).filter(|(label, _)| **label == group);
            let own: Vec<&[f32]> = own.map(|(_, unit)| unit.as_slice()).collect();
            direction(&self::mean(&own, width), &none)
        };
        Self { mean, centres: (0..groups).map(centre).collect() }
    }

    /// How many groups there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.centres.len()
    }

    /// Whether there is no group, as there is of no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.centres.is_empty()
    }

    /// The group that a row belongs to; `None` where there is no group.
    #[must_use]
    pub fn place(&self, row: &[f32]) -> Option<Membership> {
        let unit = direction(row, &self.mean);
        let typical = self.centres.iter().map(|centre| dot(&unit, centre)).enumerate();
        let nearest = typical.reduce(|best, next| if next.1 > best.1 { next } else { best });
        nearest.map(|(cluster, typical)| Membership { cluster, typical })
    }
}

/// A group for each row, numbered as they come.
fn merged(units: &[Vec<f32>], wanted: Option<usize>) -> Vec<usize> {
    let count = units.len();
    if count < 2 {
        return vec![0; count];
    }
    let distances: Vec<Vec<f32>> = parallel::map(count, |at| {
        (at + 1..count).map(|to| distance(&units[at], &units[to])).collect()
    });
    let mut condensed = distances.concat();
    let steps = linkage(&mut condensed, count, Method::Ward);
    let steps: Vec<[usize; 2]> =
        steps.steps().iter().map(|step| [step.cluster1, step.cluster2]).collect();
    let root = (count as f64).sqrt();
    let range = match wanted {
        Some(wanted) => wanted.clamp(1, count)..=wanted.clamp(1, count),
        None => (root / 2.0).ceil() as usize..=((1.5 * root) as usize).min(count),
    };
    let cuts: Vec<Vec<usize>> = range.map(|groups| cut(&steps, count, groups)).collect();
    if cuts.len() < 2 {
        return cuts.into_iter().next().unwrap_or_default();
    }
    let scores = parallel::map(cuts.len(), |at| silhouette(&distances, &cuts[at]));
    let best = scores.iter().enumerate().reduce(|best, next| match next.1 > best.1 {
        true => next,
        false => best,
    });
    cuts[best.map_or(0, |(at, _)| at)].clone()
}

/// The group of each row where merging stops at so many groups: in a dendrogram, step `i` makes
/// cluster `count + i` of two earlier ones.
fn cut(steps: &[[usize; 2]], count: usize, groups: usize) -> Vec<usize> {
    let made = count - groups;
    let mut above: Vec<usize> = (0..count + made).collect();
    for (at, step) in steps[..made].iter().enumerate() {
        step.iter().for_each(|&part| above[part] = count + at);
    }
    for part in (0..above.len()).rev() {
        above[part] = above[above[part]];
    }
    let mut names: Vec<usize> = vec![];
    let mut number = |top: usize| {
        names.iter().position(|&name| name == top).unwrap_or_else(|| {
            names.push(top);
            names.len() - 1
        })
    };
    above[..count].iter().map(|&top| number(top)).collect()
}

/// The mean silhouette of the rows: how much nearer a row is to its own group than to the next
/// one, −1 to 1. That of a row alone in its group is 0.
fn silhouette(distances: &[Vec<f32>], labels: &[usize]) -> f64 {
    let count = labels.len();
    let groups = labels.iter().max().map_or(0, |&last| last + 1);
    let mut sizes = vec![0.0f64; groups];
    labels.iter().for_each(|&label| sizes[label] += 1.0);
    let mut sums = vec![0.0f64; count * groups];
    for (from, row) in distances.iter().enumerate() {
        for (to, &distance) in (from + 1..).zip(row) {
            sums[from * groups + labels[to]] += f64::from(distance);
            sums[to * groups + labels[from]] += f64::from(distance);
        }
    }
    let one = |(sums, &own): (&[f64], &usize)| {
        if sizes[own] < 2.0 {
            return 0.0;
        }
        let within = sums[own] / (sizes[own] - 1.0);
        let others = (0..groups).filter(|&group| group != own).map(|at| sums[at] / sizes[at]);
        let next = others.fold(f64::INFINITY, f64::min);
        let longer = within.max(next);
        if longer.is_finite() && longer > 0.0 { (next - within) / longer } else { 0.0 }
    };
    sums.chunks_exact(groups).zip(labels).map(one).sum::<f64>() / count as f64
}

fn mean(rows: &[&[f32]], width: usize) -> Vec<f32> {
    let mut sums = vec![0.0f64; width];
    for row in rows {
        sums.iter_mut().zip(*row).for_each(|(sum, &x)| *sum += f64::from(x));
    }
    sums.iter().map(|sum| (sum / rows.len().max(1) as f64) as f32).collect()
}

/// What points from `from` to a row, of length 1; 0 where they are the same.
fn direction(row: &[f32], from: &[f32]) -> Vec<f32> {
    let away: Vec<f32> = row.iter().zip(from).map(|(x, from)| x - from).collect();
    let length = dot(&away, &away).sqrt();
    // Where only rounding is left, there is no direction.
    let scale = if length > 1e-6 * dot(row, row).sqrt() { 1.0 / length } else { 0.0 };
    away.into_iter().map(|x| x * scale).collect()
}

fn distance(a: &[f32], b: &[f32]) -> f32 {
    let square = dot(a, a) + dot(b, b) - 2.0 * dot(a, b);
    square.max(0.0).sqrt()
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a, b) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [0.0f32; LANES];
    for (a, b) in a.0.iter().zip(b.0) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f32>() + a.1.iter().zip(b.1).map(|(a, b)| a * b).sum::<f32>()
}

#[cfg(test)]
mod tests;
