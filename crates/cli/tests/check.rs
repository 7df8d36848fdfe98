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

#[test]
fn a_second_check_says_the_same_and_the_cache_can_be_cleared() {
    let place = faulty();
    let first = place.out("check photos --json");
    let cached = || place.out("cache surveys");
    assert!(cached().contains("1 file"), "{}", cached());
    assert_eq!(place.out("check photos --json"), first);
    place.out("cache --clear surveys");
    assert!(cached().contains("0 files"), "{}", cached());
    assert_eq!(place.out("check photos --json"), first);
}

#[test]
fn the_page_holds_the_pictures_that_were_found() {
    let place = faulty();
    place.out("check photos --report check.html");
    let page = String::from_utf8(place.read("check.html")).unwrap();
    let conflict = &page[page.find("<section id=\"label-conflict\"").unwrap()..];
    let conflict = &conflict[..conflict.find("</section>").unwrap()];
    assert_eq!(conflict.matches("src=\"data:image/jpeg;base64,").count(), 2, "{conflict}");
    assert!(conflict.contains("wrong.jpg") && page.contains("<h1><bdi title=\"photos\">photos"));
}

/// The files of one class are longer than those of the other, by a comment that no eye sees: the
/// network does not see it either.
#[test]
fn the_size_of_files_is_compared_and_no_alarm() {
    let place = Place::new();
    place.out("practice photos --per-class 40 --seed 4");
    let files = |class: &str| {
        let files = fs::read_dir(place.path("photos").join(class)).unwrap();
        files.map(|file| file.unwrap().path()).collect::<Vec<_>>()
    };
    let classes = classes(&place);
    let pngs = classes.iter().flat_map(|class| files(class));
    pngs.filter(|file| file.extension().unwrap() == "png")
        .for_each(|f| fs::remove_file(f).unwrap());
    for file in files(&classes[0]) {
        let picture = fs::read(&file).unwrap();
        let comment = [&[0xff, 0xfe, 0xea, 0x62][..], &[b' '; 60_000]].concat();
        fs::write(file, [&picture[..2], &comment, &picture[2..]].concat()).unwrap();
    }
    let json: Value = serde_json::from_str(&place.out("check photos --json")).unwrap();
    let tried = json["shortcuts"].as_array().unwrap();
    let size = tried.iter().find(|tried| tried["what"] == "the file's size").unwrap();
    assert_eq!(size["alarm"], false, "{size}");
    assert!(size["right"]["value"].as_f64().unwrap() > 0.6, "{size}");
}

#[test]
fn training_says_in_a_line_what_deserves_a_look() {
    let place = faulty();
    let blank =
        [0x42_u8, 0x4d, 0x66, 0x75, 0, 0, 0, 0, 0, 0, 0x36, 0, 0, 0, 40, 0, 0, 0, 100, 0, 0, 0];
    let rest = [100, 0, 0, 0, 1, 0, 24, 0, 0, 0, 0, 0, 0x30, 0x75, 0, 0];
    let bmp = [&blank[..], &rest, &[0; 16], &[200; 30_000]].concat();
    place.write(&format!("photos/{}/blank.bmp", classes(&place)[0]), bmp);
    let output = place.run("train photos --backbone small --size 32 --frozen-epochs 1 --epochs 0");
    let told = told(&output);
    assert!(told.contains("doubtful pictures: 1 blank; `lookalike check photos`"), "{told}");
    // The same pictures by way of a table.
    let mut table = "path,label\n".to_owned();
    for class in classes(&place) {
        for file in fs::read_dir(place.path("photos").join(&class)).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            table += &format!("photos/{class}/{name},{class}\n");
        }
    }
    place.write("all.csv", table);
    let output =
        place.run("train --labels all.csv --backbone small --size 32 --frozen-epochs 1 --epochs 0");
    let said = common::told(&output);
    let line = "doubtful pictures: 1 blank; `lookalike check --labels all.csv`";
    assert!(said.contains(line), "{said}");
    let of_folder: Value = serde_json::from_str(&place.out("check photos --json")).unwrap();
    let of_table: Value =
        serde_json::from_str(&place.out("check --labels all.csv --json")).unwrap();
    let kinds = |json: &Value| {
        let findings = json["findings"].as_array().unwrap().iter();
        findings.map(|finding| finding["kind"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&of_table), kinds(&of_folder));
    place.out("check --labels all.csv --report table.html");
    let refused = place.run("check --labels all.csv --fix plan.csv");
    assert_eq!(refused.status.code(), Some(2));
}
