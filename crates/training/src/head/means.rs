//! The nearest class mean.

use classifier::loss;
use ground::files::FileError;

use super::scale::Scale;
use super::{BLOCK, Linear, Samples, logits};

/// The logit of a class is −`c` / 2 times the squared distance to its mean, without the part
/// that all classes share. A class without rows is nobody's nearest.
pub(super) fn fit(
    samples: Samples<'_>,
    scale: &Scale,
    cs: &[f64],
) -> Result<Vec<Linear>, FileError> {
    let Samples { features, rows, labels, classes } = samples;
    let width = features.width();
    let mut sums = vec![0.0f64; classes * width];
    let mut counts = vec![0usize; classes];
    let mut block = vec![];
    for rows in rows.chunks(BLOCK) {
        scale.read(features, rows, &mut block)?;
        for (&row, x) in rows.iter().zip(block.chunks_exact(width)) {
            let class = labels[row];
            counts[class] += 1;
            let of_class = &mut sums[class * width..][..width];
            of_class.iter_mut().zip(x).for_each(|(sum, &x)| *sum += f64::from(x));
        }
    }
    for (mean, &count) in sums.chunks_exact_mut(width).zip(&counts) {
        mean.iter_mut().for_each(|x| *x /= count.max(1) as f64);
    }
    let of_c = |&c: &f64| {
        let bias = sums.chunks_exact(width).zip(&counts).map(|(mean, &count)| {
            let square: f64 = mean.iter().map(|x| x * x).sum();
            if count == 0 { -1e4 } else { (-0.5 * c * square) as f32 }
        });
        Linear {
            classes,
            weights: sums.iter().map(|&mean| (c * mean) as f32).collect(),
            bias: bias.collect(),
        }
    };
    Ok(cs.iter().map(of_c).collect())
}

/// For each `C` the cross-entropy of the rows of the first `asked` folds, each predicted by the means
/// of the other folds.
pub(super) fn losses(
    samples: Samples<'_>,
    scale: &Scale,
    fold_of: &[usize],
    asked: usize,
    cs: &[f64],
) -> Result<Vec<f64>, FileError> {
    let mut losses = vec![0.0; cs.len()];
    for fold in 0..asked {
        let side = |held: bool| -> Vec<usize> {
            let both = samples.rows.iter().zip(fold_of).filter(|&(_, &of)| (of == fold) == held);
            both.map(|(&row, _)| row).collect()
        };
        let heads = fit(samples.with_rows(&side(false)), scale, cs)?;
        let heads: Vec<Linear> = heads.into_iter().map(|head| scale.fold_into(head)).collect();
        let held = side(true);
        for (said, &row) in logits(&heads, samples.features, &held)?.iter().zip(&held) {
            for (sum, logits) in losses.iter_mut().zip(said) {
                *sum += f64::from(loss(logits, samples.labels[row]));
            }
        }
    }
    Ok(losses)
}
