//! How many pictures got which answer.

use std::path::{Path, PathBuf};

use classifier::Prediction;
use pictures::Reason;

use crate::json::Answer;
use crate::text::{count, printable, thousands};

/// How many pictures got which answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The classes and how many pictures were called each.
    pub classes: Vec<(String, usize)>,
    /// Pictures for which several classes were named.
    pub ambiguous: usize,
    /// Pictures that were not recognised.
    pub not_recognised: usize,
    /// Pictures among them that the classifier was trained on.
    pub known: usize,
    /// Pictures that could not be read.
    pub unread: usize,
    /// Files in folders that are no pictures.
    pub stray: usize,
}

/// Classes that the summary names, the most frequent first.
const NAMED: usize = 8;

impl Tally {
    pub(super) fn new(classes: &[String]) -> Self {
        let classes = classes.iter().map(|class| (class.clone(), 0)).collect();
        Self { classes, ..Self::default() }
    }

    pub(super) fn count(&mut self, answer: &Answer<'_>, stray: bool) {
        let known = matches!(answer, Answer::Read(read) if read.reason == insight::Reason::Known);
        self.known += usize::from(known);
        match answer {
            Answer::Unread(_) if stray => self.stray += 1,
            Answer::Unread(_) => self.unread += 1,
            Answer::Read(read) => match &read.answer[..] {
                [] => self.not_recognised += 1,
                [named] => {
                    let mut classes = self.classes.iter_mut();
                    if let Some((_, n)) = classes.find(|(class, _)| class == named.class) {
                        *n += 1;
                    }
                }
                _ => self.ambiguous += 1,
            },
        }
    }

    /// Pictures that were read.
    #[must_use]
    pub fn read(&self) -> usize {
        let named: usize = self.classes.iter().map(|(_, n)| n).sum();
        named + self.ambiguous + self.not_recognised
    }

    /// All files.
    pub(super) fn files(&self) -> usize {
        self.read() + self.unread + self.stray
    }

    /// That training pictures are among them, which flatters the classifier; `None` if there are none.
    #[must_use]
    pub fn known_line(&self) -> Option<String> {
        let flattered = match (self.known, self.read()) {
            (0, _) => return None,
            (1, 1) => "this picture, so this answer flatters it".to_owned(),
            (known, all) if known == all => {
                format!("all {}, so these answers flatter it", count(all, "picture"))
            }
            (known, all) => format!(
                "{} of the {}, so these answers flatter it",
                thousands(known as u64),
                count(all, "picture")
            ),
        };
        Some(format!("the classifier was trained on {flattered}"))
    }

    /// A sentence: `130 pictures: 61 husky, 52 malamute, 12 ambiguous, 5 not recognised`.
    #[must_use]
    pub fn line(&self) -> String {
        let mut named: Vec<&(String, usize)> =
            self.classes.iter().filter(|(_, n)| *n > 0).collect();
        named.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        let rest: usize = named.iter().skip(NAMED).map(|(_, n)| n).sum();
        let of =
            |(class, n): &(String, usize)| format!("{} {}", thousands(*n as u64), printable(class));
        let mut parts: Vec<String> = named.into_iter().take(NAMED).map(of).collect();
        let mut add = |n: usize, what: &str| {
            parts.extend((n > 0).then(|| format!("{} {what}", thousands(n as u64))));
        };
        add(rest, "of other classes");
        add(self.ambiguous, "ambiguous");
        add(self.not_recognised, "not recognised");
        let mut line = match self.read() {
            0 => "no picture was read".to_owned(),
            read => format!("{}: {}", count(read, "picture"), parts.join(", ")),
        };
        if self.stray > 0 {
            line += &format!("; skipped {}", count(self.stray, "other file"));
        }
        line
    }
}

/// Whether a file that cannot be read merely lies among the pictures of a folder: it was not named,
/// has no suffix, and is no picture. (A file with another suffix than a picture's is passed over
/// when the folder is listed.)
pub(super) fn is_stray(
    path: &Path,
    result: &Result<Prediction<'_>, Reason>,
    named: &[PathBuf],
) -> bool {
    let no_picture =
        matches!(result, Err(Reason::NotAPicture | Reason::Unsupported { .. } | Reason::Empty));
    no_picture && path.extension().is_none() && named.iter().all(|named| named != path)
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use pictures::Reason;

    use super::{Tally, is_stray};

    #[test]
    fn the_summary_counts_every_kind_of_answer() {
        let classes = [("husky".into(), 3), ("malamute".into(), 1200), ("eskimo dog".into(), 0)];
        let tally = Tally {
            known: 0,
            classes: classes.to_vec(),
            ambiguous: 2,
            not_recognised: 1,
            unread: 4,
            stray: 1,
        };
        let line = "1,206 pictures: 1,200 malamute, 3 husky, 2 ambiguous, 1 not recognised; \
                    skipped 1 other file";
        assert_eq!(tally.line(), line);
        assert_eq!(tally.known_line(), None);
        assert_eq!(Tally { unread: 1, ..Tally::default() }.line(), "no picture was read");
        let some = Tally { known: 3, ..tally };
        let line =
            "the classifier was trained on 3 of the 1,206 pictures, so these answers flatter it";
        assert_eq!(some.known_line().unwrap(), line);
    }

    #[test]
    fn only_what_is_no_picture_and_was_not_named_is_stray() {
        let named = [PathBuf::from("photos"), "notes".into()];
        let stray = |path: &str, reason| is_stray(Path::new(path), &Err(reason), &named);
        assert!(stray("photos/README", Reason::NotAPicture));
        assert!(stray("photos/.nomedia", Reason::Empty));
        assert!(!stray("notes", Reason::NotAPicture), "it was named");
        assert!(!stray("photos/1.JPG", Reason::NotAPicture), "it should be one");
        assert!(!stray("photos/scan", Reason::CutOff), "it is one");
    }
}
