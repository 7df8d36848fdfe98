//! What there is to decide, in the order in which somebody should be asked.

use std::path::Path;

use classifier::Reference;
use doctor::plan::Action;
use doctor::{Checkup, Kind};
use insight::Insight;
use lookalike::ToLabel;
use serde_json::{Value, json};

use super::list::List;
use super::near::near;

/// Pictures that were called something else, at most.
const CONFUSED: usize = 200;

/// Kinds of questions, in their order, with a title and why they are asked.
const TABS: [(&str, &str, &str); 9] = [
    (
        "label",
        "Possible label errors",
        "The classifier, which was not trained on these pictures, contradicts their labels.",
    ),
    (
        "conflict",
        "Same picture in two classes",
        "Copies and near duplicates under different labels: one of the labels is wrong.",
    ),
    (
        "copies",
        "Same picture",
        "Copies and near duplicates. One of each is enough; none may be both trained on and held out.",
    ),
    ("unreadable", "Cannot be used", "Training skips these files."),
    (
        "dark",
        "Blank or too dark",
        "Blank, very dark, very bright, or a picture that stands for a missing one.",
    ),
    ("blurred", "Blurred", "Blurred even at the resolution of a network."),
    (
        "small",
        "Small or of odd shape",
        "Very small, very long or very tall: a network sees little of them.",
    ),
    (
        "confused",
        "Confused",
        "The label may well be right: these pictures were taken for another class when they were held out.",
    ),
    (
        "next",
        "Label next",
        "Pictures beside the class folders from whose labels the classifier would gain most.",
    ),
];

/// A question.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    pub(super) tab: &'static str,
    severity: &'static str,
    title: String,
    words: String,
    /// Places of its pictures in the list.
    pub(super) pictures: Vec<usize>,
    pub(super) suggestion: Option<String>,
    margin: Option<f64>,
    keep: Option<(usize, &'static str)>,
    /// What is proposed: a place, an action, and a class to relabel to.
    proposal: Vec<(usize, Action, Option<String>)>,
    guesses: Vec<(String, f32)>,
    /// The most alike pictures of its label and of the suggestion.
    near: Vec<(String, Vec<usize>)>,
}

impl Found {
    /// The pictures that wait for a decision.
    pub(super) fn asks(&self) -> impl Iterator<Item = usize> {
        let kept = self.keep.filter(|_| self.pictures.len() > 1).map(|(kept, _)| kept);
        self.pictures.iter().copied().filter(move |&at| Some(at) != kept)
    }

    /// In a line of the plan.
    pub(super) fn reason(&self) -> String {
        format!("{}: {}", self.title, self.words)
    }

    /// As pages are told of it; `picture` tells of one.
    pub(super) fn json(
        &self,
        id: usize,
        open: bool,
        list: &List,
        picture: impl Fn(usize) -> Value,
    ) -> Value {
        let number = |at: usize| list.items[at].id;
        let proposal = self.proposal.iter().map(|(at, action, to)| {
            json!({ "picture": number(*at), "action": action.words(), "to": to })
        });
        let near = self.near.iter().map(|(class, places)| {
            let pictures: Vec<Value> = places.iter().map(|&at| picture(at)).collect();
            json!({ "class": class, "pictures": pictures })
        });
        let guesses = self.guesses.iter();
        let guesses = guesses.map(|(class, odds)| json!({ "class": class, "probability": odds }));
        json!({
            "id": id, "kind": self.tab, "severity": self.severity, "title": self.title,
            "words": self.words, "open": open,
            "pictures": self.pictures.iter().map(|&at| picture(at)).collect::<Vec<_>>(),
            "suggestion": self.suggestion, "margin": self.margin,
            "keep": self.keep.map(|(kept, _)| [number(kept)]),
            "keep_why": self.keep.map(|(_, why)| why),
            "proposal": proposal.collect::<Vec<_>>(), "guesses": guesses.collect::<Vec<_>>(),
            "near": near.collect::<Vec<_>>(),
        })
    }
}

/// Looks up the most alike pictures of the classes that doubted labels are between.
pub(super) fn add_near(
    found: &mut [Found],
    reference: &Reference,
    classes: &[String],
    list: &List,
) {
    let wanted = |one: &Found| {
        let (&[at], Some(suggestion)) = (&one.pictures[..], &one.suggestion) else { return None };
        let label = list.classes[list.items[at].class?].clone();
        Some((at, vec![suggestion.clone(), label]))
    };
    let wanted: Vec<_> = found.iter().filter_map(wanted).collect();
    let mut near = near(reference, classes, list, &wanted);
    for one in found.iter_mut().filter(|one| one.suggestion.is_some()) {
        one.near = one.pictures.first().and_then(|at| near.remove(at)).unwrap_or_default();
    }
}

/// The tabs that have questions, each with how many, and how many are open.
pub(super) fn tabs(found: &[Found], is_open: impl Fn(&Found) -> bool) -> Vec<Value> {
    let tab = |(kind, title, explanation): &(&str, &str, &str)| {
        let of = || found.iter().filter(|one| one.tab == *kind);
        let (count, open) = (of().count(), of().filter(|one| is_open(one)).count());
        let tab = json!({
            "kind": kind, "title": title, "explanation": explanation, "count": count, "open": open,
        });
        (count > 0).then_some(tab)
    };
    TABS.iter().filter_map(tab).collect()
}

