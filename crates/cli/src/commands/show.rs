//! `lookalike show`: what a classifier is.

use std::fmt::Write;

use classifier::Classifier;
use insight::Insight;
use network::summary::{self, Summary};
use pictures::Side;
use serde_json::{Value, json};

use crate::args::Show;
use crate::fault::Exit;
use crate::terminal::{Terminal, count, printable, thousands};

pub(crate) fn run(typed: &Show, terminal: &Terminal) -> anyhow::Result<Exit> {
    let classifier = Classifier::load(&typed.model)?;
    let size = classifier.preprocess.size;
    let summary = summary::of(&classifier.graph(), size, size)?;
    let largest = classifier.verify(&mut super::engine_of(&classifier)?)?;
    let insight = Insight::of(&classifier.evidence);
    let text = if typed.json {
        let value = as_json(&classifier, &summary, &insight, largest, typed.layers);
        serde_json::to_string_pretty(&value)?
    } else {
        as_text(&classifier, &summary, &insight, largest, typed.layers)?
    };
    terminal.result(&text)?;
    Ok(Exit::Done)
}

/// How many pictures were on each side.
const SIDES: [(Side, &str); 3] =
    [(Side::Train, "trained on"), (Side::Valid, "held out"), (Side::Test, "kept for a test")];

fn as_text(
    classifier: &Classifier,
    summary: &Summary,
    insight: &Insight,
    largest: f32,
    layers: bool,
) -> Result<String, std::fmt::Error> {
    let mut out = String::new();
    let names: Vec<String> = classifier.classes.iter().map(|name| printable(name)).collect();
    writeln!(out, "classes    {}", listed(&names))?;
    let sides = SIDES.iter().filter_map(|&(side, words)| match classifier.data.count(side) {
        0 => None,
        n => Some(format!("{} {words}", thousands(n as u64))),
    });
    let pictures = sides.collect::<Vec<_>>().join(", ");
    writeln!(out, "pictures   {pictures}")?;
    writeln!(
        out,
        "accuracy   {} of {}",
        insight.accuracy,
        count(insight.accuracy.n, "held-out picture")
    )?;
    writeln!(
        out,
        "network    {}: {} parameters in the body, {} in the head, {} multiply-adds a picture",
        classifier.architecture.backbone,
        thousands(summary.body_parameters as u64),
        thousands(summary.head_parameters as u64),
        rounded(summary.multiply_adds),
    )?;
    let p = &classifier.preprocess;
    writeln!(
        out,
        "input      the centre of {0}×{0} pixels, mean {1:?}, deviation {2:?}",
        p.size, p.mean, p.std
    )?;
    writeln!(out, "recipe     {}", recipe(&classifier.recipe))?;
    match &classifier.made.pretrained {
        Some((name, digest)) => writeln!(out, "began as   {} (SHA-256 {digest})", printable(name))?,
        None => writeln!(out, "began as   nothing: drawn at random")?,
    }
    writeln!(out, "made by    lookalike {}", printable(&classifier.made.program))?;
    let tests = count(classifier.self_test.len(), "picture");
    let within = match largest {
        0.0 => "exactly those saved".into(),
        _ => format!("within {largest:.0e} of those saved"),
    };
    write!(out, "self-test  passed: {tests}, probabilities {within}")?;
    if layers {
        write!(
            out,
            "\n\n{:<32} {:>12} {:>12} {:>16}",
            "layer", "shape", "parameters", "multiply-adds"
        )?;
        for row in &summary.rows {
            let (parameters, adds) =
                (thousands(row.parameters as u64), thousands(row.multiply_adds));
            write!(
                out,
                "\n{:<32} {:>12} {parameters:>12} {adds:>16}",
                row.name,
                row.shape.to_string()
            )?;
        }
    }
    Ok(out)
}

/// A large number in words.
fn rounded(n: u64) -> String {
    match n as f64 {
        n if n >= 1e9 => format!("{:.1} billion", n / 1e9),
        n => format!("{:.1} million", n / 1e6),
    }
}

/// The first few names, and how many there are where there are more.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 12;
    match names.len() {
        n if n > SHOWN => format!("{}: {}, …", thousands(n as u64), names[..SHOWN].join(", ")),
        n => format!("{n}: {}", names.join(", ")),
    }
}

/// The settings as they were saved, `name value` each.
fn recipe(value: &Value) -> String {
    let facts = super::recipe_facts(value).into_iter();
    facts.map(|(name, value)| printable(&format!("{name} {value}"))).collect::<Vec<_>>().join(", ")
}

fn as_json(
    classifier: &Classifier,
    summary: &Summary,
    insight: &Insight,
    largest: f32,
    layers: bool,
) -> Value {
    let pictures: serde_json::Map<String, Value> = [Side::Train, Side::Valid, Side::Test]
        .map(|side| (format!("{side:?}").to_lowercase(), json!(classifier.data.count(side))))
        .into_iter()
        .collect();
    let mut value = json!({
        "format": classifier::VERSION,
        "classes": classifier.classes,
        "architecture": classifier.architecture,
        "preprocess": classifier.preprocess,
        "recipe": classifier.recipe,
        "made": classifier.made,
        "pictures": pictures,
        "accuracy": insight.accuracy,
        "per_class": insight.per_class,
        "network": {
            "body_parameters": summary.body_parameters,
            "head_parameters": summary.head_parameters,
            "multiply_adds": summary.multiply_adds,
        },
        "self_test": { "pictures": classifier.self_test.len(), "largest_difference": largest },
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
