//! The page of a check, for checkups of every shape.

#![allow(clippy::unwrap_used)] // every function here is part of a test

mod made;

use doctor::{Checkup, Kind, Survey};
use report::About;
use report::check::{html, shown};

fn page_of(classes: &[String], pictures: usize) -> String {
    let (checkup, thumbnails) = made::checkup(classes, pictures);
    let (guesses, chance) = made::guesses(classes.len());
    html(&checkup, &guesses, Some(&chance), &thumbnails, &About::default())
}

/// The part of a page from this section on to the next.
fn section<'a>(page: &'a str, id: &str) -> &'a str {
    let start = page.find(&format!("<section id=\"{id}\"")).unwrap_or_else(|| panic!("no {id}"));
    &page[start..start + page[start..].find("</section>").unwrap()]
}

#[test]
fn the_gravest_kinds_come_first_and_copies_lie_side_by_side() {
    let page = page_of(&made::names(3), 10);
    let ids = ["label-conflict", "unreadable", "near-copies", "blurred", "shortcut", "classes"];
    let places = ids.map(|id| page.find(&format!("<section id=\"{id}\"")).unwrap());
    assert!(places.is_sorted(), "{places:?}");
    let conflict = section(&page, "label-conflict");
    assert_eq!(conflict.matches("<img ").count(), 2);
    assert!(conflict.contains("eskimo_dog") && conflict.contains("malamute"));
    assert!(conflict.contains("500 × 375, 40 kB"));
    assert_eq!(section(&page, "near-copies").matches("<img ").count(), 3);
    assert!(section(&page, "unreadable").contains("a web page is not supported"));
    assert!(
        section(&page, "guesses").contains("<tr class=\"alarm\"><th scope=\"row\"><bdi>the camera")
    );
    // A conflict and three files; near copies, five blurred of each class, a shortcut.
    assert!(page.contains("4 things are wrong, and 17 are doubtful."));
    assert!(section(&page, "sheets").contains("10 of 10"));
}

#[test]
fn hostile_names_are_text() {
    let page = page_of(&made::hostile(), 6).to_lowercase();
    for never in ["<script", "<img src=x", "http:", "https:", "javascript:", "url(", "\u{202e}"] {
        assert!(!page.contains(never), "{never}");
    }
    assert!(page.split("<img").skip(1).all(|picture| picture.starts_with(" src=\"data:image/")));
    assert!(page.contains("&#60;script&#62;alert(1)"), "it is shown as it is written");
}

#[test]
fn a_large_folder_makes_a_page_that_opens() {
    let (checkup, _) = made::checkup(&made::names(60), 200);
    let pictures = shown(&checkup).len();
    assert!((100..1200).contains(&pictures), "{pictures}");
    let page = html(&checkup, &[], None, &Default::default(), &About::default());
    assert!(section(&page, "blurred").contains("and 5,976 more"));
    assert!(section(&page, "sheets").contains("30 of 60 classes are shown"));
    assert!(!page.contains("id=\"guesses\"") && !page.contains("<img "));
}

#[test]
fn a_sound_folder_says_so() {
    let survey = Survey { classes: made::names(2), ..Survey::default() };
    let checkup = Checkup { survey, findings: vec![], groups: vec![] };
    let page = html(&checkup, &[], None, &Default::default(), &About::default());
    assert!(page.contains("Nothing wrong was found."));
    assert!(Kind::ALL.iter().all(|kind| !page.contains(&format!("<section id=\"{}\"", kind.id()))));
}
