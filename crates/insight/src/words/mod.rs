//! The same in words. A class's name stands apart from the words around it, so that a page can set
//! it off (and isolate its writing direction) and a terminal can print it plain.

mod honest;
mod seen;

use std::collections::HashSet;
use std::fmt;

use crate::insight::Insight;
use crate::record::Protocol;

/// A part of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Words of ours.
    Text(String),
    /// The name of a class, as [`labels`] shows it.
    Class(String),
}

/// Words and names of classes in turn; prints as one line of text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sentence(pub Vec<Piece>);

impl Sentence {
    fn text(mut self, words: impl Into<String>) -> Self {
        self.0.push(Piece::Text(words.into()));
        self
    }

    fn class(mut self, label: &str) -> Self {
        self.0.push(Piece::Class(label.to_owned()));
        self
    }
}

impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| match piece {
            Piece::Text(words) | Piece::Class(words) => f.write_str(words),
        })
    }
}

/// Text from outside with nothing hidden in it: characters that move the cursor, colour a
/// terminal or turn the writing direction show as `�`.
#[must_use]
pub fn visible(text: &str) -> String {
    let hides = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{feff}')
            || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
    };
    text.chars().map(|c| if hides(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// Names of classes as people read them: [`visible`], and `eskimo_dog` as "eskimo dog" unless two
/// classes would then look the same.
#[must_use]
pub fn labels(classes: &[String]) -> Vec<String> {
    let plain: Vec<String> = classes.iter().map(|name| visible(name)).collect();
    let spaced: Vec<String> =
        plain.iter().map(|name| name.replace('_', " ").trim().to_owned()).collect();
    let distinct = spaced.iter().collect::<HashSet<_>>().len() == classes.len();
    if distinct && spaced.iter().all(|name| !name.is_empty()) { spaced } else { plain }
}

impl Insight {
    /// Accuracy, the confusion matrix's first column and the pair most often confused.
    #[must_use]
    pub fn sentence(&self) -> Sentence {
        let mut all = self.accuracy_sentence();
        if !self.judged.is_empty() {
            all = all.text(" ");
            all.0.extend(self.column_sentence(0).0);
            all = all.text(" ");
            all.0.extend(self.pair_sentence().0);
        }
        all
    }

    /// "Right on 71 of 101 held-out pictures: 70 %, and with so few pictures …"
    #[must_use]
    pub fn accuracy_sentence(&self) -> Sentence {
        let words = Sentence::default();
        let Some(estimate) = self.accuracy.estimate() else {
            return words.text("No picture was held out, so nothing is known of how well it does.");
        };
        let [low, high] = estimate.ends();
        let width = estimate.interval.high - estimate.interval.low;
        let sure = if width >= 0.1 {
            format!(
                "and with so few pictures the true rate may lie anywhere from {low} to {high} %"
            )
        } else {
            format!("and the true rate lies most likely between {low} and {high} %")
        };
        let (hits, n, percent) = (self.accuracy.hits, self.accuracy.n, estimate.percent());
        words.text(format!("Right on {hits} of {}: {percent}, {sure}.", self.pictures(n)))
    }

    /// "101 held-out pictures", or what they are.
    #[must_use]
    pub fn pictures(&self, n: usize) -> String {
        let kind = match self.protocol {
            Protocol::OutOfFold { .. } => "",
            Protocol::HeldOut { .. } => "held-out ",
            Protocol::Test => "test ",
        };
        format!("{n} {kind}picture{}", if n == 1 { "" } else { "s" })
    }

    /// "Always answering husky would be right on 37 %."
    #[must_use]
    pub fn baseline_sentence(&self) -> Sentence {
        let Some(estimate) = self.baseline.accuracy.estimate() else { return Sentence::default() };
        Sentence::default()
            .text("Always answering ")
            .class(&self.labels[self.baseline.class])
            .text(format!(" would be right on {}", estimate.percent()))
            .text(match self.accuracy.interval.low > estimate.value {
                true => ".",
                false => ", so this is not clearly better than not looking.",
            })
    }

    /// Reads a column of the confusion matrix: "Of the 34 pictures called eskimo dog, 20 really
    /// are eskimo dog, 8 are malamute and 6 are husky."
    ///
    /// # Panics
    /// When there is no class of this index, unless there is none at all.
    #[must_use]
    pub fn column_sentence(&self, predicted: usize) -> Sentence {
        let words = Sentence::default();
        let Some(name) = self.labels.get(predicted) else {
            assert!(self.labels.is_empty(), "class {predicted} of {}", self.labels.len());
            return words.text("There are no classes.");
        };
        let column: Vec<usize> = self.confusion.counts.iter().map(|row| row[predicted]).collect();
        let (called, hits) = (column.iter().sum::<usize>(), column[predicted]);
        if called == 0 {
            return words.text("No picture was called ").class(name).text(".");
        }
        let mut words = words.text(match (called, hits == called) {
            (1, _) => "The one picture called ".to_owned(),
            (_, true) => format!("All {called} pictures called "),
            _ => format!("Of the {called} pictures called "),
        });
        words = words.class(name);
        if hits == called {
            return words
                .text(if called == 1 { " really is " } else { " really are " })
                .class(name)
                .text(".");
        }
        // (how many, of which class; of several where none is named)
        let mut parts: Vec<(usize, Option<usize>)> = column
            .iter()
            .enumerate()
            .filter(|&(c, &n)| n > 0 && c != predicted)
            .map(|(c, &n)| (n, Some(c)))
            .collect();
        parts.sort_by_key(|&(n, _)| std::cmp::Reverse(n));
        let rest = parts.split_off(if parts.len() > 4 { 3 } else { parts.len() });
        if !rest.is_empty() {
            parts.push((rest.iter().map(|(n, _)| n).sum(), None));
        }
        match (called, hits) {
            (1, _) => {
                return words.text(" is ").class(&self.labels[parts[0].1.unwrap_or(0)]).text(".");
            }
            (_, 0) => words = words.text(" none is: "),
            (_, n) => {
                words = words.text(format!(", {n} really {} ", are(n))).class(name);
                words = words.text(if parts.len() == 1 { " and " } else { ", " });
            }
        }
        let last = parts.len() - 1;
        for (i, (n, class)) in parts.into_iter().enumerate() {
            words = match class {
                Some(class) => words.text(format!("{n} {} ", are(n))).class(&self.labels[class]),
                None => words.text(format!("{n} {} of {} other classes", are(n), rest.len())),
            };
            words = words.text(match last - i {
                0 => ".",
                1 => " and ",
                _ => ", ",
            });
        }
        words
    }

    /// "The pair most often confused: malamute called eskimo dog, 8 of 34 pictures …"
    #[must_use]
    pub fn pair_sentence(&self) -> Sentence {
        let words = Sentence::default();
        let Some(pair) = self.most_confused.first() else {
            return words.text("No picture was confused.");
        };
        let of = |actual: usize, predicted: usize| {
            format!(
                "{} of {}",
                self.confusion.counts[actual][predicted],
                self.confusion.row_sum(actual)
            )
        };
        words
            .text("The pair most often confused: ")
            .class(&self.labels[pair.actual])
            .text(" called ")
            .class(&self.labels[pair.predicted])
            .text(format!(
                ", {} pictures; the other way round, {}.",
                of(pair.actual, pair.predicted),
                of(pair.predicted, pair.actual)
            ))
    }
}

fn are(n: usize) -> &'static str {
    if n == 1 { "is" } else { "are" }
}
