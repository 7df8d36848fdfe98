//! What the summary in the terminal says beside the scores.

use super::trust::off_by;
use crate::insight::Insight;
use crate::labels::visible;
use crate::record::Candidate;

/// A log-loss this much higher is still only slightly worse.
const SLIGHTLY: f64 = 0.1;

impl Insight {
    /// What a reader of the terminal should know beside the scores, one sentence per line.
    #[must_use]
    pub fn honest_lines(&self) -> Vec<String> {
        if self.judged.is_empty() {
            return vec![];
        }
        let mut lines = vec![];
        lines.extend(self.fixes_sentence().map(|sentence| sentence.to_string()));
        if let Some(small) = self.small_sentence() {
            lines.push(small);
            lines.extend(self.candidates_line());
            lines.extend(self.suspects_line());
            return lines;
        }
        if let Some((answered, accuracy)) = self.most_selected() {
            lines.push(format!(
                "If it answers only the {:.0}% it is most sure of: {} right ({})",
                100.0 * answered,
                accuracy.percent(),
                accuracy.range()
            ));
        }
        lines.extend(self.calibrated.as_ref().map(|calibrated| {
            let before = match calibrated.before.error.value {
                none if none < 0.005 => "the same".to_owned(),
                error => format!("{:.0}", 100.0 * error),
            };
            let after = off_by(&calibrated.after.error, false);
            format!("Its percentages are {after} on average ({before} before calibration)")
        }));
        lines.extend(self.answers.as_ref().and_then(|answers| {
            let coverage = answers.coverage.estimate()?;
            Some(format!(
                "Its answers (several classes where it is unsure) include the right one {} of the \
                 time ({}; target {:.0}%)",
                coverage.percent(),
                coverage.range(),
                100.0 * answers.stated
            ))
        }));
        if let Some(learning) = &self.learning {
            lines.push(format!("With twice as many pictures, expect about {}", learning.doubled));
        }
        lines.extend(self.candidates_line());
        lines.extend(self.suspects_line());
        for guessed in self.shortcuts.iter().filter(|guessed| guessed.alarm) {
            lines.push(format!(
                "Possible shortcut: {} alone gives the right class for {} of pictures",
                visible(&guessed.what),
                guessed.right
            ));
        }
        lines
    }

    /// The selected head and the other candidates.
    fn candidates_line(&self) -> Option<String> {
        let selected = self.candidates.iter().find(|candidate| candidate.chosen)?;
        let others: Vec<String> =
            self.candidates.iter().filter(|c| !c.chosen).map(|c| self.beside(c)).collect();
        let mut line = format!("Selected: {}", visible(&selected.name));
        if self.is_small() {
            // Differences of so few pictures are noise.
            return Some(line);
        }
        if !others.is_empty() {
            let others = others.join("; ");
            line += &format!(". Also tried (by log-loss; lower is better): {others}");
        }
        Some(line)
    }

    /// "nearest class mean, slightly worse (0.75, +0.046)".
    fn beside(&self, candidate: &Candidate) -> String {
        let on = match candidate.errors.1 == self.accuracy.n {
            true => String::new(),
            false => format!(" (tried on {})", self.pictures(candidate.errors.1)),
        };
        let (name, loss) = (visible(&candidate.name), candidate.log_loss);
        let Some(behind) = candidate.behind else {
            return format!("{name}{on} ({loss:.2})");
        };
        let verdict = match behind {
            gap if gap.low > 0.0 && gap.value < SLIGHTLY => "slightly worse",
            gap if gap.low > 0.0 => "worse",
            _ => "about as good",
        };
        format!("{name}{on}, {verdict} ({loss:.2}, {:+.3})", behind.value)
    }

    fn suspects_line(&self) -> Option<String> {
        match (self.suspects.about(), self.is_often_wrong()) {
            (0, _) => None,
            (1, _) => Some("About 1 label looks wrong".to_owned()),
            (n, false) => Some(format!("About {n} labels look wrong")),
            (n, true) => {
                Some(format!("{n} pictures look more like another class. Some may be mislabelled"))
            }
        }
    }
}
