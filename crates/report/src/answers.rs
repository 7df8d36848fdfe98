//! Answers on new pictures, pictures by answer, with filters that need no script.

use askama::Template;

use crate::names::{Name, cut, percent, plural, thousands};
use crate::thumbnail::address_of;

/// Answers on some pictures.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    /// The classifier's name.
    pub title: String,
    /// How many pictures got which answer.
    pub summary: String,
    /// The program, with its version.
    pub program: String,
    /// Pictures by their answer, the doubtful ones first.
    pub groups: Vec<Group>,
    /// Files that could not be read, and why.
    pub unread: Vec<(String, String)>,
}

/// Pictures with the same answer.
#[derive(Clone, Debug)]
pub struct Group {
    /// The class, or what the answer is called.
    pub name: String,
    /// Which kind of answer.
    pub kind: Kind,
    /// How many pictures there are.
    pub all: usize,
    /// Those that are shown, the least sure first.
    pub cards: Vec<Card>,
}

/// A kind of answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The picture is unlike the training pictures.
    NotRecognised,
    /// Several classes are possible.
    Ambiguous,
    /// One class.
    Class,
}

/// A picture with its answer.
#[derive(Clone, Debug, Default)]
pub struct Card {
    /// Its file.
    pub file: String,
    /// A small JPEG.
    pub thumbnail: Option<Vec<u8>>,
    /// The most probable classes; none of a picture that is not recognised.
    pub shares: Vec<(String, f32)>,
    /// The probability of what is named first.
    pub sure: f32,
    /// The training picture that is most like it.
    pub nearest: Option<String>,
}

/// Probabilities below which one may want to look again, in per cent, the highest first.
const BELOW: [u32; 3] = [95, 80, 60];

/// Unreadable files that are listed.
const UNREAD: usize = 200;

#[derive(Template)]
#[template(path = "answers.html")]
struct Page<'a> {
    sheet: &'a Sheet,
    title: Name,
    groups: Vec<Shown<'a>>,
    below: [u32; 3],
    unread: Vec<(Name, String)>,
}

struct Shown<'a> {
    name: Name,
    group: &'a Group,
    doubtful: bool,
    cards: Vec<ShownCard>,
}

struct ShownCard {
    file: Name,
    address: String,
    shares: Vec<(Name, String)>,
    nearest: String,
    /// For each of [`BELOW`] whether it is below: names for the style sheet.
    tags: String,
}

/// The answers as one HTML file: no script, no network, pictures inside.
///
/// # Panics
/// Never: its values print without error.
#[must_use]
pub fn sheet(sheet: &Sheet) -> String {
    let unread = sheet.unread.iter().take(UNREAD);
    let page = Page {
        title: Name::of(&sheet.title),
        groups: sheet.groups.iter().map(Shown::of).collect(),
        below: BELOW,
        unread: unread.map(|(file, why)| (Name::of(file), cut(why, 200))).collect(),
        sheet,
    };
    page.render().expect("templates whose values print without error render without error")
}

impl<'a> Shown<'a> {
    fn of(group: &'a Group) -> Self {
        Self {
            name: Name::of(&group.name),
            group,
            doubtful: group.kind != Kind::Class,
            cards: group.cards.iter().map(|card| shown_card(card, group.kind)).collect(),
        }
    }
}

fn shown_card(card: &Card, kind: Kind) -> ShownCard {
    let last = card.file.rsplit(['/', '\\']).next().unwrap_or(&card.file);
    let above =
        |&least: &u32| kind == Kind::Class && f64::from(card.sure) * 100.0 >= f64::from(least);
    let tags = BELOW.iter().filter(|least| above(least)).map(|least| format!(" over-{least}"));
    ShownCard {
        file: Name { full: Name::of(&card.file).full, ..Name::of(last) },
        address: card.thumbnail.as_deref().map_or_else(String::new, address_of),
        shares: card
            .shares
            .iter()
            .map(|(class, share)| (Name::of(class), percent(f64::from(*share))))
            .collect(),
        nearest: card.nearest.as_deref().map_or_else(String::new, |nearest| cut(nearest, 80)),
        tags: tags.collect(),
    }
}
