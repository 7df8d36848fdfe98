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
    const NAMES: [&str; 19] = [
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
    ];
    let plain =
        |name: &str| name.chars().filter(|c| c.is_alphabetic()).collect::<String>().to_lowercase();
    let name = plain(name);
    // Things are new or used.
    let worn = ["old", "used", "worn", "secondhand", "damaged", "broken"];
    let opposed = name == "new" && others.iter().any(|other| worn.contains(&plain(other).as_str()));
    NAMES.contains(&name.as_str()) && !opposed
}
