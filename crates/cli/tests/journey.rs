//! Practice, train, predict, show, report: the main job with the real binary.

#![allow(clippy::unwrap_used, reason = "a test may fail wherever it stands")]

mod common;

use std::collections::HashMap;
use std::process::{Command, Stdio};

use classifier::Classifier;
use common::{Place, TRAINED, environment, told};
use network::{Architecture, Backbone, Head, Parameters};
use serde_json::Value;

fn json(arguments: &str) -> Value {
    serde_json::from_str(&TRAINED.out(arguments)).unwrap()
}

#[test]
fn training_tells_its_story() {
    let place = Place::new();
    place.out("practice practice --per-class 20 --seed 1");
    place.write("practice/cut.jpg", ""); // belongs to no class
    let class = std::fs::read_dir(place.path("practice")).unwrap().flatten().map(|e| e.path());
    let class = class.filter(|path| path.is_dir()).min().unwrap();
    std::fs::write(class.join("broken.jpg"), b"\xff\xd8\xff\xe0 and no more").unwrap();
    let arguments = "train practice --backbone small --size 32 --frozen-epochs 1 --epochs 1 \
                     --batch 16 --precision fp32";
    let told = told(&place.run(arguments));
    // Of all numbers, the counts alone are the same on every machine.
    insta::with_settings!({ filters => [
        (r"(?s)accuracy .*--- err", "[INSIGHT]\n--- err"),
        (r"\d+(\.\d+)?% \(\d[\d.]*–[\d.]+%\)", "[SCORE]"),
        (r"\b\d+:\d\d\b", "[TIME]"),
        (r"\b\d+\.\d{4}\b", "[LOSS]"),
        (r" {2,}", "  "),
        (r"(?s)What to do next:\n- .*", "What to do next:\n[STEPS]\n"),
    ].to_vec() }, { insta::assert_snapshot!(told); });
    let replaced = place.run(&format!("{arguments} --no-report"));
    let words = String::from_utf8_lossy(&replaced.stderr).into_owned();
    assert!(words.contains("replaced"), "{words}");
}

