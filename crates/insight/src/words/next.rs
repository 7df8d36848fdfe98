//! What to do next, chosen by what was found: data, so that terminal, page and JSON show the same.

use super::Sentence;
use super::few::FEW;
use crate::insight::Insight;
use crate::labels::visible;
use crate::record::{Fact, Protocol, RunRecord};

/// How many steps are suggested.
const STEPS: usize = 3;

/// Pictures without which fine-tuning is not worth trying.
const TO_FINE_TUNE: usize = 1000;

/// An error rate below which fine-tuning has little to gain.
const LITTLE: f64 = 0.02;

/// A suggestion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Look for what makes a shortcut possible.
    LookForShortcut,
    /// Look whether the classes can be told apart at all.
    LookAtClasses,
    /// Review the pictures whose labels may be wrong.
    ReviewLabels {
        /// About how many labels are wrong.
        about: usize,
    },
    /// Add pictures of a class.
    AddPictures {
        /// Which class gains most, or has the fewest.
        class: usize,
        /// How many pictures it has, where these are very few.
        has: Option<usize>,
    },
    /// Try to fine-tune the backbone.
    FineTune,
    /// Classify new pictures.
    Predict,
}

/// The paths in a step's command.
#[derive(Clone, Copy, Debug)]
pub struct Paths<'a> {
    /// The folder or table to train on, as arguments of a command ([`arguments`]).
    pub pictures: &'a str,
    /// The classifier's file.
    pub classifier: &'a str,
    /// The table of possible label errors, if there is one.
    pub suspects: Option<&'a str>,
}

impl Paths<'_> {
    /// Whether the pictures are those of a table, which `lookalike review` does not take.
    fn is_table(&self) -> bool {
        self.pictures.starts_with("--")
    }
}

impl Insight {
    /// At most three steps, the most urgent first and predicting last.
    #[must_use]
    pub fn next_steps(&self, record: &RunRecord) -> Vec<Step> {
        if self.judged.is_empty() {
            return vec![Step::Predict];
        }
        let useful = self.beats_the_baseline();
        let mut steps = vec![];
        if self.shortcuts.iter().any(|guessed| guessed.alarm) {
            steps.push(Step::LookForShortcut);
        }
        if !useful {
            steps.push(Step::LookAtClasses);
        }
        if self.suspects.about() > 0 {
            steps.push(Step::ReviewLabels { about: self.suspects.about() });
        }
        // More of what cannot be told apart does not help.
        let extend = self.class_with_few(record);
        steps.extend(extend.or_else(|| self.class_that_gains().filter(|_| useful)));
        if useful && self.may_be_fine_tuned(record) {
            steps.push(Step::FineTune);
        }
        steps.truncate(STEPS - usize::from(useful));
        if useful {
            steps.push(Step::Predict);
        }
        steps
    }

    /// To add to the class with the fewest pictures, if these are very few.
    fn class_with_few(&self, record: &RunRecord) -> Option<Step> {
        let of = |class| Some((record.pictures_of(class)?, class));
        let (has, class) = (0..self.classes.len()).filter_map(of).min()?;
        (has < FEW).then_some(Step::AddPictures { class, has: Some(has) })
    }

    /// To add to the class that gains most from more pictures.
    fn class_that_gains(&self) -> Option<Step> {
        let (class, ..) = self.learning.as_ref()?.gains_most?;
        Some(Step::AddPictures { class, has: None })
    }

    /// Whether the default recipe ran, without fine-tuning, and leaves something to gain.
    fn may_be_fine_tuned(&self, record: &RunRecord) -> bool {
        let untried = !record.candidates.is_empty() && record.comparisons.is_empty();
        untried && self.accuracy.n >= TO_FINE_TUNE && self.error_rate.interval.low > LITTLE
    }
}

impl RunRecord {
    /// How many pictures of a class there are to train on; `None` where nobody counted them.
    fn pictures_of(&self, class: usize) -> Option<usize> {
        match self.protocol {
            _ if self.to_train.len() == self.classes.len() => self.to_train.get(class).copied(),
            Protocol::OutOfFold { .. } => {
                Some(self.held_out.iter().filter(|picture| picture.actual == class).count())
            }
            _ => None,
        }
    }
}

