//! Features as Parquet files: `features`, `train --features` and `predict --parquet`, through the real
//! binary.
#![allow(clippy::unwrap_used, reason = "a test may fail wherever it stands")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use common::{Place, told};
use lookalike::Classifier;
use serde_json::Value;

/// A practice set with a copy and a file that is no picture, trained on as a folder.
static FOLDER: LazyLock<Place> = LazyLock::new(|| {
    let place = Place::new();
    place.out("practice photos --per-class 12 --seed 3");
    let first = files(&place.path("photos/monarch"))[0].clone();
    fs::copy(&first, place.path("photos/monarch/copy of one.jpg")).unwrap();
    place.write("photos/viceroy/broken.jpg", "no picture");
    let trained = place.run("train photos --no-report -o folder.lookalike");
    assert!(trained.status.success(), "{}", told(&trained));
    place
});

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    all
}

fn json(place: &Place, arguments: &str) -> Value {
    serde_json::from_str(&place.out(arguments)).unwrap()
}

/// What training found out, without what depends on how the pictures were named and shown.
fn assert_the_same(place: &Place, a: &str, b: &str) {
    let [a, b] = [a, b].map(|name| Classifier::load(&place.path(name)).unwrap());
    assert_eq!(a.classes, b.classes);
    assert_eq!(a.architecture, b.architecture);
    let tensors = |of: &Classifier| -> Vec<Vec<u32>> {
        let bits = |data: &[f32]| data.iter().map(|x| x.to_bits()).collect();
        of.parameters.tensors().iter().map(|tensor| bits(&tensor.data)).collect()
    };
    assert!(tensors(&a) == tensors(&b), "the weights differ");
    assert_eq!(a.calibration, b.calibration);
    assert_eq!(a.record.candidates, b.record.candidates);
    assert_eq!(a.record.curve, b.record.curve);
    assert_eq!(a.record.shortcuts, b.record.shortcuts);
    assert_eq!(a.record.held_out.len(), b.record.held_out.len());
    for (one, other) in a.record.held_out.iter().zip(&b.record.held_out) {
        assert_eq!(one.picture, other.picture);
        assert_eq!((one.actual, one.fold, one.group), (other.actual, other.fold, other.group));
        assert_eq!((&one.logits, one.novelty), (&other.logits, other.novelty));
    }
    assert_eq!(a.record.bad, b.record.bad);
    let known = |of: &Classifier| of.reference.as_ref().map(|one| one.rows.clone());
    assert!(known(&a) == known(&b), "what new pictures are compared with differs");
}

#[test]
fn a_head_fitted_on_features_is_that_of_the_folder_to_the_bit() {
    let place = &*FOLDER;
    let done = json(place, "features photos -o feats --json");
    assert_eq!(
        (&done["pictures"], &done["unread"], &done["width"]),
        (&38.into(), &1.into(), &1280.into())
    );
    // Again: nothing is new, nothing is overwritten.
    let before = files(&place.path("feats"));
    let again = json(place, "features photos -o feats --json");
    assert_eq!((&again["pictures"], &again["found"]), (&0.into(), &38.into()));
    assert_eq!(files(&place.path("feats")), before);
    // The pattern reaches the program as it is.
    let trained = place.run("train --features feats/*.parquet -o features.lookalike");
    let said = String::from_utf8_lossy(&trained.stderr).into_owned();
    assert!(trained.status.success(), "{said}");
    assert_the_same(place, "folder.lookalike", "features.lookalike");
    let shown = place.out("show features.lookalike");
    assert!(shown.contains("feats") && shown.contains("self-test"), "{shown}");
    let page = String::from_utf8(place.read("features.html")).unwrap();
    assert!(page.contains("Trained on features, without the pictures"), "{page}");
    // It answers as the other one does.
    let answers =
        |model: &str| json(place, &format!("predict {model} photos/queen --json --top 9"));
    let [a, b] = ["folder.lookalike", "features.lookalike"].map(answers);
    assert_eq!(a["predictions"], b["predictions"]);
}

#[test]
fn pictures_that_come_later_are_added() {
    let place = Place::new();
    place.out("practice photos --per-class 8 --seed 4");
    let late = files(&place.path("photos/queen"))[2].clone();
    let aside = place.path("late.jpg");
    fs::rename(&late, &aside).unwrap();
    place.out("features photos -o feats");
    fs::rename(&aside, &late).unwrap();
    let done = json(&place, "features photos -o feats --json");
    assert_eq!((&done["pictures"], &done["found"]), (&1.into(), &23.into()));
    place.out("train photos --no-report -o folder.lookalike");
    place.out("train --features feats --no-report -o features.lookalike");
    assert_the_same(&place, "folder.lookalike", "features.lookalike");
    // A picture that has changed is not mixed with what it was.
    fs::copy(&files(&place.path("photos/monarch"))[0], &late).unwrap();
    let output = place.run("features photos -o feats");
    let said = told(&output);
    assert!(said.contains("has a row of `queen/") && said.contains("help: name another"), "{said}");
}

