//! Ctrl-C and SIGTERM: the first asks politely, the second ends at once.
//!
//! SIGHUP keeps its own meaning, so that `nohup` does what it should: a run that loses its terminal
//! without it ends at once, and goes on from its last checkpoint the next time.

use std::sync::atomic::{AtomicU8, Ordering};

use ground::Stop;
use ground::progress::Progress;

use crate::fault::Exit;
use crate::terminal::Terminal;

/// What the first Ctrl-C prints where the work saves what it has.
pub(crate) const WORK: &str = "Stopping… press Ctrl-C again to quit immediately without saving";
/// What it prints where a server stops, which has nothing to save.
pub(crate) const SERVER: &str = "Stopping… press Ctrl-C again to cut off the requests under way";

/// The code that the signal which asked for the end calls for.
static ASKED: AtomicU8 = AtomicU8::new(Exit::Interrupted as u8);

/// From now on a signal asks `stop`, and a second one ends the program.
/// The line `stopping` says what that costs.
pub(crate) fn listen(stop: &Stop, terminal: &Terminal, stopping: &'static str) {
    let (stop, terminal) = (stop.clone(), terminal.clone());
    listening(move |code| {
        if stop.asked() {
            std::process::exit(code.into());
        }
        ASKED.store(code, Ordering::SeqCst);
        stop.ask();
        terminal.note(stopping);
    });
}

/// The program's exit code: one that stops on request says by which signal.
pub(crate) fn code(exit: Exit) -> u8 {
    match exit {
        Exit::Interrupted => ASKED.load(Ordering::SeqCst),
        other => other as u8,
    }
}

/// Hears signals from now on. Where that cannot be, Ctrl-C ends the program as it always did, which
/// is no reason to refuse work.
#[cfg(unix)]
fn listening(mut heard: impl FnMut(u8) + Send + 'static) {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGINT, SIGTERM]) else { return };
    std::thread::spawn(move || {
        for signal in &mut signals {
            heard(if signal == SIGTERM { Exit::Terminated } else { Exit::Interrupted } as u8);
        }
    });
}

#[cfg(not(unix))]
fn listening(mut heard: impl FnMut(u8) + Send + 'static) {
    drop(ctrlc::set_handler(move || heard(Exit::Interrupted as u8)));
}
