//! Boxes and labels of other programs with the real binary: from a detector's file to a classifier and
//! back into the file, and the same pictures as a folder and in an archive.

#![allow(clippy::unwrap_used, reason = "a test may fail wherever it stands")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use common::{Place, TRAINED, told};
use serde_json::{Value, json};

/// The pictures of a practice set with their classes, in order.
fn pictures(of: &Place, set: &str) -> Vec<(String, PathBuf)> {
    let mut found = vec![];
    for class in fs::read_dir(of.path(set)).unwrap().flatten() {
        for picture in fs::read_dir(class.path()).unwrap().flatten() {
            found.push((class.file_name().to_string_lossy().into_owned(), picture.path()));
        }
    }
    found.sort();
    found
}

/// What a detector would write of these photographs, by paths from `base` on: two boxes each.
fn detections(photographs: &[(String, PathBuf)], base: &Path) -> Value {
    let image = |(_, path): &(String, PathBuf)| {
        json!({"file": path.strip_prefix(base).unwrap(), "detections": [
            {"category": "1", "conf": 0.92, "bbox": [0.0, 0.0, 0.5, 1.0], "id": "kept"},
            {"category": "1", "conf": 0.81, "bbox": [0.5, 0.0, 0.5, 1.0]},
            {"category": "1", "conf": 0.05, "bbox": [0.1, 0.1, 0.2, 0.2]},
            {"category": "2", "conf": 0.99, "bbox": [0.1, 0.1, 0.2, 0.2]}]})
    };
    json!({"info": {"format_version": "1.4"},
        "detection_categories": {"1": "animal", "2": "person", "3": "vehicle"},
        "images": photographs.iter().map(image).collect::<Vec<_>>()})
}

const QUICK: &str = "--backbone small --size 32 --precision fp32";

#[test]
fn a_detectors_boxes_are_trained_on_and_answered() {
    let place = Place::new();
    place.out("practice practice --per-class 14 --seed 5");
    let photographs = pictures(&place, "practice");
    place.write("md.json", detections(&photographs, &place.path("practice")).to_string());
    let trained = place.run(&format!(
        "train --labels md.json --root practice -o boxes.lookalike {QUICK} --epochs 1"
    ));
    let words = told(&trained);
    assert!(trained.status.success(), "{words}");
    let read_as = "read as MegaDetector: 84 animals of 42 photographs; left out: 42 boxes below the \
                   confidence, 42 boxes of another thing";
    assert!(words.contains(read_as), "{words}");

    // No photograph is on both sides.
    let report: Value = serde_json::from_str(&place.out("report boxes.lookalike --json")).unwrap();
    let mut held_out: BTreeMap<String, usize> = BTreeMap::new();
    for one in report["predictions"].as_array().unwrap() {
        let name = one["picture"].as_str().unwrap();
        *held_out.entry(name.split('#').next().unwrap().to_owned()).or_default() += 1;
    }
    assert!(!held_out.is_empty() && held_out.values().all(|&boxes| boxes == 2), "{held_out:?}");

    let csv =
        place.out("predict boxes.lookalike md.json --root practice --csv --detections out.json");
    assert_eq!(csv.lines().count(), 1 + 84);
    let first = csv.lines().nth(1).unwrap();
    assert!(first.contains("#0%,0%,50%,100%"), "{first}");
    let said: Value = serde_json::from_slice(&place.read("out.json")).unwrap();
    assert_eq!(said["images"].as_array().unwrap().len(), 42);
    let categories = said["classification_categories"].as_object().unwrap();
    assert_eq!(categories.len(), 3);
    let found = &said["images"][0]["detections"];
    assert_eq!(found[0]["id"], "kept");
    assert!(found[2].get("classifications").is_none() && found[3].get("classifications").is_none());
    let answers: Value = serde_json::from_str(
        &place.out("predict boxes.lookalike md.json --root practice --json --top 1"),
    )
    .unwrap();
    assert_eq!(answers["predictions"].as_array().unwrap().len(), 84);
    for (at, answer) in answers["predictions"].as_array().unwrap().iter().enumerate() {
        let own = &said["images"][at / 2]["detections"][at % 2]["classifications"];
        match answer["verdict"].as_str().unwrap() {
            "unfamiliar" => assert_eq!(*own, json!([])),
            _ => {
                let key = own[0][0].as_str().unwrap();
                assert_eq!(categories[key], answer["top"][0]["class"]);
            }
        }
    }
    // Whoever trained on a box knows it again.
    let told = place.run("predict boxes.lookalike md.json --root practice");
    let words = String::from_utf8_lossy(&told.stderr).into_owned();
    assert!(words.contains("the classifier was trained on"), "{words}");

    for command in ["check", "look"] {
        let done = place.run(&format!("{command} md.json --root practice"));
        assert!(done.status.success(), "{}", common::told(&done));
    }
    let evaluated: Value = serde_json::from_str(
        &place.out("evaluate boxes.lookalike --labels md.json --root practice --json"),
    )
    .unwrap();
    let trained_on = evaluated["trained_on"]["n"].as_u64().unwrap();
    assert!(trained_on > 0 && trained_on < 84, "{trained_on}");
}

