//! Every failure says what, on which file, and what to do; and keeps its exit code.

#![allow(clippy::unwrap_used, reason = "a test may fail wherever it stands")]

mod common;

use classifier::Classifier;
use common::{Place, TRAINED, told};
use ground::{Digest, Hash};
use network::Parameters;
use serde_json::{Value, json};

/// Runs in a fresh place and compares code, words and advice with the snapshot.
macro_rules! fails {
    ($name:ident, $arguments:expr $(, $file:expr => $content:expr)*) => {
        #[test]
        fn $name() {
            let place = Place::new();
            $(place.write($file, $content);)*
            let output = place.run($arguments);
            assert!(!output.status.success());
            assert!(output.stdout.is_empty(), "{}", told(&output));
            snapshot!(told(&output));
        }
    };
}

fails!(nothing_to_train_on, "train");
fails!(two_sources, "train photos --labels labels.csv");
fails!(unknown_option, "train photos --learning-rate 1e-3");
fails!(unknown_backbone, "train photos --backbone resnet51");
fails!(a_rate_that_is_none, "train photos --lr fast");
fails!(a_range_the_wrong_way, "train photos --lr 1e-3..1e-5");
fails!(holding_out_everything, "train photos --valid 1");
fails!(a_size_too_small, "train photos --size 8");
fails!(no_such_folder, "train photos");
fails!(no_classes, "train photos", "photos/notes.txt" => "");
fails!(one_class, "train photos", "photos/husky/1.jpg" => "");
fails!(an_empty_class, "train photos", "photos/a/1.jpg" => "", "photos/b/.hidden" => "");
fails!(no_picture_can_be_read, "train photos --backbone small",
    "photos/a/1.jpg" => "words", "photos/a/2.jpg" => "", "photos/b/1.png" => "%PDF-1.7", "photos/b/2.png" => "x");
fails!(a_table_with_a_bad_line, "train --labels labels.csv", "labels.csv" => "path,label\na.jpg,husky\nb.jpg\n");
fails!(an_output_without_a_folder, "train photos --backbone small -o nowhere/x.lookalike",
    "photos/a/1.jpg" => "", "photos/b/1.jpg" => "");
fails!(weights_that_are_not_cached, "train photos --backbone resnet50 --offline",
    "photos/a/1.jpg" => "", "photos/b/1.jpg" => "");
fails!(weights_that_are_none, "train photos --weights x.safetensors",
    "photos/a/1.jpg" => "", "photos/b/1.jpg" => "", "x.safetensors" => "not weights at all");
fails!(no_such_weights, "train photos --weights x.safetensors",
    "photos/a/1.jpg" => "", "photos/b/1.jpg" => "");
fails!(no_such_classifier, "predict birds.lookalike a.jpg");
fails!(a_classifier_that_is_none, "show birds.lookalike", "birds.lookalike" => "not a classifier");
fails!(a_folder_for_a_classifier, "show birds", "birds/owl/1.jpg" => "");
fails!(a_report_on_no_classifier, "report birds.lookalike", "birds.lookalike" => [0; 64]);
fails!(a_folder_to_practise_in_that_is_taken, "practice taken", "taken/file" => "");

/// A stack larger than any memory is refused as a thread beyond `ulimit -u` is.
#[test]
fn a_thread_that_the_system_refuses() {
    let place = Place::new();
    let output = place.command("practice taken").env("RUST_MIN_STACK", "70000000000000").output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    snapshot!(told(&output));
}

#[test]
fn a_classifier_that_was_altered_is_refused() {
    let place = Place::new();
    let mut bytes = TRAINED.read("practice.lookalike");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    place.write("altered.lookalike", &bytes);
    bytes.truncate(middle);
    place.write("cut.lookalike", &bytes);
    for name in ["altered", "cut"] {
        let output = place.run(&format!("show {name}.lookalike"));
        assert_eq!(output.status.code(), Some(4), "{}", told(&output));
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(words.contains(&format!("{name}.lookalike")) && words.contains("help:"), "{words}");
    }
}

#[test]
fn names_cannot_steer_the_terminal() {
    let place = Place::new();
    place.write("photos/\x1b[2J\x1b[31mhusky/1.jpg", "");
    let output = place.run("train photos");
    assert!(!output.stderr.contains(&0x1b), "{}", told(&output));
    assert!(String::from_utf8_lossy(&output.stderr).contains("\\u{1b}[2J"), "{}", told(&output));
}

#[test]
fn weights_are_opened_before_pictures_are_looked_at() {
    let place = Place::new();
    place.out("practice practice --per-class 3");
    place.write("x.safetensors", "not weights at all");
    let looked_at = || place.path(".cache/surveys").exists();
    assert!(!place.run("train practice --weights x.safetensors").status.success());
    assert!(!looked_at());
    // What such a look leaves behind.
    place.run("check practice");
    assert!(looked_at());
}

#[test]
fn a_classifier_of_enormous_numbers_is_refused_when_its_answer_is_no_number() {
    let place = Place::new();
    place.out("practice practice --per-class 3");
    let mut classifier = Classifier::load(&TRAINED.path("practice.lookalike")).unwrap();
    // Finite, and in a file whose digests are right.
    let last = classifier.parameters.tensors().len() / 2;
    (0..last).for_each(|at| {
        let data = &mut classifier.parameters.tensor_mut(at).data;
        data.iter_mut().for_each(|x| *x = if *x < 0.0 { -3e38 } else { 3e38 });
    });
    classifier.save(&place.path("huge.lookalike")).unwrap();
    for form in ["", "--json", "--csv", "--always"] {
        let output = place.run(&format!("predict huge.lookalike practice {form}"));
        assert_eq!(output.status.code(), Some(4), "{}", told(&output));
        let said = told(&output);
        assert!(said.contains("error: the network's answer is not a number"), "{said}");
        assert!(!said.contains("NaN") && !said.contains("null"), "{said}");
    }
    for command in ["evaluate huge.lookalike practice", "next huge.lookalike practice"] {
        assert_eq!(place.run(command).status.code(), Some(4), "{command}");
    }
}

