//! Training with the best of several networks, and what minutes are spent on.

#![allow(clippy::unwrap_used, reason = "a test may fail wherever it stands")]

mod common;

use common::{Place, told};
use serde_json::Value;

fn report(place: &Place, model: &str) -> Value {
    serde_json::from_str(&place.out(&format!("report {model} --json"))).unwrap()
}

fn note<'a>(report: &'a Value, begins: &str) -> &'a str {
    let notes = report["notes"].as_array().unwrap().iter().map(|note| note.as_str().unwrap());
    notes.into_iter().find(|note| note.contains(begins)).unwrap_or_else(|| panic!("{report}"))
}

/// The slower one is trained only if its log-loss is lower beyond chance.
#[test]
fn of_several_networks_the_best_is_trained() {
    let place = Place::new();
    place.out("practice practice --per-class 8 --seed 1");
    let trained = place.run("train practice --size 64 --backbone lite2,lite0 -o best.lookalike");
    assert!(trained.status.success(), "{}", told(&trained));
    let report = report(&place, "best.lookalike");
    let compared = &report["comparisons"][0];
    assert_eq!(compared["a"], "efficientnet-lite0", "the faster comes first: {compared}");
    assert_eq!(compared["b"], "efficientnet-lite2", "{compared}");
    assert_eq!(compared["pictures"], 24, "{compared}");
    let better = compared["log_loss_difference"]["high"].as_f64().unwrap() < 0.0;
    let chosen = if better { "efficientnet-lite2" } else { "efficientnet-lite0" };
    assert!(note(&report, "was chosen among").starts_with(chosen), "{report}");
    let shown: Value = serde_json::from_str(&place.out("show best.lookalike --json")).unwrap();
    assert_eq!(shown["architecture"]["backbone"], chosen, "{shown}");
    // What it is does not depend on who else was tried.
    place.out(&format!("train practice --size 64 --backbone {chosen} -o alone.lookalike"));
    let answers = |model: &str| place.out(&format!("predict {model} practice --csv"));
    assert_eq!(answers("best.lookalike"), answers("alone.lookalike"));
}

#[test]
fn networks_without_weights_or_of_the_classic_recipe_are_not_compared() {
    let place = Place::new();
    place.out("practice practice --per-class 4 --seed 1");
    for options in ["--backbone lite0,small", "--backbone lite0,lite2 --epochs 1"] {
        let refused = place.run(&format!("train practice --size 64 {options}"));
        assert_eq!(refused.status.code(), Some(2), "{options}: {}", told(&refused));
        assert!(told(&refused).contains("only the default recipe compares"), "{}", told(&refused));
    }
    let refused = place.run("train practice --weights w.safetensors --backbone lite0,lite2");
    assert_eq!(refused.status.code(), Some(2), "{}", told(&refused));
    assert!(told(&refused).contains("several are named"), "{}", told(&refused));
    let refused = place.run("lr-find practice --backbone lite0,lite2");
    assert_eq!(refused.status.code(), Some(2), "{}", told(&refused));
}

/// A second is too little for anything, and the report says so.
#[test]
fn what_there_was_no_time_for_is_said() {
    let place = Place::new();
    place.out("practice practice --per-class 8 --seed 1");
    let trained = place.run("train practice --size 64 --minutes 0.01 -o hasty.lookalike");
    assert!(trained.status.success(), "{}", told(&trained));
    let report = report(&place, "hasty.lookalike");
    note(&report, "There was no time to compare efficientnet-lite0, efficientnet-lite2");
    note(&report, "Fine-tuning was not tried");
    assert_eq!(report["comparisons"], serde_json::json!([]), "{report}");
    assert!(told(&trained).contains("fine-tuning was not tried"), "{}", told(&trained));
}
