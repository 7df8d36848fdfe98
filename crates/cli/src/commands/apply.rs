//! `lookalike apply`: does what a plan says, and undoes it.

use doctor::plan::{self, Action, Applied, Moved, Plan};
use ground::Stop;
use ground::files::Disk;
use ground::progress::Progress;
use lookalike::{Error, Kind};

use crate::args::Apply;
use crate::fault::{Exit, Failure};
use crate::terminal::{Terminal, count, printable};

/// Files that are listed; `--dry-run` lists all.
const LISTED: usize = 20;

pub(crate) fn run(typed: &Apply, terminal: &Terminal, stop: &Stop) -> Result<Exit, Failure> {
    if typed.undo {
        return undo(typed, terminal, stop);
    }
    let mut plan = Plan::read(&typed.plan)?;
    if let Some(folder) = &typed.folder {
        plan.folder.clone_from(folder);
    }
    let applied = plan.apply(&typed.plan, typed.dry_run, &Disk, terminal, stop)?;
    let listed = if typed.dry_run { applied.moved.len() } else { LISTED };
    for line in applied.moved.iter().take(listed).map(|moved| line(moved, &applied)) {
        terminal.result(&printable(&line))?;
    }
    if let Some(more) = applied.moved.len().checked_sub(listed).filter(|more| *more > 0) {
        terminal.result(&format!("and {}", count(more, "other file")))?;
    }
    tell(typed, &applied, terminal);
    if plan.unnamed > 0 {
        let groups = count(plan.unnamed, "group");
        terminal.note(&format!("{groups} without a name in the column `to`: their pictures stay"));
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
                typed.plan.display()
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
