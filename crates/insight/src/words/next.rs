//! What to do next, chosen by what was found: data, so that terminal, page and JSON show the same.

use super::Sentence;
use super::few::FEW;
use crate::insight::Insight;
use crate::labels::visible;
use crate::record::{Fact, RunRecord};

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
        /// Which class gains most.
        class: usize,
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
        steps.extend(self.class_to_extend().map(|class| Step::AddPictures { class }));
        if useful && self.may_be_fine_tuned(record) {
            steps.push(Step::FineTune);
        }
        steps.truncate(STEPS - usize::from(useful));
        if useful {
            steps.push(Step::Predict);
        }
        steps
    }

    /// The smallest class if it has very few pictures, else the one that gains most from more.
    fn class_to_extend(&self) -> Option<usize> {
        let smallest = self.per_class.iter().min_by_key(|scores| scores.recall.n);
        let smallest = smallest.filter(|scores| scores.recall.n < FEW && self.is_out_of_fold());
        let gains = self.learning.as_ref().and_then(|learning| learning.gains_most);
        smallest.map(|scores| scores.class).or(gains.map(|(class, ..)| class))
    }

    /// Whether every picture was evaluated, so that counts are those of the whole set.
    fn is_out_of_fold(&self) -> bool {
        matches!(self.protocol, crate::Protocol::OutOfFold { .. })
    }

    /// Whether the default recipe ran, without fine-tuning, and leaves something to gain.
    fn may_be_fine_tuned(&self, record: &RunRecord) -> bool {
        let untried = !record.candidates.is_empty() && record.comparisons.is_empty();
        untried && self.accuracy.n >= TO_FINE_TUNE && self.error_rate.interval.low > LITTLE
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
    pub fn sentence(self, insight: &Insight) -> Sentence {
        let words = Sentence::default();
        match self {
            Self::LookForShortcut => {
                words.text("Look whether the classes differ in something besides what they show")
            }
            Self::LookAtClasses => words.text("Look whether you can tell the classes apart"),
            Self::ReviewLabels { about: 1 } => words.text("Look at the possible label error"),
            Self::ReviewLabels { about } => {
                words.text(format!("Look at about {about} possible label errors"))
            }
            Self::AddPictures { class } => self.add(insight, class),
            Self::FineTune => {
                words.text("Try fine-tuning for half an hour; it is kept only if it is better")
            }
            Self::Predict => words.text("Classify new pictures"),
        }
    }

    fn add(self, insight: &Insight, class: usize) -> Sentence {
        let words = Sentence::default().text("Add pictures of ").class(&insight.labels[class]);
        let learning = insight.learning.as_ref().filter(|_| !insight.is_small());
        let gains = learning.and_then(|learning| learning.gains_most);
        match gains.filter(|&(gaining, ..)| gaining == class) {
            Some((_, now, then)) => words.text(format!(
                ": twice as many would raise it from {:.0}% to about {:.0}%",
                100.0 * now,
                100.0 * then
            )),
            None => {
                let pictures = insight.confusion.row_sum(class);
                words.text(format!(
                    ": it has {pictures}, and with fewer than {FEW} no score means much"
                ))
            }
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
        let sentence = self.sentence(insight);
        match (self, self.command(paths), paths.suspects) {
            (Self::ReviewLabels { .. }, Some(command), Some(table)) if paths.is_table() => format!(
                "{sentence}. Write `relabel` or `leave out` into the column `decision` of `{}` where you \
                 agree, then: `{}`",
                visible(table),
                visible(&command)
            ),
            (_, Some(command), _) => format!("{sentence}: `{}`", visible(&command)),
            _ => format!("{sentence}"),
        }
    }
}

/// Facts of a run that name columns of its table, each with the option that says so.
pub const COLUMNS: [(&str, &str); 3] = [
    ("column of paths", "--path-column"),
    ("column of labels", "--label-column"),
    ("column of folds", "--fold-column"),
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
