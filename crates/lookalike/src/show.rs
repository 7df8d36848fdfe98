use std::path::Path;

use classifier::Classifier;
use engine::{Cpu, EngineError};
use insight::Insight;
use network::summary::{self, Summary};

use crate::Error;

/// What a classifier is, and how well it does.
#[derive(Debug)]
pub struct Shown {
    /// The classifier, whose self-test passed.
    pub classifier: Classifier,
    /// The same for classifiers that answer alike, whenever they were trained.
    pub id: String,
    /// Its network, layer by layer.
    pub summary: Summary,
    /// What follows from its held-out pictures.
    pub insight: Insight,
    /// By how much the self-test's probabilities differ from those saved, at most.
    pub largest_difference: f32,
}

/// Reads a classifier, tests it, and works out what follows from its record.
///
/// # Errors
/// When the file is refused, or the self-test fails.
pub fn show(model: &Path) -> Result<Shown, Error> {
    let classifier = Classifier::load(model)?;
    let (graph, size) = (classifier.graph(), classifier.preprocess.size);
    let summary = summary::of(&graph, size, size).map_err(EngineError::from)?;
    let mut engine = Cpu::with(graph, &classifier.parameters)?;
    let largest_difference = classifier.verify(&mut engine)?;
    let insight = Insight::of(&classifier.record);
    let id = classifier.id()?;
    Ok(Shown { classifier, id, summary, insight, largest_difference })
}
