use std::ffi::OsStr;
use std::path::Path;

use classifier::Classifier;
use report::About;
use serde_json::Value;

/// What a report says of itself; the same whenever it is written of the classifier that `model`
/// holds.
#[must_use]
pub fn about(classifier: &Classifier, model: &Path) -> About {
    let text = |part: Option<&OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
    About {
        title: text(model.file_stem()),
        file: text(model.file_name()),
        program: format!("lookalike {}", classifier.made.program),
    }
}

/// Each setting of a recipe as it was saved, by name, the innermost where names are nested.
#[must_use]
pub fn recipe_facts(recipe: &Value) -> Vec<(String, String)> {
    let mut facts = vec![];
    flatten("recipe", recipe, &mut facts);
    facts
}

fn flatten(name: &str, value: &Value, facts: &mut Vec<(String, String)>) {
    let spaced = || name.replace('_', " ");
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(inner, value)| flatten(inner, value, facts));
        }
        Value::String(text) => facts.push((spaced(), text.clone())),
        // A rate is kept as f32 and should not read as 0.009999999776482582.
        Value::Number(n) if n.is_f64() => {
            let short = n.as_f64().unwrap_or(f64::NAN) as f32;
            facts.push((spaced(), short.to_string()));
        }
        other => facts.push((spaced(), other.to_string())),
    }
}
