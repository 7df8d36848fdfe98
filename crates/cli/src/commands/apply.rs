//! `lookalike apply`: does what a plan says, and undoes it.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::Path;

use doctor::plan::{self, Action, Applied, Moved, Plan};
use ground::Stop;
use ground::files::Disk;
use ground::progress::Progress;
use lookalike::{Error, Kind};

use crate::args::Apply;
use crate::fault::{Exit, Failure};
use crate::terminal::{Terminal, argument, count, printable, thousands};

/// Files that are listed without `--all`.
const LISTED: usize = 20;

/// Folders that are named, those that get most first.
const FOLDERS: usize = 10;

pub(crate) fn run(typed: &Apply, terminal: &Terminal, stop: &Stop) -> Result<Exit, Failure> {
    if typed.undo {
        return undo(typed, terminal, stop);
    }
    let mut plan = Plan::read(&typed.plan)?;
    if let Some(folder) = &typed.folder {
        plan.folder.clone_from(folder);
    }
    let applied = plan.apply(&typed.plan, typed.dry_run, &Disk, terminal, stop)?;
    let listed = if typed.all { applied.moved.len() } else { LISTED };
    for line in applied.moved.iter().take(listed).map(|moved| line(moved, &applied)) {
        terminal.result(&printable(&line))?;
    }
    if let Some(more) = applied.moved.len().checked_sub(listed).filter(|more| *more > 0) {
        terminal.result(&format!("and {}; `--all` lists them", count(more, "other file")))?;
        for line in folders(&applied) {
            terminal.result(&printable(&line))?;
        }
    }
    tell(typed, &applied, terminal);
    if plan.unnamed > 0 {
        let groups = count(plan.unnamed, "group");
        terminal.note(&format!("{groups} without a name in the column `to`: the pictures stay"));
    }
    Ok(Exit::Done)
}

/// Where a file goes, from the folder above the pictures, and why.
fn line(moved: &Moved, applied: &Applied) -> String {
    let above = applied.left_out.parent().unwrap_or(&applied.left_out);
    let [from, to] =
        [&moved.from, &moved.to].map(|path| path.strip_prefix(above).unwrap_or(path).display());
    let reason = match moved.reason.as_str() {
        "" => String::new(),
        reason => format!(" ({reason})"),
    };
    format!("{:<9} {from} -> {to}{reason}", moved.action.words())
}

/// How many files each folder gets, for a plan that is too long to read file by file.
fn folders(applied: &Applied) -> Vec<String> {
    let above = applied.left_out.parent().unwrap_or(&applied.left_out);
    let mut counts: BTreeMap<&Path, usize> = BTreeMap::new();
    for folder in applied.moved.iter().filter_map(|moved| moved.to.parent()) {
        *counts.entry(folder.strip_prefix(above).unwrap_or(folder)).or_default() += 1;
    }
    let mut counts: Vec<(&Path, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|&(_, files)| Reverse(files));
    let line = |&(folder, files): &(&Path, usize)| {
        format!("{:>9} into {}", thousands(files as u64), folder.display())
    };
    let mut lines: Vec<String> = counts.iter().take(FOLDERS).map(line).collect();
    if let Some(more) = counts.len().checked_sub(FOLDERS).filter(|more| *more > 0) {
        lines.push(format!("{:>9} into {}", "others", count(more, "other folder")));
    }
    lines
}

fn tell(typed: &Apply, applied: &Applied, terminal: &Terminal) {
    let of = |action| applied.moved.iter().filter(|moved| moved.action == action).count();
    let within =
        |moved: &&Moved| moved.action == Action::Move && moved.from.parent() == moved.to.parent();
    let renamed = applied.moved.iter().filter(within).count();
    let parts: Vec<String> = [
        (renamed, "renamed"),
        (of(Action::Move) - renamed, "moved to another folder"),
        (of(Action::Relabel), "relabelled"),
        (of(Action::LeaveOut), "left out"),
    ]
    .into_iter()
    .filter(|(files, _)| *files > 0)
    .map(|(files, done)| format!("{files} {done}"))
    .collect();
    let before = match applied.before {
        0 => String::new(),
        n => format!("; {} done before", count(n, "step")),
    };
    let moved = count(applied.moved.len(), "file");
    match (applied.moved.is_empty(), typed.dry_run) {
        (true, _) => terminal.note(&format!("nothing to move{before}")),
        (_, true) => terminal
            .note(&format!("would move {moved}: {}{before}; nothing was moved", parts.join(", "))),
        _ => {
            terminal.note(&format!("moved {moved}: {}{before}", parts.join(", ")));
            if of(Action::LeaveOut) > 0 {
                terminal.note(&format!("left out: `{}`", applied.left_out.display()));
            }
            terminal.note(&format!(
                "to put everything back: `lookalike apply --undo {}`",
                argument(&typed.plan)
            ));
        }
    }
}

fn undo(typed: &Apply, terminal: &Terminal, stop: &Stop) -> Result<Exit, Failure> {
    let Some(undone) = plan::undo(&typed.plan, &Disk, terminal, stop)? else {
        let plan = typed.plan.display();
        if !typed.plan.exists() {
            let what = format!("there is no plan `{plan}`, and none of this name was applied");
            return Err(Error::refused(Kind::Failed, what).into());
        }
        terminal.note(&format!("nothing of `{plan}` is applied"));
        return Ok(Exit::Done);
    };
    undone.problems.iter().for_each(|problem| terminal.warn(problem));
    terminal.note(&format!("put back {}", count(undone.back, "file")));
    Ok(if undone.problems.is_empty() { Exit::Done } else { Exit::Pictures })
}