#[test]
fn the_saved_file_answers_as_the_network_did_when_it_was_measured() {
    let report = json("report practice.lookalike --json");
    let then = report["predictions"].as_array().unwrap();
    assert!(then.len() >= 8, "{}", then.len());
    let shown = json("show practice.lookalike --json");
    let calibration: insight::Calibration =
        serde_json::from_value(shown["calibration"].clone()).unwrap();
    let answers = json("predict practice.lookalike practice --json --top 99");
    let now: HashMap<&str, &Value> = answers["predictions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|answer| (answer["picture"].as_str().unwrap(), answer))
        .collect();
    for then in then {
        let picture = format!("practice/{}", then["picture"].as_str().unwrap());
        let logits: Vec<f32> = serde_json::from_value(then["logits"].clone()).unwrap();
        let then = calibration.answer(&logits, None).probabilities;
        for (class, then) in report["classes"].as_array().unwrap().iter().zip(then) {
            let top = now[picture.as_str()]["top"].as_array().unwrap();
            let now = &top.iter().find(|named| named["class"] == *class).unwrap()["probability"];
            let difference = (f64::from(then) - now.as_f64().unwrap()).abs();
            assert!(difference < 1e-5, "{picture}: {then} then, {now} now");
        }
    }
}

#[test]
fn answers_come_as_text_json_and_csv_for_paths_folders_and_lists() {
    let all = TRAINED.out("predict practice.lookalike practice");
    let lines: Vec<&str> = all.lines().collect();
    assert!(lines.iter().all(|line| line.starts_with("practice/") && line.contains('%')), "{all}");
    let pictures: Vec<&str> = lines.iter().map(|line| line.split("  ").next().unwrap()).collect();

    let mut list = TRAINED.command("predict practice.lookalike -");
    let listed = list.write_stdin(pictures.join("\n")).output().unwrap();
    assert_eq!(String::from_utf8(listed.stdout).unwrap(), all);

    let csv = TRAINED.out(&format!("predict practice.lookalike {} --csv", pictures[0]));
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header = reader.headers().unwrap().clone();
    assert_eq!(
        header.iter().collect::<Vec<_>>(),
        [
            "picture",
            "verdict",
            "answer",
            "probability",
            "probability of monarch",
            "probability of queen",
            "probability of viceroy",
            "novelty",
            "nearest",
            "error"
        ]
    );
    let record = reader.records().next().unwrap().unwrap();
    assert_eq!(&record[0], pictures[0]);
    let json = json(&format!("predict practice.lookalike {} --json --top 1", pictures[0]));
    let first = &json["predictions"][0];
    let near = |value: &Value, field: &str| {
        (value.as_f64().unwrap() - field.parse::<f64>().unwrap()).abs() < 1e-6
    };
    assert_eq!(first["verdict"], record[1]);
    let class = format!("probability of {}", first["top"][0]["class"].as_str().unwrap());
    let column = header.iter().position(|name| name == class).unwrap();
    assert!(near(&first["top"][0]["probability"], &record[column]));
    assert!(near(&first["novelty"], &record[7]));
    assert_eq!(first["nearest"][0]["picture"], record[8]);
    assert_eq!(first["top"].as_array().unwrap().len(), 1);
}

#[test]
fn every_answer_has_its_verdict_and_its_nearest_pictures() {
    let answers = json("predict practice.lookalike practice --json");
    let learned = json("show practice.lookalike --json")["pictures"]["train"].as_u64().unwrap();
    let mut themselves = 0;
    for answer in answers["predictions"].as_array().unwrap() {
        let classes = answer["answer"].as_array().unwrap();
        match answer["verdict"].as_str().unwrap() {
            "class" => assert_eq!(classes.len(), 1),
            "ambiguous" => assert!(classes.len() >= 2),
            verdict => panic!("{verdict}: too few were judged for any to be unfamiliar"),
        }
        assert!(
            classes
                .iter()
                .all(|named| { answers["classes"].as_array().unwrap().contains(&named["class"]) })
        );
        let nearest = answer["nearest"].as_array().unwrap();
        assert_eq!(nearest.len(), 3);
        let file = answer["picture"].as_str().unwrap().strip_prefix("practice/").unwrap();
        themselves += u64::from(nearest[0]["picture"] == *file);
    }
    assert_eq!(themselves, learned, "what was learned from is nearest to itself");
    let always = json("predict practice.lookalike practice --json --always");
    for (always, answer) in always["predictions"]
        .as_array()
        .unwrap()
        .iter()
        .zip(answers["predictions"].as_array().unwrap())
    {
        assert_eq!(always["answer"].as_array().unwrap().len(), 1);
        assert_eq!(always["answer"][0], answer["top"][0]);
        assert_eq!(always["verdict"], answer["verdict"]);
    }
    let lines = TRAINED.out("predict practice.lookalike practice --always");
    assert!(!lines.contains("ambiguous:"), "{lines}");
}

type Change = fn(&mut Classifier);

#[test]
fn doubt_is_told_in_every_form() {
    let known = json("predict practice.lookalike practice --json");
    let known = known["predictions"].as_array().unwrap().iter().find(|answer| {
        let file = answer["picture"].as_str().unwrap().strip_prefix("practice/").unwrap();
        answer["nearest"][0]["picture"] == *file
    });
    let picture = known.unwrap()["picture"].as_str().unwrap();
    // As it was trained it may be sure; these two are never.
    let mut told = String::new();
    let doubts: [(&str, Change); 2] = [
        ("ambiguous", |c| c.calibration.thresholds.fill(0.0)),
        ("unfamiliar", |c| c.calibration.novelty = Some(-1.0)),
    ];
    for (name, change) in doubts {
        let mut classifier = Classifier::load(&TRAINED.path("practice.lookalike")).unwrap();
        change(&mut classifier);
        classifier.save(&TRAINED.path(&format!("{name}.lookalike"))).unwrap();
        for form in ["", "--top 1", "--json", "--csv", "--always", "--always --csv"] {
            let said = TRAINED.out(&format!("predict {name}.lookalike {picture} {form}"));
            told += &format!("{name} {form}\n{said}\n");
        }
    }
    // Which class is likeliest, and how near what is, depends on the machine.
    insta::with_settings!({ filters => [
        (r"(monarch|queen|viceroy)/\w+\.\w+", "[PICTURE]"),
        (r"monarch|queen|viceroy", "[CLASS]"),
        (r"[<>]?\d+ ?%", "[PERCENT]"),
        (r"-?\d\.\d+(e-\d+)?", "[NUMBER]"),
    ].to_vec() }, { insta::assert_snapshot!(told); });
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_answered() {
    let good = TRAINED.out("predict practice.lookalike practice");
    let good = good.lines().next().unwrap().split("  ").next().unwrap();
    let broken = TRAINED.write("elsewhere/broken, \"really\".jpg", b"\x89PNG\r\n\x1a\n");
    TRAINED.write("elsewhere/page.pdf", "%PDF-1.7\n");
    let arguments = ["elsewhere", good, "missing.jpg"];
    let output = TRAINED.command("predict practice.lookalike").args(arguments).output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{words}");
    // Nobody named the page that lies in a folder, and it is no picture.
    assert!(
        !words.contains("page.pdf")
            && words.contains("ignored 1 file that is not a picture (1 .pdf)"),
        "{words}"
    );
    for name in ["broken", "missing.jpg", "2 of 3 pictures could not be read"] {
        assert!(words.contains(name), "{name} is not in\n{words}");
    }
    assert!(String::from_utf8(output.stdout).unwrap().starts_with(good));

    let output =
        TRAINED.command("predict practice.lookalike --json").args(arguments).output().unwrap();
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    let errors = value["predictions"].as_array().unwrap().iter().filter(|p| p["error"].is_string());
    assert_eq!(errors.count(), 2);

    let output =
        TRAINED.command("predict practice.lookalike --csv").args(arguments).output().unwrap();
    let mut reader = csv::Reader::from_reader(&*output.stdout);
    let records: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), 3);
    let name = broken.file_name().unwrap().to_str().unwrap();
    assert!(records.iter().any(|record| record[0].ends_with(name) && !record[9].is_empty()));
}

