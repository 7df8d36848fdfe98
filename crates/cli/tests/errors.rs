//! Every failure says what, on which file, and what to do; and keeps its exit code.

mod common;

use classifier::Classifier;
use common::{Place, TRAINED, told};

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
