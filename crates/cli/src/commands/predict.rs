//! `lookalike predict`: what pictures show.

mod answers;
mod paths;

use classifier::{Classifier, predict};
use ground::Stop;
use ground::progress::Progress;

use crate::args::Predict;
use crate::fault::{Exit, Fault};
use crate::terminal::{Terminal, count};
use answers::{Answers, Form};

pub(crate) fn run(typed: &Predict, terminal: &Terminal) -> anyhow::Result<Exit> {
    let paths = paths::of(&typed.paths)?;
    let classifier = Classifier::load(&typed.model)?;
    let mut engine = super::engine_of(&classifier)?;
    let form = match (typed.json, typed.csv) {
        (true, _) => Form::Json,
        (_, true) => Form::Csv,
        _ => Form::Text,
    };
    let mut answers = Answers::new(form, &classifier, typed, terminal);
    answers.begin(&typed.model)?;
    // Ctrl-C ends this command at once, as there is nothing to save; this is for a reader that left.
    let (stop, mut failed) = (Stop::new(), None);
    predict(&mut engine, &classifier, paths, &stop, |prediction| {
        if failed.is_none() {
            failed = answers.tell(&prediction).err();
        }
        if failed.is_some() {
            stop.ask();
        }
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    answers.end()?;
    let (read, unread) = (answers.read, answers.unread);
    if read + unread == 0 {
        let fault = Fault::new(Exit::Pictures, "there is no picture among what was named");
        return Err(fault.help("name pictures, or folders that hold some").into());
    }
    if unread > 0 {
        terminal
            .warn(&format!("{unread} of {} could not be read", count(read + unread, "picture")));
        return Ok(Exit::Pictures);
    }
    Ok(Exit::Done)
}
