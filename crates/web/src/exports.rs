//! What a page calls. Numbers go in and come out; bytes go through two buffers of the module's
//! memory, whose places it states: the page puts a file into [`room`] and reads the answer at
//! [`answer`]. Nothing here follows a pointer, so nothing else here is unsafe.
#![allow(unsafe_code, reason = "`no_mangle`, so that what a page calls keeps its name")]

use std::cell::RefCell;
use std::error::Error;

use classifier::json::Style;

use crate::{Ask, Model};

const NO_MODEL: &str = "no classifier is loaded";

/// What there is between two calls.
#[derive(Default)]
struct State {
    /// A file that the page hands over.
    given: Vec<u8>,
    /// The text of the last answer.
    said: Vec<u8>,
    model: Option<Model>,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

/// Makes room for so many bytes and returns where they go.
#[unsafe(no_mangle)]
extern "C" fn room(bytes: usize) -> *mut u8 {
    STATE.with_borrow_mut(|state| {
        // What was there goes first: two large pictures at a time would be one too many.
        state.given = Vec::new();
        state.given = vec![0; bytes];
        state.given.as_mut_ptr()
    })
}

/// Where the last answer lies.
#[unsafe(no_mangle)]
extern "C" fn answer() -> *const u8 {
    STATE.with_borrow(|state| state.said.as_ptr())
}

/// How many bytes it has.
#[unsafe(no_mangle)]
extern "C" fn answer_length() -> usize {
    STATE.with_borrow(|state| state.said.len())
}

/// Reads the classifier that was handed over behind its name of so many bytes. Returns whether it is
/// one; the answer is its classes as JSON, else the reason.
#[unsafe(no_mangle)]
extern "C" fn load(name: usize) -> bool {
    tell(|State { given, model, .. }| {
        *model = None;
        let bytes = std::mem::take(given);
        let (name, bytes) = bytes.split_at(name.min(bytes.len()));
        let read = Model::load(&String::from_utf8_lossy(name), bytes).map_err(words)?;
        model.insert(read).about().map_err(words)
    })
}

/// Runs the self-test. Returns whether it passes; the answer is the largest difference, else the
/// reason.
#[unsafe(no_mangle)]
extern "C" fn verify() -> bool {
    tell(|State { model, .. }| match model {
        Some(model) => model.verify().map(|largest| largest.to_string()).map_err(words),
        None => Err(NO_MODEL.into()),
    })
}

/// Predicts the picture that was handed over behind its name of so many bytes. Returns whether there
/// is a document of `predict --json`, which is the answer then, else the reason.
#[unsafe(no_mangle)]
extern "C" fn predict(name: usize, top: usize, always: bool, heat_map: bool) -> bool {
    tell(|State { given, model, .. }| {
        let mut bytes = std::mem::take(given);
        let picture = bytes.split_off(name.min(bytes.len()));
        let ask = Ask { style: Style { top, always }, heat_map };
        match model {
            Some(model) => {
                model.predict(&String::from_utf8_lossy(&bytes), picture, ask).map_err(words)
            }
            None => Err(NO_MODEL.into()),
        }
    })
}

/// Does `work` and keeps what it says.
fn tell(work: impl FnOnce(&mut State) -> Result<String, String>) -> bool {
    STATE.with_borrow_mut(|state| {
        let result = work(state);
        let good = result.is_ok();
        state.said = result.unwrap_or_else(|reason| reason).into_bytes();
        good
    })
}

/// An error with its causes.
#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn words(error: classifier::ClassifierError) -> String {
    let (mut text, mut cause) = (error.to_string(), error.source());
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}
