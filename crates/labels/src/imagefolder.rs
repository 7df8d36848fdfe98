//! Hugging Face's imagefolder: `metadata.jsonl` with `file_name`, a label, or boxes in `objects`.
//! (`metadata.csv` is read as a table.)

use std::path::Path;

use pictures::{Cut, Finder, PicturesError, Place};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::gathered::{Gathered, Named};
use crate::{Format, How, json};

/// Keys that name a picture, and its label.
const PATHS: [&str; 2] = ["file_name", "image_file_name"];
const LABELS: [&str; 3] = ["label", "labels", "class"];

#[derive(Deserialize)]
struct Objects {
    bbox: Vec<[f64; 4]>,
    #[serde(alias = "category", alias = "label", alias = "labels")]
    categories: Vec<Value>,
}

/// Whether this is the beginning of a file with an object a line, each of which names a file.
pub(crate) fn begins(text: &[u8]) -> bool {
    let line = text.split(|&byte| byte == b'\n').find(|line| !line.trim_ascii().is_empty());
    let row = line.and_then(|line| serde_json::from_slice::<Map<String, Value>>(line).ok());
    row.is_some_and(|row| PATHS.iter().any(|key| row.contains_key(*key)))
}

/// Whether a metadata file has labels: otherwise the folders say what pictures show.
pub(crate) fn labels(path: &Path) -> bool {
    let Ok(text) = json::bytes(path) else { return false };
    let line = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
    if begins(&text) {
        let row = serde_json::from_slice::<Map<String, Value>>(line).unwrap_or_default();
        return row.contains_key("objects") || LABELS.iter().any(|key| row.contains_key(*key));
    }
    let line = String::from_utf8_lossy(line).to_lowercase();
    let columns: Vec<&str> =
        line.split([',', ';', '\t']).map(|name| name.trim().trim_matches('"')).collect();
    columns.contains(&"file_name") && columns.contains(&"label")
}

pub(crate) fn read(path: &Path, how: &How, into: &mut Gathered) -> Result<(), PicturesError> {
    let text = json::bytes(path)?;
    let mut finder = Finder::of(how.base(path));
    for (at, line) in text.split(|&byte| byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let wrong = |why: String| PicturesError::Labels {
            path: path.to_owned(),
            format: Format::ImageFolder.name(),
            why: format!("line {}: {why}", at + 1),
        };
        let row: Map<String, Value> =
            serde_json::from_slice(line).map_err(|error| wrong(error.to_string()))?;
        let key = how.columns.path.as_deref();
        let name = PATHS.into_iter().chain(key).rev().find_map(|key| row.get(key)?.as_str());
        let name = name.ok_or_else(|| wrong("no `file_name` names a picture".into()))?;
        let place = Place::from(finder.find(name));
        let label = |value: &Value| match value {
            Value::String(class) => Some(class.clone()),
            Value::Number(class) => Some(class.to_string()),
            _ => None,
        };
        if let Some(objects) = row.get("objects") {
            let objects =
                Objects::deserialize(objects).map_err(|error| wrong(error.to_string()))?;
            if objects.bbox.len() != objects.categories.len() {
                return Err(wrong("there are not as many categories as boxes".into()));
            }
            for (sides, class) in objects.bbox.into_iter().zip(&objects.categories) {
                match Cut::pixels(sides) {
                    Some(cut) => {
                        let (place, class) = (place.cut(cut), label(class));
                        into.add(path, Named { place, class, side: None, group: None })?;
                    }
                    None => into.leave_out("box", "without a pixel"),
                }
            }
            continue;
        }
        let key = how.columns.label.as_deref();
        let class = LABELS.into_iter().chain(key).rev().find_map(|key| label(row.get(key)?));
        into.add(path, Named { place, class, side: None, group: None })?;
    }
    into.warn(finder.told());
    Ok(())
}
