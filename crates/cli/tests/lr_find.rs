//! The rate finder as a user meets it.
#![allow(clippy::unwrap_used, reason = "a test may fail wherever it stands")]

mod common;

use common::{TRAINED, told};
use serde_json::Value;

const FIND: &str = "lr-find practice --backbone small --size 32 --batch 16";

#[test]
fn a_rate_is_suggested_drawn_and_understood_by_train() {
    let told = TRAINED.out(FIND);
    let line = told.lines().find(|line| line.starts_with("suggested: ")).unwrap();
    let option = line.strip_prefix("suggested: ").unwrap();
    assert!(told.contains("└") && told.contains("▲"), "{told}");
    let plot = String::from_utf8(TRAINED.read("practice.lr.svg")).unwrap();
    assert!(plot.starts_with("<svg") && plot.contains("suggested: "), "{plot}");
    let train = "train practice --backbone small --size 32 --epochs 1 -o other.lookalike";
    TRAINED.out(&format!("{train} --no-report {option}"));
}

#[test]
fn the_same_as_json() {
    let found = TRAINED.run(&format!("{FIND} --json --spread 0.01 --batches 60 --quiet"));
    assert!(found.status.success(), "{}", told(&found));
    let found: Value = serde_json::from_slice(&found.stdout).unwrap();
    let keys: Vec<&str> = found.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "backbone",
            "diverged",
            "losses",
            "movement",
            "movement_is_negligible",
            "rates",
            "rates_to_type",
            "stage",
            "suggested"
        ]
    );
    assert_eq!((&found["backbone"], &found["stage"]), (&"small".into(), &"unfrozen".into()));
    let rates = found["rates"].as_array().unwrap();
    assert_eq!(rates.len(), found["losses"].as_array().unwrap().len());
    let typed = found["rates_to_type"].as_str().unwrap();
    let (low, high) = typed.split_once("..").unwrap();
    let [low, high] = [low, high].map(|rate| rate.parse::<f64>().unwrap());
    assert!((low / high / 0.01 - 1.0).abs() < 0.1, "{typed}");
    // The same command finds the same.
    let again = TRAINED.out(&format!("{FIND} --json --spread 0.01 --batches 60 --quiet"));
    assert_eq!(serde_json::from_str::<Value>(&again).unwrap(), found);
}

#[test]
fn a_rate_that_changes_nothing_is_not_suggested() {
    // One epoch of one step at whatever is suggested.
    let found = TRAINED.run(
        "lr-find practice --backbone small --size 32 --batch 48 --epochs 1 --spread 1e-9 --stage unfrozen",
    );
    let words = told(&found);
    assert!(found.status.success(), "{words}");
    assert!(words.contains("can change by at most"), "{words}");
    assert!(words.contains("no rate is suggested: the losses favour"), "{words}");
    assert!(!words.contains("\nsuggested:") && !words.contains("warning:"), "{words}");
}
