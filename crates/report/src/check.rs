//! What `check` found, as one page: findings by kind, groups side by side, and each class at a
//! glance.
//!
//! [`shown`] says which files the page wants small pictures of, [`html`] draws it. How much is
//! shown of each kind is bounded, so that a folder of a million pictures makes a page that opens.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use askama::Template;
use doctor::{Checkup, Finding, Kind, Severity, Side};
use insight::{Guessed, Proportion};

use crate::About;
use crate::names::{Name, cut, parts, plural, thousands};
use crate::page::{Picture, Value, rendered};
use crate::thumbnail::address_of;

/// Findings of a kind that are shown.
const SHOWN: usize = 24;
/// Files of a group that are shown.
const FILES: usize = 8;
/// Classes that are counted one by one, and of which pictures are shown.
const CLASSES: usize = 30;
/// Pictures of a class, and of each of more than [`MANY`].
const OF_CLASS: usize = 24;
const OF_MANY: usize = 16;
const MANY: usize = 8;

/// Small pictures (JPEG or PNG) by file: an index into [`doctor::Survey::files`].
pub type Thumbnails = HashMap<usize, Vec<u8>>;

/// The files that the page shows pictures of.
#[must_use]
pub fn shown(checkup: &Checkup) -> BTreeSet<usize> {
    let usable = |file: &usize| checkup.survey.files[*file].sight.is_ok();
    let found = Kind::ALL.iter().flat_map(|&kind| of_kind(checkup, kind).take(SHOWN));
    let found = found.flat_map(|finding| finding.files.iter().copied().take(FILES));
    let sheets = (0..checkup.survey.classes.len()).take(CLASSES);
    let sheets = sheets.flat_map(|class| sheet_of(checkup, class).0);
    found.chain(sheets).filter(usable).collect()
}

/// The page. `guesses` says how often the class can be guessed without looking, and `chance` how
/// often by always saying the most common class; a picture that has no thumbnail is shown by name.
#[must_use]
pub fn html(
    checkup: &Checkup,
    guesses: &[Guessed],
    chance: Option<&Proportion>,
    thumbnails: &Thumbnails,
    about: &About,
) -> String {
    rendered(&Page::of(checkup, guesses, chance, thumbnails, about))
}

#[derive(Template)]
#[template(path = "check.html")]
struct Page<'a> {
    about: &'a About,
    title: Name,
    lead: String,
    tiles: Vec<(&'static str, usize)>,
    /// Warnings, each in parts of text and code in turn.
    warnings: Vec<Vec<String>>,
    found: Vec<Found>,
    guesses: Vec<Guess>,
    classes: Vec<Class>,
    class_count: usize,
    sheets: Vec<Sheet>,
}

/// All findings of a kind.
struct Found {
    id: &'static str,
    severity: &'static str,
    title: String,
    explanation: &'static str,
    count: usize,
    /// Of classes.
    lines: Vec<String>,
    /// Of several files.
    groups: Vec<Group>,
    /// Of one picture each.
    files: Vec<(File, String)>,
    /// Of one file each that is no picture.
    rows: Vec<(Name, String)>,
    /// How many of these there are for each reason, if several share one.
    reasons: Vec<(usize, String)>,
    more: usize,
}

struct Group {
    words: String,
    /// Whether the files are of several classes.
    mixed: bool,
    files: Vec<File>,
    more: usize,
}

struct File {
    picture: Picture,
    class: Name,
    facts: String,
}

struct Guess {
    name: String,
    alarm: bool,
    value: Value,
}

struct Class {
    name: Name,
    good: usize,
    bad: usize,
    width: f64,
}

struct Sheet {
    name: Name,
    of: usize,
    pictures: Vec<Picture>,
}

