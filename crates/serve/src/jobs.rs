//! Work that takes longer than a request: one job at a time, which says how far it is and can be stopped.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use ground::Stop;
use ground::progress::{Bar, Progress};
use lookalike::Error;
use serde_json::{Value, json};

use crate::hub::Hub;
use crate::problem::{Fault, Problem};

/// News of a bar's progress come at most so often.
const OFTEN: Duration = Duration::from_millis(100);
/// Warnings that are kept.
const WARNINGS: usize = 20;

/// What is being done, and what was done last.
pub(crate) struct Jobs {
    hub: Arc<Hub>,
    state: Mutex<State>,
    /// When news were last told.
    told: Mutex<Instant>,
}

#[derive(Default)]
struct State {
    count: u64,
    job: Option<Job>,
    ended: Option<Value>,
    warnings: Vec<String>,
    closed: bool,
}

struct Job {
    id: u64,
    kind: &'static str,
    words: String,
    done: u64,
    of: Option<u64>,
    stop: Stop,
    can_stop: bool,
    began: Instant,
}

impl Jobs {
    pub(crate) fn new(hub: Arc<Hub>) -> Arc<Self> {
        Arc::new(Self { hub, state: Mutex::default(), told: Mutex::new(Instant::now()) })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The job, what became of the last one, and warnings, as the state tells them.
    pub(crate) fn json(&self) -> (Value, Value, Value) {
        let state = self.lock();
        let job = state.job.as_ref().map(|job| {
            json!({
                "id": job.id, "kind": job.kind, "words": job.words, "done": job.done, "of": job.of,
                "stopping": job.stop.asked(), "can_stop": job.can_stop,
            })
        });
        (json!(job), json!(state.ended), json!(state.warnings))
    }

    /// The kind of the job that runs.
    pub(crate) fn running(&self) -> Option<&'static str> {
        self.lock().job.as_ref().map(|job| job.kind)
    }

    /// Whether nothing runs.
    ///
    /// # Errors
    /// When something does.
    pub(crate) fn idle(&self) -> Result<(), Problem> {
        match self.running() {
            None => Ok(()),
            Some(kind) => Err(busy(kind)),
        }
    }

    /// Starts a job on a thread of its own.
    ///
    /// # Errors
    /// While another one runs.
    pub(crate) fn start(
        self: &Arc<Self>,
        kind: &'static str,
        can_stop: bool,
        work: impl FnOnce(&dyn Progress, &Stop) -> Result<Option<String>, Error> + Send + 'static,
    ) -> Result<u64, Problem> {
        let (id, stop) = {
            let mut state = self.lock();
            if let Some(job) = &state.job {
                return Err(busy(job.kind));
            }
            if state.closed {
                return Err(Fault::Draining.because("the server is stopping").retry(5));
            }
            state.count += 1;
            let (id, stop) = (state.count, Stop::new());
            let (words, began) = (String::new(), Instant::now());
            let job =
                Job { id, kind, words, done: 0, of: None, stop: stop.clone(), can_stop, began };
            state.job = Some(job);
            state.warnings.clear();
            (id, stop)
        };
        self.hub.changed();
        let jobs = Arc::clone(self);
        let run = move || {
            let caught = std::panic::AssertUnwindSafe(|| work(&News(Arc::clone(&jobs)), &stop));
            let done = std::panic::catch_unwind(caught);
            let done = done.unwrap_or_else(|_| {
                let what = "the program failed while it worked; this is a bug";
                Err(Error::refused(lookalike::Kind::Failed, what))
            });
            jobs.end(done);
        };
        if let Err(error) = thread::Builder::new().name("job".into()).spawn(run) {
            self.lock().job = None;
            return Err(Fault::Failed.because(format!("cannot start a thread: {error}")));
        }
        Ok(id)
    }

    fn end(&self, done: Result<Option<String>, Error>) {
        let mut state = self.lock();
        let Some(Job { id, kind, began, .. }) = state.job.take() else { return };
        let (how, words, help) = match done {
            Ok(words) => ("done", words, None),
            Err(error) if error.kind() == lookalike::Kind::Stopped => ("stopped", None, None),
            Err(error) => ("failed", Some(told(&error)), error.help()),
        };
        let seconds = began.elapsed().as_secs_f64();
        state.ended = Some(json!({
            "id": id, "kind": kind, "how": how, "words": words, "help": help, "seconds": seconds,
        }));
        drop(state);
        self.hub.changed();
    }

    /// Asks the job to stop.
    ///
    /// # Errors
    /// When none runs, or it cannot be stopped in the middle.
    pub(crate) fn stop(&self) -> Result<(), Problem> {
        let state = self.lock();
        match &state.job {
            None => Err(Fault::NotFound.because("nothing is being done that could be stopped")),
            Some(job) if !job.can_stop => {
                Err(Fault::Conflict.because("this is not stopped in the middle"))
            }
            Some(job) => {
                job.stop.ask();
                drop(state);
                self.hub.changed();
                Ok(())
            }
        }
    }

    /// No job starts from now on, and the one that runs is asked to stop; returns when it has.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        if let Some(job) = &state.job {
            job.stop.ask();
        }
    }

    fn change(&self, urgent: bool, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if urgent || told.elapsed() >= OFTEN {
            *told = Instant::now();
            drop(told);
            self.hub.changed();
        }
    }
}

/// An error with its causes, in a line each.
pub(crate) fn told(error: &Error) -> String {
    use std::error::Error as _;
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    std::iter::once(error.to_string())
        .chain(causes.map(ToString::to_string))
        .collect::<Vec<_>>()
        .join(": ")
}

fn busy(kind: &str) -> Problem {
    let what = match kind {
        "train" => "pictures are being trained on",
        "apply" | "undo" => "pictures are being moved",
        _ => "the folder is being looked through",
    };
    Fault::Busy.because(what)
}

/// What a job tells of itself.
struct News(Arc<Jobs>);

impl Progress for News {
    fn begin(&self, what: &str, total: Option<u64>) -> Box<dyn Bar> {
        self.0.change(true, |state| {
            if let Some(job) = &mut state.job {
                (job.words, job.done, job.of) = (what.to_owned(), 0, total);
            }
        });
        Box::new(Advance(Arc::clone(&self.0)))
    }

    fn note(&self, _line: &str) {}

    fn warn(&self, line: &str) {
        self.0.change(true, |state| {
            // Several steps may find the same.
            if state.warnings.len() < WARNINGS && !state.warnings.iter().any(|known| known == line)
            {
                state.warnings.push(line.to_owned());
            }
        });
    }
}

struct Advance(Arc<Jobs>);

impl Bar for Advance {
    fn advance(&self, units: u64) {
        self.0.change(false, |state| {
            if let Some(job) = &mut state.job {
                job.done += units;
            }
        });
    }

    fn say(&self, _message: &str) {}
}
