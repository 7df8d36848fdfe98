//! `lookalike collect`: from addresses, pages, archives and folders to a folder of pictures.

use collect::{Collected, Guard, Settings, Status};
use ground::Stop;
use ground::progress::Progress;
use serde_json::json;

use crate::args::Collect;
use crate::fault::{Exit, Fault};
use crate::terminal::{Terminal, count, printable};

/// So many reasons are told; the table has all.
const REASONS: usize = 8;

pub(crate) fn run(typed: &Collect, terminal: &Terminal, stop: &Stop) -> anyhow::Result<Exit> {
    let forbidden = std::env::var("LOOKALIKE_OFFLINE").ok();
    let forbidden = forbidden.is_some_and(|value| !["", "0", "false"].contains(&value.as_str()));
    let settings = Settings {
        class: typed.class.clone(),
        contact: typed.contact.clone(),
        offline: typed.offline || forbidden,
        again: typed.again,
        smallest: typed.smallest,
        per_host: typed.per_host,
        guard: Guard { private: typed.allow_private, ..Guard::default() },
        threads: ground::parallel::threads(),
        ..Settings::default()
    };
    let done = collect::collect(&typed.sources, &typed.output, &settings, terminal, stop)?;
    if typed.json {
        terminal.result(&serde_json::to_string_pretty(&document(&done))?)?;
    } else {
        terminal.result(&printable(&account(&done, typed)))?;
    }
    if done.stopped {
        terminal.note("stopped; the same command goes on");
        return Ok(Exit::Interrupted);
    }
    exit(&done)
}

/// Some pictures that cannot be had are no failure; none at all is one.
fn exit(done: &Collected) -> anyhow::Result<Exit> {
    let there =
        [Status::Kept, Status::Removed].iter().map(|&status| done.count(status)).sum::<usize>();
    if there > 0 {
        return Ok(Exit::Done);
    }
    let network = done.count(Status::Later) + done.count(Status::Failed);
    let fault = match network * 2 > done.rows.len() {
        true => Fault::new(Exit::Network, "no picture could be fetched")
            .help("see whether the network can be reached, then run the same again"),
        false => Fault::new(Exit::Pictures, "no picture could be kept")
            .help(format!("`{}` says why for each", done.table.display())),
    };
    Err(fault.into())
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
        text += &format!("\nnow look at what came: `lookalike check {folder}`");
    }
    text
}

fn document(done: &Collected) -> serde_json::Value {
    let statuses = Status::ALL.iter().map(|status| (status.to_string(), done.count(*status)));
    let reasons = done.reasons().into_iter();
    json!({
        "table": done.table,
        "stopped": done.stopped,
        "counts": statuses.collect::<std::collections::BTreeMap<_, _>>(),
        "classes": done.classes().into_iter().collect::<std::collections::BTreeMap<_, _>>(),
        "reasons": reasons
            .map(|(status, reason, count)| json!({"status": status, "reason": reason, "count": count}))
            .collect::<Vec<_>>(),
        "rows": done.rows,
    })
}
