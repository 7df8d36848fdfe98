//! `lookalike cache`: what is kept so that it need not be computed or downloaded again.

use ground::progress::Progress;
use lookalike::{cache_root, cached, clear_cache};

use crate::args::Cache;
use crate::fault::{Exit, Failure};
use crate::terminal::{Terminal, bytes, count};

pub(crate) fn run(typed: &Cache, terminal: &Terminal) -> Result<Exit, Failure> {
    if typed.clear {
        let removed = clear_cache(typed.part)?;
        let files = count(removed.iter().map(|part| part.files).sum(), "file");
        let size = bytes(removed.iter().map(|part| part.bytes).sum());
        terminal.note(&format!("removed {files}, {size}"));
    }
    let parts = cached(typed.part)?;
    if typed.json {
        terminal.result(&serde_json::to_string_pretty(&parts)?)?;
    } else if !typed.clear {
        for part in &parts {
            let (files, size) = (count(part.files, "file"), bytes(part.bytes));
            terminal.result(&format!("{:<9} {size:>10}  {files:>12}  {}", part.name, part.what))?;
        }
        terminal.result(&format!("in {}", cache_root().display()))?;
    }
    Ok(Exit::Done)
}
