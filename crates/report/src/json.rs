//! The report for machines: the same content, with classes by name.

use insight::{
    BadPicture, Calibrated, Candidate, ClassScores, Comparison, Confused, Epoch, Estimate, Fact,
    FixedLabels, Guessed, Insight, Interval, Judged, Map, Place, Proportion, Protocol, Reason,
    Reasons, RunRecord, Selected, Verdict,
};

use self::honest::{Answers, Learning, Suspect, answers, learning, suspect};
use serde::Serialize;

use crate::About;
use crate::next::{self, Next};

mod honest;

/// The version of this shape; a field may join, but none changes its meaning without a new number.
const FORMAT: u32 = 2;

#[derive(Serialize)]
struct Report<'a> {
    format: u32,
    title: &'a str,
    file: &'a str,
    program: &'a str,
    in_words: String,
    next_steps: Vec<NextStep>,
    accuracy: Proportion,
    error_rate: Proportion,
    baseline: Baseline<'a>,
    log_loss: Option<Estimate>,
    macro_f1: Option<Estimate>,
    auroc: Option<Estimate>,
    judged: Protocol,
    calibration: Option<&'a Calibrated>,
    answers: Option<Answers<'a>>,
    selected: &'a [Selected],
    learning_curve: Option<Learning<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fixes: Option<&'a FixedLabels>,
    suspects: Vec<Suspect<'a>>,
    estimated_wrong_labels: f64,
    shortcuts: &'a [Guessed],
    candidates: &'a [Candidate],
    comparisons: &'a [Comparison],
    classes: &'a [String],
    reasons: Option<Reasons>,
    map: Option<Map>,
    confusion: Confusion<'a>,
    most_confused: Vec<Pair<'a>>,
    top_losses: Vec<Answer<'a>>,
    per_class: Vec<Scores<'a>>,
    predictions: Vec<Answer<'a>>,
    history: Vec<Row<'a>>,
    samples: Vec<Sample<'a>>,
    bad: &'a [BadPicture],
    notes: &'a [String],
    facts: &'a [Fact],
}

#[derive(Serialize)]
struct NextStep {
    kind: &'static str,
    words: String,
    command: Option<String>,
}

fn step(next: Next) -> NextStep {
    let Next { step, sentence, command } = next;
    NextStep { kind: step.kind(), words: sentence.to_string(), command }
}

#[derive(Serialize)]
struct Baseline<'a> {
    class: Option<&'a str>,
    #[serde(flatten)]
    accuracy: Proportion,
}

/// Rows actual, columns predicted, in the order of the classes.
#[derive(Serialize)]
struct Confusion<'a> {
    counts: &'a [Vec<usize>],
    shares: Vec<Vec<f64>>,
}

#[derive(Serialize)]
struct Pair<'a> {
    actual: &'a str,
    predicted: &'a str,
    count: usize,
    pictures: Vec<&'a str>,
}

#[derive(Serialize)]
struct Answer<'a> {
    picture: &'a str,
    actual: &'a str,
    /// The fold that it was held out in, from 1.
    fold: usize,
    predicted: &'a str,
    probability: f32,
    probability_of_actual: f32,
    loss: f64,
    /// `class`, `ambiguous` or `unfamiliar`.
    verdict: &'static str,
    /// The classes that are named, the most probable first; none where it is unfamiliar.
    named: Vec<&'a str>,
    reason: Reason,
    /// What the network said, in the order of the classes, not calibrated.
    logits: &'a [f32],
    /// Where something speaks for a class, cell by cell, row by row, 0 to 255.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    heat: Vec<Heat<'a>>,
    /// Where it lies on the map, in thousandths.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<Place>,
}

#[derive(Serialize)]
struct Heat<'a> {
    class: &'a str,
    cells: &'a [u8],
}

#[derive(Serialize)]
struct Scores<'a> {
    class: &'a str,
    pictures: usize,
    precision: Proportion,
    recall: Proportion,
    f1: Option<Estimate>,
}

#[derive(Serialize)]
struct Row<'a> {
    #[serde(flatten)]
    epoch: &'a Epoch,
    error_rate: Option<f64>,
    error_interval: Option<Interval>,
}

#[derive(Serialize)]
struct Sample<'a> {
    class: &'a str,
    picture: &'a str,
}

/// Pictures among the top losses; `predictions` holds the losses of all.
const TOP: usize = 20;

