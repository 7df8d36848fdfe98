//! Calibration, and what it answers when it does not know.

use insight::{Answers, Calibrated, Insight, Interval, Proportion, Verdict};

use super::{CLASSES, Value, words};
use crate::names::percent;
use crate::plot::{Axis, Plot};

/// The calibration section.
pub(super) struct Certainty {
    pub(super) sentence: String,
    pub(super) chart: Plot,
    pub(super) before: String,
    pub(super) after: String,
}

impl Certainty {
    pub(super) fn of(insight: &Insight) -> Option<Self> {
        let Calibrated { before, after, .. } = insight.calibrated.as_ref()?;
        let points = |bins: &[insight::Bin]| -> Vec<(f64, f64, Interval)> {
            let each = |bin: &insight::Bin| {
                Some((bin.confidence, bin.right.estimate()?.value, bin.right.interval))
            };
            bins.iter().filter_map(each).collect()
        };
        let (grey, blue) = (points(&before.bins), points(&after.bins));
        let lowest =
            |all: &[(f64, f64, Interval)]| all.iter().map(|p| p.0.min(p.1)).fold(1.0, f64::min);
        let reach = blue.iter().map(|p| p.2.low).fold(1.0, f64::min);
        let low = lowest(&grey).min(lowest(&blue)).min(reach);
        let flat =
            |all: &[(f64, f64, Interval)]| all.iter().map(|p| (p.0, p.1)).collect::<Vec<_>>();
        let ends: Vec<(f64, Interval)> = blue.iter().map(|p| (p.0, p.2)).collect();
        let chart = Plot::new(Axis::shares(low), Axis::shares(low))
            .line("ideal", &[(0.0, 0.0), (1.0, 1.0)])
            .line("train", &flat(&grey))
            .dots("train", &flat(&grey))
            .ranges("valid", &ends)
            .line("valid", &flat(&blue))
            .dots("valid", &flat(&blue))
            .done();
        Some(Self {
            sentence: words(&insight.calibration_sentence()),
            chart,
            before: before.error.to_string(),
            after: after.error.to_string(),
        })
    }
}

/// The section on answers that are not sure.
pub(super) struct Unsure {
    pub(super) coverage: String,
    pub(super) answered: String,
    pub(super) novelty: String,
    pub(super) selected: String,
    pub(super) parts: Vec<Part>,
    pub(super) chart: Option<Plot>,
    pub(super) classes: Vec<Held>,
    /// Whether some classes share a threshold.
    pub(super) shared: bool,
}

/// The share of pictures with one kind of answer.
pub(super) struct Part {
    pub(super) class: &'static str,
    pub(super) name: &'static str,
    pub(super) share: String,
    pub(super) width: f64,
}

/// How often sets include the right class, for pictures of one class.
pub(super) struct Held {
    pub(super) class: usize,
    pub(super) own: bool,
    pub(super) value: Value,
}

impl Unsure {
    pub(super) fn of(insight: &Insight) -> Option<Self> {
        let answers = insight.answers.as_ref()?;
        Some(Self {
            coverage: words(&insight.coverage_sentence()),
            answered: words(&insight.answers_sentence()),
            novelty: words(&insight.novelty_sentence()),
            selected: words(&insight.selected_sentence()),
            parts: parts(insight),
            chart: chart(insight),
            shared: answers.own_threshold.contains(&false),
            classes: held(answers),
        })
    }
}

fn parts(insight: &Insight) -> Vec<Part> {
    let n = insight.judged.len().max(1) as f64;
    let count = |is: &dyn Fn(&insight::Judged) -> bool| {
        insight.judged.iter().filter(|j| is(j)).count() as f64 / n
    };
    let single = |right: bool| {
        count(&|j| matches!(j.verdict, Verdict::Class(c) if (c == j.actual) == right))
    };
    let part =
        |class, name, share: f64| Part { class, name, share: percent(share), width: 100.0 * share };
    [
        part("right", "one class, right", single(true)),
        part("wrong", "one class, wrong", single(false)),
        part("several", "several classes", count(&|j| matches!(j.verdict, Verdict::Ambiguous(_)))),
        part("none", "not recognised", count(&|j| j.verdict == Verdict::Unfamiliar)),
    ]
    .into_iter()
    .filter(|part| part.width > 0.0)
    .collect()
}

/// Accuracy against the share of pictures answered.
fn chart(insight: &Insight) -> Option<Plot> {
    let estimates: Vec<_> = insight
        .selected
        .iter()
        .filter_map(|point| Some((point.answered, point.accuracy.estimate()?)))
        .collect();
    if estimates.len() < 2 {
        return None;
    }
    let low = estimates.iter().map(|(_, e)| e.interval.low).fold(1.0, f64::min);
    let ends: Vec<_> = estimates.iter().map(|(x, e)| (*x, e.interval)).collect();
    let line: Vec<_> = estimates.iter().map(|(x, e)| (*x, e.value)).collect();
    let chart = Plot::new(Axis::shares(0.0), Axis::shares(low));
    Some(chart.band("valid", &ends).line("valid", &line).done())
}

/// In class order; if there are too many, those included least often.
fn held(answers: &Answers) -> Vec<Held> {
    let mut all: Vec<(usize, &Proportion)> =
        answers.per_class.iter().enumerate().filter(|(_, share)| share.n > 0).collect();
    if all.len() > CLASSES {
        let share = |p: &Proportion| p.hits as f64 / p.n as f64;
        all.sort_by(|a, b| share(a.1).total_cmp(&share(b.1)));
        all.truncate(CLASSES);
    }
    all.into_iter()
        .filter_map(|(class, share)| {
            let estimate = share.estimate()?;
            Some(Held { class, own: answers.own_threshold[class], value: Value::of(&estimate) })
        })
        .collect()
}
