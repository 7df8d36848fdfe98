//! Accuracy and confusion in words.

use ground::words::thousands;

use super::Sentence;
use crate::insight::Insight;

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

    /// "71 of 101 held-out pictures are right: 70%. …", with the 95% interval.
    #[must_use]
    pub fn accuracy_sentence(&self) -> Sentence {
        let words = Sentence::default();
        let Some(estimate) = self.accuracy.estimate() else {
            return words.text("No picture was held out, so the accuracy is unknown.");
        };
        let [low, high] = estimate.ends();
        let width = estimate.interval.high - estimate.interval.low;
        let sure = match width >= 0.1 {
            true => "With so few pictures the true accuracy may be anywhere",
            false => "The true accuracy is most likely",
        };
        let (hits, n, percent) = (self.accuracy.hits, self.accuracy.n, estimate.percent());
        words.text(format!(
            "{} of {} {} classified correctly: {percent}. {sure} between {low}% and {high}%.",
            thousands(hits),
            self.pictures(n),
            are(n),
        ))
    }

    /// "Always answering husky would be right for 37%."
    #[must_use]
    pub fn baseline_sentence(&self) -> Sentence {
        let Some(estimate) = self.baseline.accuracy.estimate() else { return Sentence::default() };
        Sentence::default()
            .text("Always answering ")
            .class(&self.labels[self.baseline.class])
            .text(format!(" would be right for {}", estimate.percent()))
            .text(match self.accuracy.interval.low > estimate.value {
                true => ".",
                false => ", so the classifier is not clearly better than guessing.",
            })
    }

    /// A column of the confusion matrix: "Of the 34 pictures predicted as eskimo dog, 20 really are
    /// eskimo dog, 8 are malamute and 6 are husky."
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
            return words.text("No picture was predicted as ").class(name).text(".");
        }
        let mut words = words.text(match (called, hits == called) {
            (1, _) => "The only picture predicted as ".to_owned(),
            (_, true) => format!("All {} pictures predicted as ", thousands(called)),
            _ => format!("Of the {} pictures predicted as ", thousands(called)),
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
            (_, 0) => words = words.text(", none is: "),
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

    /// "Most often confused: malamute predicted as eskimo dog (8 of 34 pictures …)."
    #[must_use]
    pub fn pair_sentence(&self) -> Sentence {
        let words = Sentence::default();
        let Some(pair) = self.most_confused.first() else {
            return words.text("No picture was confused.");
        };
        let of = |actual: usize, predicted: usize| {
            format!(
                "{} of {}",
                thousands(self.confusion.counts[actual][predicted]),
                thousands(self.confusion.row_sum(actual))
            )
        };
        words
            .text("Most often confused: ")
            .class(&self.labels[pair.actual])
            .text(" predicted as ")
            .class(&self.labels[pair.predicted])
            .text(format!(
                " ({} pictures; the other way round {}).",
                of(pair.actual, pair.predicted),
                of(pair.predicted, pair.actual)
            ))
    }
}

fn are(n: usize) -> &'static str {
    if n == 1 { "is" } else { "are" }
}
