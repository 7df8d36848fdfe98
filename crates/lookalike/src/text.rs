//! Numbers and names as people read them.

mod answer;
mod export;
mod show;
mod to_label;
mod training;

use std::error::Error;
use std::iter::successors;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use answer::answer;
pub use export::export;
pub use ground::words::count;
pub use show::show;
pub use to_label::to_label;
pub use training::{epoch_row, event, grouped_line};

/// A number with its thousands separated: `2,107,904`.
#[must_use]
pub fn thousands(n: u64) -> String {
    ground::words::thousands(n as usize)
}

/// Names in backticks, the first few of them: `` `ant`, `bee` and 5 more ``.
#[must_use]
pub fn listed(names: &[String]) -> String {
    const NAMED: usize = 6;
    let quoted: Vec<String> = names.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
    match names.len().checked_sub(NAMED) {
        None | Some(0) => quoted.join(", "),
        Some(more) => format!("{} and {} more", quoted.join(", "), thousands(more as u64)),
    }
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

/// A moment as a date and time of day: "2026-11-28 19:13 UTC".
#[must_use]
pub fn date(moment: SystemTime) -> String {
    let seconds = moment.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (days, minutes) = (seconds / 86_400, seconds / 60 % 1440);
    // H. Hinnant: days of the proleptic Gregorian calendar, years that begin in March.
    let since_0000 = days + 719_468;
    let (era, of_era) = (since_0000 / 146_097, since_0000 % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = 400 * era + year + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02} {:02}:{:02} UTC", minutes / 60, minutes % 60)
}

/// What caused an error, the nearest first, each in words that were not said yet.
#[must_use]
pub fn causes(error: &dyn Error) -> Vec<String> {
    let mut said = error.to_string();
    let causes = successors(error.source(), |&cause| cause.source()).map(ToString::to_string);
    // A transparent error repeats its cause's words.
    causes.filter(|cause| !std::mem::replace(&mut said, cause.clone()).contains(cause)).collect()
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
    use std::io::{self, ErrorKind};
    use std::path::Path;
    use std::time::{Duration, UNIX_EPOCH};

    use ground::files::FileError;

    use super::{causes, clock, date, listed, printable, thousands};
    use crate::Error;

    #[test]
    fn a_cause_is_named_once() {
        let system = io::Error::new(ErrorKind::NotFound, "no such file");
        let error = Error::from(FileError::at("read", Path::new("a.jpg"))(system));
        assert_eq!(causes(&error), ["no such file"]);
        assert!(causes(&Error::Stopped).is_empty());
    }

    #[test]
    fn names_cannot_steer_the_terminal() {
        assert_eq!(printable("a\x1b[2Jb\u{202e}c é 犬"), "a\\u{1b}[2Jb\\u{202e}c é 犬");
    }

    #[test]
    fn days_are_counted_through_leap_years() {
        for (seconds, expected) in [
            (0, "1970-01-01 00:00 UTC"),
            (951_782_399, "2000-02-28 23:59 UTC"),
            (951_782_400, "2000-02-29 00:00 UTC"),
            (1_709_251_199, "2024-02-29 23:59 UTC"),
            (1_709_251_200, "2024-03-01 00:00 UTC"),
            (4_107_542_399, "2100-02-28 23:59 UTC"),
            (4_107_542_400, "2100-03-01 00:00 UTC"),
        ] {
            assert_eq!(date(UNIX_EPOCH + Duration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn many_names_are_counted() {
        let names: Vec<String> = (1..=8).map(|n| format!("c{n}")).collect();
        assert_eq!(listed(&names[..2]), "`c1`, `c2`");
        assert_eq!(listed(&names), "`c1`, `c2`, `c3`, `c4`, `c5`, `c6` and 2 more");
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(clock(Duration::from_millis(59_600)), "1:00");
        assert_eq!(clock(Duration::from_secs(3_725)), "1:02:05");
        assert_eq!(thousands(2_107_904), "2,107,904");
        assert_eq!(thousands(100), "100");
    }
}
