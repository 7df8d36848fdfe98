//! Faults that were planted in folders of drawn pictures are found, and sound folders are sound.
#![allow(clippy::unwrap_used, reason = "a test may fail wherever it stands")]

use std::fs;
use std::path::Path;

use doctor::plan::Action;
use doctor::{Checkup, Kind, Settings, Severity, Survey};
use ground::Stop;
use ground::progress::Silent;
use ground::random::{Draws, Purpose};
use image::imageops;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use pictures::{Folder, PerceptualHash, near};
use tempfile::TempDir;

/// A picture of blots, of its own for each number.
fn drawn(number: u64) -> RgbImage {
    let mut draws = Draws::new(number, Purpose::Synthetic, &[]);
    let mut blots = vec![];
    for _ in 0..14 {
        let place = [draws.range(0.0, 160.0), draws.range(0.0, 120.0), draws.range(6.0, 40.0)];
        blots.push((place, [(); 3].map(|()| draws.range(0.0, 255.0) as u8)));
    }
    RgbImage::from_fn(160, 120, |x, y| {
        let inside =
            |[u, v, r]: [f64; 3]| (f64::from(x) - u).powi(2) + (f64::from(y) - v).powi(2) < r * r;
        let blot = blots.iter().rev().find(|(place, _)| inside(*place));
        Rgb(blot.map_or([120, 130, 110], |(_, colour)| *colour))
    })
}

fn save(folder: &Path, name: &str, picture: &RgbImage) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    picture.save_with_format(path, ImageFormat::Png).unwrap();
}

/// Two classes of pictures with nothing wrong.
fn sound(per_class: u64) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..2 * per_class {
        let class = ["moths", "owls"][number as usize % 2];
        save(folder.path(), &format!("{class}/{number}.png"), &drawn(number));
    }
    folder
}

fn settings() -> Settings {
    Settings { threads: 2, ..Settings::default() }
}

fn checkup(folder: &Path) -> Checkup {
    let scanned = Folder::scan(folder).unwrap();
    let stop = Stop::new();
    let survey = Survey::of(folder, &scanned, &settings(), &Silent, &stop).unwrap();
    Checkup::of(survey, &[], &stop)
}

/// The files of each finding of a kind.
fn found(checkup: &Checkup, kind: Kind) -> Vec<Vec<String>> {
    let findings = checkup.findings.iter().filter(|finding| finding.kind == kind);
    findings
        .map(|finding| finding.files.iter().map(|&f| checkup.survey.name(f)).collect())
        .collect()
}

#[test]
fn a_sound_folder_is_found_sound() {
    let folder = sound(24);
    let checkup = checkup(folder.path());
    assert_eq!(checkup.survey.files.len(), 48);
    assert_eq!(checkup.findings, vec![]);
    assert!(checkup.groups.is_empty() && checkup.plan().steps.is_empty());
}

#[test]
fn copies_are_found_whatever_their_bytes_and_judged_by_where_they_lie() {
    let folder = sound(24);
    let place = folder.path();
    // The same pixels in another format, under another class.
    let first = DynamicImage::ImageRgb8(drawn(0));
    first.save_with_format(place.join("owls/first.bmp"), ImageFormat::Bmp).unwrap();
    fs::copy(place.join("moths/2.png"), place.join("moths/copy of 2.png")).unwrap();
    let mirrored = imageops::flip_horizontal(&drawn(4));
    save(place, "moths/mirrored.png", &mirrored);
    let checkup = checkup(place);
    assert_eq!(found(&checkup, Kind::LabelConflict), [["moths/0.png", "owls/first.bmp"]]);
    assert_eq!(found(&checkup, Kind::Copies), [["moths/2.png", "moths/copy of 2.png"]]);
    assert_eq!(found(&checkup, Kind::NearCopies), [["moths/4.png", "moths/mirrored.png"]]);
    assert_eq!(checkup.findings.len(), 3, "{:?}", checkup.findings);
    assert_eq!(checkup.groups.len(), 3);
    let plan = checkup.plan();
    let step = |name: &str| {
        let step = plan.steps.iter().find(|step| step.path == Path::new(name));
        step.map(|step| (step.action, step.reason.as_str()))
    };
    assert_eq!(
        step("moths/0.png"),
        Some((Action::LeaveOut, "the same picture in two classes: owls/first.bmp"))
    );
    assert_eq!(step("owls/first.bmp").unwrap().0, Action::LeaveOut);
    assert_eq!(step("moths/2.png").unwrap().0, Action::Keep);
    assert_eq!(step("moths/copy of 2.png").unwrap().0, Action::LeaveOut);
    assert_eq!(step("moths/mirrored.png").unwrap().0, Action::Keep);
}

