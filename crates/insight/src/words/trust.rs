//! How far the numbers can be trusted, in words.

use ground::words::{count, thousands};

use super::{Sentence, capital};
use crate::calibration::Scaling;
use crate::insight::Insight;
use crate::labels::visible;
use crate::record::{Comparison, Protocol};
use crate::stats::{Estimate, Proportion};

/// An error rate beyond which suspects are more likely hard pictures than label errors.
const OFTEN: f64 = 0.1;

impl Insight {
    /// How the pictures were evaluated.
    #[must_use]
    pub fn protocol_sentence(&self) -> Sentence {
        Sentence::default().text(match self.protocol {
            Protocol::OutOfFold { folds, repeats } => {
                let times = match repeats {
                    1 => String::new(),
                    n => format!(", repeated {n} times"),
                };
                format!(
                    "Evaluated by {folds}-fold cross-validation{times}: every picture was \
                     classified by a classifier that was not trained on it."
                )
            }
            Protocol::HeldOut { share: Some(share) } => format!(
                "{:.0}% of the pictures, chosen at random, were held out: the classifier was not \
                 trained on them and is evaluated on them alone.",
                100.0 * share
            ),
            Protocol::HeldOut { share: None } => {
                "Evaluated on the pictures that you held out. The classifier was not trained on \
                 them."
                    .to_owned()
            }
            Protocol::Test => {
                "Evaluated on the test pictures, which were used for nothing else.".to_owned()
            }
        })
    }

    /// Mean F1, AUROC and log-loss, each explained.
    #[must_use]
    pub fn scores_sentence(&self) -> Sentence {
        let mut parts = vec![];
        if let Some(f1) = self.macro_f1 {
            parts.push(format!("Mean F1 over all classes: {f1}."));
        }
        if let Some(auroc) = self.auroc {
            parts.push(format!(
                "AUROC {}: given one picture of a class and one of another, it ranks them \
                 correctly {:.0}% of the time.",
                auroc.plain(),
                100.0 * auroc.value
            ));
        }
        if let Some(loss) = self.log_loss {
            parts.push(format!(
                "Log-loss {}: it penalises confident mistakes; lower is better, 0 is perfect.",
                loss.plain()
            ));
        }
        let words = Sentence::default();
        if parts.is_empty() { words } else { words.text(parts.join(" ")) }
    }

    /// Whether the network is overconfident, and by how much its percentages are off.
    #[must_use]
    pub fn calibration_sentence(&self) -> Sentence {
        let words = Sentence::default();
        let Some(calibrated) = &self.calibrated else { return words };
        let how = match &calibrated.scaling {
            Scaling::Temperature(t) if *t > 1.05 => "The uncalibrated network is overconfident",
            Scaling::Temperature(t) if *t < 0.95 => "The uncalibrated network is underconfident",
            Scaling::Temperature(_) => "The uncalibrated network is about as sure as it should be",
            Scaling::Vector { .. } => {
                "The uncalibrated network is overconfident for some classes and underconfident for \
                 others"
            }
        };
        let [before, after] =
            [&calibrated.before.error, &calibrated.after.error].map(|error| off_by(error, true));
        words.text(format!(
            "{how}: its percentages are {before} on average. Calibrated, as they are shown here \
             and saved, they are {after}."
        ))
    }

    /// How often an answer that may name several classes includes the right one.
    #[must_use]
    pub fn coverage_sentence(&self) -> Sentence {
        let words = Sentence::default();
        let Some(answers) = &self.answers else { return words };
        let empty = match answers.mean_size < 1.0 {
            true => " The set is empty when confidence is unusually low.",
            false => "",
        };
        words.text(format!(
            "Each answer is the smallest set of classes that should contain the right one for \
             {:.0}% of pictures. On held-out pictures it did for {}, with {:.1} classes on \
             average.{empty}",
            100.0 * answers.stated,
            answers.coverage,
            answers.mean_size
        ))
    }

