//! Folders that say what pictures are used for, and folders that are no classes.

use crate::Side;

/// What a folder of this name is used for: `train`, `training`, `Train Set`, `val2017` …
#[must_use]
pub fn of_name(name: &str) -> Option<Side> {
    let plain: String =
        name.chars().filter(|c| c.is_alphabetic()).collect::<String>().to_lowercase();
    let stem = ["dataset", "data", "set", "images", "imgs", "pictures", "photos"]
        .iter()
        .find_map(|end| plain.strip_suffix(end).filter(|stem| !stem.is_empty()));
    match stem.unwrap_or(&plain) {
        "train" | "training" => Some(Side::Train),
        "valid" | "val" | "validation" | "validate" | "dev" => Some(Side::Valid),
        "test" | "testing" => Some(Side::Test),
        _ => None,
    }
}

/// Whether a folder of this name holds what is still to be sorted, so that it is no class.
pub(super) fn is_unsorted(name: &str, others: &[String]) -> bool {
    const NAMES: [&str; 26] = [
        "unsorted",
        "tosort",
        "sortme",
        "misc",
        "miscellaneous",
        "new",
        "newfolder",
        "untitledfolder",
        "todo",
        "tbd",
        "tmp",
        "temp",
        "inbox",
        "incoming",
        "unlabelled",
        "unlabeled",
        "unclassified",
        "uncategorized",
        "uncategorised",
        // What systems call a new folder in some languages.
        "neuerordner",
        "nouveaudossier",
        "nuevacarpeta",
        "nuovacartella",
        "novapasta",
        "nieuwemap",
        "unbenannterordner",
    ];
    // What `predict --sort-into` calls pictures without an answer.
    if ["_ambiguous", "_not recognised"].contains(&name) {
        return true;
    }
    let plain =
        |name: &str| name.chars().filter(|c| c.is_alphabetic()).collect::<String>().to_lowercase();
    let name = plain(name);
    // Things are new or used.
    let worn = ["old", "used", "worn", "secondhand", "damaged", "broken"];
    let opposed = name == "new" && others.iter().any(|other| worn.contains(&plain(other).as_str()));
    NAMES.contains(&name.as_str()) && !opposed
}

/// Whether a folder of this name says when or by which camera its pictures were taken, and not what
/// they show: `day 2`, `2026-06-10`, `100APPLE`.
pub(super) fn is_occasion(name: &str) -> bool {
    let lower = name.trim().to_lowercase();
    let word = lower.trim_end_matches(|c: char| c.is_ascii_digit());
    let counted = word.len() < lower.len()
        && ["day", "week", "month", "session"].contains(&word.trim_end_matches([' ', '-', '_']));
    counted || is_date(&lower) || is_camera(name)
}

/// `2026-06-10`, `2026_06`, `10.06.2026`, `20260610`.
fn is_date(name: &str) -> bool {
    let parts: Vec<&str> = name.split(['-', '_', '.', ' ']).collect();
    let numbers: Option<Vec<u32>> = parts
        .iter()
        .map(|part| part.parse().ok().filter(|_| part.bytes().all(|b| b.is_ascii_digit())))
        .collect();
    let (year, month, day) =
        (|n| (1900..2100).contains(&n), |n| (1..=12).contains(&n), |n| (1..=31).contains(&n));
    match numbers.as_deref() {
        Some(&[y, m, d]) if parts[0].len() == 4 => year(y) && month(m) && day(d),
        Some(&[d, m, y]) if parts[2].len() == 4 => year(y) && month(m) && day(d),
        Some(&[y, m]) => parts[0].len() == 4 && parts[1].len() == 2 && year(y) && month(m),
        Some(&[whole]) if parts[0].len() == 8 => {
            year(whole / 10_000) && month(whole / 100 % 100) && day(whole % 100)
        }
        _ => false,
    }
}

/// A folder as cameras number them: three digits and five characters (`100CANON`, `101_PANA`).
fn is_camera(name: &str) -> bool {
    let (digits, rest) = name.split_at_checked(3).unwrap_or_default();
    let letters = |b: u8| b.is_ascii_uppercase() || b == b'_';
    digits.len() == 3
        && digits.bytes().all(|b| b.is_ascii_digit())
        && rest.len() == 5
        && rest.bytes().all(|b| letters(b) || b.is_ascii_digit())
        && rest.bytes().any(|b| b.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::is_occasion;

    #[test]
    fn names_of_days_and_cameras_are_no_names_of_things() {
        for name in [
            "day 1",
            "Day_02",
            "week3",
            "session 4",
            "2026-06-10",
            "2026_06",
            "10.06.2026",
            "20260610",
            "100APPLE",
            "101_PANA",
            "100CANON",
        ] {
            assert!(is_occasion(name), "{name}");
        }
        for name in [
            "0",
            "1",
            "day",
            "daylily 2",
            "grade 1",
            "type 2",
            "2026",
            "12345678",
            "100",
            "5.5",
            "100 watts",
            "class 10",
            "3-4",
            "747",
            "A320",
        ] {
            assert!(!is_occasion(name), "{name}");
        }
    }
}
