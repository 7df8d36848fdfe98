//! Insight in words. The name of a class is separate from the words around it, so that a page can
//! set it off (and isolate its writing direction) and a terminal can print it plain.

mod few;
mod maps;
mod next;
mod scores;
mod summary;
mod trust;

use std::fmt;

use ground::words::count;

pub use self::few::few_pictures;
pub use self::next::{COLUMNS, Paths, Step, arguments, quoted};
use crate::insight::Insight;
use crate::record::Protocol;

/// A part of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Words around the names.
    Text(String),
    /// The name of a class, as [`crate::labels`] gives it.
    Class(String),
    /// What is typed or read as it stands: a file's name, a word in a table.
    Code(String),
}

/// A sentence of words and names of classes; prints as one line of text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sentence(pub Vec<Piece>);

impl Sentence {
    fn text(mut self, words: impl Into<String>) -> Self {
        self.0.push(Piece::Text(words.into()));
        self
    }

    fn class(mut self, label: &str) -> Self {
        self.0.push(Piece::Class(label.to_owned()));
        self
    }

    fn code(mut self, literal: &str) -> Self {
        self.0.push(Piece::Code(literal.to_owned()));
        self
    }
}

impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| match piece {
            Piece::Text(words) | Piece::Class(words) => f.write_str(words),
            Piece::Code(literal) => write!(f, "`{literal}`"),
        })
    }
}

impl Insight {
    /// How many pictures, and of which kind: `101 held-out pictures`.
    #[must_use]
    pub fn pictures(&self, n: usize) -> String {
        count(
            n,
            match self.protocol {
                Protocol::OutOfFold { .. } => "picture",
                Protocol::HeldOut { .. } => "held-out picture",
                Protocol::Test => "test picture",
            },
        )
    }
}

/// The text with a capital letter at its beginning.
fn capital(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}
