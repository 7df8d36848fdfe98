//! What a newcomer does first: the practice set's look-alikes are told apart by the embedded network.

mod common;

use common::Place;

#[test]
fn the_practice_set_is_learned_without_a_network() {
    let place = Place::new();
    // The README's commands on a machine without a network, on smaller pictures.
    place.out("practice practice --per-class 30");
    place.out("train practice --size 96");
    let report: serde_json::Value =
        serde_json::from_str(&place.out("report practice.lookalike --json")).unwrap();
    let accuracy = report["accuracy"]["value"].as_f64().unwrap();
    assert!(accuracy >= 0.8, "right on {accuracy} of the pictures held out");

    // New pictures of the same kinds, which nobody has seen.
    place.out("practice others --per-class 10 --seed 7");
    let mut answers = csv::Reader::from_reader(std::io::Cursor::new(
        place.out("predict practice.lookalike others --csv --always"),
    ));
    let right: Vec<bool> = answers
        .records()
        .map(Result::unwrap)
        .map(|record| record[0].split('/').nth(1) == Some(&record[2]))
        .collect();
    let share = right.iter().filter(|&&right| right).count() as f64 / right.len() as f64;
    assert!(share >= 0.75, "right on {share} of {} new pictures", right.len());
}
