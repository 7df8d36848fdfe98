//! Exported files in ONNX Runtime: each kind of head, view, calibration and preprocessing on pictures
//! of odd shapes answers as the classifier does. Needs Python with onnx, onnxruntime and pillow,
//! which `LOOKALIKE_PYTHON` names.

use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use classifier::{Classifier, averages};
use export::{AMBIGUOUS, ExportRequest, Input, NOT_RECOGNISED, Resize};
use ground::Stop;
use insight::Verdict;
use network::{Backbone, Head};
use pictures::Rgb;
use serde_json::{Value, json};

use crate::fixture::{CLASSES, Kind, picture, predictor, saved};

/// A Python that has what `runtimes.py` needs.
fn python() -> Option<String> {
    let named = std::env::var("LOOKALIKE_PYTHON").unwrap_or_else(|_| "python3".into());
    let has = Command::new(&named).args(["-c", "import numpy, onnx, onnxruntime, PIL"]).output();
    has.is_ok_and(|output| output.status.success()).then_some(named)
}

/// Widths and heights: a pixel, strips, squares, sizes around the network's, larger and smaller.
const SHAPES: [(u32, u32); 12] = [
    (97, 64),
    (1, 1),
    (2, 3),
    (16, 200),
    (300, 16),
    (32, 32),
    (33, 32),
    (31, 40),
    (64, 64),
    (40, 30),
    (257, 256),
    (223, 500),
];

/// Pictures with a classifier's answers.
fn answered(classifier: &Classifier, pictures: &[Rgb], novelty: bool) -> Vec<Value> {
    let mut known = vec![];
    let all: Vec<_> = pictures.iter().map(|rgb| (rgb.clone(), rgb.clone().into())).collect();
    let head = classifier.architecture.head;
    predictor(classifier)
        .examine(all, &Stop::new(), |rgb, examined| {
            let (prediction, features) = examined.unwrap();
            let answer = match novelty {
                true => prediction.answer,
                false => classifier.calibration.answer(&prediction.logits, None),
            };
            let (verdict, named) = match answer.verdict {
                Verdict::Class(class) => (class as i64, vec![class]),
                Verdict::Ambiguous(classes) => (AMBIGUOUS, classes),
                Verdict::Unfamiliar => (NOT_RECOGNISED, vec![]),
            };
            let reference = classifier.reference.as_ref().unwrap();
            let near = reference.neighbours(averages(head, &features), 3).remove(0).nearest;
            let nearest: Vec<usize> = near.iter().map(|&(row, _)| row).collect();
            known.push(json!({
                "png": STANDARD.encode(png(&rgb)),
                "probabilities": answer.probabilities,
                "novelty": prediction.novelty,
                "nearest": nearest,
                "verdict": verdict,
                "named": named,
            }));
        })
        .unwrap();
    known
}

fn png(rgb: &Rgb) -> Vec<u8> {
    let mut bytes = vec![];
    let mut encoder = png::Encoder::new(&mut bytes, rgb.width, rgb.height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header().unwrap().write_image_data(&rgb.data).unwrap();
    bytes
}

/// Exports one file and adds it to the manifest.
fn entry(folder: &Path, name: &str, kind: Kind, change: impl FnOnce(&mut ExportRequest)) -> Value {
    let (model, classifier) = saved(folder, kind);
    let file = format!("{}.onnx", name.replace([' ', ','], "-"));
    let mut request = ExportRequest::new(model);
    request.output = Some(folder.join(&file));
    change(&mut request);
    export::export(&request).unwrap();
    let side = kind.size as u32;
    let shapes: Vec<(u32, u32)> = match request.input {
        Input::Picture => SHAPES.to_vec(),
        Input::Tensor => vec![(side, side); 3],
    };
    let shapes = shapes.into_iter().enumerate();
    let pictures: Vec<Rgb> = shapes.map(|(n, (width, height))| picture(width, height, n)).collect();
    json!({
        "name": name,
        "file": file,
        "half": request.half,
        "pictures": answered(&classifier, &pictures, request.novelty),
        "mistakes": request.input == Input::Picture && kind.backbone == Backbone::Small && !request.half,
    })
}

#[test]
fn files_answer_in_onnx_runtime_as_the_classifier_does() {
    let Some(python) = python() else {
        eprintln!("skipped: no Python with onnx, onnxruntime and pillow (LOOKALIKE_PYTHON)");
        return;
    };
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    let plain = Kind::PLAIN;
    let hidden = Kind { head: Head::Hidden { classes: CLASSES }, views: 4, vector: true, ..plain };
    let fastai = Kind { head: Head::Fastai { classes: CLASSES }, views: 1, ..plain };
    let centre = Kind { short_side: 37, ..plain };
    let lite = Kind { backbone: Backbone::EfficientNetLite0, size: 64, short_side: 64, ..plain };
    let tensor = |request: &mut ExportRequest| request.input = Input::Tensor;
    let operator = |request: &mut ExportRequest| request.resize = Resize::Operator;
    let manifest = [
        entry(folder, "linear, two views", plain, |_| {}),
        entry(folder, "hidden, four views", hidden, |_| {}),
        entry(folder, "fastai, one view", fastai, |_| {}),
        entry(folder, "centre crop", centre, |_| {}),
        entry(folder, "EfficientNet-Lite0", lite, |_| {}),
        entry(folder, "16 bits", plain, |request| request.half = true),
        entry(folder, "without novelty", plain, |request| request.novelty = false),
        entry(folder, "operator", plain, operator),
        entry(folder, "operator, centre crop", centre, operator),
        entry(folder, "tensor", plain, tensor),
        entry(folder, "tensor, four views", hidden, tensor),
    ];
    let path = folder.join("manifest.json");
    std::fs::write(&path, serde_json::to_vec(&manifest).unwrap()).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/runtimes.py");
    let output = Command::new(python).arg(script).arg(&path).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    assert!(output.status.success(), "{text}");
    println!("{text}");
}