#[test]
fn show_says_what_it_is() {
    snapshot!(TRAINED.out("show practice.lookalike"));
    let shown = json("show practice.lookalike --json --layers");
    assert_eq!(shown["architecture"]["backbone"], "small");
    assert_eq!(shown["recipe"]["epochs"], 2);
    assert_eq!(shown["recipe"]["seed"], 42);
    assert!(shown["network"]["layers"].as_array().unwrap().len() > 20);
    assert_eq!((&shown["reference"], &shown["mirrored"]), (&48.into(), &false.into()));
    assert!(shown["self_test"]["pictures"].as_u64().unwrap() > 0);
}

#[test]
fn the_report_is_one_page_and_the_same_as_json() {
    TRAINED.out("report practice.lookalike -o page.html");
    let page = String::from_utf8(TRAINED.read("page.html")).unwrap();
    assert_eq!(page.as_bytes(), TRAINED.read("practice.html"), "train wrote another one");
    assert!(page.starts_with("<!doctype html>") || page.starts_with("<!DOCTYPE html>"));
    assert!(!page.contains("src=\"http") && !page.contains("href=\"http"), "an outside part");
    assert!(json("report practice.lookalike --json")["accuracy"]["n"].as_u64() > Some(0));
}

#[test]
fn the_same_command_gives_the_same_classifier() {
    let place = Place::new();
    place.out("practice practice --per-class 20 --seed 1");
    let arguments = "train practice --backbone small --size 32 --epochs 1 --batch 16 --no-report";
    place.out(&format!("{arguments} --threads 1 -o one.lookalike"));
    place.out(&format!("{arguments} --threads 2 -o two.lookalike"));
    let weights = |name: &str| {
        let file = weights::safetensors::File::open(
            &place.path(name),
            &weights::safetensors::Limits::CLASSIFIER,
        );
        file.unwrap().tensor_f32("head.linear2.weight").unwrap()
    };
    assert_eq!(weights("one.lookalike"), weights("two.lookalike"));
}

