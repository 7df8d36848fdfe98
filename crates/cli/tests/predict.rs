//! What `predict` makes of many pictures: a summary, a file, a page, folders; and how strict it is.

#![allow(clippy::unwrap_used, reason = "a test may fail wherever it stands")]

mod common;

use std::collections::BTreeMap;

use common::{TRAINED, told};
use serde_json::Value;

/// Runs, and returns what it says beside its results.
fn said(arguments: &str, code: i32) -> String {
    let output = TRAINED.run(arguments);
    assert_eq!(output.status.code(), Some(code), "{}", told(&output));
    String::from_utf8(output.stderr).unwrap()
}

/// How many pictures got which answer, by folder.
fn counted(answers: &str) -> BTreeMap<String, usize> {
    let answers: Value = serde_json::from_str(answers).unwrap();
    let mut counted = BTreeMap::new();
    for answer in answers["predictions"].as_array().unwrap() {
        let named = answer["answer"].as_array().unwrap();
        let folder = match named.len() {
            0 => "_not recognised".to_owned(),
            1 => named[0]["class"].as_str().unwrap().to_owned(),
            _ => "_ambiguous".to_owned(),
        };
        *counted.entry(folder).or_insert(0) += 1;
    }
    counted
}

#[test]
fn stray_files_are_skipped_and_counted() {
    let text = TRAINED.out("predict practice.lookalike practice --always --top 1");
    let first = text.lines().next().unwrap().split("  ").next().unwrap().to_owned();
    let picture = TRAINED.read(&first);
    TRAINED.write("mixed/a.bmp", &picture);
    TRAINED.write("mixed/readme.txt", "about these pictures");
    let words = said("predict practice.lookalike mixed", 0);
    assert!(
        words.contains("1 picture: ")
            && words.contains("ignored 1 file that is not a picture (1 .txt)"),
        "{words}"
    );
    assert!(!words.contains("readme"), "{words}");
    // Named, it is what was meant; and a picture should be one.
    said("predict practice.lookalike mixed mixed/readme.txt", 3);
    TRAINED.write("mixed/b.jpg", "no picture at all");
    let words = said("predict practice.lookalike mixed", 3);
    assert!(words.contains("1 of 2 pictures could not be read"), "{words}");
}

#[test]
fn pictures_are_sorted_by_copies_and_links_and_stay_where_they_are() {
    let counts = counted(&TRAINED.out("predict practice.lookalike practice --json"));
    let before = walk("practice").len();
    let words = said("predict practice.lookalike practice --sort-into sorted", 0);
    assert!(words.contains("sorted into `sorted`; look through its folders"), "{words}");
    said("predict practice.lookalike practice --sort-into linked --link", 0);
    for folder in ["sorted", "linked"] {
        let mut found = BTreeMap::new();
        for file in walk(folder) {
            let class = file.split('/').next().unwrap().to_owned();
            *found.entry(class).or_insert(0) += 1;
        }
        assert_eq!(found, counts, "{folder}");
    }
    assert_eq!(walk("practice").len(), before);
    let words = said("predict practice.lookalike practice --sort-into sorted", 1);
    assert!(words.contains("`sorted` is not empty"), "{words}");
}

/// The files below a folder, relative to it.
fn walk(folder: &str) -> Vec<String> {
    let mut files = vec![];
    for class in std::fs::read_dir(TRAINED.path(folder)).unwrap().flatten() {
        for file in std::fs::read_dir(class.path()).unwrap().flatten() {
            let (class, file) = (class.file_name(), file.file_name());
            files.push(format!("{}/{}", class.to_string_lossy(), file.to_string_lossy()));
        }
    }
    files
}

#[test]
fn a_file_is_written_in_the_form_that_its_name_says() {
    let answers = "predict practice.lookalike practice";
    for (file, begins) in [
        ("a.csv", "\u{feff}picture,verdict,answer,probability,"),
        ("a.json", "{"),
        ("a.txt", "practice/"),
    ] {
        let output = TRAINED.run(&format!("{answers} -o {file} --quiet"));
        assert!(output.status.success() && output.stdout.is_empty(), "{}", told(&output));
        let text = String::from_utf8(TRAINED.read(file)).unwrap();
        assert!(text.starts_with(begins), "{file}: {text}");
    }
    let json = String::from_utf8(TRAINED.read("a.json")).unwrap();
    assert_eq!(json, TRAINED.out(&format!("{answers} --json")).replace("\r", ""));
    let words = said(&format!("{answers} -o nowhere/a.csv"), 1);
    assert!(words.contains("there is no folder `nowhere`"), "{words}");
}

#[test]
fn the_page_shows_every_picture_and_filters_without_a_script() {
    said("predict practice.lookalike practice --report answers.html", 0);
    let page = String::from_utf8(TRAINED.read("answers.html")).unwrap();
    assert_eq!(page.matches("<figure").count(), walk("practice").len());
    assert!(!page.contains("<script") && page.contains("body:has(#show-doubtful:checked)"));
}

#[test]
fn strictness_is_what_was_asked_for() {
    let answers = "predict practice.lookalike practice --json";
    let sure = |strict: &str| {
        let counts = counted(&TRAINED.out(&format!("{answers} {strict}")));
        counts.iter().filter(|(name, _)| !name.starts_with('_')).map(|(_, n)| n).sum::<usize>()
    };
    // Sets that need not hold the right class often are mostly of one class.
    let (loose, strict) = (sure("--coverage 30%"), sure("--coverage 30% --min-probability 99.99%"));
    assert!(strict < loose, "{strict} and {loose}");
    assert_eq!(sure("--coverage 30% --min-probability 1%"), loose);
    // 12 pictures were held out: too few for one in a hundred.
    let words = said("predict practice.lookalike practice --false-alarms 1%", 2);
    assert!(words.contains("takes 99 held-out pictures; the classifier has 12"), "{words}");
    said("predict practice.lookalike practice --coverage 100%", 2);
}
