//! What can go wrong with weights, and what the user can do about it.

use std::collections::BTreeMap;
use std::path::PathBuf;

#[cfg(not(target_family = "wasm"))]
use fetch::FetchError;
use ground::Digest;
use ground::files::FileError;
use network::Backbone;

use crate::safetensors::{Dtype, Malformed};

/// What can go wrong with weights.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// An operation on a file failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file is not safetensors, or asks for too much.
    #[error("`{}` is not a valid safetensors file", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        reason: Malformed,
    },
    /// What should be written would be refused when read.
    #[error("cannot write `{}` so that it could be read again", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What would be wrong with it.
        #[source]
        reason: Malformed,
    },
    /// A sealed file is not what was written.
    #[error("`{}` is not what was written: its SHA-256 is another", path.display())]
    Seal {
        /// The file.
        path: PathBuf,
    },
    /// A tensor that was asked for is not there.
    #[error("`{}` has no tensor `{name}`", path.display())]
    NoTensor {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
    },
    /// A tensor holds another kind of number.
    #[error("`{name}` in `{}` is {found:?}, not {expected}", path.display())]
    Dtype {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// What it is.
        found: Dtype,
        /// What is wanted.
        expected: &'static str,
    },
    /// Parameters of the network are not in the file.
    #[error("`{}` lacks {count} of the network's {of} tensors, first `{name}`", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// The first that is missing.
        name: String,
        /// How many are.
        count: usize,
        /// How many there should be.
        of: usize,
        /// The network that the file fits.
        fits: Option<Backbone>,
    },
    /// A parameter has another shape.
    #[error("`{name}` in `{}` has shape {found:?}, but the network's has {expected:?}", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// The parameter.
        name: String,
        /// In the file.
        found: Vec<usize>,
        /// In the network.
        expected: Vec<usize>,
        /// The network that the file fits.
        fits: Option<Backbone>,
    },
    /// The file holds tensors that the network does not have.
    #[error("`{}` has {count} tensors that the network does not, first `{name}`", path.display())]
    Unknown {
        /// The file.
        path: PathBuf,
        /// The first.
        name: String,
        /// How many.
        count: usize,
        /// The network that the file fits.
        fits: Option<Backbone>,
    },
    /// A parameter holds NaN or infinity.
    #[error("`{name}` holds a value that is not finite (`{}`)", path.display())]
    NotFinite {
        /// The file read or to be written.
        path: PathBuf,
        /// The parameter.
        name: String,
    },
    /// A running variance is below zero.
    #[error("`{name}` in `{}` holds {value}, and a variance cannot be negative", path.display())]
    NegativeVariance {
        /// The file.
        path: PathBuf,
        /// The parameter.
        name: String,
        /// The value.
        value: f32,
    },
    /// No pretrained weights have this name.
    #[error("no pretrained weights are named `{name}`; there are {known}")]
    NoSuchName {
        /// As given.
        name: String,
        /// Those there are.
        known: String,
    },
    /// Weights that are part of the program are not those that it was built with.
    #[error("the weights of {name} in this program are damaged: their SHA-256 is another")]
    Damaged {
        /// The backbone.
        name: &'static str,
    },
    /// The weights are not in the cache, and nothing may be fetched.
    #[error("the weights of {name} are not in the cache, and fetching is off")]
    Offline {
        /// The weights.
        name: &'static str,
        /// Where they could be had.
        url: String,
        /// Where they would lie.
        path: PathBuf,
    },
    /// A file in the cache is not the one that was fetched.
    #[error("`{}` has changed since it was fetched: its SHA-256 is {found}, not {expected}", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// When fetched.
        expected: Digest,
        /// Now.
        found: Digest,
    },
    /// The user asked to stop.
    #[error("stopped while fetching `{url}`")]
    Stopped {
        /// What was being fetched.
        url: String,
    },
    /// The server cannot be reached.
    #[cfg(not(target_family = "wasm"))]
    #[error("cannot reach `{url}`")]
    Unreachable {
        /// What was asked for.
        url: String,
        /// Why not.
        #[source]
        source: FetchError,
    },
    /// The server answered with an error.
    #[error("`{url}` answered with status {status}")]
    Status {
        /// What was asked for.
        url: String,
        /// HTTP status.
        status: u16,
    },
    /// The connection broke or stalled, more often than is worth trying.
    #[error("fetching `{url}` broke off after {received} bytes: {reason}")]
    BrokenOff {
        /// What was being fetched.
        url: String,
        /// How much had come.
        received: u64,
        /// The last reason.
        reason: String,
    },
    /// The server redirects to where it should not, or without end.
    #[error("`{url}` redirects {how}")]
    Redirect {
        /// What was asked for.
        url: String,
        /// In which wrong way.
        how: String,
    },
    /// The file is larger than such weights can be.
    #[error("`{url}` offers {size} bytes; at most {limit} are taken")]
    TooLarge {
        /// What was asked for.
        url: String,
        /// Stated, or received so far.
        size: u64,
        /// The most that is taken.
        limit: u64,
    },
    /// The server states a size and sends another.
    #[error("`{url}` should have {stated} bytes but has {found}")]
    WrongSize {
        /// What was asked for.
        url: String,
        /// Stated.
        stated: u64,
        /// Sent or about to be sent.
        found: u64,
    },
    /// The content is not what the server says it is.
    #[error("what `{url}` sent has SHA-256 {found}, but the server states {stated}")]
    WrongHash {
        /// What was asked for.
        url: String,
        /// Stated.
        stated: Digest,
        /// Of the content received.
        found: Digest,
    },
    /// What came is not a weights file at all.
    #[error("`{url}` sent something that is not safetensors: it starts with `{start}`")]
    NotWeights {
        /// What was asked for.
        url: String,
        /// Its first characters.
        start: String,
    },
}