/// A crop that leaves so little that it is found only where somebody suspects it.
#[test]
fn what_somebody_suspects_is_looked_at_more_closely() {
    let crop = |number| imageops::crop_imm(&drawn(number), 20, 12, 124, 96).to_image();
    let hash = |picture: &RgbImage| {
        let (width, height) = picture.dimensions();
        PerceptualHash::of(&pictures::Rgb { width, height, data: picture.as_raw().clone() })
    };
    let missed = |number: &u64| {
        let both = [hash(&drawn(*number)), hash(&crop(*number))];
        let stop = Stop::new();
        near::pairs(&both, &stop).is_empty()
            && !near::pairs_with(&both, &[(0, 1)], &stop).is_empty()
    };
    let number = (500..600).find(missed).unwrap();
    let folder = sound(24);
    let place = folder.path();
    // Files before it that cannot be read, or are copies, must not shift what is meant.
    fs::copy(place.join("moths/2.png"), place.join("moths/copy of 2.png")).unwrap();
    fs::write(place.join("moths/1.png"), "no picture").unwrap();
    save(place, "moths/seen.png", &drawn(number));
    save(place, "owls/crop.png", &crop(number));
    let checkup = |suspected: &[&str]| {
        let scanned = Folder::scan(place).unwrap();
        let stop = Stop::new();
        let survey = Survey::of(place, &scanned, &settings(), &Silent, &stop).unwrap();
        let file = |name: &&str| (0..survey.files.len()).find(|&f| survey.name(f) == *name);
        let files: Vec<usize> = suspected.iter().filter_map(file).collect();
        let pairs: Vec<(usize, usize)> = files.windows(2).map(|two| (two[0], two[1])).collect();
        Checkup::of(survey, &pairs, &stop)
    };
    assert_eq!(found(&checkup(&[]), Kind::NearConflict), [] as [Vec<String>; 0]);
    let suspected = ["moths/1.png", "moths/seen.png", "owls/crop.png", "owls/1.png"];
    let checkup = checkup(&suspected);
    assert_eq!(found(&checkup, Kind::NearConflict), [["moths/seen.png", "owls/crop.png"]]);
    assert_eq!(checkup.groups.len(), 2);
}

#[test]
fn a_copy_on_both_sides_of_a_given_split_is_a_leak() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    for number in 0..90 {
        let side = if number < 60 { "train" } else { "valid" };
        let class = ["moths", "owls"][number as usize % 2];
        save(place, &format!("{side}/{class}/{number}.png"), &drawn(number));
    }
    fs::copy(place.join("train/owls/1.png"), place.join("valid/owls/seen.png")).unwrap();
    save(place, "valid/owls/turned.png", &imageops::rotate90(&drawn(3)));
    let checkup = checkup(place);
    assert_eq!(found(&checkup, Kind::Leak), [["train/owls/1.png", "valid/owls/seen.png"]]);
    assert_eq!(found(&checkup, Kind::NearLeak), [["train/owls/3.png", "valid/owls/turned.png"]]);
    let plan = checkup.plan();
    // The scores are saved by leaving out what is trained on.
    let out: Vec<_> = plan.steps.iter().filter(|step| step.action == Action::LeaveOut).collect();
    assert_eq!(out.len(), 1);
    assert_eq!(out[0].path, Path::new("train/owls/1.png"));
}

#[test]
fn files_that_are_no_good_pictures_are_found_and_the_plan_says_what_to_do() {
    let folder = sound(24);
    let place = folder.path();
    fs::write(place.join("owls/page.jpg"), "<!doctype html><p>404").unwrap();
    let whole = fs::read(place.join("owls/1.png")).unwrap();
    fs::write(place.join("owls/cut.png"), &whole[..whole.len() / 2]).unwrap();
    fs::write(place.join("moths/named.jpg"), {
        let mut png = std::io::Cursor::new(vec![]);
        drawn(900).write_to(&mut png, ImageFormat::Png).unwrap();
        png.into_inner()
    })
    .unwrap();
    save(place, "moths/blank.png", &RgbImage::from_pixel(120, 90, Rgb([250, 250, 250])));
    save(place, "moths/small.png", &imageops::resize(&drawn(901), 40, 30, imageops::Triangle));
    save(place, "moths/strip.png", &imageops::resize(&drawn(902), 480, 70, imageops::Triangle));
    let checkup = checkup(place);
    assert_eq!(found(&checkup, Kind::Unreadable), [["owls/cut.png"], ["owls/page.jpg"]]);
    assert_eq!(found(&checkup, Kind::WrongSuffix), [["moths/named.jpg"]]);
    assert_eq!(found(&checkup, Kind::Blank), [["moths/blank.png"]]);
    assert_eq!(found(&checkup, Kind::TooSmall), [["moths/small.png"]]);
    assert_eq!(found(&checkup, Kind::OddShape), [["moths/strip.png"]]);
    assert_eq!(checkup.findings.len(), 6, "{:?}", checkup.findings);
    let plan = checkup.plan();
    let moved: Vec<_> = plan.steps.iter().filter(|step| step.action == Action::Move).collect();
    assert_eq!(moved.len(), 1);
    assert_eq!(moved[0].to, Path::new("moths/named.png"));
    assert_eq!(plan.active(), 3);
}

