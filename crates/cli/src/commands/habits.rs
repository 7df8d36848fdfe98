//! What shells and `man` expect of a program, made from the definitions of its arguments.

use std::fs;
use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;
use ground::files::{self, FileError};
use ground::progress::Progress;

use crate::args::Typed;
use crate::fault::{Exit, Failure};
use crate::terminal::{Terminal, count};

/// `lookalike completions SHELL`.
pub(crate) fn completions(shell: Shell, terminal: &Terminal) -> Result<Exit, Failure> {
    let mut script = vec![];
    clap_complete::generate(shell, &mut Typed::command(), "lookalike", &mut script);
    terminal.result(String::from_utf8_lossy(&script).trim_end())?;
    Ok(Exit::Done)
}

/// `lookalike man DIR`: a page for the program and one for each command.
pub(crate) fn man(dir: &Path, terminal: &Terminal) -> Result<Exit, Failure> {
    fs::create_dir_all(dir).map_err(FileError::at("create", dir))?;
    let mut program = Typed::command();
    program.build();
    let commands = program.get_subcommands().filter(|command| command.get_name() != "help");
    let commands = commands.map(|command| {
        let name = format!("lookalike-{}", command.get_name());
        command.clone().name(name.clone()).display_name(name)
    });
    let all: Vec<clap::Command> = std::iter::once(program.clone()).chain(commands).collect();
    for command in &all {
        let mut page = vec![];
        Man::new(command.clone()).render(&mut page)?;
        files::write(&dir.join(format!("{}.1", command.get_name())), &page)?;
    }
    terminal.note(&format!("manual: {} in `{}`", count(all.len(), "page"), dir.display()));
    Ok(Exit::Done)
}
