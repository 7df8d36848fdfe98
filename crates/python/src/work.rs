//! Work on threads of its own, while the caller's thread listens for Ctrl-C and passes on what is
//! reported.

use std::any::Any;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use ground::Stop;
use ground::progress::{Bar, Progress};
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::errors;

/// How often signals are looked for.
const EVERY: Duration = Duration::from_millis(50);

/// As much as a program's first thread has.
const STACK: usize = 8 << 20;

/// Something to report, for a callable that takes a list of such tuples.
#[derive(IntoPyObject)]
enum News {
    /// `("begin", bar, what, total)`.
    Begin(&'static str, usize, String, Option<u64>),
    /// `("advance", bar, units)`.
    Advance(&'static str, usize, u64),
    /// `("say" | "note" | "warn" | "event", bar, text)`.
    Line(&'static str, usize, String),
    /// `("end", bar)`.
    End(&'static str, usize),
}

/// What was reported and not passed on yet.
#[derive(Clone, Default)]
pub(crate) struct Reporter(Arc<Mutex<(usize, Vec<News>)>>);

impl Reporter {
    fn put(&self, news: News) {
        let queue = &mut self.0.lock().unwrap_or_else(PoisonError::into_inner).1;
        match (queue.last_mut(), &news) {
            (Some(News::Advance(_, last, sum)), News::Advance(_, bar, more)) if last == bar => {
                *sum += more;
            }
            _ => queue.push(news),
        }
    }

    /// An event of a training run, as JSON.
    pub(crate) fn event(&self, json: String) {
        self.put(News::Line("event", 0, json));
    }

    fn take(&self) -> Vec<News> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).1)
    }
}

impl Progress for Reporter {
    fn begin(&self, what: &str, total: Option<u64>) -> Box<dyn Bar> {
        let number = {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            state.0 += 1;
            state.0
        };
        self.put(News::Begin("begin", number, what.to_owned(), total));
        Box::new(ReportedBar { reporter: self.clone(), number })
    }

    fn note(&self, line: &str) {
        self.put(News::Line("note", 0, line.to_owned()));
    }

    fn warn(&self, line: &str) {
        self.put(News::Line("warn", 0, line.to_owned()));
    }
}

struct ReportedBar {
    reporter: Reporter,
    number: usize,
}

impl Bar for ReportedBar {
    fn advance(&self, units: u64) {
        self.reporter.put(News::Advance("advance", self.number, units));
    }

    fn say(&self, message: &str) {
        self.reporter.put(News::Line("say", self.number, message.to_owned()));
    }
}

impl Drop for ReportedBar {
    fn drop(&mut self) {
        self.reporter.put(News::End("end", self.number));
    }
}

/// Does `work` without the interpreter's lock. Ctrl-C, or an exception of `hear`, asks it to stop and is
/// raised once it has.
pub(crate) fn done<T: Send>(
    py: Python<'_>,
    hear: Option<&Bound<'_, PyAny>>,
    work: impl FnOnce(&Reporter, &Stop) -> T + Send,
) -> PyResult<T> {
    let (reporter, stop) = (Reporter::default(), Stop::new());
    let hear = hear.map(|hear| hear.clone().unbind());
    let listen = |py: Python<'_>| -> PyResult<()> {
        py.check_signals()?;
        let news = reporter.take();
        match &hear {
            Some(hear) if !news.is_empty() => hear.call1(py, (PyList::new(py, news)?,)).map(|_| ()),
            _ => Ok(()),
        }
    };
    let (result, mut raised) = py.detach(|| {
        thread::scope(|scope| {
            let (ending, ended) = sync_channel::<()>(1);
            let (reporter, stop) = (&reporter, &stop);
            let worker = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, move || {
                let _ending = ending; // dropped at the end, also by a panic
                work(reporter, stop)
            });
            let mut raised = None;
            while ended.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                if let (None, Err(error)) = (&raised, Python::attach(listen)) {
                    stop.ask();
                    raised = Some(error);
                }
            }
            let result = worker.map_err(|error| format!("failed to spawn thread: {error}"));
            (result.and_then(|worker| worker.join().map_err(|panic| words(&*panic))), raised)
        })
    });
    if raised.is_none() {
        raised = listen(py).err();
    }
    match (raised, result) {
        (Some(raised), _) => Err(raised),
        (None, Ok(value)) => Ok(value),
        (None, Err(words)) => Err(errors::panicked(py, &words)),
    }
}

/// What a panic says.
fn words(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<&str>().copied().map(str::to_owned);
    let words = words.or_else(|| panic.downcast_ref::<String>().cloned());
    words.unwrap_or_else(|| "for an unknown reason".into())
}