    /// How many pictures get one class and how many several, and how often that is right.
    #[must_use]
    pub fn answers_sentence(&self) -> Sentence {
        let words = Sentence::default();
        let Some(answers) = &self.answers else { return words };
        let mut text = format!("{} of pictures get one class", percent(&answers.single));
        if let Some(right) = answers.single_right.estimate() {
            text += &format!(", which is right for {}", right.percent());
        }
        text += &format!(". {} get several", percent(&answers.ambiguous));
        // Of two classes, the right one is always among both.
        let several = answers.ambiguous_right.estimate().filter(|_| self.classes.len() > 2);
        if let Some(right) = several {
            text += &format!(", which include the right one for {}", right.percent());
        }
        words.text(text + ".")
    }

    /// How many known pictures are not recognised by mistake. Empty if novelty was not measured.
    #[must_use]
    pub fn novelty_sentence(&self) -> Sentence {
        let words = Sentence::default();
        let measured = self.answers.as_ref().and_then(|a| Some((a.false_alarms?, &a.unfamiliar)));
        let Some((stated, unfamiliar)) = measured else { return words };
        words.text(format!(
            "A picture that is unlike the training pictures is not recognised, whatever its \
             percentages. The threshold is set so that this happens by mistake to {:.0}% of \
             pictures of the known classes. On held-out pictures it happened to {unfamiliar}.",
            100.0 * stated
        ))
    }

    /// The accuracy on the pictures that it is most sure of.
    #[must_use]
    pub fn selected_sentence(&self) -> Sentence {
        let words = Sentence::default();
        let Some((answered, accuracy)) = self.most_selected() else { return words };
        words.text(format!(
            "If it answers only the {:.0}% of pictures that it is most sure of, {} are right \
             ({}).",
            100.0 * answered,
            accuracy.percent(),
            accuracy.range()
        ))
    }

    /// What twice as many pictures would gain. Empty without a learning curve.
    #[must_use]
    pub fn learning_sentence(&self) -> Sentence {
        let words = Sentence::default();
        let (Some(learning), Some(now)) = (&self.learning, self.accuracy.estimate()) else {
            return words;
        };
        let words = words.text(format!(
            "With twice as many pictures of the same kind, expect about {} instead of {}.",
            learning.doubled,
            now.percent()
        ));
        let Some((class, now, then)) = learning.gains_most else { return words };
        let (now, then) = (100.0 * now, 100.0 * then);
        words
            .text(" More pictures would help ")
            .class(&self.labels[class])
            .text(format!(" most: from {now:.0}% to about {then:.0}%."))
    }

    /// How many labels may be wrong.
    #[must_use]
    pub fn suspects_sentence(&self) -> Sentence {
        let words = Sentence::default();
        let about = self.suspects.about();
        if about == 0 {
            return words.text("No label looks wrong.");
        }
        let (looks, it) = if about == 1 { ("looks", "It") } else { ("look", "They") };
        let words = words.text(format!(
            "About {} {looks} more like another class. {it} may be mislabelled, or hard to tell.",
            count(about, "picture")
        ));
        match self.is_often_wrong() {
            true => words.text(
                " This classifier makes many mistakes, so most of these labels are probably right.",
            ),
            false => words,
        }
    }

