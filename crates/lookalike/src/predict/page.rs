//! The answers as one page: pictures by answer, the doubtful ones first.

use std::path::Path;

use classifier::Classifier;
use ground::progress::Progress;
use ground::{Stop, files};
use pictures::Place;
use report::answers::{Card, Group, Kind, Sheet, sheet};

use super::Tally;
use crate::Error;
use crate::json::{Answer, Named, Unread};
use crate::squares::squares;

/// Pictures that the page shows at most.
const SHOWN: usize = 3000;

/// What the page will show.
pub(super) struct Page {
    /// One for pictures not recognised, one for ambiguous ones, and one for each class.
    groups: Vec<Found>,
    classes: Vec<String>,
    unread: Vec<(String, String)>,
}

#[derive(Default)]
struct Found {
    pictures: Vec<(Place, Card)>,
}

impl Page {
    pub(super) fn new(classifier: &Classifier) -> Self {
        let classes = classifier.classes.clone();
        let groups = (0..classes.len() + 2).map(|_| Found::default()).collect();
        Self { groups, classes, unread: vec![] }
    }

    pub(super) fn add(&mut self, place: &Place, answer: &Answer<'_>, stray: bool) {
        let read = match answer {
            Answer::Read(read) => read,
            Answer::Unread(Unread { picture, error }) => {
                if !stray {
                    self.unread.push((picture.clone(), error.clone()));
                }
                return;
            }
        };
        let group = match &read.answer[..] {
            [] => Some(0),
            [named] => self.classes.iter().position(|class| class == named.class).map(|at| at + 2),
            _ => Some(1),
        };
        let shares = |named: &[Named<'_>]| -> Vec<(String, f32)> {
            named.iter().map(|named| (named.class.to_owned(), named.probability)).collect()
        };
        let card = Card {
            file: read.picture.clone(),
            thumbnail: None,
            // Percentages of a picture that is like none of the known ones mean nothing.
            shares: if read.answer.is_empty() { vec![] } else { shares(&read.top) },
            sure: read.answer.first().map_or(0.0, |named| named.probability),
            nearest: read.nearest.first().map(|nearest| nearest.picture.to_owned()),
        };
        if let Some(found) = group.and_then(|group| self.groups.get_mut(group)) {
            found.pictures.push((place.clone(), card));
        }
    }

    /// Draws the pictures and writes the page.
    pub(super) fn write(
        self,
        path: &Path,
        model: &Path,
        classifier: &Classifier,
        tally: &Tally,
        progress: &dyn Progress,
        stop: &Stop,
    ) -> Result<(), Error> {
        let (mut files, mut groups, mut left) = (vec![], vec![], SHOWN);
        for (at, Found { mut pictures }) in self.groups.into_iter().enumerate() {
            let all = pictures.len();
            // The least sure first.
            pictures.sort_by(|a, b| a.1.sure.total_cmp(&b.1.sure));
            // Doubtful pictures may take all the room; each class has its part of what is left.
            pictures.truncate(if at < 2 { left } else { left / (self.classes.len() + 2 - at) });
            left -= pictures.len();
            let (kind, name) = match at {
                0 => (Kind::NotRecognised, "Not recognised".to_owned()),
                1 => (Kind::Ambiguous, "Ambiguous".to_owned()),
                _ => (Kind::Class, self.classes[at - 2].clone()),
            };
            let (places, cards): (Vec<Place>, Vec<Card>) = pictures.into_iter().unzip();
            files.extend(places);
            groups.push(Group { name, kind, all, cards });
        }
        let files: Vec<&Place> = files.iter().collect();
        let drawn =
            squares(&files, &classifier.preprocess, progress, stop).ok_or(Error::Stopped)?;
        let cards = groups.iter_mut().flat_map(|group| &mut group.cards);
        cards.zip(drawn).for_each(|(card, drawn)| card.thumbnail = drawn);
        groups.retain(|group| group.all > 0);
        let html = sheet(&Sheet {
            title: model.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            summary: tally.line(),
            program: format!("lookalike {}", env!("CARGO_PKG_VERSION")),
            groups,
            unread: self.unread,
        });
        Ok(files::write(path, html.as_bytes())?)
    }
}
