//! Text from outside made safe to show, and numbers as people read them.

use std::borrow::Borrow;

use insight::visible;

/// Characters of a name that are shown; the style sheet shortens further where room is short.
const SHOWN: usize = 80;

/// Characters that pointing at it reveals.
const FULL: usize = 300;

/// A class, a file or another text from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) shown: String,
    pub(crate) full: String,
}

impl Name {
    pub(crate) fn of(text: &str) -> Self {
        Self { shown: cut(text, SHOWN), full: cut(text, FULL) }
    }
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
    fn numbers_read_as_people_say_them() {
        let shares = [0.0, 0.004, 0.126, 0.996, 1.0].map(percent);
        assert_eq!(shares, ["0%", "<1%", "13%", ">99%", "100%"]);
        let times = [0.25, 42.4, 83.0, 3720.0].map(duration);
        assert_eq!(times, ["0.2 s", "42 s", "1:23 min", "1:02 h"]);
    }
}
