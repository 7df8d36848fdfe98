//! The one place that prints: results on standard output, all else on standard error.
//!
//! Bars appear only on a terminal, and only for work that takes longer than two seconds.

use std::error::Error;
use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use ground::progress::{Bar, Progress};
use indicatif::{
    HumanDuration, MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle,
};
use lookalike::text::causes;
pub(crate) use lookalike::text::{clock, count, printable, thousands};

/// A path as an argument of a command that somebody may copy.
pub(crate) fn argument(path: &Path) -> String {
    printable(&insight::quoted(&path.display().to_string()))
}

/// Columns of a summary.
pub(crate) const WIDTH: usize = 80;

/// How often work says in a log how far it is.
const EVERY: Duration = Duration::from_secs(30);

/// How long work may take before it gets a bar.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where everything that a user sees goes through.
#[derive(Clone)]
pub(crate) struct Terminal(Arc<Shared>);

struct Shared {
    bars: MultiProgress,
    /// No progress.
    quiet: bool,
    /// No warnings.
    silent: bool,
    timings: bool,
    /// Whether standard output has one JSON document and nothing else.
    json: bool,
    /// Of standard error.
    colour: bool,
}

impl Terminal {
    /// `quiet` once leaves out progress, and warnings where a document has them; twice, all warnings.
    pub(crate) fn new(quiet: u8, timings: bool, json: bool) -> Self {
        let (quiet, silent) = (quiet > 0, quiet > 1 || quiet > 0 && json);
        let target =
            if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bars = MultiProgress::with_draw_target(target);
        let colour = colours(io::stderr().is_terminal());
        Self(Arc::new(Shared { bars, quiet, silent, timings, json, colour }))
    }

    /// Whether the user wants to know where the time goes.
    pub(crate) fn wants_timings(&self) -> bool {
        self.0.timings
    }

    /// Whether standard output takes colour.
    pub(crate) fn colours_results(&self) -> bool {
        colours(io::stdout().is_terminal())
    }

    /// A result, on standard output, with a line's end.
    ///
    /// # Errors
    /// When nobody reads any more, or the disk behind it is full.
    pub(crate) fn result(&self, text: &str) -> io::Result<()> {
        self.0.bars.suspend(|| {
            let mut out = io::stdout().lock();
            out.write_all(text.as_bytes())?;
            out.write_all(b"\n")?;
            out.flush()
        })
    }

    /// A line of an account that goes on even when nobody reads it any more, as training does.
    pub(crate) fn account(&self, text: &str) {
        if !self.0.quiet {
            self.summary(text);
        }
    }

    /// What an account comes to.
    pub(crate) fn summary(&self, text: &str) {
        if !self.0.json {
            // The classifier is worth more than the lines about it.
            let _ = self.result(text);
        }
    }

    /// An error: what failed, the chain of its causes, and what to do.
    pub(crate) fn error(&self, error: &dyn Error, help: Option<&str>) {
        let mut text = format!("{} {}", self.paint("31", "error:"), printable(&error.to_string()));
        for cause in causes(error) {
            text += &format!("\n  caused by: {}", printable(&cause));
        }
        if let Some(help) = help {
            text += &format!("\n{} {}", self.paint("36", "help:"), printable(help));
        }
        self.complain(&text);
    }

    /// What the user has asked for beside a result: on standard error, quiet or not.
    pub(crate) fn told(&self, text: &str) {
        self.complain(text);
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.0.colour { format!("\x1b[1;{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn complain(&self, text: &str) {
        // Standard error may be closed, and then there is nobody to tell.
        self.0.bars.suspend(|| drop(writeln!(io::stderr(), "{text}")));
    }
}

/// Standard output as a stream: bars step aside for what is written.
pub(crate) struct Results<'a>(pub(crate) &'a Terminal);

impl Write for Results<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.0.bars.suspend(|| io::stdout().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stdout().flush()
    }
}

impl Progress for Terminal {
    fn begin(&self, what: &str, total: Option<u64>) -> Box<dyn Bar> {
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
        let template = match total {
            Some(_) => "{prefix} {bar:24} {pos}/{len}{left}{wide_msg}",
            None => "{prefix} {spinner} {pos} · {elapsed}{wide_msg}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            let left = |state: &ProgressState, out: &mut dyn fmt::Write| {
                // Nothing is known of the time before the first is done.
                if state.pos() > 0 {
                    let _ = write!(out, " · {:#} left", HumanDuration(state.eta()));
                }
            };
            bar.set_style(style.with_key("left", left).progress_chars("█▌░"));
        }
        bar.set_prefix(what.to_owned());
        let (ended, end) = mpsc::channel::<()>();
        let (bars, shown) = (self.0.bars.clone(), bar.clone());
        if bars.is_hidden() && !self.0.quiet {
            let (terminal, what, began) = (self.clone(), what.to_owned(), Instant::now());
            std::thread::spawn(move || {
                while end.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                    terminal.note(&so_far(&what, shown.position(), total, began.elapsed()));
                }
            });
        } else if !bars.is_hidden() {
            std::thread::spawn(move || {
                if end.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                    let shown = bars.add(shown);
                    shown.enable_steady_tick(Duration::from_millis(250));
                    // Until the work ends and drops its half of the channel.
                    let _ = end.recv();
                    shown.finish_and_clear();
                    bars.remove(&shown);
                }
            });
        }
        Box::new(Drawn { bar, _ended: ended })
    }

    fn note(&self, line: &str) {
        if !self.0.quiet {
            self.complain(&printable(line));
        }
    }

    fn warn(&self, line: &str) {
        if self.0.silent {
            return;
        }
        self.complain(&format!("{} {}", self.paint("33", "warning:"), printable(line)));
    }
}

/// How far work is, as a line of a log.
fn so_far(what: &str, done: u64, total: Option<u64>, elapsed: Duration) -> String {
    match total.filter(|&total| done > 0 && total >= done) {
        Some(total) => {
            let left = elapsed.mul_f64((total - done) as f64 / done as f64);
            let (done, total) = (thousands(done), thousands(total));
            format!("{what}: {done} of {total}, about {} left", clock(left))
        }
        None => format!("{what}: {} done in {}", thousands(done), clock(elapsed)),
    }
}

struct Drawn {
    bar: ProgressBar,
    _ended: Sender<()>,
}

impl Bar for Drawn {
    fn advance(&self, units: u64) {
        self.bar.inc(units);
    }

    fn say(&self, message: &str) {
        self.bar.set_message(format!(" · {}", printable(message)));
    }
}

impl Drop for Drawn {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Whether to colour: <https://no-color.org>.
fn colours(terminal: bool) -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    terminal && !set("NO_COLOR") && !dumb
}

/// "13.2 MB", in steps of a thousand.
pub(crate) fn bytes(n: u64) -> String {
    match n {
        0..1_000 => format!("{n} B"),
        1_000..1_000_000 => format!("{:.1} kB", n as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", n as f64 / 1e6),
        _ => format!("{:.1} GB", n as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::so_far;

    #[test]
    fn a_log_says_how_far_work_is() {
        let line = so_far("Extracting features", 1200, Some(3600), Duration::from_secs(30));
        assert_eq!(line, "Extracting features: 1,200 of 3,600, about 1:00 left");
        let line = so_far("Collecting", 7, None, Duration::from_secs(60));
        assert_eq!(line, "Collecting: 7 done in 1:00");
    }
}