#[test]
fn pictures_in_which_little_can_be_seen_are_found() {
    let folder = sound(24);
    let place = folder.path();
    let lit = |number, level: fn(u8) -> u8| {
        let mut picture = drawn(number);
        picture.iter_mut().for_each(|byte| *byte = level(*byte));
        picture
    };
    save(place, "moths/dark.png", &lit(910, |level| level / 5));
    save(place, "moths/bright.png", &lit(911, |level| 255 - (255 - level) / 5));
    save(place, "moths/soft.png", &imageops::blur(&drawn(912), 9.0));
    let grey = DynamicImage::ImageRgb8(drawn(913)).to_luma8();
    save(place, "moths/grey.png", &DynamicImage::ImageLuma8(grey).to_rgb8());
    // Words in large letters, and in small ones.
    let words = |strokes: u32| {
        RgbImage::from_fn(320, 240, |x, y| {
            let inked = (110..122).contains(&y) && x / 8 < strokes && x % 8 < 2;
            Rgb([if inked { 120 } else { 238 }; 3])
        })
    };
    save(place, "owls/large.png", &words(40));
    save(place, "owls/little.png", &words(12));
    let checkup = checkup(place);
    assert_eq!(found(&checkup, Kind::TooDark), [["moths/dark.png"]]);
    assert_eq!(found(&checkup, Kind::TooBright), [["moths/bright.png"]]);
    assert_eq!(found(&checkup, Kind::Blurred), [["moths/soft.png"]]);
    assert_eq!(found(&checkup, Kind::Grey), [["moths/grey.png"]]);
    assert_eq!(found(&checkup, Kind::Placeholder), [["owls/large.png"], ["owls/little.png"]]);
    assert!(checkup.plan().steps.iter().all(|step| step.action == Action::Keep));
}

#[test]
fn what_is_doubtful_about_single_pictures_can_be_said_in_a_line() {
    let folder = sound(24);
    let place = folder.path();
    let brief = || Checkup::brief(checkup(place).survey);
    assert_eq!(brief(), None);
    save(place, "moths/blank.png", &RgbImage::from_pixel(120, 90, Rgb([250, 250, 250])));
    for number in 901..903 {
        let small = imageops::resize(&drawn(number), 40, 30, imageops::Triangle);
        save(place, &format!("moths/small {number}.png"), &small);
    }
    fs::write(place.join("owls/page.jpg"), "<html>").unwrap();
    assert_eq!(brief().as_deref(), Some("2 very small, 1 blank"));
}

#[test]
fn classes_that_are_few_uneven_or_named_alike_are_told() {
    let folder = sound(24);
    for number in 100..104 {
        save(folder.path(), &format!("Owl/{number}.png"), &drawn(number));
    }
    fs::create_dir(folder.path().join("wasps")).unwrap();
    fs::write(folder.path().join("wasps/1.jpg"), "").unwrap();
    let checkup = checkup(folder.path());
    let words = |kind: Kind| {
        let findings = checkup.findings.iter().filter(|finding| finding.kind == kind);
        findings.map(|finding| finding.words.clone()).collect::<Vec<_>>()
    };
    assert_eq!(words(Kind::ClassNames), ["`Owl` and `owls` differ only in a final s"]);
    assert_eq!(words(Kind::TinyClass), ["`Owl` has 4 pictures"]);
    assert_eq!(words(Kind::EmptyClass), ["`wasps` has no picture that can be read"]);
    assert_eq!(words(Kind::Unreadable).len(), 1);
    assert_eq!(words(Kind::Imbalance), ["`moths` has 24, `Owl` 4"]);
    assert_eq!(checkup.findings.len(), 5);
}

#[test]
fn the_gravest_kinds_come_first_and_each_has_a_name_of_its_own() {
    assert!(Kind::ALL.windows(2).all(|two| two[0].severity() <= two[1].severity()));
    assert!(Kind::ALL.iter().any(|kind| kind.severity() == Severity::Note));
    let mut names: Vec<_> = Kind::ALL.iter().map(|kind| kind.id()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Kind::ALL.len());
}