#[test]
fn boxes_are_not_moved_or_copied() {
    let photographs = pictures(&TRAINED, "practice");
    TRAINED.write("md.json", detections(&photographs[..2], &TRAINED.path("")).to_string());
    let refused = TRAINED.run("predict practice.lookalike md.json --sort-into sorted");
    let words = told(&refused);
    assert!(
        words.contains("`--sort-into` copies whole files, and `md.json` names parts"),
        "{words}"
    );
    let name = photographs[0].1.strip_prefix(TRAINED.path("practice")).unwrap();
    let plan =
        format!("action,path,to,reason\nleave out,\"{}#0%,0%,50%,100%\",,\n", name.display());
    TRAINED.write("boxes.plan.csv", plan);
    let words = told(&TRAINED.run("apply boxes.plan.csv --folder practice"));
    assert!(words.contains("is part of a file, and only whole files are moved"), "{words}");
    let words = told(&TRAINED.run("look md.json --group"));
    assert!(
        words.contains("a plan of groups moves whole files, and `md.json` names parts"),
        "{words}"
    );
    let words = told(&TRAINED.run("predict practice.lookalike practice --detections c.json"));
    assert!(words.contains("takes one MegaDetector file"), "{words}");
    // A box outside the photograph is a picture that cannot be read; a name will do for one inside.
    let inside = photographs[0].1.display();
    let words = told(&TRAINED.run(&format!("predict practice.lookalike {inside}#1,2,30,40")));
    assert!(words.starts_with("exit: 0"), "{words}");
    let words = told(&TRAINED.run(&format!("predict practice.lookalike {inside}#9000,2,30,40")));
    assert!(words.contains("has no pixel of the picture, which is"), "{words}");
}

#[test]
fn a_set_scores_the_same_as_a_folder_in_an_archive_and_as_an_imagefolder() {
    let place = Place::new();
    place.out("practice practice --per-class 12 --seed 6");
    let mut tar = tar::Builder::new(vec![]);
    let mut metadata = String::new();
    for (at, (class, path)) in pictures(&place, "practice").into_iter().enumerate() {
        let suffix = path.extension().unwrap().to_string_lossy().into_owned();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        for (member, bytes) in [
            (format!("{at}.cls"), class.as_bytes().to_owned()),
            (format!("{at}.{suffix}"), fs::read(&path).unwrap()),
        ] {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, member, &bytes[..]).unwrap();
        }
        let file = format!("{class} {name}");
        place.write(&format!("imagefolder/data/{file}"), fs::read(&path).unwrap());
        metadata +=
            &(json!({"file_name": format!("data/{file}"), "label": class}).to_string() + "\n");
    }
    place.write("set.tar", tar.into_inner().unwrap());
    place.write("imagefolder/metadata.jsonl", metadata);
    let scores = |source: &str, output: &str| {
        let command =
            format!("train {source} -o {output}.lookalike --folds 3 --repeats 1 --size 64 --json");
        let run: Value = serde_json::from_str(&place.out(&command)).unwrap();
        let report: Value =
            serde_json::from_str(&place.out(&format!("report {output}.lookalike --json"))).unwrap();
        assert!(run.is_object());
        let logits = |one: &Value| (one["label"].clone(), one["probabilities"].clone());
        let all = report["predictions"].as_array().unwrap().iter().map(logits);
        (report["accuracy"].clone(), all.collect::<Vec<_>>())
    };
    let folder = scores("practice", "folder");
    assert_eq!(folder.1.len(), 36);
    assert_eq!(scores("set.tar", "tar"), folder);
    assert_eq!(scores("imagefolder", "imagefolder"), folder);
}
