//! FiftyOne's `labels.json`: classes, and an index or a name for each file in `data`.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use ground::files::FileError;
use pictures::PicturesError;
use serde::Deserialize;
use serde_json::Value;

use crate::gathered::{Gathered, Named};
use crate::{Format, How, json};

#[derive(Deserialize)]
struct Labels {
    classes: Option<Vec<String>>,
    labels: BTreeMap<String, Value>,
}

pub(crate) fn read(path: &Path, how: &How, into: &mut Gathered) -> Result<(), PicturesError> {
    let Labels { classes, labels } = json::read(path, Format::FiftyOne)?;
    let refuses = |why: String| Format::FiftyOne.refuses(path, why);
    let base = how.base(path);
    let data = Some(base.join("data")).filter(|data| data.is_dir()).unwrap_or(base.to_owned());
    let files = stems(&data)?;
    for (name, label) in labels {
        let class = match label {
            Value::Null => None,
            Value::String(class) => Some(class),
            Value::Number(index) => {
                let class = index.as_u64().and_then(|at| classes.as_ref()?.get(at as usize));
                let class = class.ok_or_else(|| {
                    refuses(format!("`{name}` has the label {index}, which is none of its classes"))
                })?;
                Some(class.clone())
            }
            _ => return Err(refuses(format!("the label of `{name}` is neither index nor name"))),
        };
        let place = files.get(&name).cloned().unwrap_or_else(|| data.join(&name));
        into.add(path, Named { place: place.into(), class, side: None, group: None })?;
    }
    Ok(())
}

/// The files of a folder by their names without suffixes, and by their names.
fn stems(folder: &Path) -> Result<HashMap<String, PathBuf>, PicturesError> {
    let entries = fs::read_dir(folder).map_err(FileError::at("read", folder))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    let mut of = HashMap::new();
    for file in files {
        for name in [file.file_stem(), file.file_name()].into_iter().flatten() {
            of.entry(name.to_string_lossy().into_owned()).or_insert_with(|| file.clone());
        }
    }
    Ok(of)
}
