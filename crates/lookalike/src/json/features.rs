use std::path::Path;

use serde_json::{Value, json};

use crate::{Extracted, FeaturesWritten};

/// What [`crate::features`] wrote, as JSON.
#[must_use]
pub fn features(done: &FeaturesWritten) -> Value {
    let file = |file: &tables::features::Written| json!({ "path": file.path, "rows": file.rows, "bytes": file.bytes });
    json!({
        "output": done.folder,
        "files": done.files.iter().map(file).collect::<Vec<_>>(),
        "pictures": done.pictures,
        "found": done.found,
        "unread": done.unread,
        "width": done.settings.dim,
        "backbone": done.settings.backbone,
        "weights": done.settings.weights,
        "views": done.settings.views,
        "interrupted": done.interrupted,
    })
}

/// What [`crate::extract`] wrote to a file, as JSON: the same fields, of which a classifier's features
/// have fewer.
#[must_use]
pub fn extracted(done: &Extracted, output: &Path) -> Value {
    json!({
        "output": output,
        "pictures": done.pictures,
        "unread": done.unread,
        "width": done.width,
    })
}
