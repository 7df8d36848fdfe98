//! How far the numbers can be trusted, in words.

use crate::calibration::Scaling;
use crate::insight::Insight;
use crate::record::Comparison;
use crate::record::Protocol;
use crate::stats::Estimate;

use super::Sentence;

/// An error rate beyond which suspects are more likely hard pictures than wrong labels.
const OFTEN: f64 = 0.1;

impl Insight {
    /// How the pictures came to be judged: "Every picture was judged by networks that …"
    #[must_use]
    pub fn protocol_sentence(&self) -> Sentence {
        Sentence::default().text(match self.protocol {
            Protocol::OutOfFold { folds, repeats } => {
                let times = match repeats {
                    1 => String::new(),
                    n => format!(", {n} times over"),
                };
                format!(
                    "Every picture was judged by a classifier that had not learned from it: the \
                     pictures were cut into {folds} parts{times}, and each part judged by what \
                     was learned from the others."
                )
            }
            Protocol::HeldOut { share: Some(share) } => format!(
                "{:.0} % of the pictures, drawn at random, were held out: it did not learn from \
                 them, and is judged by them alone.",
                100.0 * share
            ),
            Protocol::HeldOut { share: None } => {
                "It is judged by the pictures that were given to be held out, which it did not \
                 learn from."
                    .to_owned()
            }
            Protocol::Test => "It is judged by the test pictures, which were used for nothing \
                 else."
                .to_owned(),
        })
    }

    /// Mean F1, AUROC and log-loss, and what they are.
    #[must_use]
    pub fn scores_sentence(&self) -> Sentence {
        let mut parts = vec![];
        if let Some(f1) = self.macro_f1 {
            parts.push(format!("the mean F1 is {f1}"));
        }
        if let Some(auroc) = self.auroc {
            let area = auroc.plain();
            parts.push(format!(
                "of two pictures, one of a class and one not, it finds the former more probable \
                 with a chance of {area} (AUROC; 0.5 is guessing)"
            ));
        }
        if let Some(loss) = self.log_loss {
            let loss = loss.plain();
            parts.push(format!(
                "the log-loss, what a right name costs in surprise, is {loss} (0 is certainty)"
            ));
        }
        let words = Sentence::default();
        if parts.is_empty() {
            words
        } else {
            words.text(format!("Over all classes: {}.", parts.join("; ")))
        }
    }

    /// "When it says 90 %, how often is it right?"
    #[must_use]
    pub fn calibration_sentence(&self) -> Sentence {
        let words = Sentence::default();
        let Some(calibrated) = &self.calibrated else { return words };
        let (before, after) = (&calibrated.before.error, &calibrated.after.error);
        let how = match &calibrated.scaling {
            Scaling::Temperature(t) if *t > 1.05 => "The network by itself is too sure",
            Scaling::Temperature(t) if *t < 0.95 => "The network by itself is not sure enough",
            Scaling::Temperature(_) => "The network by itself is about as sure as it should be",
            Scaling::Vector { .. } => {
                "The network by itself is surer of some classes than of others"
            }
        };
        let (before, after) = (distance(before), distance(after));
        words.text(format!(
            "{how}: its probabilities are off by {before} on average. Calibrated, as they are \
             saved and shown here, they are off by {after}."
        ))
    }

    /// "Sets of classes, made to hold the true one for 90 % of pictures, did so for …"
    #[must_use]
    pub fn coverage_sentence(&self) -> Sentence {
        let words = Sentence::default();
        let Some(answers) = &self.answers else { return words };
        let none = match answers.mean_size < 1.0 {
            true => ", and none where it is less sure than it mostly is",
            false => "",
        };
        words.text(format!(
            "It names as few classes as it can while holding the true one for {:.0} % of \
             pictures; on pictures it had not learned from, it held it for {}, naming {:.1} on \
             average{none}.",
            100.0 * answers.stated,
            answers.coverage,
            answers.mean_size
        ))
    }

