//! The card of a folder: what the classifier is for, how it was judged, how to load it.

use std::fmt::Write as _;

use classifier::Classifier;
use insight::{Insight, Protocol};
use serde_json::json;

use crate::Options;
use crate::timm::{Timm, base_model};

/// A card that is being written.
pub(crate) struct Card<'a> {
    pub(crate) classifier: &'a Classifier,
    pub(crate) timm: &'a Timm<'a>,
    pub(crate) title: &'a str,
    /// How the ONNX file was written, where the folder has one.
    pub(crate) hub: Option<&'a Options>,
    pub(crate) license: Option<&'a str>,
    /// By how much a probability moves at most where one view replaces all.
    pub(crate) one_view: f32,
}

impl Card<'_> {
    /// The card: YAML that the hub reads, then Markdown.
    pub(crate) fn text(&self) -> String {
        let insight = Insight::of(&self.classifier.record);
        [self.yaml(&insight), self.scores(&insight), self.loading(), self.data()].concat()
    }

    /// What a user should know, a sentence each.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes = vec![format!("in timm {}", self.differs())];
        if self.hub.is_some() && self.license.is_none() {
            notes.push("the card states no licence; pass `--license`, such as `apache-2.0`".into());
        }
        notes
    }

    /// What differs from our own answers.
    fn differs(&self) -> String {
        let Classifier { views, self_test, .. } = self.classifier;
        let points = 100.0 * self.one_view;
        let pictures = self_test.len();
        let views = match views.count() {
            1 => String::new(),
            views => format!(
                "one view replaces {views}, which moves probabilities by up to {points:.1} \
                 percentage points on {pictures} pictures, and "
            ),
        };
        format!("{views}no picture is called ambiguous or not recognised")
    }

    fn yaml(&self, insight: &Insight) -> String {
        // Text in JSON's quotes is YAML too.
        let quoted = |text: &str| json!(text).to_string();
        let mut lines = vec![
            "pipeline_tag: image-classification".into(),
            "library_name: timm".into(),
            format!("license: {}", quoted(self.license.unwrap_or("unknown"))),
            "tags:".into(),
            "- image-classification".into(),
            "- timm".into(),
            "- lookalike".into(),
        ];
        lines.extend(self.hub.map(|_| "- onnx".into()));
        if let Some(base) = base_model(self.classifier) {
            lines.push(format!("base_model: {}", quoted(&base)));
            lines.push("base_model_relation: finetune".into());
        }
        lines.push("metrics:\n- accuracy".into());
        if let Some(accuracy) = insight.accuracy.estimate() {
            let (protocol, n) = (protocol(insight), insight.accuracy.n);
            let name =
                format!("accuracy, {protocol}, 95% interval {}, {n} pictures", accuracy.range());
            let title = quoted(self.title);
            lines.push(format!(
                "model-index:\n- name: {title}\n  results:\n  - task:\n      type: \
                 image-classification\n    dataset:\n      name: {title}\n      type: \
                 imagefolder\n    metrics:\n    - type: accuracy\n      value: {:.4}\n      name: {}",
                accuracy.value,
                quoted(&name)
            ));
        }
        format!("---\n{}\n---\n\n", lines.join("\n"))
    }

    fn scores(&self, insight: &Insight) -> String {
        let labels: Vec<String> = insight.labels.iter().map(|label| escaped(label)).collect();
        let (title, count) = (escaped(self.title), labels.len());
        let mut text = format!(
            "# {title}\n\nTells apart {count} classes: {}. Made with Lookalike {} from a {}.\n\n## \
             How well it does\n\n{} of {} pictures, {}: **{}** (95% interval in brackets).\n",
            labels.join(", "),
            self.classifier.made.program,
            self.timm.architecture(),
            insight.accuracy.hits,
            insight.accuracy.n,
            protocol(insight),
            insight.accuracy,
        );
        text += "\n| class | found | right when named |\n|---|---|---|\n";
        for scores in &insight.per_class {
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "| {} | {} | {} |",
                labels[scores.class], scores.recall, scores.precision
            );
        }
        if let Some(pair) = insight.most_confused.first() {
            let _ = writeln!(
                text,
                "\nMost often confused: {} taken for {} ({} of {} pictures).",
                labels[pair.actual],
                labels[pair.predicted],
                pair.count,
                insight.confusion.row_sum(pair.actual)
            );
        }
        text + "\nThese figures hold for pictures like those it was trained on. Use it for nothing \
                that judges people.\n"
    }

    fn loading(&self) -> String {
        let preprocess = &self.classifier.preprocess;
        let (title, architecture) = (self.title, self.timm.architecture());
        let mut text = format!(
            "\n## Use it\n\nWith timm, in this folder:\n\n```python\nimport timm, torch\nfrom PIL \
             import Image\n\nmodel = timm.create_model(\"local-dir:.\", pretrained=True).eval()\n\
             config = timm.data.resolve_model_data_config(model)\ntransform = \
             timm.data.create_transform(**config, is_training=False)\npicture = transform(Image.\
             open(\"picture.jpg\").convert(\"RGB\")).unsqueeze(0)\nprobabilities = model(picture).\
             softmax(-1)\n```\n\nThe network is timm's `{architecture}` for {size}×{size} pixels \
             (shorter side to {short}, bilinear, centre crop). Its logits are calibrated. Beside \
             Lookalike's own answers, {differs}. At the edges the resampled pictures differ by some \
             levels.\n",
            size = preprocess.size,
            short = preprocess.short_side,
            differs = self.differs(),
        );
        if let Some(options) = self.hub {
            let strange = match options.novelty && self.classifier.reference.is_some() {
                true => ", and `-1` for a picture that is not recognised",
                false => "; without training pictures in it, it recognises none as foreign",
            };
            let _ = write!(
                text,
                "\nWith ONNX Runtime, answers as Lookalike gives them, from a picture of any \
                 size:\n\n```python\nimport numpy, onnxruntime\nfrom PIL import Image, \
                 ImageOps\n\nsession = onnxruntime.InferenceSession(\"{title}.onnx\")\npicture = \
                 ImageOps.exif_transpose(Image.open(\"picture.jpg\")).convert(\"RGB\")\nverdict, \
                 named, probabilities = session.run([\"verdict\", \"named\", \"probabilities\"], \
                 {{\"images\": numpy.asarray(picture)[None]}})\n```\n\n`verdict` is the class's \
                 number in `labels.txt`, `-2` for an ambiguous picture{strange}. \
                 `selftest.json` has pictures with known answers.\n"
            );
        }
        text
    }

    fn data(&self) -> String {
        let pictures = self.classifier.data.pictures.len();
        let shown = match self.hub {
            Some(options) if options.evidence => {
                "The self-test shows some of them, the ONNX file holds features and paths, and the \
                 `.lookalike` file thumbnails, paths and digests."
            }
            _ => "None of them, nor their names, are in this folder.",
        };
        format!("\n## Data\n\nTrained on {pictures} pictures. {shown}\n")
    }
}

/// How the held-out pictures were held out.
fn protocol(insight: &Insight) -> &'static str {
    match insight.protocol {
        Protocol::OutOfFold { .. } => "out of fold",
        Protocol::HeldOut { .. } => "held out",
        Protocol::Test => "of the test folder",
    }
}

/// Text that Markdown takes for itself only.
fn escaped(text: &str) -> String {
    let special = |c: char| "\\`*_{}[]<>#|&".contains(c);
    text.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn a_class_cannot_write_markdown() {
        assert_eq!(escaped("<b>a|b"), "\\<b\\>a\\|b");
    }
}
