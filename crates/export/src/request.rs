//! What to export, and how.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::Serialize;

use crate::ExportError;

/// What a classifier is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// One file for any runtime, with its labels and self-test beside it.
    Onnx,
    /// A folder that timm and Transformers load.
    Timm,
    /// The same with a card and the ONNX file, to be uploaded to the Hugging Face hub.
    Hub,
    /// A folder for other people's web pages.
    Web,
    /// One web page that needs nothing else.
    Html,
}

impl Target {
    /// In a sentence.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Onnx => "an ONNX file",
            Self::Timm => "a timm folder",
            Self::Hub => "a hub folder",
            Self::Web => "a folder for web pages",
            Self::Html => "a web page",
        }
    }
}

impl FromStr for Target {
    type Err = String;

    /// `onnx`, `timm` or `hub`.
    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "onnx" => Ok(Self::Onnx),
            "timm" => Ok(Self::Timm),
            "hub" => Ok(Self::Hub),
            _ => Err("there are onnx, timm and hub".into()),
        }
    }
}

/// What an ONNX file takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Input {
    /// Pictures of any size.
    #[default]
    Picture,
    /// What the network takes: squares that were cropped, resampled and scaled.
    Tensor,
}

/// How an ONNX file resamples pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Resize {
    /// By matrix products, which all runtimes compute alike.
    #[default]
    Portable,
    /// By the operator `Resize`, which is faster for large pictures and right in ONNX Runtime alone.
    #[serde(rename = "op")]
    Operator,
}

/// A request to export a classifier. [`ExportRequest::new`] has every default.
#[derive(Clone, Debug)]
pub struct ExportRequest {
    /// The classifier's file.
    pub model: PathBuf,
    /// The file or folder to write. Default: the classifier's name, in the current folder.
    pub output: Option<PathBuf>,
    /// What to write. Default: as the output's ending says, else ONNX.
    pub target: Option<Target>,
    /// Whether weights are stored in 16 bits. Default: false.
    pub half: bool,
    /// What an ONNX file takes. Default: pictures.
    pub input: Input,
    /// How it resamples them. Default: by matrix products.
    pub resize: Resize,
    /// Whether it compares pictures with training pictures. Default: true; in a folder for the hub
    /// only with evidence.
    pub novelty: bool,
    /// The licence that a card states.
    pub license: Option<String>,
    /// Whether a folder for the hub may show training pictures and their names. Default: false.
    pub evidence: bool,
    /// Whether a web page shows training pictures and their names. Default: false.
    pub known: bool,
}

/// How an ONNX file is written, of all that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    pub(crate) half: bool,
    pub(crate) input: Input,
    pub(crate) resize: Resize,
    /// Whether pictures are compared with known ones.
    pub(crate) novelty: bool,
    /// Whether names of training pictures are in the metadata.
    pub(crate) evidence: bool,
    /// Whether the self-test shows training pictures.
    pub(crate) own_pictures: bool,
}

impl ExportRequest {
    /// To export this classifier with every default.
    #[must_use]
    pub fn new(model: impl Into<PathBuf>) -> Self {
        Self {
            model: model.into(),
            output: None,
            target: None,
            half: false,
            input: Input::default(),
            resize: Resize::default(),
            novelty: true,
            license: None,
            evidence: false,
            known: false,
        }
    }

    /// What is written, and where.
    ///
    /// # Errors
    /// When neither the output's name nor the request says what to write.
    pub fn place(&self) -> Result<(Target, PathBuf), ExportError> {
        let named = |path: &Path| {
            let ending = path.extension()?.to_ascii_lowercase();
            match ending.to_str()? {
                "onnx" => Some(Target::Onnx),
                "html" | "htm" => Some(Target::Html),
                _ => None,
            }
        };
        let target = match (self.target, &self.output) {
            (Some(target), _) => target,
            (None, None) => Target::Onnx,
            (None, Some(path)) => {
                named(path).ok_or_else(|| ExportError::Target { path: path.clone() })?
            }
        };
        let stem = self.model.file_stem().unwrap_or_default().to_string_lossy();
        let default = || match target {
            Target::Onnx => format!("{stem}.onnx").into(),
            Target::Timm => format!("{stem}-timm").into(),
            Target::Hub => format!("{stem}-hub").into(),
            Target::Web => format!("{stem}-web").into(),
            // `NAME.html` is the report that `train` writes.
            Target::Html => format!("{stem}-page.html").into(),
        };
        Ok((target, self.output.clone().unwrap_or_else(default)))
    }

