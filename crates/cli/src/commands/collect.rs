//! `lookalike collect`: from addresses, pages, archives and folders to a folder of pictures.

use collect::{Collected, Guard, Settings, Status};
use ground::Stop;
use ground::progress::Progress;
use lookalike::json;

use crate::args::Collect;
use crate::fault::{Exit, Failure};
use crate::terminal::{Terminal, argument, count, printable};

/// So many reasons are listed; the table has all.
const REASONS: usize = 8;

pub(crate) fn run(typed: &Collect, terminal: &Terminal, stop: &Stop) -> Result<Exit, Failure> {
    let settings = Settings {
        class: typed.class.clone(),
        contact: typed.contact.clone(),
        offline: typed.offline,
        again: typed.again,
        smallest: typed.smallest,
        per_host: typed.per_host,
        guard: Guard { private: typed.allow_private, ..Guard::default() },
        ..Settings::default()
    };
    let done = lookalike::collect(&typed.sources, &typed.output, settings, terminal, stop)?;
    if typed.json {
        terminal.result(&serde_json::to_string_pretty(&json::collect(&done))?)?;
    } else {
        terminal.result(&printable(&account(&done, typed)))?;
    }
    if done.stopped {
        terminal.note("stopped; the same command continues where it left off");
        return Ok(Exit::Interrupted);
    }
    lookalike::some_collected(&done)?;
    Ok(Exit::Done)
}

/// What a user reads at the end.
fn account(done: &Collected, typed: &Collect) -> String {
    let folder = typed.output.display();
    let kept = done.count(Status::Kept);
    let classes = done.classes();
    let mut text =
        format!("{} of {} in `{folder}`", count(kept, "picture"), count(classes.len(), "class"),);
    let widest = classes.iter().map(|(class, _)| class.chars().count()).max().unwrap_or(0);
    for (class, pictures) in &classes {
        text += &format!("\n  {class:widest$}  {pictures:>6}");
    }
    let reasons = done.reasons();
    let not: usize = reasons.iter().map(|reason| reason.2).sum();
    if not > 0 {
        text += &format!(
            "\n{} not kept:",
            if kept == 0 { format!("all {not}") } else { not.to_string() }
        );
        for (status, reason, pictures) in reasons.iter().take(REASONS) {
            text += &format!("\n  {pictures:>6}  {status}: {reason}");
        }
        let others: usize = reasons.iter().skip(REASONS).map(|reason| reason.2).sum();
        if others > 0 {
            text += &format!("\n  {others:>6}  for other reasons");
        }
    }
    text += &format!("\neach is a row of `{}`", done.table.display());
    let later = done.count(Status::Later);
    if later > 0 {
        text += &format!("\n{} may come another time: run the same again", count(later, "address"));
    }
    if kept > 0 && !done.stopped {
        text += &format!("\nnow look at what came: `lookalike check {}`", argument(&typed.output));
    }
    text
}
