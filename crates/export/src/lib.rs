//! A classifier for other programs: as one ONNX file that answers exactly as `predict` does, as a
//! folder that timm and Transformers load, as a folder for the Hugging Face hub, or for web pages.
//!
//! Its central types are [`ExportRequest`] (a classifier's file, and what to make of it),
//! [`Exported`] (what was written) and [`Target`]. [`export`] writes nothing that it has not read
//! back and compared, and refuses what the target cannot say faithfully. The network is written
//! down operation by operation, in one match over [`network::Op`], so that a new operation does
//! not compile until it is there.
//!
//! ```
//! use export::{ExportRequest, Target};
//! let request = ExportRequest::new("birds.lookalike");
//! assert_eq!(request.place()?, (Target::Onnx, "birds.onnx".into()));
//! # Ok::<(), export::ExportError>(())
//! ```

mod card;
mod error;
mod folder;
mod onnx;
pub mod proto;
mod request;
mod self_test;
mod timm;
mod web;
mod write;

pub use error::ExportError;
pub use onnx::{AMBIGUOUS, NOT_RECOGNISED, Port};
pub use request::{ExportRequest, Input, Options, Resize, Target};
pub use self_test::{SelfTest, TOLERANCE};

use std::path::{Path, PathBuf};

use classifier::{Classifier, Predictor};
use ground::files;
use serde::Serialize;

/// What was written.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Exported {
    /// What it is.
    pub target: Target,
    /// Where it lies: a file or a folder.
    pub path: PathBuf,
    /// All its files with their sizes in bytes, the most important one first.
    pub files: Vec<(PathBuf, u64)>,
    /// The version of ONNX's operators, where there is an ONNX file.
    pub opset: Option<i64>,
    /// What the ONNX file takes.
    pub inputs: Vec<Port>,
    /// What it gives.
    pub outputs: Vec<Port>,
    /// What differs from `predict`, and what a file gives away; a sentence each.
    pub notes: Vec<String>,
}

/// Exports a classifier. Whatever is written has been read back and compared when this returns.
///
/// # Errors
/// When the classifier is refused, the target cannot hold it, or writing fails; nothing is left behind
/// under the names asked for.
pub fn export(request: &ExportRequest) -> Result<Exported, ExportError> {
    let (target, path) = request.place()?;
    let options = request.options(target)?;
    match target {
        Target::Onnx => alone(request, &path, &options),
        Target::Timm | Target::Hub => folder::folder(request, target, &path, &options),
        Target::Web => web::folder(request, &path),
        Target::Html => web::page(request, &path),
    }
}

/// The three files of an ONNX export.
fn alone(request: &ExportRequest, path: &Path, options: &Options) -> Result<Exported, ExportError> {
    let stem = path.with_extension("");
    let beside = |suffix: &str| {
        let mut name = stem.clone().into_os_string();
        name.push(suffix);
        PathBuf::from(name)
    };
    let self_test = known_answers(&request.model, options)?;
    let classifier = Classifier::load(&request.model)?;
    let names = [beside(".labels.txt"), beside(".selftest.json")];
    let mut exported = model(&classifier, path, names, &self_test, options)?;
    exported.notes = onnx_notes(&classifier, options);
    Ok(exported)
}

/// The answers of a classifier on a few pictures. Its own self-test comes first.
fn known_answers(model: &Path, options: &Options) -> Result<SelfTest, ExportError> {
    let mut predictor = Predictor::load(model)?;
    predictor.verify()?;
    self_test::self_test(&mut predictor, options)
}

/// Writes the ONNX file with its labels and self-test.
fn model(
    classifier: &Classifier,
    path: &Path,
    [labels, answers]: [PathBuf; 2],
    self_test: &SelfTest,
    options: &Options,
) -> Result<Exported, ExportError> {
    let graph = classifier.graph();
    let onnx = onnx::onnx(classifier, &graph, options)?;
    let ((inputs, outputs), opset) = (onnx.ports(), onnx.opset());
    let (file, meant) = write::write(path, onnx)?;
    write::check(file.temporary(), &meant)?;
    let names = classifier.classes.join("\n") + "\n";
    files::write(&labels, names.as_bytes())?;
    let known = serde_json::to_vec(self_test)?;
    files::write(&answers, &known)?;
    file.finish()?;
    let sizes = [meant.bytes, names.len(), known.len()].map(|bytes| bytes as u64);
    let files = [path.to_owned(), labels, answers].into_iter().zip(sizes).collect();
    Ok(Exported {
        target: Target::Onnx,
        path: path.to_owned(),
        files,
        opset: Some(opset),
        inputs,
        outputs,
        notes: vec![],
    })
}

/// What differs from `predict` in an ONNX file, and what it gives away.
fn onnx_notes(classifier: &Classifier, options: &Options) -> Vec<String> {
    let mut notes = vec![];
    match (&classifier.reference, options.novelty) {
        (Some(reference), true) => notes.push(format!(
            "it contains the features of {} training pictures, to compare new ones with; \
             `--no-novelty` leaves them out",
            reference.pictures.len()
        )),
        (Some(_), false) => notes.push("it never answers that a picture is not recognised".into()),
        (None, _) => {}
    }
    if options.half {
        notes.push("weights are rounded to 16 bits; probabilities differ by up to 0.002".into());
    }
    if options.resize == Resize::Operator {
        notes.push(
            "ONNX Runtime alone resamples as `predict` does; OpenVINO and TensorRT ignore \
             `antialias`"
                .into(),
        );
    }
    if options.own_pictures && !classifier.self_test.is_empty() {
        let pictures = classifier.self_test.len();
        notes.push(format!(
            "the self-test shows {pictures} training pictures; it is not needed to run the model"
        ));
    }
    notes
}
