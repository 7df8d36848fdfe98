/// The probabilities that a row of logits stands for. They sum to 1; NaN in gives NaN out.
#[must_use]
pub fn softmax(logits: &[f32]) -> Vec<f32> {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f64> = logits.iter().map(|&x| f64::from(x - top).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|power| (power / sum) as f32).collect()
}

/// The cross-entropy of a row of logits and the right class: −ln of its probability, exact also
/// where that is too small for a float.
#[must_use]
pub fn loss(logits: &[f32], class: usize) -> f32 {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|&x| f64::from(x - top).exp()).sum();
    (sum.ln() + f64::from(top) - f64::from(logits[class])) as f32
}

#[cfg(test)]
mod tests {
    use super::{loss, softmax};

    #[test]
    fn known_values() {
        let odds = softmax(&[0.0, 2.0f32.ln(), 5.0f32.ln()]);
        for (found, expected) in odds.iter().zip([0.125, 0.25, 0.625]) {
            assert!((found - expected).abs() < 1e-7, "{odds:?}");
        }
        assert!((loss(&[0.0, 2.0f32.ln(), 5.0f32.ln()], 1) - 4.0f32.ln()).abs() < 1e-6);
    }

    #[test]
    fn far_logits_neither_overflow_nor_vanish() {
        assert_eq!(softmax(&[1e4, -1e4]), [1.0, 0.0]);
        assert_eq!(loss(&[1e4, -1e4], 1), 2e4);
        assert!(softmax(&[f32::NAN, 0.0])[0].is_nan() && loss(&[f32::NAN, 0.0], 1).is_nan());
    }
}
