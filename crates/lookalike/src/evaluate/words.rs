//! An evaluation as a terminal shows it.

use insight::text;
use insight::visible;

use super::Evaluated;
use crate::text::{count, printable};

/// Pictures with the largest loss that are listed.
const LOSSES: usize = 5;

impl Evaluated {
    /// Scores, confusion, scores of each class and the worst mistakes, for a terminal of `width`
    /// columns.
    #[must_use]
    pub fn text(&self, width: usize, colour: bool) -> String {
        let insight = &self.insight;
        let mut out = text::short(insight, width, colour).trim_end().to_owned();
        out += &format!("\n\n{}", self.classes());
        for line in insight.honest_lines() {
            out += &format!("\n{line}");
        }
        let worst = self.worst();
        if !worst.is_empty() {
            out += "\n\nlargest losses";
            worst.iter().for_each(|line| out += &format!("\n  {line}"));
        }
        for comparison in &self.record.comparisons {
            out += &format!("\n\n{}", comparison.sentence());
        }
        for note in &self.record.notes {
            out += &format!("\n\n{}", printable(note));
        }
        let bad = self.record.bad.len();
        if bad > 0 {
            out += &format!("\n\n{} cannot be read and were skipped.", count(bad, "picture"));
        }
        out
    }

    /// Recall, precision and F1 of each class.
    fn classes(&self) -> String {
        let insight = &self.insight;
        let longest = insight.labels.iter().map(|label| label.chars().count()).max();
        let side = longest.unwrap_or(0).clamp(5, 30);
        let mut out =
            format!("{:side$}  pictures  {:16}  {:16}  F1", "class", "recall", "precision");
        for scores in &insight.per_class {
            let label: String = insight.labels[scores.class].chars().take(side).collect();
            let f1 = scores.f1.map_or_else(|| "–".into(), |f1| f1.to_string());
            let share = |of: &insight::Proportion| match of.n {
                0 => "–".into(),
                _ => of.to_string(),
            };
            let (recall, precision) = (share(&scores.recall), share(&scores.precision));
            out += &format!(
                "\n{label:side$}  {:>8}  {recall:16}  {precision:16}  {f1}",
                scores.recall.n
            );
        }
        out + "\n"
    }

    /// The mistakes with the largest losses, a line each.
    fn worst(&self) -> Vec<String> {
        let insight = &self.insight;
        let wrong = insight.top_losses(LOSSES).into_iter().filter(|j| j.predicted != j.actual);
        let line = |judged: &insight::Judged| {
            format!(
                "{}  {} predicted as {} with {:.0}%",
                visible(&judged.picture),
                insight.labels[judged.actual],
                insight.labels[judged.predicted],
                100.0 * judged.probability
            )
        };
        wrong.map(line).collect()
    }
}