impl<'a> Page<'a> {
    fn of(
        checkup: &Checkup,
        guesses: &[Guessed],
        chance: Option<&Proportion>,
        thumbnails: &Thumbnails,
        about: &'a About,
    ) -> Self {
        let survey = &checkup.survey;
        let graves = [Severity::Wrong, Severity::Doubtful, Severity::Note].map(|severity| {
            checkup.findings.iter().filter(|finding| finding.kind.severity() == severity).count()
        });
        Self {
            about,
            title: Name::of(&about.title),
            lead: lead(graves),
            tiles: vec![
                ("Files", survey.files.len()),
                ("Classes", survey.classes.len()),
                ("Wrong", graves[0]),
                ("Doubtful", graves[1]),
            ],
            warnings: survey.warnings.iter().map(|warning| parts(warning, 500)).collect(),
            found: Kind::ALL.iter().filter_map(|&kind| found(checkup, kind, thumbnails)).collect(),
            guesses: guessed(guesses, chance),
            classes: classes(checkup),
            class_count: survey.classes.len(),
            sheets: sheets(checkup, thumbnails),
        }
    }
}

/// "3 things are wrong, 12 are doubtful, and 1 is worth knowing."
fn lead([wrong, doubtful, notes]: [usize; 3]) -> String {
    let verbs = [("is wrong", "are wrong"), ("is doubtful", "are doubtful")];
    let verbs = verbs.into_iter().chain([("is worth knowing", "are worth knowing")]);
    let mut parts: Vec<String> = vec![];
    for (count, (one, many)) in [wrong, doubtful, notes].into_iter().zip(verbs) {
        if count > 0 {
            // The first says what is counted.
            let what = if parts.is_empty() { plural(count, "thing") } else { count.to_string() };
            parts.push(format!("{what} {}", if count == 1 { one } else { many }));
        }
    }
    match parts.split_last() {
        None => "Nothing wrong was found.".into(),
        Some((last, [])) => format!("{last}."),
        Some((last, first)) => format!("{}, and {last}.", first.join(", ")),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn of_kind(checkup: &Checkup, kind: Kind) -> impl Iterator<Item = &Finding> {
    checkup.findings.iter().filter(move |finding| finding.kind == kind)
}

fn found(checkup: &Checkup, kind: Kind, thumbnails: &Thumbnails) -> Option<Found> {
    let count = of_kind(checkup, kind).count();
    let mut found = Found {
        id: kind.id(),
        severity: kind.severity().id(),
        title: capital(kind.title()),
        explanation: kind.explanation(),
        count,
        lines: vec![],
        groups: vec![],
        files: vec![],
        rows: vec![],
        reasons: reasons(checkup, kind),
        more: count.saturating_sub(SHOWN),
    };
    let survey = &checkup.survey;
    for finding in of_kind(checkup, kind).take(SHOWN) {
        let words = cut(&finding.words, 300);
        match finding.files.as_slice() {
            [] => found.lines.push(words),
            &[one] if survey.files[one].sight.is_ok() => {
                found.files.push((file(checkup, one, thumbnails), words));
            }
            &[one] => found.rows.push((Name::of(&survey.name(one)), words)),
            files => found.groups.push(Group {
                words: capital(&words),
                mixed: files.iter().any(|&f| survey.files[f].label != survey.files[files[0]].label),
                files: files.iter().take(FILES).map(|&f| file(checkup, f, thumbnails)).collect(),
                more: files.len().saturating_sub(FILES),
            }),
        }
    }
    (count > 0).then_some(found)
}

/// How many files that are no pictures there are for each reason, most first; none where each has its
/// own, as the rows say that.
fn reasons(checkup: &Checkup, kind: Kind) -> Vec<(usize, String)> {
    let no_picture = |finding: &&Finding| match finding.files.as_slice() {
        &[one] => checkup.survey.files[one].sight.is_err(),
        _ => false,
    };
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in of_kind(checkup, kind).filter(no_picture) {
        *counts.entry(&finding.words).or_default() += 1;
    }
    if counts.values().all(|&count| count == 1) {
        return vec![];
    }
    let mut reasons: Vec<(usize, String)> =
        counts.into_iter().map(|(why, count)| (count, cut(why, 300))).collect();
    reasons.sort_by_key(|&(count, _)| std::cmp::Reverse(count));
    reasons.truncate(SHOWN);
    reasons
}

fn file(checkup: &Checkup, file: usize, thumbnails: &Thumbnails) -> File {
    let seen = &checkup.survey.files[file];
    let mut facts = vec![];
    if let Ok(sight) = &seen.sight {
        facts.push(format!("{} × {}", sight.width, sight.height));
    }
    facts.push(match seen.bytes {
        bytes @ 0..1_000_000 => format!("{} kB", bytes.div_ceil(1000)),
        bytes => format!("{:.1} MB", bytes as f64 / 1e6),
    });
    match seen.side {
        Some(Side::Train) => facts.push("train".into()),
        Some(Side::Valid) => facts.push("valid".into()),
        Some(Side::Test) => facts.push("test".into()),
        None => {}
    }
    File {
        picture: picture(checkup, file, thumbnails),
        class: Name::of(&checkup.survey.classes[seen.label]),
        facts: facts.join(", "),
    }
}

fn picture(checkup: &Checkup, file: usize, thumbnails: &Thumbnails) -> Picture {
    let address = thumbnails.get(&file).map_or_else(String::new, |bytes| address_of(bytes));
    Picture::of(&checkup.survey.name(file), address)
}

fn guessed(guesses: &[Guessed], chance: Option<&Proportion>) -> Vec<Guess> {
    let guess = |name: &str, alarm, right: &Proportion| {
        let estimate = right.estimate()?;
        Some(Guess { name: cut(name, 80), alarm, value: Value::of(&estimate) })
    };
    if guesses.is_empty() {
        return vec![];
    }
    let always = chance.and_then(|right| guess("always the most common class", false, right));
    let tried = guesses.iter().filter_map(|g| guess(&g.what, g.alarm, &g.right));
    always.into_iter().chain(tried).collect()
}

/// In their order; where there are too many, the smallest.
fn classes(checkup: &Checkup) -> Vec<Class> {
    let survey = &checkup.survey;
    let mut counts = vec![[0usize; 2]; survey.classes.len()];
    for seen in &survey.files {
        counts[seen.label][usize::from(seen.sight.is_err())] += 1;
    }
    let most = counts.iter().map(|count| count[0]).max().unwrap_or(0).max(1);
    let mut order: Vec<usize> = (0..counts.len()).collect();
    if order.len() > CLASSES {
        order.sort_by_key(|&class| counts[class][0]);
        order.truncate(CLASSES);
    }
    let class = |class: usize| Class {
        name: Name::of(&survey.classes[class]),
        good: counts[class][0],
        bad: counts[class][1],
        width: 100.0 * counts[class][0] as f64 / most as f64,
    };
    order.into_iter().map(class).collect()
}

/// Some of a class's pictures, spread evenly, and how many it has.
fn sheet_of(checkup: &Checkup, class: usize) -> (Vec<usize>, usize) {
    let files = &checkup.survey.files;
    let all: Vec<usize> = (0..files.len())
        .filter(|&file| files[file].label == class && files[file].sight.is_ok())
        .collect();
    let most = if checkup.survey.classes.len() > MANY { OF_MANY } else { OF_CLASS };
    let count = all.len().min(most);
    ((0..count).map(|at| all[at * all.len() / count]).collect(), all.len())
}

fn sheets(checkup: &Checkup, thumbnails: &Thumbnails) -> Vec<Sheet> {
    let sheet = |class: usize| {
        let (files, of) = sheet_of(checkup, class);
        let pictures = files.iter().map(|&file| picture(checkup, file, thumbnails)).collect();
        Sheet { name: Name::of(&checkup.survey.classes[class]), of, pictures }
    };
    let classes = checkup.survey.classes.len().min(CLASSES);
    (0..classes).map(sheet).filter(|sheet| sheet.of > 0).collect()
}
