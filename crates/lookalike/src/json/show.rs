use pictures::Side;
use serde_json::{Map, Value, json};

use crate::Shown;

/// What a classifier is and how well it does, as JSON; with each of its network's layers on request.
#[must_use]
pub fn show(shown: &Shown, layers: bool) -> Value {
    let Shown { classifier, id, summary, insight, largest_difference } = shown;
    let pictures: Map<String, Value> = [Side::Train, Side::Valid, Side::Test]
        .map(|side| (format!("{side:?}").to_lowercase(), json!(classifier.data.count(side))))
        .into_iter()
        .collect();
    let mut value = json!({
        "format": classifier::VERSION,
        "id": id,
        "classes": classifier.classes,
        "architecture": classifier.architecture,
        "preprocess": classifier.preprocess,
        "mirrored": classifier.views.mirrored,
        "views": classifier.views.count(),
        "recipe": classifier.recipe,
        "made": classifier.made,
        "facts": classifier.record.facts,
        "pictures": pictures,
        "accuracy": insight.accuracy,
        "per_class": insight.per_class,
        "calibration": classifier.calibration,
        "reference": classifier.reference.as_ref().map_or(0, |known| known.pictures.len()),
        "network": {
            "body_parameters": summary.body_parameters,
            "head_parameters": summary.head_parameters,
            "multiply_adds": summary.multiply_adds,
        },
        "self_test": {
            "pictures": classifier.self_test.len(),
            "largest_difference": largest_difference,
        },
    });
    if layers {
        let rows = summary.rows.iter().map(|row| {
            json!({
                "name": row.name,
                "shape": [row.shape.height, row.shape.width, row.shape.channels],
                "parameters": row.parameters,
                "multiply_adds": row.multiply_adds,
            })
        });
        value["network"]["layers"] = rows.collect();
    }
    value
}
