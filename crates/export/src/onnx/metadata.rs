//! What the file says of itself, to programs and to people.

use std::fmt::Write as _;

use classifier::Classifier;
use insight::Insight;
use serde_json::{Value, json};

use super::{AMBIGUOUS, NOT_RECOGNISED};
use crate::proto::Entry;
use crate::{ExportError, Input, Options, Resize};

pub(super) const NAMED: &str = "Which classes the answer names: one for a class, several for an \
                                ambiguous picture, none for one that is not recognised.";
pub(super) const PROBABILITIES: &str =
    "Calibrated probability of each class, in the order of the classes in the metadata.";
pub(super) const NEAREST: &str = "The training pictures most like it, the nearest first: indices \
                                  into reference.classes in the metadata.";
pub(super) const DISTANCES: &str =
    "Their cosine distances: 0 for the same picture, 1 for nothing in common.";

/// The version of the metadata.
const FORMAT: u32 = 1;

/// What is said of a classifier that was exported so.
pub(super) struct Said<'a> {
    pub(super) classifier: &'a Classifier,
    pub(super) options: &'a Options,
    /// How many known pictures are named, where pictures are compared with some.
    pub(super) neighbours: Option<usize>,
}

impl Said<'_> {
    /// The limit of novelty, where there is one in the file.
    fn limit(&self) -> Option<f64> {
        self.neighbours.and(self.classifier.calibration.novelty)
    }

    /// What the verdict means.
    pub(super) fn verdict(&self) -> String {
        let classes = self.classifier.classes.len();
        let strange = match self.limit() {
            Some(_) => format!("{NOT_RECOGNISED} not recognised, "),
            None => String::new(),
        };
        format!("0 to {} the class, {strange}{AMBIGUOUS} ambiguous: see `named`.", classes - 1)
    }

    /// What novelty means.
    pub(super) fn novelty(&self) -> String {
        let k = self.neighbours.unwrap_or_default();
        let beyond = self.limit().map(|limit| format!(" Above {limit:.4} it is not recognised."));
        let beyond = beyond.unwrap_or_default();
        format!("Mean cosine distance to the {k} nearest training pictures.{beyond}")
    }

    /// A paragraph for people.
    pub(super) fn doc(&self) -> String {
        let Classifier { classes, record, .. } = self.classifier;
        let accuracy = Insight::of(record).accuracy;
        let input = match self.options.input {
            Input::Picture => {
                "Put in upright RGB pictures of any size; cropping, resampling and \
                               scaling are part of the file."
            }
            Input::Tensor => "Put in squares that are cropped, resampled and scaled already.",
        };
        let mut doc = format!(
            "Tells apart {} classes. {} held-out pictures: accuracy {accuracy}. {input} \
             OpenVINO computes in bfloat16 on some processors, which moves probabilities by \
             some percent: set INFERENCE_PRECISION_HINT to f32.",
            classes.len(),
            accuracy.n,
        );
        if self.neighbours.is_none() {
            doc += " No picture is called not recognised: the file has no training pictures to \
                    compare with.";
        } else if self.limit().is_none() {
            doc += " No picture is called not recognised: too few were held out to set a limit.";
        }
        if self.options.resize == Resize::Operator && self.options.input == Input::Picture {
            doc += " Resampling is left to the operator Resize with antialias, which ONNX Runtime \
                    computes and others ignore.";
        }
        doc
    }

    /// All entries of the metadata.
    pub(super) fn entries(&self) -> Result<Vec<Entry>, ExportError> {
        let classes = &self.classifier.classes;
        let entry = |key: &str, value: String| Entry { key: key.into(), value };
        Ok(vec![
            entry("lookalike", serde_json::to_string(&self.all()?)?),
            entry("classes", serde_json::to_string(classes)?),
            entry("labels", classes.join("\n")),
            entry("names", names(classes)),
        ])
    }

    fn all(&self) -> Result<Value, ExportError> {
        let Self { classifier, options, neighbours } = self;
        let Classifier { calibration, record, views, .. } = classifier;
        let accuracy = Insight::of(record).accuracy;
        let reference = classifier.reference.as_ref().filter(|_| neighbours.is_some());
        let reference = reference.map(|reference| {
            let labels: Vec<usize> = reference.pictures.iter().map(|known| known.label).collect();
            let mut value = json!({ "rows": labels.len(), "classes": labels });
            if options.evidence {
                let pictures = reference.pictures.iter().map(|known| known.picture.as_str());
                value["pictures"] = pictures.collect();
            }
            value
        });
        let pretrained = classifier.made.pretrained.as_ref();
        Ok(json!({
            "format": FORMAT,
            "program": env!("CARGO_PKG_VERSION"),
            "id": classifier.id()?,
            "input": options.input,
            "classes": classifier.classes,
            "thresholds": calibration.thresholds,
            "own_threshold": calibration.own_threshold,
            "coverage": calibration.coverage,
            "false_alarms": calibration.false_alarms,
            "novelty_limit": self.limit(),
            "neighbours": neighbours,
            "known_below": neighbours.map(|_| super::answer::known_below(options.half)),
            "architecture": classifier.architecture,
            "preprocess": classifier.preprocess,
            "views": { "count": views.count(), "mirrored": views.mirrored, "zoomed": views.zoomed },
            "pretrained": pretrained.map(|(name, sha256)| json!({ "name": name, "sha256": sha256 })),
            "accuracy": {
                "text": accuracy.to_string(),
                "right": accuracy.hits,
                "held_out": accuracy.n,
            },
            "reference": reference,
            "verdicts": { "not_recognised": NOT_RECOGNISED, "ambiguous": AMBIGUOUS },
        }))
    }
}

/// Names of classes as the text of a Python dictionary, as viewers of Ultralytics' files read it.
fn names(classes: &[String]) -> String {
    let mut text = String::from("{");
    for (index, class) in classes.iter().enumerate() {
        let class = class.replace('\\', "\\\\").replace('\'', "\\'");
        let comma = if index == 0 { "" } else { ", " };
        // Writing to a string cannot fail.
        let _ = write!(text, "{comma}{index}: '{class}'");
    }
    text + "}"
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn names_are_a_python_dictionary() {
        let classes = ["ant".into(), "crow's \\ nest".into()];
        assert_eq!(names(&classes), r"{0: 'ant', 1: 'crow\'s \\ nest'}");
    }
}
