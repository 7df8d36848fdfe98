//! What to do next, with commands for the file names that `train` gives.

use std::path::Path;

use insight::{Insight, Paths, RunRecord, Sentence, Step, arguments, visible};

use crate::About;

/// A step with its words and its command.
pub(crate) struct Next {
    pub(crate) step: Step,
    pub(crate) sentence: Sentence,
    pub(crate) command: Option<String>,
}

/// The steps that follow from a record. None without evaluated pictures or a file's name.
pub(crate) fn steps(record: &RunRecord, insight: &Insight, about: &About) -> Vec<Next> {
    if insight.judged.is_empty() || about.file.is_empty() {
        return vec![];
    }
    let classifier = visible(&about.file);
    let suspects = Path::new(&classifier).with_extension("suspects.csv");
    let pictures = record.facts.iter().find(|fact| fact.name == "pictures");
    let table = |path: &str| [".csv", ".tsv", ".txt"].iter().any(|end| path.ends_with(end));
    let pictures = pictures.map_or_else(
        || "PHOTOS".to_owned(),
        |fact| arguments(&fact.value, table(&fact.value), &record.facts),
    );
    let paths = Paths { pictures: &pictures, classifier: &classifier, suspects: suspects.to_str() };
    let each = |step: Step| Next {
        step,
        sentence: step.sentence(insight, &paths),
        command: step.command(&paths),
    };
    insight.next_steps(record).into_iter().map(each).collect()
}
