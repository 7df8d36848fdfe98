//! A classifier that grows: old pictures and new ones, what to label next, figures and events.

#![allow(clippy::unwrap_used, reason = "a test may fail wherever it stands")]

mod common;

use common::{Place, TRAINED, told};
use serde_json::Value;

#[test]
fn old_and_new_pictures_are_trained_on_together_and_the_two_compared() {
    let place = Place::new();
    place.out("practice photos --per-class 12 --seed 1");
    place.out("practice more --per-class 6 --seed 2");
    place.out("train photos --backbone small --size 32 --epochs 1 --batch 16 -o old.lookalike");
    place.out("practice other --per-class 6 --seed 3");
    std::fs::rename(place.path("other/queen"), place.path("more/moth")).unwrap();
    let grown = place.run("train more --add-to old.lookalike --json");
    assert!(grown.status.success(), "{}", told(&grown));
    let grown: Value = serde_json::from_slice(&grown.stdout).unwrap();
    assert_eq!(grown["saved"]["classifier"], "old-2.lookalike");
    assert_eq!(grown["classes"].as_array().unwrap().len(), 4);
    let note = grown["notes"].to_string();
    for part in ["36 pictures that `old.lookalike`", "24 new pictures", "New classes: `moth`"] {
        assert!(note.contains(part), "{part} is not in {note}");
    }
    let compared = &grown["comparisons"][0];
    assert!(compared["pictures"].as_u64() > Some(0), "{compared}");
    assert_eq!(compared["a"], "the classifier before");
    assert!(place.path("old-2.pictures.csv").is_file() && place.path("old-2.html").is_file());
    // With the old one's settings.
    let shown: Value = serde_json::from_str(&place.out("show old-2.lookalike --json")).unwrap();
    assert_eq!((&shown["recipe"]["epochs"], &shown["preprocess"]["size"]), (&1.into(), &32.into()));

    std::fs::rename(place.path("photos"), place.path("moved")).unwrap();
    let output = place.run("train more --add-to old.lookalike");
    assert_eq!(output.status.code(), Some(3), "{}", told(&output));
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    for part in ["`photos`, are not there", "its backbone was trained on them", "put them back"] {
        assert!(words.contains(part), "{part} is not in {words}");
    }
}

/// The file of a head on pretrained features holds all that a new head takes.
#[test]
fn a_classifier_grows_when_its_pictures_are_gone() {
    let place = Place::new();
    place.out("practice photos --per-class 20 --seed 1");
    place.out("practice more --per-class 10 --seed 2");
    std::fs::remove_dir_all(place.path("photos/queen")).unwrap();
    // A copy of an old picture is none of its own, whatever it is called.
    let old = std::fs::read_dir(place.path("photos/monarch")).unwrap().next().unwrap().unwrap();
    std::fs::copy(old.path(), place.path("more/monarch/again.jpg")).unwrap();
    place.out("train photos --size 64 -o old.lookalike");
    let grown = |output: &str| -> Value {
        let typed = format!("train more --add-to old.lookalike --json -o {output}");
        serde_json::from_str(&place.out(&typed)).unwrap()
    };
    let with_files = grown("with.lookalike");
    std::fs::remove_dir_all(place.path("photos")).unwrap();
    std::fs::remove_dir_all(place.path(".cache")).unwrap();
    let without = grown("without.lookalike");

    let right = |report: &Value| report["accuracy"]["hits"].as_u64().unwrap();
    let of = |report: &Value| report["accuracy"]["n"].as_u64();
    assert_eq!((of(&with_files), of(&without)), (Some(40 + 30 + 1), Some(40 + 30)));
    // Rounding to bfloat16 moves answers hardly; without the copy, folds are drawn anew.
    assert!(right(&with_files).abs_diff(right(&without)) <= 6, "{with_files:#} {without:#}");
    let (compared, before) = (&without["comparisons"][0], &with_files["comparisons"][0]);
    assert_eq!(compared["pictures"].as_u64(), Some(40 + 20));
    assert_eq!(before["pictures"].as_u64(), Some(40 + 20 + 1));
    let notes = without["notes"].to_string();
    for part in [
        "Trained on 40 pictures that `old.lookalike`",
        "on 30 new pictures. New classes: `queen`",
        "The files of 39 pictures are gone: `old.lookalike` kept their features",
    ] {
        assert!(notes.contains(part), "{part} is not in {notes}");
    }
    assert!(!with_files["notes"].to_string().contains("gone"));
    // What it says of itself is true, and it answers.
    assert!(place.out("show without.lookalike").contains("self-test  passed"));
    assert!(place.out("predict without.lookalike more/queen").contains("queen"));

    // Once more, when all files are gone.
    std::fs::remove_dir_all(place.path("more")).unwrap();
    place.out("practice third --per-class 5 --seed 4");
    std::fs::remove_dir_all(place.path("third/monarch")).unwrap();
    std::fs::remove_dir_all(place.path("third/viceroy")).unwrap();
    let output = place.run("train third --add-to without.lookalike -o third.lookalike");
    assert!(output.status.success(), "{}", told(&output));
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    for part in ["on 5 new pictures", "The files of 70 pictures are gone"] {
        assert!(words.contains(part), "{part} is not in {words}");
    }
    let shown: Value = serde_json::from_str(&place.out("show third.lookalike --json")).unwrap();
    assert_eq!(shown["classes"].as_array().unwrap().len(), 3);
}

