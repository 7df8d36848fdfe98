//! `lookalike next`: which pictures to label.

use ground::progress::Progress;
use ground::{Stop, files};
use lookalike::{NextRequest, json, next, prove_table, text};

use crate::args::Next;
use crate::fault::{Exit, Failure};
use crate::terminal::{Terminal, count};

pub(crate) fn run(typed: &Next, terminal: &Terminal, stop: &Stop) -> Result<Exit, Failure> {
    prove_table(typed.output.as_deref())?;
    let request = NextRequest {
        count: typed.count,
        seed: typed.seed,
        report: typed.report.clone(),
        ..NextRequest::new(&typed.model, typed.paths.clone())
    };
    let found = next(&request, terminal, stop)?;
    let text = match typed.json {
        true => serde_json::to_string_pretty(&json::next(&found))?,
        false => found.pictures.iter().map(text::to_label).collect::<Vec<_>>().join("\n"),
    };
    terminal.result(&text)?;
    if let Some(table) = &typed.output {
        files::write(table, &found.table()?)?;
    }
    for file in typed.output.iter().chain(&typed.report) {
        terminal.note(&format!("written: `{}`", file.display()));
    }
    let (chosen, all) = (found.pictures.len(), count(found.of, "picture"));
    terminal.note(&format!("{chosen} of {all}, the most useful ones first"));
    if found.known > 0 {
        let known = count(found.known, "other picture");
        terminal.note(&format!("the classifier was trained on {known}: none of them is chosen"));
    }
    Ok(Exit::Done)
}
