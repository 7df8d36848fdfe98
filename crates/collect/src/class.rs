//! Names of classes, which become names of folders.

use crate::CollectError;

/// Longer names fail on some file systems, with what is put before and after them.
const LONGEST: usize = 100;

/// Names that Windows keeps for devices.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];

/// Why this cannot be the name of a class, if it cannot.
pub(crate) fn refused(name: &str) -> Option<&'static str> {
    let stem = name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let device = stem.trim_end_matches(|c: char| c.is_ascii_digit());
    if name.is_empty() {
        Some("it is empty")
    } else if name.len() > LONGEST {
        Some("it is longer than 100 bytes")
    } else if name.starts_with('.') {
        Some("it starts with a dot")
    } else if name.ends_with(['.', ' ']) || name.starts_with(' ') {
        Some("it starts with a space or ends with a space or dot")
    } else if name.chars().any(|c| c.is_control() || "/\\:*?\"<>|".contains(c)) {
        Some("it holds a character that no folder's name may hold")
    } else if DEVICES.contains(&device) && stem.len() - device.len() <= 1 {
        Some("some systems keep it for a device")
    } else {
        None
    }
}

/// The same as an error.
pub(crate) fn check(name: &str) -> Result<(), CollectError> {
    match refused(name) {
        Some(why) => Err(CollectError::ClassName { name: name.to_owned(), why }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::refused;

    #[test]
    fn a_class_is_a_folder_and_no_path() {
        for name in ["husky", "Alaskan malamute", "größter Fuchs", "狐", "a.b", "conifer", "lpt12"]
        {
            assert_eq!(refused(name), None, "{name}");
        }
        for name in [
            "", ".", "..", ".git", "a/b", "a\\b", "C:", "a\0", "a\n", "nul", "COM1", "con.x", "x ",
            "x.",
        ] {
            assert!(refused(name).is_some(), "{name}");
        }
        assert!(refused(&"x".repeat(101)).is_some());
    }
}
