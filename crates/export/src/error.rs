use std::path::PathBuf;

use classifier::ClassifierError;
use ground::files::FileError;
use network::GraphError;
use weights::WeightsError;

use crate::Target;

/// Why a classifier is not exported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// It cannot be read, or fails its self-test.
    #[error(transparent)]
    Classifier(#[from] ClassifierError),
    /// Tensors cannot be written.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Something cannot be written as JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// The network does not take pictures of the classifier's size.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// What was written is not what was meant.
    #[error("`{}` was not written as it should be: {what}", path.display())]
    NotAsMeant {
        /// The file.
        path: PathBuf,
        /// What differs.
        what: String,
    },
    /// The file would be larger than protobuf allows.
    #[error("the file would have {bytes} bytes; an ONNX file has at most 2,147,483,647")]
    TooLarge {
        /// How many.
        bytes: usize,
    },
    /// timm cannot express the classifier's head.
    #[error("a {head} head is more than the one layer that a timm folder can hold")]
    Head {
        /// The kind of head.
        head: &'static str,
    },
    /// timm has no such network.
    #[error("timm has no network like the backbone `{backbone}`")]
    Backbone {
        /// Its name.
        backbone: &'static str,
    },
    /// An option that the target has no use for.
    #[error("`{option}` is not for {}", target.words())]
    Option {
        /// As typed.
        option: &'static str,
        /// What is written.
        target: Target,
    },
    /// Neither the name nor an option says what to write.
    #[error("the name `{}` does not say what to write", path.display())]
    Target {
        /// The name.
        path: PathBuf,
    },
    /// The folder to write holds something.
    #[error("`{}` is not empty", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
}

impl ExportError {
    /// What the user can do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Classifier(error) => error.help(),
            Self::Weights(error) => error.help(),
            Self::NotAsMeant { .. } => {
                Some("run the same again; if it fails again, the disk may be failing".into())
            }
            Self::TooLarge { .. } => Some("halve it with `--half`".into()),
            Self::Head { .. } | Self::Backbone { .. } => {
                Some("export it as ONNX, which holds all of it: `-o NAME.onnx`".into())
            }
            Self::Option { option, .. } => Some(format!("leave out `{option}`")),
            Self::Target { .. } => {
                Some("name a file that ends in `.onnx` or `.html`, or pass `--to timm`, `--to hub` or `--to web`".into())
            }
            Self::NotEmpty { .. } => Some("name a folder that is new or empty".into()),
            Self::File(_) | Self::Json(_) | Self::Graph(_) => None,
        }
    }
}
