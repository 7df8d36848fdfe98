//! `lookalike export`: a classifier for other programs.

use lookalike::{json, text};

use crate::args::Export;
use crate::fault::{Exit, Failure};
use crate::terminal::Terminal;

pub(crate) fn run(typed: Export, terminal: &Terminal) -> Result<Exit, Failure> {
    let as_json = typed.json;
    let exported = lookalike::export(&typed.request())?;
    let text = match as_json {
        true => serde_json::to_string_pretty(&json::export(&exported))?,
        false => text::export(&exported),
    };
    terminal.result(&text)?;
    Ok(Exit::Done)
}
