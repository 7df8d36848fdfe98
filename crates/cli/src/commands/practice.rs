//! `lookalike practice`: a drawn set of look-alikes, so that anyone can try.

use ground::progress::Progress;
use pictures::practice::{self, Settings};

use crate::args::Practice;
use crate::fault::{Exit, Failure};
use crate::terminal::{Terminal, argument, count};

pub(crate) fn run(typed: &Practice, terminal: &Terminal) -> Result<Exit, Failure> {
    let settings = Settings { per_class: typed.per_class, seed: typed.seed, ..Settings::default() };
    let drawn = practice::draw(&typed.dir, &settings, terminal)?;
    terminal.note(&format!(
        "drew {} of three butterflies that fool birds into `{}`; now try `lookalike train {}`",
        count(drawn.len(), "picture"),
        typed.dir.display(),
        argument(&typed.dir),
    ));
    Ok(Exit::Done)
}
