//! Text from outside made safe to show, and numbers as people read them.

use std::borrow::Borrow;
use std::collections::HashMap;

use insight::visible;

/// Characters of a name that are shown; the style sheet shortens further where room is short.
const SHOWN: usize = 80;

/// Characters of a name in a table with many, and how many of them are its beginning where names
/// begin alike.
const BRIEF: usize = 17;
const HEAD: usize = 5;

/// Characters that pointing at it reveals.
const FULL: usize = 300;

/// A class, a file or another text from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) shown: String,
    pub(crate) full: String,
    /// As many characters as a row of a table has room for, with those that tell it from others.
    pub(crate) brief: String,
}

impl Name {
    pub(crate) fn of(text: &str) -> Self {
        Self { shown: cut(text, SHOWN), full: cut(text, FULL), brief: cut(text, BRIEF) }
    }

    /// Names that stand beside one another: what begins alike is shortened in the middle.
    pub(crate) fn all(texts: &[String]) -> Vec<Self> {
        let mut sorted: Vec<&String> = texts.iter().collect();
        sorted.sort_unstable();
        sorted.dedup();
        // What a name has in common with any other, it has in common with a neighbour.
        let shared: HashMap<&String, usize> = (0..sorted.len())
            .map(|at| {
                let before = at.checked_sub(1).map(|before| sorted[before]);
                let others = before.into_iter().chain(sorted.get(at + 1).copied());
                (sorted[at], others.map(|other| in_common(sorted[at], other)).max().unwrap_or(0))
            })
            .collect();
        texts
            .iter()
            .map(|text| Self { brief: brief(text, shared[text]), ..Self::of(text) })
            .collect()
    }
}

/// Characters that two names begin with.
fn in_common(a: &str, b: &str) -> usize {
    a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count()
}

/// A name in [`BRIEF`] characters, of which another has the first `shared`.
fn brief(text: &str, shared: usize) -> String {
    let letters: Vec<char> = text.chars().collect();
    if letters.len() <= BRIEF || shared + 3 < BRIEF {
        return cut(text, BRIEF);
    }
    // From the word in which they part.
    let word =
        letters[..shared].iter().rposition(|c| c.is_whitespace()).map_or(shared, |at| at + 1);
    let from = if shared - word > BRIEF / 2 { shared } else { word };
    let (head, rest): (String, String) =
        (letters[..HEAD].iter().collect(), letters[from..].iter().collect());
    visible(head.trim_end()) + "…" + &cut(&rest, BRIEF - HEAD - 2)
}

/// The visible text, at most `most` characters of it, with `…` for the rest.
pub(crate) fn cut(text: &str, most: usize) -> String {
    let head: String = text.chars().take(most).collect();
    let ending = if head.len() < text.len() { "…" } else { "" };
    visible(&head) + ending
}

/// The visible text in parts: text and code (between backticks) in turn, text first.
pub(crate) fn parts(text: &str, most: usize) -> Vec<String> {
    cut(text, most).split('`').map(str::to_owned).collect()
}

/// A probability or share in whole per cent; never 0 for a little, nor 100 for almost all.
pub(crate) fn percent(share: f64) -> String {
    match 100.0 * share {
        p if p > 0.0 && p < 1.0 => "<1%".to_owned(),
        p if p > 99.0 && p < 100.0 => ">99%".to_owned(),
        p => format!("{p:.0}%"),
    }
}

/// A duration: `2.5 s`, `1:23 min`, `1:02 h`.
pub(crate) fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        0..10 => format!("{seconds:.1} s"),
        10..60 => format!("{whole} s"),
        60..3600 => format!("{}:{:02} min", whole / 60, whole % 60),
        _ => format!("{}:{:02} h", whole / 3600, whole / 60 % 60),
    }
}

/// A number with its thousands separated: `2,527`.
pub(crate) fn thousands(n: impl Borrow<usize>) -> String {
    ground::words::thousands(*n.borrow())
}

/// `1 picture`, `3,000 pictures`; templates pass numbers by reference.
pub(crate) fn plural(n: impl Borrow<usize>, one: &str) -> String {
    ground::words::count(*n.borrow(), one)
}

#[cfg(test)]
mod tests {
    use super::{Name, cut, duration, percent};

    #[test]
    fn long_and_hidden_text_is_tamed() {
        assert_eq!(cut("eskimo", 6), "eskimo");
        assert_eq!(cut("eskimo dog", 6), "eskimo…");
        assert_eq!(cut("a\u{202e}b", 9), "a�b");
        let long = Name::of(&"ж".repeat(100_000));
        assert_eq!((long.shown.chars().count(), long.full.chars().count()), (81, 301));
    }

    #[test]
    fn names_that_begin_alike_are_told_apart() {
        let brief = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            Name::all(&names).into_iter().map(|name| name.brief).collect::<Vec<_>>()
        };
        assert_eq!(
            brief(&["Species number 00 (Linnaeus)", "Species number 17 (Linnaeus)", "bee"]),
            ["Speci…00 (Linnae…", "Speci…17 (Linnae…", "bee"]
        );
        assert_eq!(
            brief(&[
                "Acrocephalus schoenobaenus",
                "Acrocephalus scirpaceus",
                "Acrocephalus scirpaceus"
            ]),
            ["Acroc…schoenobae…", "Acroc…scirpaceus", "Acroc…scirpaceus"]
        );
        // Without words, and where the beginning is enough.
        let long = "x".repeat(40);
        assert_eq!(brief(&[&(long.clone() + "1"), &(long.clone() + "2")]), ["xxxxx…1", "xxxxx…2"]);
        assert_eq!(
            brief(&["a dog with a very long name", "a cat"]),
            ["a dog with a very…", "a cat"]
        );
    }

    #[test]
    fn numbers_read_as_people_say_them() {
        let shares = [0.0, 0.004, 0.126, 0.996, 1.0].map(percent);
        assert_eq!(shares, ["0%", "<1%", "13%", ">99%", "100%"]);
        let times = [0.25, 42.4, 83.0, 3720.0].map(duration);
        assert_eq!(times, ["0.2 s", "42 s", "1:23 min", "1:02 h"]);
    }
}
