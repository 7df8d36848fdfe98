//! Whether what a command will write can be written, found out before the work.

use std::fs;
use std::io::Read;
use std::path::Path;

use ground::files::{Disk, FileError, Whole, folder_of};

use crate::{Error, Kind};

/// Makes a file beside each of these and removes it again: an hour of work should not find at its end
/// that it cannot be saved.
///
/// # Errors
/// When one is a folder, has no folder to lie in, or may not be written there.
pub fn prove_writable<'a>(outputs: impl IntoIterator<Item = &'a Path>) -> Result<(), Error> {
    for output in outputs {
        let folder = folder_of(output);
        let what = if output.is_dir() {
            format!("cannot write `{}`: it is a folder", output.display())
        } else if !folder.is_dir() {
            format!(
                "cannot write `{}`: there is no folder `{}`",
                output.display(),
                folder.display()
            )
        } else {
            drop(Whole::begin(&Disk, output)?);
            continue;
        };
        return Err(Error::refused(Kind::Failed, what).advise("name another file"));
    }
    Ok(())
}

/// A page that this program writes. Each says in its head what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// The scores of a classifier.
    Report,
    /// What pictures were called.
    Answers,
    /// Contact sheets.
    Pictures,
    /// What was found in a folder.
    Check,
    /// A classifier that answers in a browser.
    Classifier,
}

/// How far into a page its head is looked for.
const HEAD: u64 = 1 << 12;

impl Page {
    fn is(self, head: &str) -> bool {
        let name = match self {
            Self::Report => "report",
            Self::Answers => "answers",
            Self::Pictures => "pictures",
            Self::Check => "check",
            Self::Classifier => "classifier",
        };
        head.contains(&format!("<meta name=\"generator\" content=\"lookalike {name}\">"))
    }

    fn words(self) -> &'static str {
        match self {
            Self::Report => "a report",
            Self::Answers => "a page of answers",
            Self::Pictures => "a page of contact sheets",
            Self::Check => "a page of a check",
            Self::Classifier => "an exported page",
        }
    }
}

/// As [`prove_writable`], of a page, which may replace only an earlier page of its kind: `train` and
/// `export` may both be asked for `birds.html`.
///
/// # Errors
/// Those of [`prove_writable`]; and when another file has this name.
pub fn prove_page(output: Option<&Path>, page: Page) -> Result<(), Error> {
    let Some(output) = output else { return Ok(()) };
    prove_writable([output])?;
    if !output.metadata().is_ok_and(|found| found.is_file() && found.len() > 0) {
        return Ok(());
    }
    let mut head = vec![];
    let open = fs::File::open(output).and_then(|file| file.take(HEAD).read_to_end(&mut head));
    open.map_err(FileError::at("read", output))?;
    if page.is(&String::from_utf8_lossy(&head)) {
        return Ok(());
    }
    let what = format!("`{}` exists, and is not {}", output.display(), page.words());
    Err(Error::refused(Kind::Failed, what).advise("name another file, or move this one away"))
}

#[cfg(test)]
mod tests {
    use super::{Page, prove_page, prove_writable};

    #[test]
    fn a_page_replaces_only_its_own_kind() {
        let place = tempfile::tempdir().unwrap();
        let output = place.path().join("birds.html");
        let prove = |page| prove_page(Some(&output), page);
        assert!(prove(Page::Report).is_ok(), "there is none");
        let page = "<!doctype html>\n<meta name=\"generator\" content=\"lookalike report\">";
        std::fs::write(&output, page).unwrap();
        assert!(prove(Page::Report).is_ok());
        for other in [Page::Answers, Page::Pictures, Page::Check, Page::Classifier] {
            let refused = prove(other).unwrap_err().to_string();
            assert!(refused.contains("birds.html` exists, and is not a"), "{refused}");
        }
        std::fs::write(&output, "<title>My own page</title>").unwrap();
        assert!(prove(Page::Report).is_err());
        assert_eq!(std::fs::read_to_string(&output).unwrap(), "<title>My own page</title>");
    }

    #[test]
    fn a_proof_leaves_nothing_behind() {
        let place = tempfile::tempdir().unwrap();
        let output = place.path().join("a.html");
        prove_writable([output.as_path()]).unwrap();
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
        assert!(prove_writable([place.path()]).is_err());
        assert!(prove_writable([place.path().join("no/a.html").as_path()]).is_err());
    }
}