impl Step {
    /// Its name in JSON.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::LookForShortcut => "look_for_shortcut",
            Self::LookAtClasses => "look_at_classes",
            Self::ReviewLabels { .. } => "review_labels",
            Self::AddPictures { .. } => "add_pictures",
            Self::FineTune => "fine_tune",
            Self::Predict => "predict",
        }
    }

    /// What to do, without the command.
    #[must_use]
    pub fn sentence(self, insight: &Insight, paths: &Paths<'_>) -> Sentence {
        let words = Sentence::default();
        match self {
            Self::LookForShortcut => {
                words.text("Look whether the classes differ in something besides what they show")
            }
            Self::LookAtClasses => words.text("Look whether you can tell the classes apart"),
            Self::ReviewLabels { about } => {
                let words = match about {
                    1 => words.text("Look at the possible label error"),
                    _ => words.text(format!("Look at about {about} possible label errors")),
                };
                match paths.suspects.filter(|_| paths.is_table()) {
                    Some(table) => decide(words, table),
                    None => words,
                }
            }
            Self::AddPictures { class, has } => {
                let words = words.text("Add pictures of ").class(&insight.labels[class]);
                match (has, insight.learning.as_ref().and_then(|learning| learning.gains_most)) {
                    (Some(has), _) => words.text(format!(
                        ": it has {has}, and with fewer than {FEW} no score means much"
                    )),
                    (None, Some((_, now, then))) => words.text(format!(
                        ": twice as many would raise it from {:.0}% to about {:.0}%",
                        100.0 * now,
                        100.0 * then
                    )),
                    (None, None) => words,
                }
            }
            Self::FineTune => {
                words.text("Try fine-tuning for half an hour; it is kept only if it is better")
            }
            Self::Predict => words.text("Classify new pictures"),
        }
    }

    /// The command, if there is one.
    #[must_use]
    pub fn command(self, paths: &Paths<'_>) -> Option<String> {
        let pictures = paths.pictures;
        match self {
            Self::LookForShortcut | Self::LookAtClasses => {
                Some(format!("lookalike look {pictures}"))
            }
            Self::ReviewLabels { .. } if paths.is_table() => {
                Some(format!("lookalike train {pictures} --fixes {}", quoted(paths.suspects?)))
            }
            Self::ReviewLabels { .. } => {
                Some(format!("lookalike review {pictures} --model {}", quoted(paths.classifier)))
            }
            Self::AddPictures { .. } => None,
            Self::FineTune => Some(format!("lookalike train {pictures} --minutes 30")),
            Self::Predict => {
                Some(format!("lookalike predict {} NEW_PICTURES", quoted(paths.classifier)))
            }
        }
    }

    /// One line for a terminal: what to do, and the command in backticks.
    #[must_use]
    pub fn line(self, insight: &Insight, paths: &Paths<'_>) -> String {
        let sentence = self.sentence(insight, paths);
        match self.command(paths) {
            Some(command) => format!("{sentence}: `{}`", visible(&command)),
            None => format!("{sentence}"),
        }
    }
}

/// How to decide in the table of possible label errors, before the command that takes it.
fn decide(words: Sentence, table: &str) -> Sentence {
    words
        .text(". Write ")
        .code("relabel")
        .text(" or ")
        .code("leave out")
        .text(" into the column ")
        .code("decision")
        .text(" of ")
        .code(&visible(table))
        .text(" where you agree, then")
}

/// Facts of a run that say how its table or file of labels is read, each with the option that says so.
pub const COLUMNS: [(&str, &str); 7] = [
    ("column of paths", "--path-column"),
    ("column of labels", "--label-column"),
    ("column of folds", "--fold-column"),
    ("columns of boxes", "--box-columns"),
    ("root of the paths", "--root"),
    ("least confidence", "--min-confidence"),
    ("detected", "--detected"),
];

/// A folder or table as arguments of a command; `facts` may name columns of the table.
///
/// ```
/// # use insight::{Fact, arguments};
/// let fact = Fact { name: "column of labels".into(), value: "breed".into() };
/// let command = arguments("my dogs.csv", true, &[fact]);
/// assert_eq!(command, "--labels 'my dogs.csv' --label-column breed");
/// assert_eq!(arguments("photos", false, &[]), "photos");
/// ```
#[must_use]
pub fn arguments(pictures: &str, in_table: bool, facts: &[Fact]) -> String {
    let mut words = if in_table { "--labels ".to_owned() } else { String::new() };
    words += &quoted(pictures);
    for (name, option) in COLUMNS.iter().filter(|_| in_table) {
        if let Some(fact) = facts.iter().find(|fact| fact.name == *name) {
            words += &format!(" {option} {}", quoted(&fact.value));
        }
    }
    words
}

/// A path as a shell takes it for one word.
#[must_use]
pub fn quoted(path: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-./:=+,@%".contains(c);
    match path.chars().all(plain) && !path.is_empty() {
        true => path.to_owned(),
        false => format!("'{}'", path.replace('\'', r"'\''")),
    }
}