#[test]
fn labels_groups_and_folds_of_a_table_are_kept_and_others_may_take_their_place() {
    let place = Place::new();
    place.out("practice photos --per-class 8 --seed 5");
    let mut table = String::from("path,label,group,fold\n");
    for (at, kind) in ["queen", "monarch", "viceroy"].iter().enumerate() {
        for (number, path) in files(&place.path("photos").join(kind)).iter().enumerate() {
            let name = path.file_name().unwrap().to_string_lossy();
            table +=
                &format!("photos/{kind}/{name},{kind},g{},{}\n", number / 2 + 10 * at, number % 3);
        }
    }
    place.write("birds.csv", &table);
    place.out("train --labels birds.csv --no-report -o table.lookalike");
    place.out("features --labels birds.csv -o feats");
    place.out("train --features feats --no-report -o features.lookalike");
    assert_the_same(&place, "table.lookalike", "features.lookalike");
    // Two classes of the three, by another table.
    let two: Vec<&str> = table.lines().filter(|line| !line.contains("queen")).collect();
    place.write("two.csv", two.join("\n"));
    place.out("train --labels two.csv --no-report -o two.lookalike");
    let trained =
        place.run("train --features feats --labels two.csv --no-report -o joined.lookalike");
    let said = told(&trained);
    assert!(said.contains("8 rows that the table does not name"), "{said}");
    assert_the_same(&place, "two.lookalike", "joined.lookalike");
}

#[test]
fn what_takes_pictures_or_other_features_is_refused_with_the_reason() {
    let place = Place::new();
    place.out("practice photos --per-class 6 --seed 6");
    place.out("features photos -o feats");
    place.out("features photos -o one --views 1");
    for (arguments, words) in [
        ("train --features feats --fine-tune always", "trains the backbone"),
        ("train --features feats --minutes 5", "`--minutes` are for fine-tuning"),
        ("train --features feats --epochs 5", "takes pictures"),
        ("train --features feats --backbone lite2", "not of `efficientnet-lite2`"),
        ("train --features feats --views 4", "of 2 views, not of 4"),
        ("train --features feats one", "features of another views"),
        ("train --features photos", "stands for no Parquet file"),
        ("train --features no/*.parquet", "stands for no Parquet file"),
        ("features photos -o one", "features of another views"),
        ("features photos -o feats.parquet", "features go to a folder"),
    ] {
        let output = place.run(arguments);
        let said = told(&output);
        assert!(!output.status.success() && said.contains(words), "{arguments}\n{said}");
        assert!(said.contains("help: "), "{said}");
    }
}

#[test]
fn half_the_bits_train_nearly_the_same() {
    let place = Place::new();
    place.out("practice photos --per-class 30 --seed 4");
    place.out("train photos --no-report -o folder.lookalike");
    place.out("features photos -o half --half");
    place.out("train --features half --no-report -o half.lookalike");
    let loss = |name: &str| {
        let classifier = Classifier::load(&place.path(name)).unwrap();
        insight::Insight::of(&classifier.record).log_loss.map(|loss| loss.value)
    };
    let (folder, half) = (loss("folder.lookalike").unwrap(), loss("half.lookalike").unwrap());
    assert!((folder - half).abs() < 0.002, "{folder} and {half}");
    assert!(folder != half, "the numbers were not rounded");
}

#[test]
fn answers_in_parquet_are_those_in_json() {
    let place = &*FOLDER;
    // One file is no picture, which the exit code says.
    place.run("predict folder.lookalike photos -o answers.json");
    let output = place.run("predict folder.lookalike photos --parquet answers.parquet");
    assert!(output.stdout.is_empty(), "{}", told(&output));
    place.run("predict folder.lookalike photos -o again.parquet");
    assert_eq!(place.read("answers.parquet"), place.read("again.parquet"));
    let said: Value = serde_json::from_slice(&place.read("answers.json")).unwrap();
    let rows = tables::answers::read(&place.path("answers.parquet")).unwrap();
    let said = said["predictions"].as_array().unwrap();
    assert_eq!(rows.len(), said.len());
    for (row, said) in rows.iter().zip(said) {
        assert_eq!(row.picture, said["picture"].as_str().unwrap());
        assert_eq!(row.error.as_deref(), said["error"].as_str());
        if row.error.is_some() {
            assert_eq!((row.verdict.as_str(), &row.reason), ("unreadable", &None));
            continue;
        }
        assert_eq!(row.verdict, said["verdict"].as_str().unwrap());
        assert_eq!(row.reason.as_deref(), said["reason"].as_str());
        assert_eq!(row.nearest.as_deref(), said["nearest"][0]["picture"].as_str());
        assert_eq!(
            row.novelty.map(f64::from),
            said["novelty"].as_f64().map(|x| f64::from(x as f32))
        );
        let named: Vec<&str> = said["answer"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["class"].as_str().unwrap())
            .collect();
        assert_eq!(row.answer, named);
        assert_eq!(row.class.is_some(), named.len() == 1);
        let sum: f32 = row.probabilities.iter().sum();
        assert!(named.is_empty() && sum == 0.0 || (sum - 1.0).abs() < 1e-5, "{sum}");
    }
}
