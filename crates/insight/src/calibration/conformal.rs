//! Thresholds from ranks: split conformal prediction (V. Vovk, A. Gammerman, G. Shafer:
//! *Algorithmic learning in a random world*, 2005) with the true class's probability as the score
//! (M. Sadinle, J. Lei, L. Wasserman: *Least ambiguous set-valued classifiers with bounded error
//! levels*, JASA 114, 2019), class by class where a class has enough pictures (V. Vovk:
//! *Conditional validity of inductive conformal predictors*, ACML 2012).

/// Pictures from which on a class has a threshold of its own: with 50 the coverage that a
/// threshold really has deviates by 4 points (the standard deviation of its beta distribution).
pub(super) const ENOUGH: usize = 50;

/// For each class the least probability that puts it into a set, and whether it is its own, from
/// the probability of each picture's true class. A set is to hold the true class this often.
///
/// The classes with too few pictures share a threshold; where even all of theirs together are too
/// few, it is that of all pictures.
pub(super) fn thresholds(
    truths: &[f64],
    labels: &[usize],
    classes: usize,
    coverage: f64,
) -> (Vec<f64>, Vec<bool>) {
    let mut of_class = vec![vec![]; classes];
    for (&truth, &label) in truths.iter().zip(labels) {
        of_class[label].push(truth);
    }
    let own: Vec<bool> = of_class.iter().map(|scores| scores.len() >= ENOUGH).collect();
    let rest: Vec<f64> =
        of_class.iter().zip(&own).filter(|(_, own)| !**own).flat_map(|(s, _)| s.clone()).collect();
    let shared = lower(if rest.len() >= ENOUGH { rest } else { truths.to_vec() }, 1.0 - coverage);
    let threshold = |(scores, own): (Vec<f64>, &bool)| {
        if *own { lower(scores, 1.0 - coverage) } else { shared }
    };
    (of_class.into_iter().zip(&own).map(threshold).collect(), own)
}

/// The value that a further draw falls short of with at most this probability: the ⌊(n + 1) α⌋-th
/// smallest, or 0 where n is too small for any.
fn lower(mut values: Vec<f64>, alpha: f64) -> f64 {
    let rank = rank(values.len(), alpha);
    values.sort_by(f64::total_cmp);
    rank.checked_sub(1).map_or(0.0, |index| values[index].clamp(0.0, 1.0))
}

/// The value that a further draw exceeds with at most this probability; `None` where there are too
/// few to say.
pub(super) fn upper(mut values: Vec<f64>, alpha: f64) -> Option<f64> {
    let rank = rank(values.len(), alpha);
    values.sort_by(f64::total_cmp);
    (rank > 0).then(|| values[values.len() - rank])
}

fn rank(n: usize, alpha: f64) -> usize {
    // A hair more, as 0.1 × 10 may come out below 1.
    ((n + 1) as f64 * alpha + 1e-9) as usize
}

#[cfg(test)]
mod tests {
    use super::{lower, thresholds, upper};

    #[test]
    fn ranks_are_those_of_the_theorem() {
        let values: Vec<f64> = (1..=19).map(|i| f64::from(i) / 100.0).collect();
        assert_eq!(lower(values.clone(), 0.1), 0.02, "the 2nd of 19");
        assert_eq!(lower(values[..9].to_vec(), 0.1), 0.01);
        assert_eq!(lower(values[..8].to_vec(), 0.1), 0.0, "8 are too few for 90 %");
        assert_eq!(upper(values.clone(), 0.05), Some(0.19));
        assert_eq!(upper(values[..18].to_vec(), 0.05), None, "18 are too few for 5 %");
    }

    #[test]
    fn small_classes_share_a_threshold() {
        let truths: Vec<f64> = (0..90).map(|i| f64::from(i) / 100.0).collect();
        let labels: Vec<usize> = (0..90).map(|i| if i < 60 { 0 } else { 1 + i % 2 }).collect();
        let (found, own) = thresholds(&truths, &labels, 3, 0.9);
        assert_eq!(own, [true, false, false]);
        assert_eq!(found, [0.05, 0.08, 0.08], "30 in all are too few, so all 90 speak");
    }
}