/// A classifier's file with its description changed, and sealed anew.
fn resealed(bytes: &[u8], change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let (length, rest) = bytes.split_first_chunk::<8>().unwrap();
    let (header, tensors) = rest.split_at(u64::from_le_bytes(*length) as usize);
    let mut header: Value = serde_json::from_slice(header).unwrap();
    let metadata = &mut header["__metadata__"];
    let parsed = |text: &Value| serde_json::from_str::<Value>(text.as_str().unwrap()).unwrap();
    let (mut format, mut described) =
        (parsed(&metadata["format"]), parsed(&metadata["classifier"]));
    change(&mut described);
    let described = described.to_string();
    format["classifier"] = Digest::by(Hash::Blake3, described.as_bytes()).to_string().into();
    (metadata["format"], metadata["classifier"]) = (format.to_string().into(), described.into());
    let mut header = serde_json::to_vec(&header).unwrap();
    header.resize(header.len().next_multiple_of(8), b' ');
    [&(header.len() as u64).to_le_bytes()[..], &header, tensors].concat()
}

/// The practice classifier with the first number of a parameter replaced.
fn with_parameter(place: &Place, ending: &str, number: f32) -> Vec<u8> {
    let mut classifier = Classifier::load(&TRAINED.path("practice.lookalike")).unwrap();
    let graph = classifier.graph();
    let at = graph.parameters().iter().position(|one| one.name.ends_with(ending)).unwrap();
    let mut tensors: Vec<_> =
        classifier.parameters.tensors().iter().map(|tensor| (**tensor).clone()).collect();
    tensors[at].data[0] = number;
    classifier.parameters = Parameters::new(&graph, tensors).unwrap();
    classifier.save(&place.path("made.lookalike")).unwrap();
    place.read("made.lookalike")
}

/// Finite numbers so large or small that no answer is a number: an error, and never `NaN`.
#[test]
fn a_classifier_whose_answers_are_no_numbers_is_refused() {
    let place = Place::new();
    let whole = TRAINED.read("practice.lookalike");
    let scaled = |name: &'static str, number: f64| {
        resealed(&whole, |described| described["preprocess"][name] = json!([0.5, number, 0.5]))
    };
    let mutated = [
        ("unchanged", resealed(&whole, |_| ()), 0),
        ("a deviation of 1e-40", scaled("std", 1e-40), 4),
        ("a deviation of 1e38", scaled("std", 1e38), 4),
        ("a mean of 1e38", scaled("mean", 1e38), 4),
        ("a mean of -1e38", scaled("mean", -1e38), 4),
        ("a bias of 3e38", with_parameter(&place, ".bias", 3e38), 4),
        ("a weight of -3e38", with_parameter(&place, ".weight", -3e38), 4),
    ];
    let picture = TRAINED.path("practice/monarch");
    for (what, bytes, code) in mutated {
        place.write("mutated.lookalike", bytes);
        for form in ["", "--always", "--json", "--csv", "--json --always"] {
            let typed = format!("predict mutated.lookalike {} {form}", picture.display());
            let output = place.run(&typed);
            let words = format!("{what}, {form}: {}", told(&output));
            assert_eq!(output.status.code(), Some(code), "{words}");
            if code != 0 {
                assert!(output.stdout.is_empty(), "{words}");
                let error = String::from_utf8_lossy(&output.stderr);
                assert!(error.contains("error: ") && error.contains("help: "), "{words}");
            }
        }
    }
}

#[test]
fn names_that_cannot_be_are_found_before_training() {
    let place = Place::new();
    place.out("practice photos --per-class 20");
    let named = place.path("photos/mon\narch");
    std::fs::rename(place.path("photos/monarch"), named).unwrap();
    let output = place.run("check photos --strict");
    assert_eq!(output.status.code(), Some(3), "{}", told(&output));
    let words = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(words.contains("`mon\\narch` has control characters"), "{words}");
}

#[test]
fn what_a_table_names_wrongly_is_not_there() {
    let place = Place::new();
    place.out("practice photos --per-class 2");
    let pictures = std::fs::read_dir(place.path("photos/queen")).unwrap();
    let mut table = "path,label\nphotos/queen/nosuch.png,queen\n".to_owned();
    for picture in pictures {
        let name = picture.unwrap().file_name().into_string().unwrap();
        table += &format!("photos/queen/{name},queen\n");
    }
    place.write("labels.csv", table);
    let found = place.out("check --labels labels.csv --json");
    let found: Value = serde_json::from_str(&found).unwrap();
    let missing: Vec<&Value> =
        found["findings"].as_array().unwrap().iter().filter(|f| f["kind"] == "missing").collect();
    assert_eq!(missing.len(), 1, "{found:#}");
    assert_eq!(missing[0]["words"], "there is no such file");
    let text = place.out("check --labels labels.csv");
    assert!(text.contains("Paths in a table are relative to the folder"), "{text}");
    assert!(!text.contains("save it as JPEG"), "{text}");
}

#[test]
fn a_picture_that_cannot_be_decoded_is_found_before_anything_is_measured() {
    let place = Place::new();
    let output = place.run("bench nosuch.jpg");
    assert_eq!(output.status.code(), Some(3), "{}", told(&output));
    assert!(output.stdout.is_empty(), "{}", told(&output));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("`nosuch.jpg`: there is no such file")
    );
}
