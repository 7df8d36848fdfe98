//! The default recipe, from pictures to answers, with the embedded weights on small pictures.

#![allow(clippy::unwrap_used, reason = "a test may fail wherever it stands")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::sync::LazyLock;

use common::{Place, told};
use network::{Architecture, Backbone, Head, Parameters};

/// A practice set, and a classifier by the default recipe.
static FITTED: LazyLock<Place> = LazyLock::new(|| {
    let place = Place::new();
    place.out("practice practice --per-class 20 --seed 1");
    let trained = place.run(&format!("{TRAIN} -o first.lookalike"));
    assert!(trained.status.success(), "{}", told(&trained));
    place
});

const TRAIN: &str = "train practice --size 64";

fn report(place: &Place, model: &str) -> serde_json::Value {
    serde_json::from_str(&place.out(&format!("report {model} --json"))).unwrap()
}

#[test]
fn every_picture_is_judged_by_heads_that_never_saw_it() {
    let report = report(&FITTED, "first.lookalike");
    let n = &report["accuracy"]["n"];
    let hits = report["accuracy"]["hits"].as_u64().unwrap();
    assert_eq!(n, 60, "{n} of 60 pictures are judged");
    assert!(hits > 30, "{hits} of 60: hardly better than chance");
    let text = FITTED.out("show first.lookalike");
    assert!(text.contains("by cross-validation"), "{text}");
}

/// The second run computes no feature and makes the same classifier; what tells them apart is how
/// long they took.
#[test]
fn a_second_run_finds_the_features_and_comes_to_the_same() {
    let again = FITTED.run(&format!("{TRAIN} -o again.lookalike"));
    assert!(again.status.success(), "{}", told(&again));
    assert!(told(&again).contains("reused saved features of 60 pictures"), "{}", told(&again));
    let answers = |model: &str| FITTED.out(&format!("predict {model} practice --csv"));
    assert_eq!(answers("first.lookalike"), answers("again.lookalike"));
    let single = FITTED.run(&format!("{TRAIN} -o single.lookalike --threads 1"));
    assert!(single.status.success(), "{}", told(&single));
    assert_eq!(answers("first.lookalike"), answers("single.lookalike"));
    // Without its cache too.
    let place = &*FITTED;
    let fresh = place
        .command(&format!("{TRAIN} -o fresh.lookalike"))
        .env("LOOKALIKE_CACHE", place.path("other-cache"))
        .output()
        .unwrap();
    assert!(!told(&fresh).contains("reused saved features"), "{}", told(&fresh));
    assert_eq!(answers("first.lookalike"), answers("fresh.lookalike"));
}

#[test]
fn a_check_compares_the_features_that_training_kept() {
    let checked = FITTED.run("check practice --json");
    assert!(checked.status.success(), "{}", told(&checked));
    let words = "also compared 60 pictures using features saved by an earlier training run";
    assert!(told(&checked).contains(words), "{}", told(&checked));
    let found: serde_json::Value = serde_json::from_slice(&checked.stdout).unwrap();
    assert_eq!(found["groups"], serde_json::json!([]));
    let none = FITTED.path("none");
    let other = FITTED.command("check practice").env("LOOKALIKE_CACHE", none).output().unwrap();
    assert!(!told(&other).contains("features"), "{}", told(&other));
}

#[test]
fn a_share_that_is_asked_for_is_held_out() {
    let trained = FITTED.run(&format!("{TRAIN} -o share.lookalike --valid 0.25"));
    assert!(trained.status.success(), "{}", told(&trained));
    let n = report(&FITTED, "share.lookalike")["accuracy"]["n"].as_u64().unwrap();
    assert_eq!(n, 15);
}

#[test]
fn a_classifier_is_made_again_from_its_own_settings() {
    let like = FITTED.run("train practice --like first.lookalike -o like.lookalike");
    assert!(like.status.success(), "{}", told(&like));
    let answers = |model: &str| FITTED.out(&format!("predict {model} practice --csv"));
    assert_eq!(answers("first.lookalike"), answers("like.lookalike"));
    let both = FITTED.run("train practice --like first.lookalike --epochs 3");
    assert_eq!(both.status.code(), Some(2), "{}", told(&both));
}

