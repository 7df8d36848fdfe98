//! The `lookalike` program: arguments, then plain settings, then calls into the rooms below.
//!
//! `args` holds what was typed, `commands` one file a command, `terminal` all that is printed, and
//! `fault` what an error means to the caller. [`run`] is the whole program, for the binary and for
//! whatever else brings it along, as the Python package does.
//!
//! ```
//! let code = cli::run(&["lookalike".into()], ["lookalike".into(), "cache".into()]);
//! assert_eq!(code, 0);
//! ```

mod args;
mod commands;
mod fault;
mod interrupt;
mod terminal;

use std::any::Any;
use std::ffi::OsString;
use std::io::{self, Write};
use std::panic;
use std::path::Path;
use std::sync::OnceLock;

use clap::Parser;
use ground::Stop;
use ground::parallel::is_refused_thread;

use args::{Command, Typed};
use fault::Exit;
use terminal::Terminal;

/// How this program is started, and what it was given: for what starts it again, and for what keeps
/// what was typed.
#[derive(Debug)]
struct Started {
    program: Vec<OsString>,
    arguments: Vec<OsString>,
}

static STARTED: OnceLock<Started> = OnceLock::new();

/// The program, for a process that does nothing else: reads arguments, of which the first is the
/// program's name, does what they say, and returns the exit code. `program` is the command that
/// starts it.
pub fn run(program: &[OsString], arguments: impl IntoIterator<Item = OsString>) -> u8 {
    panic::set_hook(Box::new(report_panic));
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let started = STARTED.get_or_init(|| Started { program: program.to_vec(), arguments });
    // Whatever ends in a panic has been told by the hook; what is left is the code.
    let exit = panic::catch_unwind(|| obey(started));
    interrupt::code(exit.unwrap_or_else(|payload| match is_refused_thread(words(&*payload)) {
        true => Exit::Failed,
        false => Exit::Bug,
    }))
}

fn obey(started: &'static Started) -> Exit {
    let typed = match Typed::try_parse_from(&started.arguments) {
        Ok(typed) => typed,
        Err(error) => {
            // Standard error may be closed, and then there is nobody to tell.
            let _ = error.print();
            if let (true, Some(path)) = (error.use_stderr(), unquoted(&started.arguments)) {
                let _ = writeln!(io::stderr(), "\nhelp: {}", in_quotes(&path));
            }
            return if error.use_stderr() { Exit::Usage } else { Exit::Done };
        }
    };
    let terminal = Terminal::new(
        typed.everywhere.quiet,
        typed.everywhere.timings,
        typed.command.prints_json(),
    );
    if let Some(threads) = typed.everywhere.threads {
        ground::parallel::set_threads(threads);
    }
    // Only what can be stopped in the middle and keep what it has listens to Ctrl-C.
    let listening = |stopping| {
        let stop = Stop::new();
        interrupt::listen(&stop, &terminal, stopping);
        stop
    };
    let stoppable = || listening(interrupt::WORK);
    let server = || listening(interrupt::SERVER);
    let done = match typed.command {
        Command::Train(train) => {
            commands::train::run(*train, &started.arguments, &terminal, &stoppable())
        }
        Command::LrFind(lr_find) => commands::lr_find::run(&lr_find, &terminal, &stoppable()),
        Command::Check(check) => commands::check::run(&check, &terminal, &stoppable()),
        Command::Look(look) => commands::look::run(&look, &terminal, &stoppable()),
        Command::Apply(apply) => commands::apply::run(&apply, &terminal, &stoppable()),
        // While it waits for a list, Ctrl-C ends it at once.
        Command::Predict(predict) => {
            let listed = predict.paths.iter().any(|path| path.as_os_str() == "-");
            let stop = if listed { Stop::new() } else { stoppable() };
            commands::predict::run(&predict, &terminal, &stop)
        }
        Command::Evaluate(evaluate) => commands::evaluate::run(&evaluate, &terminal, &stoppable()),
        Command::Features(features) => commands::features::run(&features, &terminal, &stoppable()),
        Command::Next(next) => commands::next::run(&next, &terminal, &stoppable()),
        Command::Report(report) => commands::report::run(&report, &terminal),
        Command::Serve(serve) => commands::serve::run(&serve, &terminal, &server()),
        Command::Review(review) => commands::pages::review(&review, &terminal, &server()),
        Command::App(app) => commands::pages::app(&app, &terminal, &server()),
        Command::Export(export) => commands::export::run(export, &terminal),
        Command::Show(show) => commands::show::run(&show, &terminal),
        Command::Collect(collect) => commands::collect::run(&collect, &terminal, &stoppable()),
        Command::Practice(practice) => commands::practice::run(&practice, &terminal),
        Command::Cache(cache) => commands::cache::run(&cache, &terminal),
        Command::Bench(bench) => {
            commands::bench::run(&bench, &started.program, typed.everywhere.threads, &terminal)
        }
        Command::Completions { shell } => commands::habits::completions(shell, &terminal),
        Command::Man { dir } => commands::habits::man(&dir, &terminal),
    };
    match done {
        Ok(exit) => exit,
        Err(error) if error.nobody_reads() => Exit::Done,
        // Whoever asked for the end need not be told of it.
        Err(error) if error.is_stop() => Exit::Interrupted,
        Err(error) => {
            let (exit, help) = error.explain();
            let path = unquoted(&started.arguments);
            let help = path.map(|path| in_quotes(&path)).or(help);
            terminal.error(&error, help.as_deref());
            exit
        }
    }
}

/// A file or folder with spaces in its name that a shell has taken apart: arguments that are none of
/// their own, and together one.
fn unquoted(arguments: &[OsString]) -> Option<String> {
    let words: Vec<&str> = arguments.iter().skip(2).map_while(|word| word.to_str()).collect();
    let is_there = |path: &str| Path::new(path).symlink_metadata().is_ok();
    let from = |start: usize| (start + 2..=words.len()).map(move |end| (start, end));
    let joined = |(start, end): (usize, usize)| words[start..end].join(" ");
    (0..words.len())
        .filter(|&start| !is_there(words[start]))
        .flat_map(from)
        .map(joined)
        .find(|path| is_there(path))
}

fn in_quotes(path: &str) -> String {
    let quoted = terminal::argument(Path::new(path));
    format!("a path with spaces is one argument in quotes: {quoted}")
}

/// What a user sees of a panic: that it is a bug, where, and which version; or that there are no threads.
fn report_panic(info: &panic::PanicHookInfo<'_>) {
    let words = words(info.payload());
    let told = if is_refused_thread(words) {
        "error: the system refuses to start another thread\n\
         help: allow more (`ulimit -u`, or the limit of the container), or compute with fewer: `--threads 1`"
            .into()
    } else {
        let place = info.location().map(|at| format!(" at {}:{}", at.file(), at.line()));
        format!(
            "error: this is a bug in lookalike {}: {words}{}\n\
             help: please report these two lines and what you did",
            env!("CARGO_PKG_VERSION"),
            place.unwrap_or_default(),
        )
    };
    // Standard error may be closed, and a panic in here would end the program at once.
    let _ = writeln!(io::stderr(), "{told}");
}

/// What a panic says.
fn words(payload: &(dyn Any + Send)) -> &str {
    let words = payload.downcast_ref::<&str>().copied();
    let words = words.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    words.unwrap_or("for an unknown reason")
}
