use std::path::PathBuf;

use clap::{Args, ValueEnum};
use lookalike::{ExportRequest, Input, Resize, Target};

/// What is typed after `export`.
#[derive(Args, Debug)]
#[command(after_help = EXPORT)]
pub(crate) struct Export {
    /// A classifier, `*.lookalike`
    pub(crate) model: PathBuf,
    /// The file, or with `--to timm`, `hub` or `web` a new or empty folder [default: the classifier's
    /// name with `.onnx`, in the current folder]
    #[arg(long, short, value_name = "OUT")]
    pub(crate) output: Option<PathBuf>,
    /// What to write [default: onnx]
    #[arg(long, value_enum, value_name = "TARGET")]
    pub(crate) to: Option<To>,
    /// Store weights in 16 bits: half the size, and probabilities differ by up to 0.002
    #[arg(long, help_heading = ONNX)]
    pub(crate) half: bool,
    /// What the file takes
    #[arg(long, value_enum, default_value = "picture", help_heading = ONNX)]
    pub(crate) input: Takes,
    /// How the file resamples pictures
    #[arg(long, value_enum, default_value = "portable", help_heading = ONNX)]
    pub(crate) resize: By,
    /// Leave out the features of training pictures; no picture is then called not recognised
    #[arg(long, help_heading = ONNX)]
    pub(crate) no_novelty: bool,
    /// Licence on the card, such as `apache-2.0`
    #[arg(long, value_name = "NAME", help_heading = HUB)]
    pub(crate) license: Option<String>,
    /// Include training pictures of the self-test, features and file names of training pictures,
    /// and the classifier itself
    #[arg(long, help_heading = HUB)]
    pub(crate) with_evidence: bool,
    /// Show small training pictures and their names in the page; they are not in it otherwise
    #[arg(long, help_heading = WEB)]
    pub(crate) show_known: bool,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

const ONNX: &str = "ONNX";
const HUB: &str = "Hub";
const WEB: &str = "Web pages";
const EXPORT: &str = "\
An ONNX file answers as `predict` does: preprocessing, calibration, thresholds and \"not
recognised\" are inside. Beside it lie its labels, and a self-test with known answers. A web page
(`--to html`) is one file that answers in a browser, without a server and without a network.

Examples:
  lookalike export birds.lookalike -o birds.onnx
  lookalike export birds.lookalike -o birds-page.html";

/// What can be written.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum To {
    /// One file for ONNX Runtime, OpenVINO, browsers and phones
    Onnx,
    /// A folder that timm and Transformers load
    Timm,
    /// The same with a card and the ONNX file, for the Hugging Face hub
    Hub,
    /// A folder for web pages of your own: a script, the engine, the classifier and an example
    Web,
    /// One web page that needs nothing else
    Html,
}

/// What an ONNX file can take.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Takes {
    /// Pictures of any size, as bytes
    Picture,
    /// Squares that are already cropped, resampled and scaled
    Tensor,
}

/// How an ONNX file can resample.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum By {
    /// The same in every runtime
    Portable,
    /// Faster for large pictures, but correct in ONNX Runtime alone
    Op,
}

impl Export {
    pub(crate) fn request(self) -> ExportRequest {
        let target = self.to.map(|to| match to {
            To::Onnx => Target::Onnx,
            To::Timm => Target::Timm,
            To::Hub => Target::Hub,
            To::Web => Target::Web,
            To::Html => Target::Html,
        });
        ExportRequest {
            model: self.model,
            output: self.output,
            target,
            half: self.half,
            input: if matches!(self.input, Takes::Tensor) { Input::Tensor } else { Input::Picture },
            resize: if matches!(self.resize, By::Op) { Resize::Operator } else { Resize::Portable },
            novelty: !self.no_novelty,
            license: self.license,
            evidence: self.with_evidence,
            known: self.show_known,
        }
    }
}
