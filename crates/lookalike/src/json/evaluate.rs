use serde_json::{Value, json};

use crate::{Error, Evaluated};

/// How a classifier did, as JSON: all that a report has, and what is known beside it.
///
/// # Errors
/// Never, as the report's JSON can be read.
pub fn evaluate(done: &Evaluated) -> Result<Value, Error> {
    let report = report::json(&done.record, &done.insight, &done.about());
    let mut value: Value = serde_json::from_str(&report)?;
    let unknown = done.unknown.iter().map(|unknown| {
        json!({
            "class": unknown.class,
            "pictures": unknown.pictures,
            "not_recognised": unknown.not_recognised,
        })
    });
    value["model"] = json!(done.request.model.to_string_lossy());
    value["trained_on"] = json!(done.trained_on);
    value["unknown_classes"] = unknown.collect();
    Ok(value)
}
