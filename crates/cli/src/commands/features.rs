//! `lookalike features`: what the backbone computes for pictures.

use std::path::{Path, PathBuf};

use ground::Stop;
use ground::progress::Progress;

use crate::fault::{Exit, Failure};
use crate::terminal::{Terminal, count};

pub(crate) fn run(
    model: &Path,
    paths: &[PathBuf],
    output: &Path,
    terminal: &Terminal,
    stop: &Stop,
) -> Result<Exit, Failure> {
    let done = lookalike::extract(model, paths, output, terminal, stop)?;
    let (pictures, width) = (count(done.pictures, "picture"), done.width);
    terminal.note(&format!("features: {pictures} of {width} numbers in `{}`", output.display()));
    if done.unread > 0 {
        terminal.warn(&format!("{} cannot be read and have no row", count(done.unread, "file")));
    }
    Ok(Exit::Done)
}
