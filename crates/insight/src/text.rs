//! The summary for a terminal: scores, the confusion matrix, the most confused pairs.

use std::fmt::Write;

use ground::words::{count, thousands};

use crate::insight::Insight;

const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const RED: &str = "\x1b[31m";
const PLAIN: &str = "\x1b[0m";

/// How many confused pairs are listed.
const PAIRS: usize = 5;

/// Scores, a small confusion matrix where `width` columns hold it, and the pairs most confused.
#[must_use]
pub fn short(insight: &Insight, width: usize, colour: bool) -> String {
    let paint = |style: &str, text: String| {
        if colour && !style.is_empty() { format!("{style}{text}{PLAIN}") } else { text }
    };
    let mut out = String::new();
    if insight.judged.is_empty() {
        return format!("{}\n", insight.accuracy_sentence());
    }
    let _ = writeln!(
        out,
        "accuracy  {}  {} of {}",
        paint(BOLD, insight.accuracy.to_string()),
        thousands(insight.accuracy.hits),
        insight.pictures(insight.accuracy.n)
    );
    if let Some(baseline) = insight.baseline.accuracy.estimate() {
        let label = fit(&insight.labels[insight.baseline.class], width.saturating_sub(34).max(8));
        let line = format!("baseline  {}  always answering {label}", baseline.percent());
        let _ = writeln!(out, "{}", paint(DIM, line));
    }
    if let Some(loss) = insight.log_loss {
        let _ = writeln!(out, "{}", paint(DIM, format!("log-loss  {}", loss.plain())));
    }
    if let Some(cell) = cell_width(insight, width) {
        let side = side_width(insight);
        let heading = format!("{:side$}  predicted", "");
        let _ = writeln!(out, "\n{}", paint(DIM, heading));
        let names: String =
            insight.labels.iter().map(|label| format!("  {:>cell$}", fit(label, cell))).collect();
        let _ = writeln!(out, "{:<side$}{names}", "actual");
        for (actual, row) in insight.confusion.counts.iter().enumerate() {
            let _ = write!(out, "{:<side$}", fit(&insight.labels[actual], side));
            for (predicted, &count) in row.iter().enumerate() {
                let style = match (count, actual == predicted) {
                    (0, _) => DIM,
                    (_, true) => BOLD,
                    _ => RED,
                };
                let _ = write!(out, "  {}", paint(style, format!("{count:>cell$}")));
            }
            out.push('\n');
        }
    }
    let title = if insight.most_confused.is_empty() {
        "nothing was confused"
    } else {
        "most often confused"
    };
    let _ = writeln!(out, "\n{title}");
    let half = (width.saturating_sub(26) / 2).max(8);
    for pair in insight.most_confused.iter().take(PAIRS) {
        let (actual, predicted) = (&insight.labels[pair.actual], &insight.labels[pair.predicted]);
        let of = insight.confusion.row_sum(pair.actual);
        let (actual, predicted) = (fit(actual, half), fit(predicted, half));
        let _ = writeln!(
            out,
            "  {:>3} of {}  {actual} predicted as {predicted}",
            thousands(pair.count),
            thousands(of)
        );
    }
    let more = insight.most_confused.len().saturating_sub(PAIRS);
    if more > 0 {
        let _ = writeln!(out, "{}", paint(DIM, format!("  and {}", count(more, "other pair"))));
    }
    out
}

fn longest(insight: &Insight) -> usize {
    insight.labels.iter().map(|label| label.chars().count()).max().unwrap_or(0)
}

/// Columns for the names of the rows.
fn side_width(insight: &Insight) -> usize {
    longest(insight).clamp(6, 20)
}

/// Columns of a cell; `None` where the matrix does not fit with names that can be told apart.
fn cell_width(insight: &Insight, width: usize) -> Option<usize> {
    let room = width.saturating_sub(side_width(insight)) / insight.labels.len().max(1);
    let cell = room.saturating_sub(2).min(longest(insight).max(4));
    (cell >= longest(insight).min(8)).then_some(cell)
}

/// Cut to at most `width` characters, with `…` where something is missing.
fn fit(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}
