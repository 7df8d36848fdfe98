//! `lookalike report`: what a classifier knows of itself, as one page or as JSON.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use classifier::Classifier;
use ground::files::{self, FileError};
use ground::progress::Progress;
use insight::Insight;
use lookalike::about;

use crate::args::Report;
use crate::fault::Exit;
use crate::terminal::Terminal;

pub(crate) fn run(typed: &Report, terminal: &Terminal) -> anyhow::Result<Exit> {
    let classifier = Classifier::load(&typed.model)?;
    let insight = Insight::of(&classifier.record);
    if typed.json {
        let about = about(&classifier, &typed.model);
        terminal.result(&report::json(&classifier.record, &insight, &about))?;
    }
    if !typed.json || typed.output.is_some() {
        let output = typed.output.clone().unwrap_or_else(|| here(&typed.model));
        write(&classifier, &insight, &typed.model, &output)?;
        terminal.note(&format!("report: `{}`", output.display()));
        if typed.open && !open(&output) {
            terminal.warn(&format!("found no browser; open `{}` in one", output.display()));
        }
    }
    Ok(Exit::Done)
}

/// Writes the page on the classifier that `model` holds, whole or not at all.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn write(
    classifier: &Classifier,
    insight: &Insight,
    model: &Path,
    output: &Path,
) -> Result<(), FileError> {
    let Classifier { record, thumbnails, .. } = classifier;
    let page = report::html(record, insight, thumbnails, &about(classifier, model));
    files::write(output, page.as_bytes())
}

/// `birds.html` in the current folder, for `anywhere/birds.lookalike`.
fn here(model: &Path) -> PathBuf {
    PathBuf::from(model.file_name().unwrap_or_default()).with_extension("html")
}

/// Hands the page to the system's opener. The path is an argument of its own, so nothing in it is
/// taken for a command.
pub(crate) fn open(page: &Path) -> bool {
    let opener = if cfg!(target_os = "macos") {
        "open"
    } else if cfg!(windows) {
        "explorer"
    } else {
        "xdg-open"
    };
    let page = page.canonicalize().unwrap_or_else(|_| page.to_owned());
    let quiet = Command::new(opener).arg(page).stdout(Stdio::null()).stderr(Stdio::null()).status();
    // Explorer says 1 though all is well.
    quiet.is_ok_and(|status| status.success() || cfg!(windows))
}