#[test]
fn a_table_of_labels_is_as_good_as_folders() {
    let place = Place::new();
    place.out("practice practice --per-class 12 --seed 1");
    let mut table = csv::Writer::from_path(place.path("birds.csv")).unwrap();
    table.write_record(["path", "label"]).unwrap();
    for class in std::fs::read_dir(place.path("practice")).unwrap().flatten() {
        for picture in std::fs::read_dir(class.path()).unwrap().flatten() {
            let label = class.file_name().to_string_lossy().into_owned();
            let path = format!("practice/{label}/{}", picture.file_name().to_string_lossy());
            table.write_record([path, label]).unwrap();
        }
    }
    table.flush().unwrap();
    place.out("train --labels birds.csv --backbone small --size 32 --epochs 1 --quiet");
    assert!(place.path("birds.lookalike").exists() && place.path("birds.html").exists());
}

#[test]
fn quiet_leaves_results_and_what_is_wrong() {
    let place = Place::new();
    assert!(place.run("practice practice --per-class 12 --quiet").stderr.is_empty());
    let arguments = "train practice --backbone small --size 32 --epochs 1 --batch 8";
    let text = |quiet: &str| {
        let output = place.run(&format!("{arguments} {quiet}"));
        assert!(output.status.success(), "{}", told(&output));
        [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap())
    };
    // Once: no progress, but scores, and a warning of too few pictures.
    let [out, err] = text("-q");
    assert!(out.contains("accuracy ") && !out.contains("epoch "), "{out}");
    assert!(out.contains("too few to say how far its percentages are right"), "{out}");
    let few = "warning: All 3 classes have fewer than 20 pictures: too few to tell how good the \
               classifier is, and to make a good one. Add 8 of `monarch`, 8 of `queen` and 8 of \
               `viceroy` first.\n";
    assert!(err.contains(few) && !err.contains("classifier: `"), "{err}");
    let page = String::from_utf8(place.read("practice.html")).unwrap();
    assert!(page.contains("All 3 classes have fewer than 20 pictures"));
    assert!(!page.contains("id=\"certainty\"") && !page.contains("id=\"more\""));
    // Twice: scores alone.
    let [out, err] = text("-qq");
    assert!(out.contains("accuracy ") && err.is_empty(), "{out}{err}");
    // Warnings that are in the document are not said beside it.
    let [out, err] = text("-q --json");
    let document: Value = serde_json::from_str(&out).unwrap();
    assert!(document.to_string().contains("have fewer than 20 pictures"), "{document}");
    assert!(err.is_empty(), "{err}");
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let mut child = Command::new(assert_cmd::cargo::cargo_bin("lookalike"))
        .args(["predict", "practice.lookalike", "practice"])
        .current_dir(TRAINED.path("."))
        .envs(environment(&TRAINED.path(".")))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(told(&output), "exit: 0\n--- out\n--- err\n");
}

#[test]
fn bench_measures_and_says_so_in_json() {
    let place = Place::new();
    let told = place.out(
        "bench --json --backbone small --batch 2 --size 32 --rounds 2 --work forward,step,frozen_step,decode",
    );
    let value: Value = serde_json::from_str(&told).unwrap();
    assert!(value["machine"]["cores"].as_u64() > Some(0));
    let results = value["results"].as_array().unwrap();
    let works: Vec<&str> = results.iter().map(|result| result["work"].as_str().unwrap()).collect();
    assert_eq!(works, ["forward", "step", "frozen_step", "decode"]);
    for result in results {
        let rounds = result["milliseconds"].as_array().unwrap();
        assert!(rounds.len() == 2 && rounds.iter().all(|ms| ms.as_f64() > Some(0.0)), "{result}");
    }
}

#[test]
fn numbers_that_leave_their_range_end_the_run() {
    let place = Place::new();
    place.out("practice practice --per-class 12");
    // As finite as a file may be; the first convolution's sums are not.
    let head = Head::Linear { classes: 1000 };
    let graph = Architecture { backbone: Backbone::Small, head }.graph();
    let mut parameters = Parameters::start(&graph, 0);
    parameters.tensor_mut(0).data.fill(3e38);
    weights::store(&place.path("huge.safetensors"), &graph, &parameters, &Default::default())
        .unwrap();
    let output = place.run("train practice --weights huge.safetensors --size 32 --epochs 1");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(6), "{words}");
    assert!(words.contains("error: the loss became NaN") && words.contains("help: "), "{words}");
    assert!(!place.path("practice.lookalike").exists());
}
