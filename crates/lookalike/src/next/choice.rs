//! The choice of pictures: k-means++ on gradient embeddings (J. Ash, C. Zhang, A. Krishnamurthy, J.
//! Langford, A. Agarwal: *Deep batch active learning by diverse, uncertain gradient lower bounds*,
//! ICLR 2020, "BADGE").
//!
//! The embedding of a picture is the gradient of the log-loss in the last layer's weights, as if its
//! likeliest class were right: (p − onehot) ⊗ x. It is long where the classifier is unsure, and points
//! elsewhere for other classes and other features. Its products need no gradient to be stored:
//! ⟨a ⊗ x, b ⊗ y⟩ = ⟨a, b⟩ ⟨x, y⟩.

use ground::parallel;
use ground::random::{Draws, Purpose};

/// A picture to choose from.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The probability of each class.
    pub probabilities: Vec<f32>,
    /// Its features.
    pub features: Vec<f32>,
}

/// A candidate as the choice sees it.
struct Point {
    /// p − onehot of the likeliest class.
    error: Vec<f32>,
    /// Features of unit length.
    features: Vec<f32>,
    /// The squared length of the embedding.
    square: f64,
}

impl Point {
    fn of(candidate: &Candidate) -> Self {
        let mut error = candidate.probabilities.clone();
        let likeliest = insight::stats::first_of_largest(&error);
        if let Some(odds) = error.get_mut(likeliest) {
            *odds -= 1.0;
        }
        let length = dot(&candidate.features, &candidate.features).sqrt().max(1e-12);
        let features = candidate.features.iter().map(|x| (f64::from(*x) / length) as f32).collect();
        let square = dot(&error, &error);
        Self { error, features, square }
    }

    fn distance(&self, other: &Self) -> f64 {
        let product = dot(&self.error, &other.error) * dot(&self.features, &other.features);
        (self.square + other.square - 2.0 * product).max(0.0)
    }
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum()
}

/// Chooses `count` candidates, or all where there are fewer: the one with the longest embedding, then
/// each by chance in proportion to its squared distance from the nearest of those chosen before and of
/// the origin. The paper has no origin, and so chooses sure pictures for being far from unsure ones.
/// The order depends on the candidates and the seed alone.
#[must_use]
pub fn choose(candidates: &[Candidate], count: usize, seed: u64) -> Vec<usize> {
    let points: Vec<Point> = parallel::map(candidates.len(), |at| Point::of(&candidates[at]));
    let mut draws = Draws::new(seed, Purpose::Look, &[candidates.len() as u64]);
    let mut nearest: Vec<f64> = points.iter().map(|point| point.square).collect();
    let mut chosen: Vec<usize> = vec![];
    while chosen.len() < count.min(points.len()) {
        let next = match chosen.is_empty() {
            true => insight::stats::first_of_largest(&nearest),
            false => drawn(&nearest, &chosen, draws.uniform()),
        };
        chosen.push(next);
        let distances = parallel::map_until(points.len(), 64, &|| false, |at| {
            points[at].distance(&points[next])
        });
        for (known, distance) in nearest.iter_mut().zip(distances) {
            *known = known.min(distance);
        }
        nearest[next] = 0.0;
    }
    chosen
}

/// The candidate that a number from 0 to 1 falls on, where each takes a part in proportion to its
/// weight; where none has any, the first that was not chosen.
fn drawn(weights: &[f64], chosen: &[usize], at: f64) -> usize {
    let total: f64 = weights.iter().sum();
    let mut left = at * total;
    let free = |at: &usize| !chosen.contains(at);
    for (place, weight) in weights.iter().enumerate() {
        left -= weight;
        if left < 0.0 && *weight > 0.0 && free(&place) {
            return place;
        }
    }
    (0..weights.len()).find(free).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{Candidate, choose};

    fn candidate(odds: f32, features: [f32; 2]) -> Candidate {
        Candidate { probabilities: vec![odds, 1.0 - odds], features: features.to_vec() }
    }

    #[test]
    fn the_least_sure_comes_first_and_its_copies_come_last() {
        let sure = candidate(0.999, [1.0, 0.0]);
        let unsure = candidate(0.5, [1.0, 0.0]);
        let other = candidate(0.6, [0.0, 1.0]);
        let candidates = [sure.clone(), unsure.clone(), unsure.clone(), unsure, other, sure];
        for seed in 0..20 {
            let chosen = choose(&candidates, 2, seed);
            assert_eq!(chosen[0], 1, "the longest embedding");
            assert!(![2, 3].contains(&chosen[1]), "a copy of the first has nothing new");
        }
        let mut all = choose(&candidates, 99, 1);
        all.sort_unstable();
        assert_eq!(all, [0, 1, 2, 3, 4, 5]);
    }
}