    /// "It answers 83 % of the pictures with one class, and is right on …"
    #[must_use]
    pub fn answers_sentence(&self) -> Sentence {
        let words = Sentence::default();
        let Some(answers) = &self.answers else { return words };
        let percent = |of: &crate::stats::Proportion| {
            of.estimate().map_or_else(|| "none".to_owned(), |estimate| estimate.percent())
        };
        let mut words = words.text(format!(
            "It would answer {} of the pictures with one class",
            percent(&answers.single)
        ));
        if let Some(right) = answers.single_right.estimate() {
            words = words.text(format!(" and be right on {right} of these"));
        }
        words = words.text(format!("; {} with several", percent(&answers.ambiguous)));
        // Of two classes, the right one is always among both.
        let several = answers.ambiguous_right.estimate().filter(|_| self.classes.len() > 2);
        if let Some(right) = several {
            words = words.text(format!(", the right one among them for {}", right.percent()));
        }
        words.text(".")
    }

    /// "Made to call 5 % of known pictures unfamiliar by mistake, it did so for …"; empty where
    /// novelty was not measured.
    #[must_use]
    pub fn novelty_sentence(&self) -> Sentence {
        let words = Sentence::default();
        let measured = self.answers.as_ref().and_then(|a| Some((a.false_alarms?, &a.unfamiliar)));
        let Some((stated, unfamiliar)) = measured else { return words };
        words.text(format!(
            "A picture that lies further from all it learned than nearly any known one is called \
             unlike anything seen. That is set to happen by mistake to {:.0} % of pictures of the \
             known classes; it happened to {unfamiliar}.",
            100.0 * stated
        ))
    }

    /// "Left to answer only the 80 % of pictures it is surest of, it is right on 95 % …"
    #[must_use]
    pub fn selected_sentence(&self) -> Sentence {
        let words = Sentence::default();
        let Some((answered, accuracy)) = self.most_selected() else { return words };
        words.text(format!(
            "Left to answer only the {:.0} % of pictures that it is surest of, it is right on \
             {accuracy} of them.",
            100.0 * answered
        ))
    }

    /// "With twice as many pictures, expect 74 % (70 to 78) instead of 70 %."; empty where no
    /// curve was measured.
    #[must_use]
    pub fn learning_sentence(&self) -> Sentence {
        let words = Sentence::default();
        let (Some(learning), Some(now)) = (&self.learning, self.accuracy.estimate()) else {
            return words;
        };
        let mut words = words.text(format!(
            "With twice as many pictures of the same kind, expect {} where it is {} now.",
            learning.doubled,
            now.percent()
        ));
        if let Some((class, now, then)) = learning.gains_most {
            words = words.text(" More pictures would help most for ").class(&self.labels[class]);
            let (now, then) = (100.0 * now, 100.0 * then);
            words = words.text(format!(": from {now:.0} to about {then:.0} %."));
        }
        words
    }

    /// "About 12 labels look wrong …"
    #[must_use]
    pub fn suspects_sentence(&self) -> Sentence {
        let words = Sentence::default();
        let pictures = match self.suspects.about() {
            0 => return words.text("No label looks wrong."),
            1 => "About 1 picture looks".to_owned(),
            n => format!("About {n} pictures look"),
        };
        let words = words.text(format!(
            "{pictures} confidently like another class than the label says: a wrong label, or a \
             picture that is hard to tell."
        ));
        match self.error_rate.interval.low > OFTEN {
            true => words.text(" As this classifier is often wrong, most may be the latter."),
            false => words,
        }
    }

    /// One sentence for each shortcut that raises an alarm.
    #[must_use]
    pub fn shortcut_alarms(&self) -> Vec<Sentence> {
        let alarms = self.shortcuts.iter().filter(|guessed| guessed.alarm);
        alarms
            .map(|guessed| {
                Sentence::default().text(format!(
                    "{} alone tells the class of {}, without a look at what the picture shows: \
                     the network may have learned that instead.",
                    capital(&guessed.what),
                    guessed.right
                ))
            })
            .collect()
    }

