//! Numbers and names as people read them.

use std::time::Duration;

/// A number of things: `count(1, "picture")` is "1 picture", `count(1200, "picture")` "1,200
/// pictures".
///
/// ```
/// assert_eq!(lookalike::text::count(2, "class"), "2 classes");
/// ```
#[must_use]
pub fn count(n: usize, thing: &str) -> String {
    let hisses = ["class", "batch", "address"].iter().any(|end| thing.ends_with(end));
    let plural = thing.to_owned() + if hisses { "es" } else { "s" };
    format!("{} {}", thousands(n as u64), if n == 1 { thing } else { &plural })
}

/// A number with its thousands set apart: "2,107,904".
#[must_use]
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Minutes and seconds, with hours where there are any: "1:02:05".
#[must_use]
pub fn clock(time: Duration) -> String {
    let seconds = time.as_secs_f64().round() as u64;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

/// Text that may hold a file's or class's name, with what could steer a terminal made visible.
#[must_use]
pub fn printable(text: &str) -> String {
    let steers = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
    };
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        if steers(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{clock, count, printable, thousands};

    #[test]
    fn names_cannot_steer_the_terminal() {
        assert_eq!(printable("a\x1b[2Jb\u{202e}c é 犬"), "a\\u{1b}[2Jb\\u{202e}c é 犬");
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(clock(Duration::from_millis(59_600)), "1:00");
        assert_eq!(clock(Duration::from_secs(3_725)), "1:02:05");
        assert_eq!(thousands(2_107_904), "2,107,904");
        assert_eq!(thousands(100), "100");
        assert_eq!(count(1, "class"), "1 class");
        assert_eq!(count(1_200, "class"), "1,200 classes");
        assert_eq!(count(2, "batch"), "2 batches");
    }
}
