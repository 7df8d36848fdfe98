//! The page: what its template shows, worked out beforehand.

mod gallery;
mod matrix;
mod training;

use askama::Template;
use insight::{BadPicture, Evidence, Insight, Piece, Sentence};

use self::gallery::{ClassSamples, Loss, Pair};
use self::matrix::Matrix;
use self::training::Training;
use crate::About;
use crate::names::{Name, cut, plural};
use crate::svg;

/// Classes that samples, the matrix and the scores show at most.
const CLASSES: usize = 30;

/// Bad pictures that are listed.
const BAD: usize = 200;

#[derive(Template)]
#[template(path = "page.html")]
pub(crate) struct Page<'a> {
    about: &'a About,
    title: Name,
    names: &'a [Name],
    headline: Option<Headline>,
    notes: Vec<String>,
    samples: Vec<ClassSamples>,
    training: Option<Training>,
    matrix: Option<Matrix>,
    /// Each column of the matrix in words, as HTML, the first first.
    columns: Vec<String>,
    pair_sentence: String,
    pairs: Vec<Pair>,
    pair_count: usize,
    losses: Vec<Loss>,
    scores: Vec<Score>,
    bad: Vec<(Name, String)>,
    bad_count: usize,
    facts: Vec<(String, String)>,
}

/// What the page begins with.
struct Headline {
    percent: String,
    ends: [String; 2],
    bar: String,
    /// Sentences, as HTML.
    accuracy: String,
    baseline: String,
    baseline_percent: String,
    /// Where it stands, in per cent of the bar.
    baseline_at: f64,
    error_rate: String,
    log_loss: String,
    pictures: usize,
}

/// The scores of a class, each with its whisker.
struct Score {
    class: usize,
    pictures: usize,
    /// Precision, recall, F1.
    values: [Option<Value>; 3],
}

struct Value {
    percent: String,
    range: String,
    whisker: String,
}

/// A sentence as HTML: names of classes set off and isolated, everything escaped.
#[derive(Template)]
#[template(
    ext = "html",
    source = "{% for piece in sentence.0 %}{% match piece %}{% when Piece::Text with (text) %}{{ text }}{% when Piece::Class with (name) %}<bdi class=\"name\">{{ self::cut(name, 80) }}</bdi>{% endmatch %}{% endfor %}"
)]
struct Words<'a> {
    sentence: &'a Sentence,
}

fn words(sentence: &Sentence) -> String {
    unbroken(&rendered(&Words { sentence }))
}

/// With no line break between a number and its per cent sign.
fn unbroken(text: &str) -> String {
    text.replace(" %", "\u{a0}%")
}

fn rendered(template: &impl Template) -> String {
    template.render().expect("templates whose values print without error render without error")
}

impl<'a> Page<'a> {
    pub(crate) fn to_html(&self) -> String {
        rendered(self)
    }

    /// Works out everything; `names` are the classes' as [`names`] gives them.
    pub(crate) fn of(
        evidence: &Evidence,
        insight: &Insight,
        names: &'a [Name],
        thumbnails: &[Vec<u8>],
        about: &'a About,
    ) -> Self {
        let shown = matrix::most_confused_classes(insight, CLASSES);
        Self {
            about,
            title: Name::of(&about.title),
            names,
            headline: headline(insight),
            notes: evidence.notes.iter().map(|note| cut(note, 1000)).collect(),
            samples: gallery::samples(evidence, &shown, thumbnails),
            training: Training::of(&evidence.history),
            matrix: (!insight.judged.is_empty())
                .then(|| Matrix::of(insight, &shown, gallery::PAIRS)),
            columns: shown.iter().map(|&class| words(&insight.column_sentence(class))).collect(),
            pair_sentence: words(&insight.pair_sentence()),
            pairs: gallery::pairs(insight, thumbnails),
            pair_count: insight.most_confused.len(),
            losses: gallery::losses(insight, thumbnails),
            scores: scores(insight),
            bad: bad(&evidence.bad),
            bad_count: evidence.bad.len(),
            facts: evidence
                .facts
                .iter()
                .map(|fact| (cut(&fact.name, 80), cut(&fact.value, 2000)))
                .collect(),
        }
    }
}

/// Names of the classes, fit to be shown.
pub(crate) fn names(insight: &Insight) -> Vec<Name> {
    insight.labels.iter().map(|label| Name::of(label)).collect()
}

fn headline(insight: &Insight) -> Option<Headline> {
    let estimate = insight.accuracy.estimate()?;
    let baseline = insight.baseline.accuracy.estimate()?;
    Some(Headline {
        percent: estimate.percent(),
        ends: estimate.ends(),
        bar: svg::verdict(&estimate, baseline.value),
        accuracy: words(&insight.accuracy_sentence()),
        baseline: words(&insight.baseline_sentence()),
        baseline_percent: baseline.percent(),
        baseline_at: 100.0 * baseline.value,
        error_rate: insight.error_rate.to_string(),
        log_loss: insight.log_loss.map_or_else(String::new, |loss| format!("{loss:.2}")),
        pictures: insight.accuracy.n,
    })
}

/// In the order of the classes; where there are too many, the weakest by F1.
fn scores(insight: &Insight) -> Vec<Score> {
    let mut all: Vec<_> = insight.per_class.iter().filter(|s| s.f1.is_some()).collect();
    if all.len() > CLASSES {
        let f1 = |s: &insight::ClassScores| s.f1.map_or(1.0, |f1| f1.value);
        all.sort_by(|a, b| f1(a).total_cmp(&f1(b)));
        all.truncate(CLASSES);
    }
    let value = |estimate: insight::Estimate| Value {
        percent: estimate.percent(),
        range: estimate.range(),
        whisker: svg::whisker(&estimate),
    };
    all.into_iter()
        .map(|s| Score {
            class: s.class,
            pictures: s.recall.n,
            values: [s.precision.estimate(), s.recall.estimate(), s.f1].map(|e| e.map(value)),
        })
        .collect()
}

fn bad(pictures: &[BadPicture]) -> Vec<(Name, String)> {
    pictures.iter().take(BAD).map(|bad| (Name::of(&bad.picture), cut(&bad.reason, 300))).collect()
}