#[test]
fn the_pictures_to_label_next_are_listed_shown_and_tabled() {
    TRAINED.out("practice unlabelled --per-class 6 --seed 7");
    let text =
        TRAINED.out("next practice.lookalike unlabelled -n 5 -o next.csv --report next.html");
    assert_eq!(text.lines().count(), 5);
    let table = String::from_utf8(TRAINED.read("next.csv")).unwrap();
    let first = text.lines().next().unwrap().split("  ").next().unwrap();
    assert!(table.starts_with(&format!("path,label,guess,probability\n{first},,")), "{table}");
    let page = String::from_utf8(TRAINED.read("next.html")).unwrap();
    assert_eq!(page.matches("<figure").count(), 5);
    assert_eq!(TRAINED.out("next practice.lookalike unlabelled -n 5"), text, "the same each time");
    // What it was trained on has labels, and a table that somebody filled in is not lost.
    let output = TRAINED.run("next practice.lookalike unlabelled practice -n 99 --json");
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let known = found["known"].as_u64().unwrap();
    assert_eq!((known > 0, found["of"].as_u64().unwrap() + known), (true, 18 + 60));
    TRAINED.out("next practice.lookalike unlabelled -n 5 -o next.csv");
    let labelled = table.replacen(",,", ",queen,", 1);
    TRAINED.write("next.csv", &labelled);
    let output = TRAINED.run("next practice.lookalike unlabelled -n 5 -o next.csv");
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
    assert!(told(&output).contains("`next.csv` exists, and has labels"), "{}", told(&output));
    assert_eq!(TRAINED.read("next.csv"), labelled.as_bytes());
}

#[test]
fn features_are_written_for_numpy_and_for_spreadsheets() {
    TRAINED.out("features practice.lookalike practice -o features.npy");
    TRAINED.out("features practice.lookalike practice -o features.csv");
    let array = TRAINED.read("features.npy");
    assert!(array.starts_with(b"\x93NUMPY\x01\x00"));
    let names = String::from_utf8(TRAINED.read("features.names.txt")).unwrap();
    let table = String::from_utf8(TRAINED.read("features.csv")).unwrap();
    assert_eq!((names.lines().count(), table.lines().count()), (60, 61));
    // The last number of both is the same.
    let last = f32::from_le_bytes(*array.last_chunk().unwrap());
    assert_eq!(table.trim_end().rsplit(',').next().unwrap().parse::<f32>().unwrap(), last);
    let output = TRAINED.run("features practice.lookalike practice -o features.txt");
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
}

#[test]
fn figures_and_tables_stand_alone() {
    TRAINED.out("report practice.lookalike -o page.html --figures figures");
    for name in ["confusion", "recall", "calibration", "training-loss", "error-rate"] {
        let svg = String::from_utf8(TRAINED.read(&format!("figures/{name}.svg"))).unwrap();
        assert!(svg.starts_with("<svg xmlns=") && svg.trim_end().ends_with("</svg>"), "{name}");
        assert_eq!(svg.matches("<svg").count(), svg.matches("</svg>").count(), "{name}");
    }
    let history = String::from_utf8(TRAINED.read("figures/history.csv")).unwrap();
    assert_eq!(history.lines().count(), 3, "a header and two epochs: {history}");
    let predictions = String::from_utf8(TRAINED.read("figures/predictions.csv")).unwrap();
    assert_eq!(predictions.lines().count(), 13, "{predictions}");
}

#[test]
fn events_are_a_line_each_and_no_number_is_trained_with_that_cannot_be_meant() {
    let place = Place::new();
    place.out("practice photos --per-class 12");
    let train = "train photos --backbone small --size 32 --epochs 2 --batch 16";
    place.out(&format!("{train} --events events.jsonl --log logs/first"));
    let events = String::from_utf8(place.read("events.jsonl")).unwrap();
    let events: Vec<Value> =
        events.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let count = |name: &str| events.iter().filter(|event| event["event"] == name).count();
    assert_eq!(["planned", "stage", "epoch", "scored", "saved"].map(count), [1, 1, 2, 1, 1]);

    // The log has the same epochs; crates/python/tests/test_log.py reads its events in TensorBoard.
    let history = String::from_utf8(place.read("logs/first/history.csv")).unwrap();
    let epochs: Vec<&Value> = events.iter().filter(|event| event["event"] == "epoch").collect();
    for (row, event) in history.lines().skip(1).zip(&epochs) {
        let epoch = &event["epoch"];
        let loss = epoch["train_loss"].as_f64().unwrap();
        let expected = format!("{},{},", epoch["stage"].as_str().unwrap(), epoch["epoch"]);
        assert!(row.starts_with(&expected) && row.contains(&format!(",{loss:.6},")), "{row}");
    }
    assert_eq!(history.lines().count(), 1 + epochs.len(), "{history}");
    let run: Value = serde_json::from_slice(&place.read("logs/first/run.json")).unwrap();
    assert_eq!(run["saved"]["classifier"], "photos.lookalike");

    let output = place.run("train photos --backbone small --epochs 18446744073709551615");
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
}

#[test]
fn an_output_that_cannot_be_written_is_found_out_before_the_work() {
    let place = Place::new();
    place.out("practice photos --per-class 3");
    let output = place.run("train photos --backbone small --report nowhere/x.html");
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        words.contains("there is no folder `nowhere`") && !words.contains("classes"),
        "{words}"
    );
}
