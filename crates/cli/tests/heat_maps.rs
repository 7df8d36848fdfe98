//! `predict --heat-maps` with the real binary: a file for each picture that can be read, named in
//! every form of the answer, and nobody's file replaced.

#![allow(clippy::unwrap_used, reason = "a test may fail wherever it stands")]

mod common;

use std::collections::BTreeSet;

use common::{TRAINED, told};
use serde_json::Value;

fn names(folder: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(TRAINED.path(folder)).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn every_picture_that_is_read_gets_a_heat_map_that_its_answer_names() {
    let without = TRAINED.out("predict practice.lookalike practice");
    let first = without.lines().next().unwrap().split("  ").next().unwrap();
    let picture = TRAINED.read(first);
    TRAINED.write("looked-at/one/A.jpg", &picture);
    TRAINED.write("looked-at/two/a.jpg", &picture);
    TRAINED.write("looked-at/two/broken.jpg", b"\xff\xd8\xff\xe0 and no more");

    let arguments = "predict practice.lookalike looked-at --json --heat-maps maps/json";
    let output = TRAINED.run(arguments);
    assert_eq!(output.status.code(), Some(3), "{}", told(&output)); // one is broken
    let answers: Value = serde_json::from_slice(&output.stdout).unwrap();
    let answers = answers["predictions"].as_array().unwrap();
    assert_eq!(answers.len(), 3);
    let maps: Vec<&Value> = answers.iter().map(|answer| &answer["heat_map"]).collect();
    assert_eq!(maps[0]["file"], "maps/json/A.jpg");
    assert_eq!(maps[1]["file"], "maps/json/a-2.jpg");
    assert!(maps[2].is_null() && answers[2]["error"].is_string(), "{}", answers[2]);
    assert_eq!(names("maps/json"), ["A.jpg", "a-2.jpg"].map(String::from).into());
    for answer in &answers[..2] {
        let named = if answer["verdict"] == "class" { &answer["answer"] } else { &answer["top"] };
        assert_eq!(answer["heat_map"]["class"], named[0]["class"]);
    }
    let drawn = [TRAINED.read("maps/json/A.jpg"), TRAINED.read("maps/json/a-2.jpg")];
    assert!(drawn[0] == drawn[1], "the same picture");
    let drawn = pictures::decode(&drawn[0], &pictures::Limits::default()).unwrap();
    assert_eq!((drawn.width, drawn.height), (448, 448)); // 14 × the network's 32

    // Beside the map an answer is what it is without.
    let text = TRAINED.out(&format!("predict practice.lookalike {first} --heat-maps maps/text"));
    let (said, map) = text.trim_end().rsplit_once("  heat map of ").unwrap();
    assert_eq!(said, without.lines().next().unwrap());
    let (class, file) = map.split_once(": ").unwrap();
    assert!(said.contains(class) && TRAINED.path(file).is_file(), "{text}");

    let csv =
        TRAINED.out(&format!("predict practice.lookalike {first} --csv --heat-maps maps/csv"));
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    assert_eq!(reader.headers().unwrap().iter().next_back(), Some("heat_map"));
    let record = reader.records().next().unwrap().unwrap();
    assert!(TRAINED.path(record.iter().next_back().unwrap()).is_file(), "{csv}");
}

#[test]
fn a_folder_that_holds_something_is_left_alone() {
    TRAINED.write("mine/001.jpg", "mine");
    let output = TRAINED.run("predict practice.lookalike practice --heat-maps mine");
    let said = told(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("error: `mine` is not empty\nhelp: name a folder"), "{said}");
    assert!(output.stdout.is_empty() && TRAINED.read("mine/001.jpg") == b"mine");
}
