//! Ctrl-C and SIGTERM: the first asks politely, the second ends at once.

use ground::Stop;
use ground::progress::Progress;

use crate::fault::Exit;
use crate::terminal::Terminal;

/// From now on a signal asks `stop`, and a second one ends the program.
pub(crate) fn listen(stop: &Stop, terminal: &Terminal) {
    let (stop, terminal) = (stop.clone(), terminal.clone());
    let listening = ctrlc::set_handler(move || {
        if stop.asked() {
            std::process::exit(Exit::Interrupted as i32);
        }
        stop.ask();
        terminal.note("stopping; once more ends at once and saves nothing");
    });
    // Without a handler Ctrl-C ends the program as it always did, which is no reason to refuse work.
    drop(listening);
}
