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
pub(crate) mod timings;
pub(crate) mod train;

mod named;

use classifier::Classifier;
use engine::{Cpu, EngineError};
use kernels::Precision;
use network::{Graph, Parameters};
use serde_json::Value;

use crate::terminal::Terminal;

/// The engine that runs everything, with these values, training in these numbers.
pub(crate) fn engine(
    graph: &Graph,
    parameters: &Parameters,
    steps: Precision,
    terminal: &Terminal,
) -> Result<Cpu, EngineError> {
    let mut engine = Cpu::with(graph.clone(), parameters)?;
    engine.set_precision(steps, Precision::Fp32);
    if terminal.wants_timings() {
        engine.measure();
    }
    Ok(engine)
}

/// The engine of a saved classifier.
pub(crate) fn engine_of(classifier: &Classifier, terminal: &Terminal) -> Result<Cpu, EngineError> {
    engine(&classifier.graph(), &classifier.parameters, Precision::Fp32, terminal)
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
