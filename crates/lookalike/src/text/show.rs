//! A classifier as a terminal shows it.

use std::fmt::{self, Write};

use classifier::Classifier;
use insight::{Calibration, Fact, Protocol, Scaling};
use pictures::Side;
use serde_json::Value;

use super::{count, printable, thousands};
use crate::{Shown, recipe_facts};

/// Facts of a run that other lines show, beside the recipe's.
const ELSEWHERE: [&str; 8] = [
    "trained on",
    "held out",
    "weights",
    "SHA-256 of the weights",
    "program",
    "date",
    "pictures",
    "command",
];

/// How many pictures were on each side.
const SIDES: [(Side, &str); 3] =
    [(Side::Train, "trained on"), (Side::Valid, "held out"), (Side::Test, "kept for a test")];

/// What a classifier is, as a terminal shows it; with each layer of its network on request.
///
/// # Errors
/// Never, as text takes all that is written to it.
pub fn show(shown: &Shown, layers: bool) -> Result<String, fmt::Error> {
    let Shown { classifier, id, summary, insight, largest_difference } = shown;
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
        "accuracy   {} of {}{}",
        insight.accuracy,
        insight.pictures(insight.accuracy.n),
        match insight.protocol {
            Protocol::OutOfFold { .. } => ", by cross-validation",
            _ => "",
        }
    )?;
    writeln!(
        out,
        "network    {}: {} parameters in the body, {} in the head, {} multiply-adds a picture",
        classifier.architecture.backbone,
        thousands(summary.body_parameters as u64),
        thousands(summary.head_parameters as u64),
        rounded(summary.multiply_adds),
    )?;
    writeln!(out, "answers    {}", answers(&classifier.calibration))?;
    writeln!(out, "compares   {}", compares(classifier))?;
    let p = &classifier.preprocess;
    let views = match classifier.views.count() {
        1 => "",
        2 => " as it is and mirrored",
        _ => " as it is, mirrored, and both zoomed in",
    };
    writeln!(
        out,
        "input      the centre of {0}×{0} pixels{views}, mean {1:?}, deviation {2:?}",
        p.size, p.mean, p.std
    )?;
    writeln!(out, "recipe     {}", recipe(&classifier.recipe))?;
    let known = |name: &str| classifier.record.facts.iter().find(|fact| fact.name == name);
    for (name, fact) in [("trained", "date"), ("from", "pictures"), ("command", "command")] {
        if let Some(fact) = known(fact) {
            writeln!(out, "{name:<10} {}", printable(&fact.value))?;
        }
    }
    match &classifier.made.pretrained {
        Some((name, digest)) => writeln!(out, "began as   {} (SHA-256 {digest})", printable(name))?,
        None => writeln!(out, "began as   random weights")?,
    }
    writeln!(out, "id         {id}")?;
    writeln!(out, "made by    lookalike {}", printable(&classifier.made.program))?;
    writeln!(out, "run        {}", run_facts(classifier))?;
    let tests = count(classifier.self_test.len(), "picture");
    let within = match *largest_difference {
        0.0 => "exactly those saved".into(),
        _ => format!("within {largest_difference:.0e} of those saved"),
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

/// How logits become an answer.
fn answers(calibration: &Calibration) -> String {
    let scaling = match &calibration.scaling {
        Scaling::Temperature(t) => format!("temperature {t:.2}"),
        Scaling::Vector { .. } => "a scale and a shift for each class".into(),
    };
    let share = 100.0 * calibration.coverage;
    format!(
        "probabilities calibrated by {scaling}; the classes listed include the right one for \
         {share:.0}% of pictures"
    )
}

/// When a picture is unlike anything seen.
fn compares(classifier: &Classifier) -> String {
    let Calibration { novelty, false_alarms, .. } = &classifier.calibration;
    match (&classifier.reference, novelty) {
        (None, _) => "with nothing: every picture counts as recognised".into(),
        (Some(reference), None) => format!(
            "with {}; too few pictures were held out to say which are not recognised",
            count(reference.pictures.len(), "known picture")
        ),
        (Some(reference), Some(limit)) => format!(
            "with {}; not recognised above a novelty of {limit:.3}, which {:.0}% of known kinds exceed",
            count(reference.pictures.len(), "known picture"),
            100.0 * false_alarms
        ),
    }
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
    let facts = recipe_facts(value).into_iter();
    facts.map(|(name, value)| printable(&format!("{name} {value}"))).collect::<Vec<_>>().join(", ")
}

/// What else is known of the run, `name value` each.
fn run_facts(classifier: &Classifier) -> String {
    let recipe = recipe_facts(&classifier.recipe);
    let own = |fact: &&Fact| {
        let elsewhere = recipe.iter().any(|(name, _)| *name == fact.name);
        !elsewhere && !ELSEWHERE.contains(&fact.name.as_str())
    };
    let facts = classifier.record.facts.iter().filter(own);
    let facts = facts.map(|Fact { name, value }| printable(&format!("{name} {value}")));
    facts.collect::<Vec<_>>().join(", ")
}
