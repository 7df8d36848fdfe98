//! `lookalike show`: what a classifier is.

use lookalike::{json, text};

use crate::args::Show;
use crate::fault::{Exit, Failure};
use crate::terminal::Terminal;

pub(crate) fn run(typed: &Show, terminal: &Terminal) -> Result<Exit, Failure> {
    let shown = lookalike::show(&typed.model)?;
    let text = match typed.json {
        true => serde_json::to_string_pretty(&json::show(&shown, typed.layers))?,
        false => text::show(&shown, typed.layers)?,
    };
    terminal.result(&text)?;
    Ok(Exit::Done)
}