    /// The options of the ONNX file, if all that was asked for suits the target.
    pub(crate) fn options(&self, target: Target) -> Result<Options, ExportError> {
        let in_page = matches!(target, Target::Web | Target::Html);
        let no_onnx = in_page || target == Target::Timm;
        let asked = [
            ("--half", self.half, no_onnx),
            ("--input tensor", self.input == Input::Tensor, target != Target::Onnx),
            ("--resize op", self.resize == Resize::Operator, no_onnx),
            ("--no-novelty", !self.novelty, no_onnx),
            ("--license", self.license.is_some(), target != Target::Hub),
            ("--with-evidence", self.evidence, no_onnx),
            ("--show-known", self.known, !in_page),
        ];
        if let Some((option, ..)) = asked.into_iter().find(|&(_, asked, unfit)| asked && unfit) {
            return Err(ExportError::Option { option, target });
        }
        let private = target == Target::Hub && !self.evidence;
        Ok(Options {
            half: self.half,
            input: self.input,
            resize: self.resize,
            novelty: self.novelty && !private,
            evidence: self.evidence,
            own_pictures: !private,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{ExportRequest, Input, Target};

    #[test]
    fn the_name_says_what_is_written() {
        let place = |output: Option<&str>, target| {
            let output = output.map(Into::into);
            ExportRequest { output, target, ..ExportRequest::new("a/birds.lookalike") }.place()
        };
        assert_eq!(place(None, None).unwrap(), (Target::Onnx, "birds.onnx".into()));
        assert_eq!(place(Some("x/y.ONNX"), None).unwrap(), (Target::Onnx, "x/y.ONNX".into()));
        assert_eq!(place(None, Some(Target::Hub)).unwrap(), (Target::Hub, "birds-hub".into()));
        assert_eq!(place(Some("d"), Some(Target::Timm)).unwrap(), (Target::Timm, "d".into()));
        assert_eq!(place(Some("b.html"), None).unwrap(), (Target::Html, "b.html".into()));
        assert_eq!(place(None, Some(Target::Web)).unwrap(), (Target::Web, "birds-web".into()));
        let error = place(Some("birds.tflite"), None).unwrap_err();
        assert_eq!(error.to_string(), "the name `birds.tflite` does not say what to write");
        assert!(error.help().unwrap().contains("--to timm"));
    }

    #[test]
    fn options_without_a_use_are_refused() {
        let new = || ExportRequest::new("birds.lookalike");
        let refused =
            |request: ExportRequest, target| request.options(target).unwrap_err().to_string();
        let half = ExportRequest { half: true, ..new() };
        assert_eq!(refused(half, Target::Timm), "`--half` is not for a timm folder");
        let tensor = ExportRequest { input: Input::Tensor, ..new() };
        assert_eq!(refused(tensor, Target::Hub), "`--input tensor` is not for a hub folder");
        let known = ExportRequest { known: true, ..new() };
        assert_eq!(refused(known.clone(), Target::Onnx), "`--show-known` is not for an ONNX file");
        assert!(known.options(Target::Html).is_ok());
        let license = ExportRequest { license: Some("mit".into()), ..new() };
        assert_eq!(refused(license.clone(), Target::Onnx), "`--license` is not for an ONNX file");
        assert!(license.options(Target::Hub).is_ok());
    }

    #[test]
    fn the_hub_gets_no_training_pictures_unless_asked() {
        let options = ExportRequest::new("birds.lookalike").options(Target::Hub).unwrap();
        assert!(!options.novelty && !options.evidence && !options.own_pictures);
        let asked = ExportRequest { evidence: true, ..ExportRequest::new("birds.lookalike") };
        let options = asked.options(Target::Hub).unwrap();
        assert!(options.novelty && options.evidence && options.own_pictures);
    }
}
