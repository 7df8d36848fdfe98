//! The schedule against fastai's formulas, step by step (golden/make.py).
#![allow(clippy::unwrap_used)] // in helpers of tests too

use training::OneCycle;

#[test]
fn one_cycle_is_fastais() {
    let mut lines = include_str!("golden/one_cycle.txt").lines().peekable();
    let numbers = |line: &str| -> Vec<f64> {
        line.split_whitespace().map(|word| word.parse().unwrap()).collect()
    };
    let mut steps_seen = 0;
    while let Some(line) = lines.next() {
        let header = numbers(line.strip_prefix("cycle ").unwrap());
        let steps = header[0] as usize;
        let max_rates = header[1..].iter().map(|&rate| rate as f32).collect();
        let cycle = OneCycle { max_rates, steps };
        for step in 0..steps {
            let expected = numbers(lines.next().unwrap());
            let found = cycle.at(step);
            for (group, rate) in found.iter().zip(&expected) {
                let error = (f64::from(group.rate) / rate - 1.0).abs();
                assert!(error < 1e-5, "step {step} of {steps}: {} not {rate}", group.rate);
                let momentum = expected[3];
                assert!((f64::from(group.momentum) - momentum).abs() < 1e-6, "step {step}");
            }
            steps_seen += 1;
        }
    }
    assert_eq!(steps_seen, 142);
}
