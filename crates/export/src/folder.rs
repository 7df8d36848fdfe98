//! Folders for timm and for the Hugging Face hub, which appear whole or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use classifier::{Classifier, Predictor, Views, features};
use ground::files::{self, FileError, temporary_beside};

use crate::card::Card;
use crate::timm::Timm;
use crate::{
    ExportError, ExportRequest, Exported, Options, SelfTest, Target, model, onnx_notes, self_test,
};

/// Large files of these kinds the hub keeps beside git.
const ATTRIBUTES: &str = "\
*.onnx filter=lfs diff=lfs merge=lfs -text
*.safetensors filter=lfs diff=lfs merge=lfs -text
*.lookalike filter=lfs diff=lfs merge=lfs -text
";

/// Writes a folder for timm, or one for the hub.
pub(crate) fn folder(
    request: &ExportRequest,
    target: Target,
    path: &Path,
    options: &Options,
) -> Result<Exported, ExportError> {
    let place = Place::new(path)?;
    // Refused before anything is computed.
    Timm::of(&Classifier::load(&request.model)?)?;
    let measured = Measured::of(&request.model, options)?;
    let classifier = Classifier::load(&request.model)?;
    let timm = Timm::of(&classifier)?;
    let mut exported = Exported {
        target,
        path: path.to_owned(),
        files: vec![],
        opset: None,
        inputs: vec![],
        outputs: vec![],
        notes: vec![],
    };
    let stem = request.model.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    place.write("config.json", &serde_json::to_vec_pretty(&timm.config())?)?;
    timm.write(&place.file("model.safetensors"))?;
    if target == Target::Hub {
        let onnx = format!("{stem}.onnx");
        let names = ["labels.txt", "selftest.json"].map(|name| place.file(name));
        let within = model(&classifier, &place.file(&onnx), names, &measured.self_test, options)?;
        (exported.opset, exported.inputs, exported.outputs) =
            (within.opset, within.inputs, within.outputs);
        exported.notes = onnx_notes(&classifier, options);
        place.write(".gitattributes", ATTRIBUTES.as_bytes())?;
        if options.evidence {
            place.copy(&request.model, &format!("{stem}.lookalike"))?;
        }
    }
    let card = Card {
        classifier: &classifier,
        timm: &timm,
        title: &stem,
        hub: (target == Target::Hub).then_some(options),
        license: request.license.as_deref(),
        one_view: measured.one_view(&timm),
    };
    place.write("README.md", card.text().as_bytes())?;
    exported.notes.extend(card.notes());
    exported.files = place.finish(path)?;
    Ok(exported)
}

/// What is measured with the engine before the weights are loaded to be written.
struct Measured {
    self_test: SelfTest,
    /// The features of the classifier's own squares in one view, and the answers in all views.
    squares: Vec<(Vec<f32>, Vec<f32>)>,
}

impl Measured {
    fn of(path: &Path, options: &Options) -> Result<Self, ExportError> {
        let mut predictor = Predictor::load(path)?;
        predictor.verify()?;
        let self_test = self_test::self_test(&mut predictor, options)?;
        let (classifier, mut engine) = predictor.into_parts();
        let pixels: Vec<&[u8]> =
            classifier.self_test.iter().map(|test| test.pixels.as_slice()).collect();
        let rows = features(&mut engine, &classifier.preprocess, &pixels, Views::default())?;
        let answers = classifier.self_test.into_iter().map(|test| test.probabilities);
        Ok(Self { self_test, squares: rows.into_iter().zip(answers).collect() })
    }

    /// By how much a probability moves at most where one view replaces all of them.
    fn one_view(&self, timm: &Timm<'_>) -> f32 {
        let apart = self.squares.iter().flat_map(|(features, answers)| {
            let found = timm.probabilities(features).into_iter();
            found.zip(answers).map(|(found, expected)| (found - expected).abs())
        });
        apart.fold(0.0, f32::max)
    }
}

/// A folder that is being written under another name.
pub(crate) struct Place {
    temporary: PathBuf,
    finished: bool,
}

impl Place {
    /// Begins beside a folder that is new or empty.
    pub(crate) fn new(path: &Path) -> Result<Self, ExportError> {
        let holds = |mut entries: fs::ReadDir| entries.next().is_some();
        if fs::read_dir(path).is_ok_and(holds) {
            return Err(ExportError::NotEmpty { path: path.to_owned() });
        }
        let temporary = temporary_beside(path);
        fs::create_dir(&temporary).map_err(FileError::at("create", path))?;
        Ok(Self { temporary, finished: false })
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.temporary.join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), FileError> {
        files::write(&self.file(name), bytes)
    }

    fn copy(&self, from: &Path, name: &str) -> Result<(), FileError> {
        let copied = fs::copy(from, self.file(name));
        copied.map(|_| ()).map_err(FileError::at("copy", from))
    }

    /// Gives the folder its name; says which files it has, by their final paths.
    pub(crate) fn finish(mut self, path: &Path) -> Result<Vec<(PathBuf, u64)>, FileError> {
        let list = || {
            let mut files = vec![];
            for entry in fs::read_dir(&self.temporary)? {
                let entry = entry?;
                files.push((path.join(entry.file_name()), entry.metadata()?.len()));
            }
            Ok(files)
        };
        let mut files: Vec<(PathBuf, u64)> = list().map_err(FileError::at("read", path))?;
        files.sort();
        if path.is_dir() {
            // Empty, as `new` saw; otherwise this fails and nothing is lost.
            fs::remove_dir(path).map_err(FileError::at("replace", path))?;
        }
        fs::rename(&self.temporary, path).map_err(FileError::at("rename", path))?;
        self.finished = true;
        Ok(files)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.finished {
            // The first error is the one worth telling; a leftover is hidden and harmless.
            let _ = fs::remove_dir_all(&self.temporary);
        }
    }
}
