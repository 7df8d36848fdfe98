//! `lookalike evaluate`: how well a classifier does on labelled pictures.

use ground::Stop;
use ground::progress::Progress;
use lookalike::{EvaluateRequest, Page, evaluate, json, prove_page};

use crate::args::Evaluate;
use crate::fault::{Exit, Failure};
use crate::terminal::{Terminal, WIDTH};

pub(crate) fn run(typed: &Evaluate, terminal: &Terminal, stop: &Stop) -> Result<Exit, Failure> {
    let against = typed.against.clone();
    let request =
        EvaluateRequest { against, ..EvaluateRequest::new(&typed.model, typed.pictures.source()) };
    prove_page(typed.report.as_deref(), Page::Report)?;
    let done = evaluate(&request, terminal, stop)?;
    let text = match typed.json {
        true => serde_json::to_string_pretty(&json::evaluate(&done)?)?,
        false => done.text(WIDTH, terminal.colours_results()),
    };
    terminal.result(&text)?;
    if let Some(page) = &typed.report {
        done.write(page, terminal, stop)?;
        terminal.note(&format!("report: `{}`", page.display()));
    }
    Ok(Exit::Done)
}
