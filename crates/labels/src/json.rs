//! JSON that somebody else wrote: its size is bounded here, its depth by the parser.

use std::path::Path;

use ground::files::read_capped;
use pictures::PicturesError;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::Format;

/// The largest file, in bytes: some millions of boxes.
pub(crate) const LIMIT: u64 = 1 << 29;

/// The keys by which formats are told apart.
#[derive(Deserialize)]
struct Keys {
    images: Option<IgnoredAny>,
    annotations: Option<IgnoredAny>,
    categories: Option<IgnoredAny>,
    detection_categories: Option<IgnoredAny>,
    labels: Option<IgnoredAny>,
}

/// The bytes of a file, without a byte order mark.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>, PicturesError> {
    let mut bytes = read_capped(path, LIMIT)?;
    if bytes.starts_with(b"\xef\xbb\xbf") {
        bytes.drain(..3);
    }
    Ok(bytes)
}

/// Reads a file as one value of this shape; what else is in it is passed over.
pub(crate) fn read<T: DeserializeOwned>(path: &Path, format: Format) -> Result<T, PicturesError> {
    serde_json::from_slice(&bytes(path)?).map_err(|error| refused(path, format, &error))
}

pub(crate) fn refused(path: &Path, format: Format, error: &serde_json::Error) -> PicturesError {
    format.refuses(path, error.to_string())
}

/// The format of a JSON file.
pub(crate) fn format(path: &Path) -> Result<Format, PicturesError> {
    let bytes = bytes(path)?;
    let wrong = |why: String| PicturesError::Labels { path: path.to_owned(), format: "JSON", why };
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
        return Ok(Format::LabelStudio);
    }
    let keys: Keys = serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
    match keys {
        Keys { images: Some(_), detection_categories: Some(_), .. } => Ok(Format::MegaDetector),
        Keys { images: Some(_), annotations: Some(_), .. }
        | Keys { images: Some(_), categories: Some(_), .. } => Ok(Format::Coco),
        Keys { labels: Some(_), images: None, annotations: None, .. } => Ok(Format::FiftyOne),
        _ => Err(wrong(
            "it is of no format that is read: COCO has `images` and `annotations`, MegaDetector \
             `images` and `detection_categories`, FiftyOne `classes` and `labels`, Label Studio a list"
                .into(),
        )),
    }
}

/// A number or a text by which something is known in a file.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Hash)]
#[serde(untagged)]
pub(crate) enum Id {
    Number(i64),
    Text(String),
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}
