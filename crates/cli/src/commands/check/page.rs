//! `check --report`: what was found as one page.

use std::ops::ControlFlow;
use std::path::Path;

use doctor::Checkup;
use ground::files;
use ground::progress::Progress;
use ground::{Stop, parallel};
use lookalike::Source;
use pictures::{Limits, read_with_permit, thumbnail};
use report::About;
use report::check::{self, Thumbnails};

use super::shortcuts::Shortcuts;
use crate::terminal::Terminal;

/// Pixels of a small picture's longer side: enough to compare two by eye.
const SIDE: u32 = 176;

/// Writes the page, whole or not at all; false when asked to stop.
pub(super) fn write(
    checkup: &Checkup,
    shortcuts: &Shortcuts,
    source: &Source,
    path: &Path,
    terminal: &Terminal,
    stop: &Stop,
) -> anyhow::Result<bool> {
    let Some(thumbnails) = thumbnails(checkup, terminal, stop) else { return Ok(false) };
    let about = About {
        title: source.name()?,
        file: source.path().display().to_string(),
        program: format!("lookalike {}", env!("CARGO_PKG_VERSION")),
    };
    let page =
        check::html(checkup, &shortcuts.guesses, shortcuts.chance.as_ref(), &thumbnails, &about);
    files::write(path, page.as_bytes())?;
    Ok(true)
}

/// What vanished since it was looked at has none; none at all when asked to stop.
fn thumbnails(checkup: &Checkup, terminal: &Terminal, stop: &Stop) -> Option<Thumbnails> {
    let shown: Vec<usize> = check::shown(checkup).into_iter().collect();
    let bar = terminal.begin("Drawing small pictures", Some(shown.len() as u64));
    let limits = Limits::default();
    let small = |at: usize| {
        let (picture, _, _permit) =
            read_with_permit(&checkup.survey.files[shown[at]].path, &limits).ok()?;
        thumbnail(&picture, SIDE)
    };
    let mut thumbnails = Thumbnails::new();
    let threads = ground::parallel::threads();
    let whole = parallel(shown.len(), threads, &|| stop.asked(), small, |at, small| {
        thumbnails.extend(small.map(|small| (shown[at], small)));
        bar.advance(1);
        ControlFlow::Continue(())
    });
    whole.then_some(thumbnails)
}
