//! Vector scaling: a factor and a shift a class, fitted by Newton's method.

use super::scaling::Scaling;
use crate::stats::solve;

/// Classes up to which it is tried: each step solves as many equations, twice.
const CLASSES: usize = 10;

/// Newton's steps; the problem is convex and starts near its end.
const STEPS: usize = 12;

/// Whether there are data enough: few classes, of each at least as many pictures as a threshold
/// of its own takes.
pub(super) fn allowed(labels: &[usize], classes: usize) -> bool {
    let count = |class| labels.iter().filter(|&&label| label == class).count();
    (2..=CLASSES).contains(&classes)
        && (0..classes).all(|class| count(class) >= super::conformal::ENOUGH)
}

/// The factors and shifts of least log-loss, drawn to `temperature` as if by one picture: factors
/// relative to it and shifts have the variance 1 before anything is known. `None` where the steps
/// do not settle.
pub(super) fn fit(
    logits: &[&[f32]],
    labels: &[usize],
    classes: usize,
    temperature: f64,
) -> Option<Scaling> {
    let (mut factors, mut shifts) = (vec![1.0 / temperature; classes], vec![0.0; classes]);
    for _ in 0..STEPS {
        let scaling = Scaling::Vector { factors: factors.clone(), shifts: shifts.clone() };
        // Equations of the step: the Hessian, and the gradient as right side.
        let size = 2 * classes;
        let mut rows = vec![vec![0.0; size + 1]; size];
        for class in 0..classes {
            rows[class][class] = temperature * temperature;
            rows[class][size] = (factors[class] * temperature - 1.0) * temperature;
            rows[classes + class][classes + class] = 1.0;
            rows[classes + class][size] = shifts[class];
        }
        for (row, &label) in logits.iter().zip(labels) {
            let odds = scaling.probabilities(row);
            // By how much an unknown moves its class's logit.
            let pull = |unknown: usize| {
                if unknown < classes { f64::from(row[unknown]) } else { 1.0 }
            };
            for (a, equation) in rows.iter_mut().enumerate() {
                let (class, by) = (a % classes, pull(a));
                for (b, entry) in equation[..size].iter_mut().enumerate() {
                    let other = b % classes;
                    let own = if class == other { odds[class] } else { 0.0 };
                    *entry += (own - odds[class] * odds[other]) * by * pull(b);
                }
                equation[size] += (odds[class] - f64::from(class == label)) * by;
            }
        }
        let step = solve(rows)?;
        let mut moved = 0.0f64;
        for class in 0..classes {
            factors[class] -= step[class];
            shifts[class] -= step[classes + class];
            moved = moved.max(step[class].abs() * temperature).max(step[classes + class].abs());
        }
        if moved < 1e-8 {
            return Some(Scaling::Vector { factors, shifts });
        }
        if !moved.is_finite() {
            return None;
        }
    }
    None
}
