//! `lookalike report`: what a classifier knows of its own training, as one page or as JSON.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ground::progress::Progress;
use lookalike::{Page, prove_page};

use crate::args::Report;
use crate::fault::{Exit, Failure};
use crate::terminal::{Terminal, count};

pub(crate) fn run(typed: &Report, terminal: &Terminal) -> Result<Exit, Failure> {
    let report = lookalike::report(&typed.model)?;
    if typed.json {
        terminal.result(&report.json())?;
    }
    if let Some(folder) = &typed.figures {
        let files = report.figures(folder)?;
        terminal.note(&format!(
            "figures: {} in `{}`",
            count(files.len(), "file"),
            folder.display()
        ));
    }
    if !typed.json || typed.output.is_some() {
        let output = typed.output.clone().unwrap_or_else(|| here(&typed.model));
        prove_page(Some(&output), Page::Report)?;
        report.write(&output)?;
        terminal.note(&format!("report: `{}`", output.display()));
        if typed.open {
            show_in_browser(&output, terminal);
        }
    }
    Ok(Exit::Done)
}

/// `birds.html` in the current folder, for `anywhere/birds.lookalike`.
fn here(model: &Path) -> PathBuf {
    PathBuf::from(model.file_name().unwrap_or_default()).with_extension("html")
}

/// Opens a page in the browser, or says that there is none.
pub(crate) fn show_in_browser(page: &Path, terminal: &Terminal) {
    if !open(page) {
        terminal.warn(&format!("found no browser; open `{}` in one", page.display()));
    }
}

/// Hands the page to the system's opener. The path is an argument of its own, so nothing in it is
/// taken for a command.
fn open(page: &Path) -> bool {
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
