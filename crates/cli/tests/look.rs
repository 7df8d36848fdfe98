//! `lookalike look`: contact sheets of the real binary.

#![allow(clippy::unwrap_used, reason = "a test may fail wherever it stands")]

mod common;

use common::{Place, told};

#[test]
fn a_sheet_shows_each_class_and_says_what_it_leaves_out() {
    let place = Place::new();
    place.out("practice practice --per-class 12");
    let hostile = "<img src=x onerror=alert(1)>.jpg";
    place.write(&format!("practice/bad/{hostile}"), "no picture");
    place.write("practice/bad/\u{202e}gpj.exe", "no picture");
    let output = place.run("look practice --per-class 5 --png sheets");
    assert!(output.status.success(), "{}", told(&output));
    let said = told(&output);
    assert!(said.contains("contact sheet: `practice.look.html` ("), "{said}");
    assert!(said.contains("ignored 1 file that is not a picture (1 .exe)"), "{said}");
    assert!(said.contains("1 file of those shown cannot be read"), "{said}");
    let page = String::from_utf8(place.read("practice.look.html")).unwrap();
    let classes = page.matches("<section id=\"class-").count();
    assert!(classes > 2, "{classes}");
    let pictures = page.matches("<img src=\"data:image/jpeg;base64,").count();
    assert_eq!((pictures, page.matches("<img").count()), (5 * (classes - 1), pictures));
    assert_eq!(page.matches("class=\"blank\"").count(), 1);
    assert!(page.contains("5 of 12 files") && page.contains("sampled at random"));
    // Names are inert, and nothing runs or is fetched.
    assert!(!page.contains(hostile) && !page.contains('\u{202e}'));
    for never in ["<script", "http:", "https:", "url(", "@import"] {
        assert!(!page.contains(never), "{never}");
    }
    let sheets = std::fs::read_dir(place.path("sheets")).unwrap().count();
    assert_eq!(sheets, classes, "a PNG of each class");

    // The same choice each time, another with another seed, and all of them.
    place.out("look practice --per-class 5 -o again.html");
    assert!(place.read("again.html") == page.as_bytes());
    place.out("look practice --per-class 5 --seed 1 -o other.html");
    assert!(place.read("other.html") != page.as_bytes());
    place.out("look practice --all -o all.html");
    let all = String::from_utf8(place.read("all.html")).unwrap();
    assert_eq!(all.matches("<img").count(), 12 * (classes - 1));
    assert!(!all.contains("sampled at random"));
}

#[test]
fn commands_to_copy_hold_paths_with_spaces() {
    let place = Place::new();
    for picture in ["1", "2", "3", "4", "5", "6"] {
        place.out(&format!("practice drawn{picture} --per-class 1 --seed {picture}"));
        for class in std::fs::read_dir(place.path(&format!("drawn{picture}"))).unwrap() {
            let class = class.unwrap();
            let file = std::fs::read_dir(class.path()).unwrap().next().unwrap().unwrap().path();
            let name = class.file_name().into_string().unwrap();
            place.write(&format!("my mess/{name}{picture}.png"), std::fs::read(file).unwrap());
        }
    }
    let output = place.command("look --group").arg("my mess").output().unwrap();
    assert!(told(&output).contains("`lookalike apply 'my mess.groups.csv'`"), "{}", told(&output));
    let page = String::from_utf8(place.read("my mess.groups.html")).unwrap();
    assert!(page.contains("lookalike apply <bdi>&#39;my mess.groups.csv&#39;</bdi>"));
    // Without quotes, it is said how to write them.
    for (arguments, code) in [("look --group my mess", 2), ("look my mess", 2)] {
        let output = place.run(arguments);
        assert_eq!(output.status.code(), Some(code), "{}", told(&output));
        let help = "help: a path with spaces is one argument in quotes: 'my mess'";
        assert!(told(&output).contains(help), "{}", told(&output));
    }
}

#[test]
fn a_folder_that_holds_something_gets_no_sheets() {
    let place = Place::new();
    place.out("practice practice --per-class 2");
    place.write("sheets/mine.txt", "mine");
    let output = place.run("look practice --png sheets");
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    assert!(told(&output).contains("`sheets` is not empty"));
    assert!(!place.path("practice.look.html").exists());
}

#[test]
fn unsorted_pictures_become_classes_by_naming_groups() {
    let place = Place::new();
    place.out("practice practice --per-class 8");
    // As a telephone names them: nothing says what they show, and one is broken.
    let mut classes = vec![];
    for class in std::fs::read_dir(place.path("practice")).unwrap() {
        let class = class.unwrap().path();
        let name = class.file_name().unwrap().to_string_lossy().into_owned();
        for picture in std::fs::read_dir(&class).unwrap() {
            let number = classes.len() + 1;
            place.write(
                &format!("mess/IMG_{number}.png"),
                std::fs::read(picture.unwrap().path()).unwrap(),
            );
            classes.push(name.clone());
        }
    }
    place.write("mess/IMG_99.jpg", "no picture");
    let output = place.run("look --group mess");
    assert!(output.status.success(), "{}", told(&output));
    let said = told(&output);
    assert!(said.contains("contact sheet: `mess.groups.html` (24 files in "), "{said}");
    assert!(said.contains("plan: `mess.groups.csv`. Name groups in its column `to`"), "{said}");
    assert!(said.contains("1 file cannot be read and is in no group: `mess/IMG_99.jpg`"), "{said}");
    let page = String::from_utf8(place.read("mess.groups.html")).unwrap();
    assert_eq!(page.matches("<img src=\"data:image/jpeg;base64,").count(), 24);
    assert!(page.contains("24 pictures in ") && page.contains("mess.groups.csv"), "{page}");

    // Not named yet, nothing moves.
    let said = told(&place.run("apply mess.groups.csv"));
    assert!(said.contains("without a name in the column `to`: the pictures stay"), "{said}");
    // Two names for all groups: what they were named after lies in their folders.
    let plan = String::from_utf8(place.read("mess.groups.csv")).unwrap();
    let named = |line: &str| match line.strip_prefix("name,group ") {
        Some(rest) => {
            let (number, rest) = rest.split_once(",,").unwrap();
            let class = if number == "1" { "first" } else { "others" };
            format!("name,group {number},{class},{rest}\n")
        }
        None => format!("{line}\n"),
    };
    place.write("mess.groups.csv", plan.lines().map(named).collect::<String>());
    let output = place.run("look mess --group --groups 3");
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
    assert!(told(&output).contains("its groups have names"), "{}", told(&output));
    let said = told(&place.run("apply mess.groups.csv"));
    assert!(said.contains("moved 24 files: 24 moved to another folder"), "{said}");
    let count = |folder: &str| std::fs::read_dir(place.path(folder)).unwrap().count();
    assert_eq!(count("mess/first") + count("mess/others"), 24);
    // The unreadable one stays.
    assert_eq!(count("mess"), 3);
    place.out("apply --undo mess.groups.csv");
    assert_eq!(count("mess"), 25);
}
