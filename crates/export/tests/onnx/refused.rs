//! Folders for timm and the hub, and what is refused.

use std::fs;
use std::path::Path;

use export::{ExportRequest, Target};
use network::{Backbone, Head};
use serde_json::Value;
use weights::safetensors::{File, Limits};

use crate::fixture::{CLASSES, Kind, saved};

const LITE: Kind =
    Kind { backbone: Backbone::EfficientNetLite0, size: 32, short_side: 32, ..Kind::PLAIN };

fn request(folder: &Path, kind: Kind, target: Target) -> ExportRequest {
    let (model, _) = saved(folder, kind);
    let mut request = ExportRequest::new(model);
    request.target = Some(target);
    request.output = Some(folder.join("out"));
    request
}

/// Names in a folder, hidden ones too.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_timm_folder_has_the_calibrated_layer() {
    let place = tempfile::tempdir().unwrap();
    let (_, classifier) = saved(place.path(), LITE);
    let exported = export::export(&request(place.path(), LITE, Target::Timm)).unwrap();
    let out = place.path().join("out");
    assert_eq!(names(&out), ["README.md", "config.json", "model.safetensors"]);
    assert!(exported.notes[0].starts_with("in timm one view replaces 2"), "{:?}", exported.notes);
    let config: Value =
        serde_json::from_slice(&fs::read(out.join("config.json")).unwrap()).unwrap();
    assert_eq!(config["architecture"], "tf_efficientnet_lite0");
    assert_eq!(config["pretrained_cfg"]["first_conv"], "conv_stem");
    assert_eq!(config["pretrained_cfg"]["classifier"], "classifier");
    let file = File::open(&out.join("model.safetensors"), &Limits::CLASSIFIER).unwrap();
    let found = file.tensor_f32("classifier.weight").unwrap();
    let insight::Scaling::Temperature(temperature) = classifier.calibration.scaling else {
        panic!("a temperature");
    };
    let tensors = classifier.parameters.tensors();
    let weight = &tensors[tensors.len() - 2].data;
    let expected = weight.iter().map(|&x| (f64::from(x) / temperature) as f32);
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= 1e-6 * expected.abs());
    }
    let body = file.tensor_f32("blocks.0.0.conv_dw.weight").unwrap();
    let graph = classifier.graph();
    let place = graph.parameters().iter().position(|p| p.name == "blocks.0.0.conv_dw.weight");
    assert_eq!(body, tensors[place.unwrap()].data);
}

#[test]
fn a_hub_folder_shows_nobodys_pictures() {
    let place = tempfile::tempdir().unwrap();
    let mut request = request(place.path(), LITE, Target::Hub);
    request.license = Some("apache-2.0".into());
    let exported = export::export(&request).unwrap();
    assert!(exported.outputs.iter().all(|output| output.name != "nearest"));
    let out = place.path().join("out");
    let all = [".gitattributes", "README.md", "birds.onnx", "config.json", "labels.txt"];
    let all = [&all[..], &["model.safetensors", "selftest.json"]].concat();
    assert_eq!(names(&out), all);
    let card = fs::read_to_string(out.join("README.md")).unwrap();
    assert!(card.contains("license: \"apache-2.0\"") && !card.contains("base_model"));
    for name in all {
        let bytes = fs::read(out.join(name)).unwrap();
        assert!(!bytes.windows(5).any(|window| window == b"7.jpg"), "{name}");
    }
    // With evidence there are.
    fs::remove_dir_all(&out).unwrap();
    request.evidence = true;
    export::export(&request).unwrap();
    let bytes = fs::read(out.join("birds.onnx")).unwrap();
    assert!(bytes.windows(5).any(|window| window == b"7.jpg"));
    assert!(names(&out).contains(&"birds.lookalike".to_owned()));
}

#[test]
fn what_timm_cannot_say_is_refused_with_the_way_out() {
    let place = tempfile::tempdir().unwrap();
    let refused = |kind: Kind, words: &str| {
        let error = export::export(&request(place.path(), kind, Target::Timm)).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.help().unwrap().contains("`-o NAME.onnx`"));
        assert_eq!(names(place.path()), ["birds.lookalike"], "nothing is left behind");
    };
    refused(Kind::PLAIN, "no network like the backbone `small`");
    refused(Kind { head: Head::Hidden { classes: CLASSES }, ..LITE }, "a hidden head is more");
    refused(Kind { head: Head::Fastai { classes: CLASSES }, ..LITE }, "a fastai head is more");
}

#[test]
fn a_folder_that_holds_something_is_left_alone() {
    let place = tempfile::tempdir().unwrap();
    let request = request(place.path(), LITE, Target::Timm);
    fs::create_dir(place.path().join("out")).unwrap();
    fs::write(place.path().join("out/mine"), "mine").unwrap();
    let error = export::export(&request).unwrap_err();
    assert!(error.to_string().ends_with("is not empty"), "{error}");
    assert_eq!(names(&place.path().join("out")), ["mine"]);
}

#[test]
fn a_damaged_classifier_is_refused_and_an_old_export_stays() {
    let place = tempfile::tempdir().unwrap();
    let (model, _) = saved(place.path(), Kind::PLAIN);
    let mut bytes = fs::read(&model).unwrap();
    let last = bytes.len() / 2;
    bytes[last] ^= 1;
    fs::write(&model, bytes).unwrap();
    fs::write(place.path().join("birds.onnx"), "old").unwrap();
    let mut request = ExportRequest::new(model);
    request.output = Some(place.path().join("birds.onnx"));
    assert!(export::export(&request).is_err());
    assert_eq!(fs::read(place.path().join("birds.onnx")).unwrap(), b"old");
    assert_eq!(names(place.path()), ["birds.lookalike", "birds.onnx"]);
}
