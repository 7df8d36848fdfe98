//! `lookalike look`: what lies in a folder, class by class, at a glance.

use ground::Stop;
use ground::progress::Progress;
use lookalike::{GroupRequest, LookRequest, Looked};

use super::report::show_in_browser;
use crate::args::Look;
use crate::fault::{Exit, Failure};
use crate::terminal::{Terminal, argument, bytes, count};

pub(crate) fn run(typed: &Look, terminal: &Terminal, stop: &Stop) -> Result<Exit, Failure> {
    let request = LookRequest {
        output: typed.output.clone(),
        png: typed.png.clone(),
        per_class: if typed.all { Some(usize::MAX) } else { typed.per_class },
        seed: typed.seed,
        group: typed.group.then(|| GroupRequest { groups: typed.groups, plan: typed.plan.clone() }),
        ..LookRequest::new(typed.pictures.source())
    };
    let looked = lookalike::look(&request, terminal, stop)?;
    let Looked { output, shown, unreadable, files, .. } = &looked;
    let of = if shown < files { format!("{shown} of ") } else { String::new() };
    terminal.note(&format!(
        "contact sheet: `{}` ({of}{} in {}, {})",
        output.display(),
        count(*files, "file"),
        count(looked.classes, if typed.group { "group" } else { "class" }),
        bytes(looked.bytes as u64)
    ));
    if let Some(folder) = &typed.png {
        terminal.note(&format!("a PNG of each: `{}`", folder.display()));
    }
    if let Some(plan) = &looked.plan {
        terminal.note(&format!(
            "plan: `{}`. Name groups in its column `to`, then: `lookalike apply {}`",
            plan.display(),
            argument(plan)
        ));
    }
    if *unreadable > 0 {
        terminal.warn(&format!(
            "{} of those shown cannot be read; the sheet says why. `lookalike check` looks at all \
             files",
            count(*unreadable, "file")
        ));
    }
    if typed.open {
        show_in_browser(output, terminal);
    }
    Ok(Exit::Done)
}