/// What a check of the folder found.
pub(super) fn of_checkup(checkup: &Checkup, list: &List) -> Vec<Found> {
    let place = |file: usize| list.by_path(checkup.survey.files[file].place.name());
    let mut all = vec![];
    for finding in &checkup.findings {
        let Some((tab, action)) = tab_of(finding.kind) else { continue };
        let pictures: Vec<usize> = finding.files.iter().filter_map(|&file| place(file)).collect();
        if pictures.is_empty() || pictures.len() != finding.files.len() {
            continue;
        }
        let several = finding.files.len() > 1;
        let kept = (several && tab == "copies").then(|| checkup.kept_copy(&finding.files));
        let keep = kept.and_then(|(file, why)| Some((place(file)?, why)));
        let propose = |at: usize| match keep {
            Some((kept, _)) if kept == at => (at, Action::Keep, None),
            _ => (at, action, None),
        };
        all.push(Found {
            tab,
            severity: finding.kind.severity().id(),
            title: finding.kind.title().to_owned(),
            words: finding.words.clone(),
            proposal: pictures.iter().map(|&at| propose(at)).collect(),
            pictures,
            keep,
            ..Found::default()
        });
    }
    all
}

/// The tab of a finding of single pictures, and what is proposed to do with them.
fn tab_of(kind: Kind) -> Option<(&'static str, Action)> {
    Some(match kind {
        // Which label is right only the reader knows; until then the picture is of no use.
        Kind::LabelConflict => ("conflict", Action::LeaveOut),
        Kind::NearConflict => ("conflict", Action::Keep),
        Kind::Copies | Kind::Leak => ("copies", Action::LeaveOut),
        Kind::NearCopies | Kind::NearLeak => ("copies", Action::Keep),
        Kind::Unreadable => ("unreadable", Action::LeaveOut),
        Kind::Blank | Kind::Placeholder => ("dark", Action::LeaveOut),
        Kind::TooDark | Kind::TooBright => ("dark", Action::Keep),
        Kind::Blurred => ("blurred", Action::Keep),
        Kind::TooSmall | Kind::OddShape => ("small", Action::Keep),
        _ => return None,
    })
}

/// What a classifier contradicts or confuses, by what it said of pictures that it was not trained on.
pub(super) fn of_insight(insight: &Insight, list: &List) -> Vec<Found> {
    // A picture that was filed elsewhere since is another question.
    let place = |judged: &insight::Judged| {
        let at = list.by_path(Path::new(&judged.picture))?;
        let class = list.items[at].class?;
        (list.classes[class] == insight.classes[judged.actual]).then_some(at)
    };
    let percent = |odds: f32| format!("{:.0}%", 100.0 * odds);
    let mut all = vec![];
    for suspect in &insight.suspects.pictures {
        let judged = &insight.judged[suspect.picture];
        let Some(at) = place(judged) else { continue };
        let (label, other) = (&insight.labels[judged.actual], &insight.labels[suspect.suggested]);
        let suggestion = insight.classes[suspect.suggested].clone();
        all.push(Found {
            tab: "label",
            severity: "doubtful",
            title: "possible label error".into(),
            words: format!("filed under {label}, looks like {other}"),
            pictures: vec![at],
            proposal: vec![(at, Action::Relabel, Some(suggestion.clone()))],
            suggestion: Some(suggestion),
            margin: Some(suspect.margin),
            ..Found::default()
        });
    }
    let known: Vec<usize> = insight.suspects.pictures.iter().map(|one| one.picture).collect();
    let mut wrong: Vec<usize> = (0..insight.judged.len())
        .filter(|at| insight.judged[*at].predicted != insight.judged[*at].actual)
        .filter(|at| !known.contains(at))
        .collect();
    wrong.sort_by(|&a, &b| insight.judged[b].loss.total_cmp(&insight.judged[a].loss));
    for judged in wrong.into_iter().take(CONFUSED).map(|at| &insight.judged[at]) {
        let Some(at) = place(judged) else { continue };
        let (label, other) = (&insight.labels[judged.actual], &insight.labels[judged.predicted]);
        let [sure, own] = [judged.probability, judged.probability_of_actual].map(percent);
        all.push(Found {
            tab: "confused",
            severity: "doubtful",
            title: "taken for another class".into(),
            words: format!("{other} {sure}, {label} {own}"),
            pictures: vec![at],
            proposal: vec![(at, Action::Keep, None)],
            suggestion: Some(insight.classes[judged.predicted].clone()),
            ..Found::default()
        });
    }
    all
}

/// Pictures to label next.
pub(super) fn of_next(pictures: &[ToLabel], list: &List) -> Vec<Found> {
    let found = |picture: &ToLabel| {
        let at = list.by_path(&picture.path)?;
        let suggestion = picture.guesses.first().map(|(class, _)| class.clone());
        Some(Found {
            tab: "next",
            severity: "note",
            title: "has no label".into(),
            words: "the classifier would gain much from its label".into(),
            pictures: vec![at],
            proposal: suggestion.iter().map(|to| (at, Action::Relabel, Some(to.clone()))).collect(),
            suggestion,
            guesses: picture.guesses.clone(),
            ..Found::default()
        })
    };
    pictures.iter().filter_map(found).collect()
}
