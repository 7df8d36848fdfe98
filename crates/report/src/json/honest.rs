//! How far the numbers can be trusted, for machines.

use insight::{Estimate, Insight, Proportion, RunRecord};
use serde::Serialize;

/// How pictures are answered.
#[derive(Serialize)]
pub(super) struct Answers<'a> {
    stated_coverage: f64,
    coverage: Proportion,
    mean_set_size: f64,
    single: Proportion,
    single_right: Proportion,
    ambiguous: Proportion,
    ambiguous_right: Proportion,
    stated_false_alarms: Option<f64>,
    false_alarms: Option<Proportion>,
    per_class: Vec<Held<'a>>,
}

#[derive(Serialize)]
struct Held<'a> {
    class: &'a str,
    coverage: Proportion,
    own_threshold: bool,
}

pub(super) fn answers<'a>(found: &insight::Answers, insight: &'a Insight) -> Answers<'a> {
    let held = |(class, own): (usize, &bool)| Held {
        class: &insight.classes[class],
        coverage: found.per_class[class],
        own_threshold: *own,
    };
    Answers {
        stated_coverage: found.stated,
        coverage: found.coverage,
        mean_set_size: found.mean_size,
        single: found.single,
        single_right: found.single_right,
        ambiguous: found.ambiguous,
        ambiguous_right: found.ambiguous_right,
        stated_false_alarms: found.false_alarms,
        false_alarms: found.false_alarms.map(|_| found.unfamiliar),
        per_class: found.own_threshold.iter().enumerate().map(held).collect(),
    }
}

/// The learning curve and where it leads.
#[derive(Serialize)]
pub(super) struct Learning<'a> {
    measured: &'a [insight::CurvePoint],
    law: Vec<Expected>,
    power: f64,
    doubled: Estimate,
    gains_most: Option<Gain<'a>>,
}

#[derive(Serialize)]
struct Expected {
    pictures: usize,
    #[serde(flatten)]
    accuracy: Estimate,
}

#[derive(Serialize)]
struct Gain<'a> {
    class: &'a str,
    now: f64,
    doubled: f64,
}

pub(super) fn learning<'a>(
    found: &insight::Learning,
    record: &'a RunRecord,
    insight: &'a Insight,
) -> Learning<'a> {
    let expected = |&(pictures, accuracy): &(usize, Estimate)| Expected { pictures, accuracy };
    let gain = |(class, now, doubled): (usize, f64, f64)| Gain {
        class: &insight.classes[class],
        now,
        doubled,
    };
    Learning {
        measured: &record.curve,
        law: found.law.iter().map(expected).collect(),
        power: found.power,
        doubled: found.doubled,
        gains_most: found.gains_most.map(gain),
    }
}

/// A label that may be wrong.
#[derive(Serialize)]
pub(super) struct Suspect<'a> {
    picture: &'a str,
    label: &'a str,
    suggested: &'a str,
    margin: f64,
    confident: bool,
}

pub(super) fn suspect<'a>(suspect: &insight::Suspect, insight: &'a Insight) -> Suspect<'a> {
    let judged = &insight.judged[suspect.picture];
    Suspect {
        picture: &judged.picture,
        label: &insight.classes[judged.actual],
        suggested: &insight.classes[suspect.suggested],
        margin: suspect.margin,
        confident: suspect.confident,
    }
}
