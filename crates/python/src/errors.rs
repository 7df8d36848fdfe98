//! Errors of the library as the exceptions of `lookalike.errors`.

use lookalike::text::causes;
use lookalike::{Error, Kind};
use pyo3::exceptions::{PyKeyboardInterrupt, PyRuntimeError};
use pyo3::prelude::*;

/// The exception that stands for an error: its words, its causes and the advice.
pub(crate) fn raised(py: Python<'_>, error: &Error) -> PyErr {
    let class = match error.kind() {
        Kind::Stopped => return PyKeyboardInterrupt::new_err(()),
        Kind::Usage | Kind::Pictures => "InputError",
        Kind::Model => "ModelError",
        Kind::Network => "NetworkError",
        _ => "Error",
    };
    let words = [vec![error.to_string()], causes(error)].concat().join("\n  caused by: ");
    exception(py, class, &words, error.help().as_deref())
}

/// What is raised where a thread panicked.
pub(crate) fn panicked(py: Python<'_>, words: &str) -> PyErr {
    if ground::parallel::is_refused_thread(words) {
        let help = "allow more: `ulimit -u`, or the limit of the container";
        return exception(py, "Error", "the system refuses to start another thread", Some(help));
    }
    let words = format!("this is a bug in lookalike {}: {words}", env!("CARGO_PKG_VERSION"));
    exception(py, "Error", &words, Some("please report these lines and what you did"))
}

/// What is raised in a forked process for a thing that a thread of its parent was using.
pub(crate) fn lost_in_a_fork(py: Python<'_>) -> PyErr {
    let words = "this process was forked while another thread was using this classifier";
    let help = "load the classifier in the new process, or start processes with \
                `multiprocessing.set_start_method(\"spawn\")`";
    exception(py, "Error", words, Some(help))
}

/// What is raised for a setting that makes no sense.
pub(crate) fn refused(words: &str) -> PyErr {
    Python::attach(|py| exception(py, "InputError", words, None))
}

fn exception(py: Python<'_>, class: &str, words: &str, help: Option<&str>) -> PyErr {
    let made = || py.import("lookalike.errors")?.getattr(class)?.call1((words, help));
    made().map_or_else(|_| PyRuntimeError::new_err(words.to_owned()), PyErr::from_value)
}
