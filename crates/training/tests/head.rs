//! Heads on features against scikit-learn's, by `golden/make_head.py`.

#![allow(clippy::unwrap_used, reason = "a test may fail wherever it stands")]

use serde_json::Value;
use training::features::Table;
use training::head::{LinearKind, Samples};

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

#[test]
fn logistic_regression_says_what_scikit_learns_does() {
    let golden: Value = serde_json::from_str(include_str!("golden/head.json")).unwrap();
    let count = |name: &str| golden[name].as_u64().unwrap() as usize;
    let (width, learned) = (count("width"), count("learned"));
    let labels: Vec<usize> = numbers(&golden["labels"]).iter().map(|&x| x as usize).collect();
    let features = numbers(&golden["features"]).iter().map(|&x| x as f32).collect();
    let table = Table::new(width, features);
    let rows: Vec<usize> = (0..learned).collect();
    let asked: Vec<usize> = (learned..labels.len()).collect();
    for case in golden["cases"].as_array().unwrap() {
        let strength = case["strength"].as_f64().unwrap();
        let head = &LinearKind::Logistic
            .fit(Samples::new(&table, &rows, &labels, 3), &[strength])
            .unwrap()[0];
        let said = head.logits(&table, &asked).unwrap();
        for (row, expected) in said.iter().zip(case["probabilities"].as_array().unwrap()) {
            for (p, expected) in classifier::softmax(row).iter().zip(numbers(expected)) {
                let difference = (f64::from(*p) - expected).abs();
                assert!(difference < 2e-3, "C = {strength}: {p} is not {expected}");
            }
        }
    }
}
