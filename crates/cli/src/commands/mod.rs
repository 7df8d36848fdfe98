//! One file a command.

pub(crate) mod apply;
pub(crate) mod bench;
pub(crate) mod cache;
pub(crate) mod check;
pub(crate) mod collect;
pub(crate) mod look;
pub(crate) mod lr_find;
pub(crate) mod practice;
pub(crate) mod predict;
pub(crate) mod report;
pub(crate) mod show;
pub(crate) mod train;

mod named;

use classifier::Classifier;
use engine::{Cpu, Engine, EngineError};
use network::{Graph, Parameters};
use serde_json::Value;

/// The engine that runs everything, with these values.
pub(crate) fn engine(graph: &Graph, parameters: &Parameters) -> Result<Cpu, EngineError> {
    let mut engine = Cpu::new(graph.clone());
    engine.set_parameters(parameters)?;
    Ok(engine)
}

/// The engine of a saved classifier.
pub(crate) fn engine_of(classifier: &Classifier) -> Result<Cpu, EngineError> {
    engine(&classifier.graph(), &classifier.parameters)
}

/// Each setting of a recipe as it was saved, by name, the innermost where names are nested.
pub(crate) fn recipe_facts(recipe: &Value) -> Vec<(String, String)> {
    fn flatten(name: &str, value: &Value, facts: &mut Vec<(String, String)>) {
        match value {
            Value::Object(fields) => {
                fields.iter().for_each(|(inner, value)| flatten(inner, value, facts));
            }
            Value::String(text) => facts.push((name.replace('_', " "), text.clone())),
            // A rate is kept as f32 and should not read as 0.009999999776482582.
            Value::Number(n) if n.is_f64() => {
                let short = n.as_f64().unwrap_or(f64::NAN) as f32;
                facts.push((name.replace('_', " "), short.to_string()));
            }
            other => facts.push((name.replace('_', " "), other.to_string())),
        }
    }
    let mut facts = vec![];
    flatten("recipe", recipe, &mut facts);
    facts
}
