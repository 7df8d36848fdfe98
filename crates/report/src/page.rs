//! The report page: everything that its template shows, computed beforehand.

mod beyond;
mod figures;
mod gallery;
mod map;
mod matrix;
mod training;
mod trust;

use askama::Template;
use insight::{BadPicture, Insight, Piece, RunRecord, Sentence};

use self::beyond::{Doubted, Guess, More, Tried};
pub(crate) use self::gallery::Picture;
use self::gallery::{ClassSamples, Loss, Pair};
use self::map::FeatureMap;
use self::matrix::Matrix;
use self::training::Training;
use self::trust::{Certainty, Unsure};
use crate::About;
use crate::names::{Name, cut, parts, plural, thousands};
use crate::next::{self, Next};
use crate::svg;

pub use self::figures::{Figure, figures};
pub use self::gallery::EXPLAINED;

/// Classes that samples, the matrix and the scores show at most.
const CLASSES: usize = 30;

/// How many unusable files are listed.
const BAD: usize = 200;

#[derive(Template)]
#[template(path = "page.html")]
pub(crate) struct Page<'a> {
    about: &'a About,
    title: Name,
    names: &'a [Name],
    headline: Option<Headline>,
    /// Notes, each in parts of text and code in turn.
    notes: Vec<Vec<String>>,
    /// What to do next: sentences as HTML, and commands.
    steps: Vec<(String, Option<String>)>,
    samples: Vec<ClassSamples>,
    training: Option<Training>,
    matrix: Option<Matrix>,
    /// Each column of the matrix in words, as HTML.
    columns: Vec<String>,
    pair_sentence: String,
    pairs: Vec<Pair>,
    pair_count: usize,
    losses: Vec<Loss>,
    /// How many pictures have heat maps, and which classifier these come from.
    explained: usize,
    reasons: String,
    map: Option<FeatureMap>,
    scores: Vec<Score>,
    /// The scores of all classes together, in words.
    together: String,
    certainty: Option<Certainty>,
    unsure: Option<Unsure>,
    more: Option<More>,
    suspects_sentence: String,
    doubted: Vec<Doubted>,
    suspect_count: usize,
    fixes: Option<String>,
    alarms: Vec<String>,
    guesses: Vec<Guess>,
    tried: Option<Tried>,
    bad: Vec<(Name, String)>,
    bad_count: usize,
    facts: Vec<(String, String)>,
}

/// The head of the page.
struct Headline {
    percent: String,
    range: String,
    bar: String,
    /// Sentences, as HTML.
    accuracy: String,
    baseline: String,
    baseline_percent: String,
    /// Its place, in per cent of the bar.
    baseline_at: f64,
    protocol: String,
    /// Names and values of further scores.
    tiles: Vec<(&'static str, String)>,
}

/// The scores of a class, each with its whisker.
struct Score {
    class: usize,
    pictures: usize,
    /// Precision, recall, F1.
    values: [Option<Value>; 3],
}

pub(crate) struct Value {
    pub(crate) percent: String,
    pub(crate) range: String,
    pub(crate) whisker: String,
}

impl Value {
    pub(crate) fn of(estimate: &insight::Estimate) -> Self {
        let (percent, range) = (estimate.percent(), estimate.range());
        Self { percent, range, whisker: svg::whisker(estimate) }
    }
}

/// A sentence as HTML: names of classes set off and isolated, everything escaped.
#[derive(Template)]
#[template(
    ext = "html",
    source = "{% for piece in sentence.0 %}{% match piece %}{% when Piece::Text with (text) %}{{ text }}{% when Piece::Class with (name) %}<bdi class=\"name\">{{ self::cut(name, 80) }}</bdi>{% when Piece::Code with (literal) %}<code>{{ self::cut(literal, 200) }}</code>{% endmatch %}{% endfor %}"
)]
struct Words<'a> {
    sentence: &'a Sentence,
}

fn words(sentence: &Sentence) -> String {
    rendered(&Words { sentence })
}

pub(crate) fn rendered(template: &impl Template) -> String {
    template.render().expect("templates whose values print without error render without error")
}

impl<'a> Page<'a> {
    pub(crate) fn to_html(&self) -> String {
        rendered(self)
    }