/// Whose names are known, for which backbones.
fn publishers() -> String {
    let mut backbones = BTreeMap::<&str, Vec<&str>>::new();
    for backbone in Backbone::ALL {
        for published in backbone.published() {
            backbones.entry(published.by).or_default().push(backbone.name());
        }
    }
    let each = backbones.iter().map(|(by, names)| format!("{by} ({})", names.join(", ")));
    each.collect::<Vec<_>>().join("; ")
}

impl WeightsError {
    /// What the user can do, where there is something.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        let delete =
            |path: &PathBuf| format!("delete `{}` to have it fetched again", path.display());
        match self {
            Self::Missing { fits: Some(fits), .. }
            | Self::Shape { fits: Some(fits), .. }
            | Self::Unknown { fits: Some(fits), .. } => {
                Some(format!("the file looks like {fits}; try `--backbone {fits}`"))
            }
            Self::Missing { .. } | Self::Unknown { .. } | Self::Shape { .. } => {
                Some(format!("names and shapes must be those of {}", publishers()))
            }
            Self::Malformed { .. } => Some(
                "a download may have been cut short; other formats (.pth, .bin, .onnx) are not read, \
                 because loading them can run code"
                    .into(),
            ),
            Self::Offline { url, path, .. } => Some(format!(
                "fetch {url} by other means, then pass it with `--weights FILE` or put it at `{}`",
                path.display()
            )),
            #[cfg(not(target_family = "wasm"))]
            Self::Unreachable { source: FetchError::Private(_), .. } => Some(
                "the hub's name leads into a private network: check the name server, or name a mirror \
                 in your network with LOOKALIKE_HUB"
                    .into(),
            ),
            #[cfg(not(target_family = "wasm"))]
            Self::Unreachable { .. } | Self::BrokenOff { .. } => Some(
                "run the same command again to resume; or fetch the file by other means \
                 and pass it with `--weights FILE`; LOOKALIKE_HUB names a mirror"
                    .into(),
            ),
            Self::Damaged { .. } => Some("install the program again".into()),
            Self::Changed { path, .. } => Some(delete(path)),
            Self::Status { status: 401 | 403, .. } => {
                Some("the server wants a login; LOOKALIKE_HUB may name a mirror that does not".into())
            }
            Self::Status { status: 404, .. } => {
                Some("the mirror may lack this file; see LOOKALIKE_HUB and HF_ENDPOINT".into())
            }
            Self::NotWeights { .. } | Self::WrongHash { .. } | Self::WrongSize { .. } => Some(
                "a proxy, a login page or a mirror may stand in between; nothing of it was kept".into(),
            ),
            Self::NotFinite { .. } => {
                Some("where it comes from training, that has diverged: a smaller `--lr` may help".into())
            },
            _ => None,
        }
    }
}
