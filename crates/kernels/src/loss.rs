//! Softmax and cross-entropy.

/// Softmax of one row of logits.
fn softmax(logits: &[f32], probabilities: &mut [f32]) {
    // Without the largest, which cancels, no exponential overflows.
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0f64;
    for (p, &logit) in probabilities.iter_mut().zip(logits) {
        *p = (logit - largest).exp();
        sum += f64::from(*p);
    }
    probabilities.iter_mut().for_each(|p| *p = (f64::from(*p) / sum) as f32);
}

/// −ln of the probability that a row of logits gives to `label`.
#[must_use]
pub fn cross_entropy(logits: &[f32], label: usize) -> f64 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|&logit| f64::from(logit - largest).exp()).sum();
    // `max` skips NaN, but the sum does not.
    sum.ln() - f64::from(logits[label] - largest)
}

/// The mean cross-entropy of a batch and its gradient by the logits, (softmax − one-hot) / count.
///
/// # Panics
/// When a label is not below `classes`, or lengths do not suit.
pub fn cross_entropy_backward(
    logits: &[f32],
    classes: usize,
    labels: &[usize],
    gradient: &mut [f32],
) -> f32 {
    assert!(logits.len() == labels.len() * classes && gradient.len() == logits.len());
    let count = labels.len() as f64;
    let mut loss = 0.0;
    for ((logits, gradient), &label) in
        logits.chunks_exact(classes).zip(gradient.chunks_exact_mut(classes)).zip(labels)
    {
        loss += cross_entropy(logits, label);
        softmax(logits, gradient);
        gradient[label] -= 1.0;
        gradient.iter_mut().for_each(|g| *g = (f64::from(*g) / count) as f32);
    }
    (loss / count) as f32
}

#[cfg(test)]
mod tests {
    use super::{cross_entropy, cross_entropy_backward, softmax};

    #[test]
    fn even_logits_are_even_chances() {
        let mut p = [0.0; 4];
        softmax(&[3.0; 4], &mut p);
        assert_eq!(p, [0.25; 4]);
        assert!((cross_entropy(&[3.0; 4], 2) - 4f64.ln()).abs() < 1e-12);
        softmax(&[1e30, -1e30], &mut p[..2]);
        assert_eq!(p[..2], [1.0, 0.0]);
        assert!(cross_entropy(&[f32::NAN, 0.0], 1).is_nan());
    }

    #[test]
    fn gradient_is_the_slope() {
        let (logits, labels) = ([0.3f32, -1.2, 0.7, 2.0, 0.1, -0.4], [2usize, 0]);
        let mut gradient = [0.0; 6];
        let loss = |logits: &[f32]| cross_entropy_backward(logits, 3, &labels, &mut [0.0; 6]);
        cross_entropy_backward(&logits, 3, &labels, &mut gradient);
        for i in 0..6 {
            let (mut up, mut down) = (logits, logits);
            up[i] += 1e-2;
            down[i] -= 1e-2;
            let slope = (loss(&up) - loss(&down)) / 2e-2;
            assert!((slope - gradient[i]).abs() < 1e-4, "{slope} {}", gradient[i]);
        }
    }
}