    /// Computes everything; `names` are the classes' as [`names`] gives them.
    pub(crate) fn of(
        record: &RunRecord,
        insight: &Insight,
        names: &'a [Name],
        thumbnails: &[Vec<u8>],
        about: &'a About,
    ) -> Self {
        let shown = matrix::most_confused_classes(insight, CLASSES);
        let explained = insight.judged.iter().filter(|judged| !judged.heat.is_empty()).count();
        Self {
            about,
            title: Name::of(&about.title),
            names,
            headline: headline(insight),
            steps: steps(record, insight, about),
            notes: notes(record, insight),
            samples: gallery::samples(record, &shown, thumbnails),
            training: Training::of(&record.history),
            matrix: (!insight.judged.is_empty())
                .then(|| Matrix::of(insight, &shown, gallery::PAIRS)),
            columns: shown.iter().map(|&class| words(&insight.column_sentence(class))).collect(),
            pair_sentence: words(&insight.pair_sentence()),
            pairs: gallery::pairs(insight, thumbnails),
            pair_count: insight.most_confused.len(),
            losses: gallery::losses(insight, thumbnails),
            explained: if insight.reasons.is_some() { explained } else { 0 },
            reasons: words(&insight.reasons_sentence()),
            map: FeatureMap::of(insight, thumbnails),
            scores: scores(insight),
            together: words(&insight.scores_sentence()),
            certainty: Certainty::of(insight).filter(|_| !insight.is_small()),
            unsure: Unsure::of(insight).filter(|_| !insight.is_small()),
            more: More::of(insight).filter(|_| !insight.is_small()),
            suspects_sentence: words(&insight.suspects_sentence()),
            doubted: beyond::doubted(insight, thumbnails),
            suspect_count: insight.suspects.pictures.len(),
            fixes: insight.fixes_sentence().as_ref().map(words),
            alarms: insight.shortcut_alarms().iter().map(words).collect(),
            guesses: beyond::guesses(insight),
            tried: Tried::of(record, insight.is_small()),
            bad: bad(&record.bad),
            bad_count: record.bad.len(),
            facts: record
                .facts
                .iter()
                .map(|fact| (cut(&fact.name, 80), cut(&fact.value, 2000)))
                .collect(),
        }
    }
}

/// What a reader should know, in parts of text and code; first whether there is little to know.
fn notes(record: &RunRecord, insight: &Insight) -> Vec<Vec<String>> {
    let small = insight.small_sentence().map(|sentence| sentence + ".");
    small.iter().chain(&record.notes).map(|note| parts(note, 1000)).collect()
}

/// What to do next: sentences as HTML, and commands.
fn steps(record: &RunRecord, insight: &Insight, about: &About) -> Vec<(String, Option<String>)> {
    let each = |next: Next| {
        let end = if next.command.is_some() { ":" } else { "." };
        (words(&next.sentence) + end, next.command.map(|command| cut(&command, 500)))
    };
    next::steps(record, insight, about).into_iter().map(each).collect()
}

/// Names of the classes, safe to show.
pub(crate) fn names(insight: &Insight) -> Vec<Name> {
    Name::all(&insight.labels)
}

fn headline(insight: &Insight) -> Option<Headline> {
    let estimate = insight.accuracy.estimate()?;
    let baseline = insight.baseline.accuracy.estimate()?;
    Some(Headline {
        percent: estimate.percent(),
        range: estimate.range(),
        bar: svg::verdict(&estimate, baseline.value),
        accuracy: words(&insight.accuracy_sentence()),
        baseline: words(&insight.baseline_sentence()),
        baseline_percent: baseline.percent(),
        baseline_at: 100.0 * baseline.value,
        protocol: words(&insight.protocol_sentence()),
        tiles: tiles(insight),
    })
}

fn tiles(insight: &Insight) -> Vec<(&'static str, String)> {
    let log_loss = insight.log_loss.map_or_else(String::new, |loss| loss.plain());
    vec![
        ("Pictures evaluated", thousands(insight.accuracy.n)),
        ("Classes", thousands(insight.classes.len())),
        ("Error rate", insight.error_rate.to_string()),
        ("Log-loss", log_loss),
    ]
}

/// In the order of the classes; where there are too many, the weakest by F1.
fn scores(insight: &Insight) -> Vec<Score> {
    let mut all: Vec<_> = insight.per_class.iter().filter(|s| s.f1.is_some()).collect();
    if all.len() > CLASSES {
        let f1 = |s: &insight::ClassScores| s.f1.map_or(1.0, |f1| f1.value);
        all.sort_by(|a, b| f1(a).total_cmp(&f1(b)));
        all.truncate(CLASSES);
    }
    let value = |estimate: insight::Estimate| Value::of(&estimate);
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