/// The report as JSON, indented, names exactly as the data has them.
#[must_use]
pub fn json(record: &RunRecord, insight: &Insight, about: &About) -> String {
    let report = Report {
        format: FORMAT,
        title: &about.title,
        file: &about.file,
        program: &about.program,
        in_words: insight.sentence().to_string(),
        next_steps: next::steps(record, insight, about).into_iter().map(step).collect(),
        accuracy: insight.accuracy,
        error_rate: insight.error_rate,
        baseline: Baseline {
            class: insight.classes.get(insight.baseline.class).map(String::as_str),
            accuracy: insight.baseline.accuracy,
        },
        log_loss: insight.log_loss,
        macro_f1: insight.macro_f1,
        auroc: insight.auroc,
        judged: insight.protocol,
        calibration: insight.calibrated.as_ref(),
        answers: insight.answers.as_ref().map(|found| answers(found, insight)),
        selected: &insight.selected,
        learning_curve: insight
            .learning
            .as_ref()
            .filter(|_| !insight.is_small())
            .map(|found| learning(found, record, insight)),
        fixes: insight.fixed.as_ref(),
        suspects: insight.suspects.pictures.iter().map(|s| suspect(s, insight)).collect(),
        estimated_wrong_labels: insight.suspects.estimated,
        shortcuts: &insight.shortcuts,
        candidates: &record.candidates,
        comparisons: &record.comparisons,
        classes: &insight.classes,
        reasons: insight.reasons,
        map: insight.map,
        confusion: confusion(insight),
        most_confused: insight.most_confused.iter().map(|pair| confused(pair, insight)).collect(),
        top_losses: insight.top_losses(TOP).into_iter().map(|j| answer(j, insight)).collect(),
        per_class: insight.per_class.iter().map(|s| scores(s, insight)).collect(),
        predictions: insight.judged.iter().map(|j| answer(j, insight)).collect(),
        history: record.history.iter().map(row).collect(),
        samples: record
            .samples
            .iter()
            .filter_map(|s| {
                Some(Sample { class: record.classes.get(s.class)?, picture: &s.picture })
            })
            .collect(),
        bad: &record.bad,
        notes: &record.notes,
        facts: &record.facts,
    };
    serde_json::to_string_pretty(&report)
        .expect("numbers and strings under string keys are always JSON")
}

fn confusion(insight: &Insight) -> Confusion<'_> {
    let all = 0..insight.classes.len();
    let row =
        |actual| all.clone().map(|predicted| insight.confusion.share(actual, predicted)).collect();
    Confusion { counts: &insight.confusion.counts, shares: all.clone().map(row).collect() }
}

fn confused<'a>(pair: &Confused, insight: &'a Insight) -> Pair<'a> {
    Pair {
        actual: &insight.classes[pair.actual],
        predicted: &insight.classes[pair.predicted],
        count: pair.count,
        pictures: pair.pictures.iter().map(|&i| insight.judged[i].picture.as_str()).collect(),
    }
}

fn answer<'a>(judged: &'a Judged, insight: &'a Insight) -> Answer<'a> {
    Answer {
        picture: &judged.picture,
        actual: &insight.classes[judged.actual],
        fold: judged.fold + 1,
        predicted: &insight.classes[judged.predicted],
        probability: judged.probability,
        probability_of_actual: judged.probability_of_actual,
        loss: judged.loss,
        verdict: match judged.verdict {
            Verdict::Class(_) => "class",
            Verdict::Ambiguous(_) => "ambiguous",
            Verdict::Unfamiliar => "unfamiliar",
        },
        named: named(&judged.verdict).iter().map(|&c| insight.classes[c].as_str()).collect(),
        reason: judged.reason,
        logits: &judged.logits,
        heat: judged.heat.iter().filter_map(|heat| named_heat(heat, insight)).collect(),
        place: judged.place,
    }
}

fn named_heat<'a>(heat: &'a insight::Heat, insight: &'a Insight) -> Option<Heat<'a>> {
    Some(Heat { class: insight.classes.get(heat.class)?, cells: &heat.cells })
}

fn named(verdict: &Verdict) -> &[usize] {
    match verdict {
        Verdict::Class(class) => std::slice::from_ref(class),
        Verdict::Ambiguous(classes) => classes,
        Verdict::Unfamiliar => &[],
    }
}

fn scores<'a>(scores: &ClassScores, insight: &'a Insight) -> Scores<'a> {
    Scores {
        class: &insight.classes[scores.class],
        pictures: scores.recall.n,
        precision: scores.precision,
        recall: scores.recall,
        f1: scores.f1,
    }
}

fn row(epoch: &Epoch) -> Row<'_> {
    let rate = epoch.errors.and_then(|(wrong, of)| Proportion::new(wrong, of).estimate());
    Row { epoch, error_rate: rate.map(|r| r.value), error_interval: rate.map(|r| r.interval) }
}
