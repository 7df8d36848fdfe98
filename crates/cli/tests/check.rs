//! `lookalike check`: from a folder with faults to a plan, applied, to a folder without.
#![allow(clippy::unwrap_used, reason = "a test may fail wherever it stands")]

mod common;

use std::fs;

use common::{Place, told};
use serde_json::Value;

/// A practice set with a copy under another class, a copy within a class, a web page and a name
/// that says another format.
fn faulty() -> Place {
    let place = Place::new();
    place.out("practice photos --per-class 24 --seed 3");
    let classes = classes(&place);
    let picture = |class: usize, number: usize| {
        let mut files: Vec<_> =
            fs::read_dir(place.path("photos").join(&classes[class])).unwrap().collect();
        files.sort_by_key(|file| file.as_ref().unwrap().path());
        files[number].as_ref().unwrap().path()
    };
    let to = |class: usize, name: &str| place.path("photos").join(&classes[class]).join(name);
    fs::copy(picture(0, 0), to(1, "wrong.jpg")).unwrap();
    fs::copy(picture(0, 1), to(0, "z again.jpg")).unwrap();
    fs::write(to(1, "page.jpg"), "<html>not found</html>").unwrap();
    fs::rename(picture(1, 2), to(1, "named.gif")).unwrap();
    place
}

fn classes(place: &Place) -> Vec<String> {
    let entries = fs::read_dir(place.path("photos")).unwrap().map(|entry| entry.unwrap());
    let mut classes: Vec<String> = entries
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    classes.sort();
    classes
}

fn findings(place: &Place) -> Vec<String> {
    let json: Value = serde_json::from_str(&place.out("check photos --json")).unwrap();
    assert_eq!(json["format"], 1);
    let kinds = json["findings"].as_array().unwrap().iter();
    kinds.map(|finding| finding["kind"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_is_wrong_is_told_put_into_a_plan_and_mended_by_it() {
    let place = faulty();
    let exact = ["label-conflict", "unreadable", "copies", "wrong-suffix"];
    let before = findings(&place);
    assert!(exact.iter().all(|kind| before.contains(&(*kind).to_owned())), "{before:?}");
    let strict = place.run("check photos --strict");
    assert_eq!(strict.status.code(), Some(3), "{}", told(&strict));
    let text = String::from_utf8(strict.stdout).unwrap();
    assert!(text.contains("a web page is not supported") && text.contains("wrong.jpg"), "{text}");

    let fix = place.run("check photos --fix plan.csv");
    assert_eq!(fix.status.code(), Some(0), "{}", told(&fix));
    let plan = String::from_utf8(place.read("plan.csv")).unwrap();
    assert!(plan.contains("the same picture in two classes"), "{plan}");
    place.out("apply plan.csv");
    let after = findings(&place);
    assert!(!exact.iter().any(|kind| after.contains(&(*kind).to_owned())), "{after:?}");
    assert!(place.run("check photos --strict").status.success());

    let undone = place.run("apply --undo plan.csv");
    assert!(undone.status.success(), "{}", told(&undone));
    assert_eq!(findings(&place), before);
}

#[test]
fn a_folder_that_is_none_is_an_error() {
    let place = Place::new();
    let output = place.run("check nowhere");
    assert_eq!(output.status.code(), Some(3), "{}", told(&output));
}
