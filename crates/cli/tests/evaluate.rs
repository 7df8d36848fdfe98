//! `evaluate` with the real binary: pictures that were trained on, classes that are not known, two
//! classifiers.

#![allow(clippy::unwrap_used, reason = "a test may fail wherever it stands")]

mod common;

use common::{TRAINED, told};
use serde_json::Value;

fn json(arguments: &str) -> Value {
    serde_json::from_str(&TRAINED.out(arguments)).unwrap()
}

#[test]
fn pictures_that_were_trained_on_count_in_no_score() {
    let shown = json("show practice.lookalike --json");
    let (train, valid) = (&shown["pictures"]["train"], &shown["pictures"]["valid"]);
    let done = json("evaluate practice.lookalike practice --json");
    assert_eq!(done["trained_on"]["n"], *train);
    assert_eq!(done["accuracy"]["n"], *valid);
    // What was held out in training has the same answers now: the counts are the report's.
    let report = json("report practice.lookalike --json");
    assert_eq!(done["confusion"]["counts"], report["confusion"]["counts"]);
}

#[test]
fn new_pictures_are_scored_and_other_classes_counted_apart() {
    TRAINED.out("practice other --per-class 8 --seed 3");
    let class = std::fs::read_dir(TRAINED.path("other")).unwrap().flatten().next().unwrap();
    let picture = std::fs::read_dir(class.path()).unwrap().flatten().next().unwrap();
    TRAINED.write("other/moth/1.bmp", std::fs::read(picture.path()).unwrap());
    let text = TRAINED.out("evaluate practice.lookalike other --report other.html");
    for part in [
        "accuracy  ",
        "24 test pictures",
        "recall",
        "`moth`",
        "Its picture is left out of every",
        "of 1 was rightly",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    let page = String::from_utf8(TRAINED.read("other.html")).unwrap();
    assert!(page.contains("practice on other") && page.contains("data:image/jpeg"), "{page}");
}

#[test]
fn a_page_replaces_only_its_own_kind() {
    std::fs::copy(TRAINED.path("practice.lookalike"), TRAINED.path("pages.lookalike")).unwrap();
    TRAINED.out("report pages.lookalike");
    let report = TRAINED.read("pages.html");
    let refused = |arguments: &str| {
        let output = TRAINED.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments}: {}", told(&output));
        assert!(told(&output).contains("`pages.html` exists, and is not "), "{}", told(&output));
        assert!(TRAINED.read("pages.html") == report, "{arguments}");
    };
    refused("export pages.lookalike -o pages.html");
    refused("predict pages.lookalike practice --report pages.html");
    refused("look practice -o pages.html");
    refused("check practice --report pages.html");
    TRAINED.out("report pages.lookalike");
    TRAINED.out("export pages.lookalike -o pages-page.html");
    TRAINED.out("export pages.lookalike -o pages-page.html");
    let output = TRAINED.run("report pages.lookalike -o pages-page.html");
    assert!(told(&output).contains("is not a report"), "{}", told(&output));
}

#[test]
fn two_classifiers_are_compared_on_what_neither_was_trained_on() {
    TRAINED.out("practice third --per-class 8 --seed 4");
    std::fs::copy(TRAINED.path("practice.lookalike"), TRAINED.path("copy.lookalike")).unwrap();
    let done = json("evaluate practice.lookalike third --against copy.lookalike --json");
    let compared = &done["comparisons"][0];
    assert_eq!(
        (&compared["a"], &compared["b"]),
        (&"copy.lookalike".into(), &"practice.lookalike".into())
    );
    assert_eq!((&compared["only_a"], &compared["only_b"]), (&0.into(), &0.into()));
    assert_eq!(compared["pictures"], 24);
    assert!(compared["better"].is_null());
}

#[test]
fn without_a_picture_to_judge_by_it_fails() {
    let trained = TRAINED.path("only-trained");
    let used = json("show practice.lookalike --json")["pictures"]["train"].as_u64().unwrap();
    let done = json("evaluate practice.lookalike practice --json");
    let held_out: Vec<&str> = done["predictions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["picture"].as_str().unwrap())
        .collect();
    let mut copied = 0;
    for class in std::fs::read_dir(TRAINED.path("practice")).unwrap().flatten() {
        let folder = trained.join(class.file_name());
        std::fs::create_dir_all(&folder).unwrap();
        for picture in std::fs::read_dir(class.path()).unwrap().flatten() {
            let name = class.file_name().to_string_lossy().into_owned() + "/";
            if !held_out.contains(&(name + &picture.file_name().to_string_lossy()).as_str()) {
                std::fs::copy(picture.path(), folder.join(picture.file_name())).unwrap();
                copied += 1;
            }
        }
    }
    assert_eq!(copied, used);
    let output = TRAINED.run("evaluate practice.lookalike only-trained");
    assert_eq!(output.status.code(), Some(3), "{}", told(&output));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("was trained on all"),
        "{}",
        told(&output)
    );

    TRAINED.write("cats/tabby/1.jpg", "");
    TRAINED.write("cats/siamese/1.jpg", "");
    let output = TRAINED.run("evaluate practice.lookalike cats");
    assert_eq!(output.status.code(), Some(3), "{}", told(&output));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("`siamese`, `tabby`"),
        "{}",
        told(&output)
    );
}