    /// What a reader of the terminal should know besides the scores, a line each: how it was
    /// judged, what it would leave unanswered, what more pictures bring, labels to look at, and
    /// alarms. Names of classes in them have nothing hidden.
    #[must_use]
    pub fn honest_lines(&self) -> Vec<String> {
        if self.judged.is_empty() {
            return vec![];
        }
        let mut lines = vec![];
        let mut line = |name: &str, text: String| lines.push(format!("{name:<9} {text}"));
        if let Some((answered, accuracy)) = self.most_selected() {
            line(
                "surest",
                format!("{accuracy} right on the {:.0} % it is surest of", 100.0 * answered),
            );
        }
        for candidate in &self.candidates {
            let (name, loss) = (super::visible(&candidate.name), candidate.told());
            let of = match candidate.errors.1 == self.accuracy.n {
                true => String::new(),
                false => format!(" on {}", self.pictures(candidate.errors.1)),
            };
            let place = match candidate.chosen {
                true => "taken".to_owned(),
                false => format!("{} beside it", candidate.told_behind()),
            };
            line("head", format!("{name}: log-loss {loss}{of}, {place}"));
        }
        if let Some(calibrated) = &self.calibrated {
            let (before, after) = (&calibrated.before.error, &calibrated.after.error);
            let (before, after) = (distance(before), distance(after));
            line("certainty", format!("off by {after}; before calibration by {before}"));
        }
        if let Some(answers) = &self.answers {
            let stated = 100.0 * answers.stated;
            line(
                "sets",
                format!("hold the true class for {}, made for {stated:.0} %", answers.coverage),
            );
        }
        if let Some(learning) = &self.learning {
            line("doubling", format!("the pictures: expect {}", learning.doubled));
        }
        let often = self.error_rate.interval.low > OFTEN;
        match (self.suspects.about(), often) {
            (0, _) => {}
            (1, _) => line("labels", "about 1 looks wrong; see the report".to_owned()),
            (n, false) => line("labels", format!("about {n} look wrong; see the report")),
            (n, true) => line("labels", format!("some of {n} may be wrong; see the report")),
        }
        for guessed in self.shortcuts.iter().filter(|guessed| guessed.alarm) {
            line("alarm", format!("{} alone is right on {}", guessed.what, guessed.right));
        }
        lines
    }
}

impl Comparison {
    /// "Fine-tuning is better than the fitted head: it names 4.2 points more right (1.1 to 7.3)."
    #[must_use]
    pub fn sentence(&self) -> Sentence {
        let (a, b) = (super::visible(&self.a), super::visible(&self.b));
        let points = |share: f64| format!("{:.1}", 100.0 * share + 0.0);
        let difference = &self.accuracy_difference;
        let verdict = match self.better {
            Some(true) => format!("{} is better than {a}", capital(&b)),
            Some(false) => format!("{} is worse than {a}", capital(&b)),
            None => format!("{} is not clearly better or worse than {a}", capital(&b)),
        };
        Sentence::default().text(format!(
            "{verdict}: of {} pictures {} alone names {} right and {} alone {}, a difference of {} \
             points in accuracy ({} to {}).",
            self.pictures,
            b,
            self.only_b,
            a,
            self.only_a,
            points(difference.value),
            points(difference.low),
            points(difference.high),
        ))
    }
}

/// A distance, which cannot be below 0: "3 % (1 to 5)", "less than 1.9 %" where it may be nothing,
/// and words where it is no larger than chance alone makes it.
fn distance(estimate: &Estimate) -> String {
    match (estimate.value < 0.005, estimate.interval.high < 0.0005) {
        (true, true) => "no more than chance alone makes".to_owned(),
        (true, false) => format!("less than {} %", estimate.ends()[1]),
        _ => estimate.to_string(),
    }
}

/// With a capital letter at its beginning.
fn capital(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}