#[test]
fn wrong_labels_are_listed_and_fixed_without_touching_a_file() {
    let place = Place::new();
    place.out("practice practice --per-class 20 --seed 1");
    let classes: Vec<_> = fs::read_dir(place.path("practice"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    let pictures = |class: usize| {
        let mut paths: Vec<_> =
            fs::read_dir(&classes[class]).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths
    };
    let (from, to) = (pictures(0), &classes[1]);
    let moved = to.join("moved.png");
    fs::rename(&from[0], &moved).unwrap();
    let name = |path: &std::path::Path| path.file_name().unwrap().to_string_lossy().into_owned();
    let fixes =
        format!("path,label,suggested\n{0}/moved.png,{0},{1}\n", name(to), name(&classes[0]));
    place.write("fixes.csv", fixes);
    let trained = place.run(&format!("{TRAIN} --fixes fixes.csv -o fixed.lookalike"));
    assert!(trained.status.success(), "{}", told(&trained));
    assert!(
        told(&trained).contains("fixes: 1 picture relabelled, 0 skipped"),
        "{}",
        told(&trained)
    );
    assert!(moved.exists());
    // With the fix each class has its 20 pictures again.
    let report = report(&place, "fixed.lookalike");
    let sums: Vec<u64> = report["confusion"]["counts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row.as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).sum())
        .collect();
    assert_eq!(sums, [20, 20, 20], "{report}");
}

/// Teaching the body is tried in each fold, judged, and told whatever comes of it.
#[test]
fn fine_tuning_is_tried_and_judged() {
    // Weights of a small network that knows nothing yet: a step takes a moment.
    let backbone = Backbone::Small;
    let graph = Architecture { backbone, head: Head::Linear { classes: 2 } }.graph();
    let path = FITTED.path("small.safetensors");
    weights::store(&path, &graph, &Parameters::start(&graph, 1), &BTreeMap::new()).unwrap();
    let trained = FITTED.run(
        "train practice --weights small.safetensors --size 64 --fine-tune always --folds 2 \
         -o tuned.lookalike",
    );
    assert!(trained.status.success(), "{}", told(&trained));
    assert!(trained.status.success(), "{}", told(&trained));
    let report = report(&FITTED, "tuned.lookalike");
    let comparison = &report["comparisons"][0];
    assert_eq!(comparison["pictures"], 60, "{report}");
    assert!(!FITTED.path("tuned.lookalike.unfinished").exists());
}

#[test]
fn a_cache_that_cannot_be_written_stops_nobody() {
    let place = &*FITTED;
    place.write("no-folder", "a file");
    let trained = place
        .command(&format!("{TRAIN} -o uncached.lookalike"))
        .env("LOOKALIKE_CACHE", place.path("no-folder"))
        .output()
        .unwrap();
    let told = told(&trained);
    assert!(trained.status.success(), "{told}");
    assert!(told.contains("warning: cannot read"), "{told}");
    assert!(told.contains("the next run will look at these pictures again"), "{told}");
    let answers = |model: &str| place.out(&format!("predict {model} practice --csv"));
    assert_eq!(answers("first.lookalike"), answers("uncached.lookalike"));
}

#[test]
fn views_and_repeats_are_as_asked() {
    let trained = FITTED.run(&format!("{TRAIN} --views 4 --repeats 2 -o looked.lookalike"));
    assert!(trained.status.success(), "{}", told(&trained));
    let shown: serde_json::Value =
        serde_json::from_str(&FITTED.out("show looked.lookalike --json")).unwrap();
    assert_eq!(shown["views"], 4, "{shown}");
    let judged = &report(&FITTED, "looked.lookalike")["judged"];
    assert!(judged.to_string().contains("\"repeats\":2"), "{judged}");
    let answers = |model: &str| FITTED.out(&format!("predict {model} practice --csv"));
    assert_ne!(answers("first.lookalike"), answers("looked.lookalike"));
    // Other views, other features: none is taken for another's.
    let again = FITTED.run(&format!("{TRAIN} --views 1 -o once.lookalike"));
    assert!(!told(&again).contains("reused saved features"), "{}", told(&again));
    let three = FITTED.run(&format!("{TRAIN} --views 3"));
    assert!(told(&three).contains("there are 1, 2 or 4 views"), "{}", told(&three));
}

#[test]
fn the_cache_is_shown_and_cleared() {
    let place = Place::new();
    let empty = place.out("cache");
    assert!(empty.contains("features") && empty.contains("0 B"), "{empty}");
    place.write(".cache/features/x/y.features", [0; 1500]);
    place.write(".cache/weights/z", [0; 10]);
    assert!(place.out("cache").contains("1.5 kB"), "{}", place.out("cache"));
    place.out("cache --clear");
    let parts: serde_json::Value = serde_json::from_str(&place.out("cache --json")).unwrap();
    assert_eq!((&parts[0]["bytes"], &parts[2]["bytes"]), (&0.into(), &10.into()), "{parts}");
    place.out("cache weights --clear");
    assert!(!place.path(".cache/weights").exists());
}

/// A data scientist's table: semicolons, other names, own folds.
#[test]
fn the_folds_of_a_table_are_those_of_the_cross_validation() {
    let place = &*FITTED;
    let mut rows = "image_id;breed;k\n".to_owned();
    let mut folds = BTreeMap::new();
    for class in fs::read_dir(place.path("practice")).unwrap().flatten() {
        let label = class.file_name().to_string_lossy().into_owned();
        for (at, picture) in fs::read_dir(class.path()).unwrap().flatten().enumerate() {
            let name = format!("practice/{label}/{}", picture.file_name().to_string_lossy());
            let fold = at / 7;
            rows += &format!("\"{name}\";{label};{fold}\n");
            folds.insert(name, fold as u64);
        }
    }
    place.write("mine.csv", rows);
    let columns = "--path-column image_id --label-column breed --fold-column k";
    let train = format!("train --labels mine.csv {columns} --size 64 -o mine.lookalike");
    let said = told(&place.run(&train));
    assert!(said.contains("classifier: `mine.lookalike`"), "{said}");
    let again = format!("`lookalike look --labels mine.csv {columns}`");
    let next = said.lines().filter(|line| line.contains("--labels mine.csv"));
    assert!(next.clone().all(|line| line.contains(columns)) || said.contains(&again), "{said}");
    let report = report(place, "mine.lookalike");
    assert_eq!(report["judged"]["outoffold"]["folds"], 3);
    assert_eq!(report["judged"]["outoffold"]["repeats"], 1);
    assert!(report["notes"].to_string().contains("used the folds of the table"), "{report}");
    let classifier = classifier::Classifier::load(&place.path("mine.lookalike")).unwrap();
    assert_eq!(classifier.record.held_out.len(), folds.len());
    for held_out in &classifier.record.held_out {
        assert_eq!(held_out.fold as u64, folds[&held_out.picture], "{}", held_out.picture);
    }

    for (arguments, message) in [
        (format!("{train} --valid 0.2"), "the folds of the table hold out every one"),
        ("train --labels mine.csv".into(), "it has `image_id`, `breed`, `k`"),
        ("look practice --label-column breed".into(), "there is no file of labels in it"),
    ] {
        let said = told(&place.run(&arguments));
        assert!(said.contains(message), "{arguments}: {said}");
    }
}
