//! `lookalike apply`: does what a plan says, and undoes it.

use doctor::plan::{self, Action, Applied, Plan};
use ground::Stop;
use ground::files::Disk;
use ground::progress::Progress;

use crate::args::Apply;
use crate::fault::{Exit, Failure};
use crate::terminal::{Terminal, count, printable};

pub(crate) fn run(typed: &Apply, terminal: &Terminal, stop: &Stop) -> Result<Exit, Failure> {
    if typed.undo {
        return undo(typed, terminal, stop);
    }
    let mut plan = Plan::read(&typed.plan)?;
    if let Some(folder) = &typed.folder {
        plan.folder.clone_from(folder);
    }
    let applied = plan.apply(&typed.plan, typed.dry_run, &Disk, terminal, stop)?;
    for moved in &applied.moved {
        let (action, from, to) = (moved.action.words(), moved.from.display(), moved.to.display());
        let reason = Some(&moved.reason).filter(|reason| !reason.is_empty());
        let reason = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
        terminal.result(&printable(&format!("{action:<9} {from} -> {to}{reason}")))?;
    }
    tell(typed, &applied, terminal);
    Ok(Exit::Done)
}

fn tell(typed: &Apply, applied: &Applied, terminal: &Terminal) {
    let of = |action| applied.moved.iter().filter(|moved| moved.action == action).count();
    let mut parts = vec![];
    for (action, done) in
        [(Action::Move, "renamed"), (Action::Relabel, "relabelled"), (Action::LeaveOut, "left out")]
    {
        if of(action) > 0 {
            parts.push(format!("{} {done}", of(action)));
        }
    }
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
        terminal.note(&format!("nothing of `{}` is applied", typed.plan.display()));
        return Ok(Exit::Done);
    };
    undone.problems.iter().for_each(|problem| terminal.warn(problem));
    terminal.note(&format!("put back {}", count(undone.back, "file")));
    Ok(if undone.problems.is_empty() { Exit::Done } else { Exit::Pictures })
}
