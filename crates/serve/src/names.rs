//! Names that a client may give: to classes, which are folders, and to files.

use std::path::{Path, PathBuf};

use crate::problem::{Fault, Problem};

/// Letters of a class's name.
const LONGEST: usize = 100;

/// Names of folders that say what pictures are used for, and not what they show.
const USES: [&str; 8] =
    ["train", "training", "valid", "val", "validation", "dev", "test", "testing"];

/// A class can be called so: its folder is, and no system minds.
///
/// # Errors
/// When it cannot.
pub(crate) fn class(name: &str) -> Result<String, Problem> {
    let name = name.trim();
    let part = |c: char| {
        !matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|') && !c.is_control()
    };
    let fine = !name.is_empty()
        && !name.starts_with('.')
        && !name.ends_with('.')
        && name.chars().count() <= LONGEST
        && name.chars().all(part);
    let shown = lookalike::text::printable(name);
    if !fine {
        let help = format!(
            "a name has 1 to {LONGEST} letters, begins and ends with no dot, and has none of / \\ : * ? \" < > |"
        );
        let what = format!("`{shown}` is not a name for a class");
        return Err(Fault::NotPossible.because(what).advise(Some(help)));
    }
    if USES.iter().any(|other| name.eq_ignore_ascii_case(other)) {
        let what = format!("`{shown}` says what pictures are used for, and not what they show");
        return Err(Fault::NotPossible.because(what).advise(Some("choose another name".into())));
    }
    Ok(name.to_owned())
}

/// What a file that came under this name is called, without its suffix.
pub(crate) fn stem(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = Path::new(name).file_stem().unwrap_or_default().to_string_lossy();
    let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '(' | ')' | '.');
    let stem: String = stem.chars().filter(|c| plain(*c)).take(80).collect();
    let stem = stem.trim().trim_matches('.').to_owned();
    if stem.is_empty() { "picture".into() } else { stem }
}

/// `name.jpg` in a folder, or `name (2).jpg` and so on where that is taken.
pub(crate) fn free(folder: &Path, stem: &str, suffix: &str) -> PathBuf {
    let name = |number: usize| match number {
        1 => folder.join(format!("{stem}.{suffix}")),
        _ => folder.join(format!("{stem} ({number}).{suffix}")),
    };
    (1..).map(name).find(|path| path.symlink_metadata().is_err()).unwrap_or_else(|| name(1))
}

#[cfg(test)]
mod tests {
    use super::{class, stem};

    #[test]
    fn classes_are_called_what_folders_can_be() {
        for good in ["husky", " Eskimo dog ", "犬", "شَهْد", "a.b", "(2)"] {
            assert_eq!(class(good).unwrap(), good.trim());
        }
        let long = "x".repeat(101);
        for bad in
            ["", " ", ".", "..", ".x", "a/b", "a\\b", "C:", "a\nb", "a\0", "Train", "x.", &long]
        {
            assert!(class(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_file_keeps_what_is_plain_of_its_name() {
        for (name, plain) in [
            ("IMG_1.jpg", "IMG_1"),
            ("../../etc/passwd", "passwd"),
            ("C:\\a b\\犬 (1).png", "犬 (1)"),
            ("<script>.jpg", "script"),
            ("...", "picture"),
            ("", "picture"),
            ("a\0b\n.jpg", "ab"),
        ] {
            assert_eq!(stem(name), plain, "{name:?}");
        }
    }
}
