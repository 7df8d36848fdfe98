//! The outcome for each picture: one row of `collected.csv`.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// The outcome for one picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It is in its class's folder.
    Kept,
    /// It was fetched, and its class has the same bytes already.
    Same,
    /// It was fetched and cannot be used.
    Unusable,
    /// It is not allowed: a private address, robots.txt, the server's wish, or not a web address.
    Refused,
    /// It cannot be fetched.
    Failed,
    /// It could not be fetched this time; the same command tries again.
    Later,
    /// It was kept, and somebody has taken it out of the folder since.
    Removed,
}

impl Status {
    /// All of them, in the order in which they are reported.
    pub const ALL: [Self; 7] = [
        Self::Kept,
        Self::Same,
        Self::Unusable,
        Self::Refused,
        Self::Failed,
        Self::Later,
        Self::Removed,
    ];
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kept => "kept",
            Self::Same => "same",
            Self::Unusable => "unusable",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Later => "later",
            Self::Removed => "removed",
        })
    }
}

/// The outcome for one address, or for one file of an archive or folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The address; for an archive its path, `!/` and the path within.
    pub url: String,
    /// The class that it was asked for.
    pub class: String,
    /// The time, in UTC.
    pub time: String,
    /// The outcome.
    pub status: Status,
    /// Why it was not kept; empty if it was.
    pub reason: String,
    /// Its file, relative to the folder that is collected into.
    pub file: String,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// Its size in bytes.
    pub bytes: Option<u64>,
    /// The address after redirects; empty if it was not fetched from the network.
    pub address: String,
    /// What the server says of its licence.
    pub licence: String,
    /// A reason to have a look: the same picture in another class.
    pub warning: String,
}

/// The key of a row.
pub(crate) type Key = (String, String);

impl Row {
    pub(crate) fn new(url: &str, class: &str, status: Status, reason: impl Into<String>) -> Self {
        Self {
            url: url.to_owned(),
            class: class.to_owned(),
            time: time(SystemTime::now()),
            status,
            reason: reason.into(),
            file: String::new(),
            sha256: String::new(),
            bytes: None,
            address: String::new(),
            licence: String::new(),
            warning: String::new(),
        }
    }

    pub(crate) fn key(&self) -> Key {
        (self.url.clone(), self.class.clone())
    }
}

/// The time in RFC 3339's format, in whole seconds. The calendar is Howard Hinnant's `civil_from_days`.
fn time(at: SystemTime) -> String {
    let seconds = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (days, rest) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::time;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn the_calendar_is_right() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_735_689_600, "2025-01-01T00:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(time(UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
    }
}