    /// That labels were changed before training, and the score by the labels as they were.
    #[must_use]
    pub fn fixes_sentence(&self) -> Option<Sentence> {
        let fixed = self.fixed.as_ref()?;
        let fixes = &fixed.fixes;
        let mut parts = vec![];
        if fixes.relabelled > 0 {
            let share = 100.0 * fixes.relabelled as f64 / fixes.of.max(1) as f64;
            parts.push(match fixes.relabelled {
                1 => format!("1 label of {} was changed", thousands(fixes.of)),
                n => format!(
                    "{} labels of {} ({share:.0}%) were changed",
                    thousands(n),
                    thousands(fixes.of)
                ),
            });
        }
        if fixes.left_out > 0 {
            let were = if fixes.left_out == 1 { "was" } else { "were" };
            parts.push(format!("{} {were} left out", count(fixes.left_out, "picture")));
        }
        if parts.is_empty() {
            return None;
        }
        let by = match fixes.proposed {
            true => ", as an earlier classifier proposed. Scores by such labels flatter",
            false => "",
        };
        let before = match fixed.accuracy_before.estimate() {
            Some(before) if fixes.relabelled > 0 => {
                format!(
                    " By the labels as they were, {} are right ({}).",
                    before.percent(),
                    before.range()
                )
            }
            _ => String::new(),
        };
        let table = visible(&fixes.table);
        Some(
            Sentence::default()
                .text(format!("{} by the table {table}{by}.{before}", parts.join(" and "))),
        )
    }

    /// One warning for each possible shortcut.
    #[must_use]
    pub fn shortcut_alarms(&self) -> Vec<Sentence> {
        let alarms = self.shortcuts.iter().filter(|guessed| guessed.alarm);
        alarms
            .map(|guessed| {
                Sentence::default().text(format!(
                    "Possible shortcut: {} alone predicts the right class for {} of pictures. Do \
                     your classes come from different cameras or websites?",
                    visible(&guessed.what),
                    guessed.right
                ))
            })
            .collect()
    }

    /// Whether it makes so many mistakes that suspected labels are mostly right.
    pub(crate) fn is_often_wrong(&self) -> bool {
        self.error_rate.interval.low > OFTEN
    }

    /// Whether it is clearly better than always answering the most common class.
    pub(crate) fn beats_the_baseline(&self) -> bool {
        let chance = self.baseline.accuracy.estimate();
        chance.is_some_and(|chance| self.accuracy.interval.low > chance.value)
    }
}

impl Comparison {
    /// "Fine-tuning is better than the fitted head: …", with the difference in accuracy.
    #[must_use]
    pub fn sentence(&self) -> Sentence {
        let (a, b) = (visible(&self.a), visible(&self.b));
        let points = |share: f64| format!("{:.1}", 100.0 * share + 0.0);
        let difference = &self.accuracy_difference;
        // A file or a network keeps its name as it is written.
        let is_prose = b.chars().all(|c| c.is_alphabetic() || " -".contains(c));
        let first = if is_prose { capital(&b) } else { b.clone() };
        let result = match self.better {
            Some(true) => format!("{first} is better than {a}"),
            Some(false) => format!("{first} is worse than {a}"),
            None => format!("{first} is not clearly better or worse than {a}"),
        };
        Sentence::default().text(format!(
            "{result}. Of {} pictures, {} are right with {b} only and {} with {a} only: a \
             difference of {} points in accuracy ({} to {}).",
            thousands(self.pictures),
            thousands(self.only_b),
            thousands(self.only_a),
            points(difference.value),
            points(difference.low),
            points(difference.high),
        ))
    }
}

fn percent(of: &Proportion) -> String {
    of.estimate().map_or_else(|| "None".to_owned(), |estimate| estimate.percent())
}

/// A calibration error in percentage points: "off by about 5 points", "off by less than 2 points"
/// if it may be nothing, and words if it is no larger than chance alone makes it.
pub(super) fn off_by(error: &Estimate, with_range: bool) -> String {
    let [value, low, high] =
        [error.value, error.interval.low, error.interval.high].map(|share| 100.0 * share);
    match (value < 0.5, high < 0.05) {
        (true, true) => "as accurate as can be measured".to_owned(),
        (true, false) => format!("off by less than {}", points(high.ceil())),
        _ if with_range => format!("off by about {} ({low:.0}–{high:.0})", points(value)),
        _ => format!("off by about {}", points(value)),
    }
}

fn points(of: f64) -> String {
    let whole = of.round().max(1.0);
    format!("{whole} point{}", if whole > 1.0 { "s" } else { "" })
}
