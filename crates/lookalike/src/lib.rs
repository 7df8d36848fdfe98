//! Lookalike as a library: a request in; a trained classifier, answers or a report out.
//!
//! Each thing that the `lookalike` program does is a function here: it takes a plain request with
//! documented defaults, a [`Progress`] that hears how far it is and a [`Stop`] that can end it
//! early, and returns what it found. Nothing here prints or reads the command line. The command
//! line, a server and bindings for other languages are doors to these same functions.
//!
//! Every function fails with the one [`Error`], whose [`kind`](Error::kind) says what to blame and
//! whose [`help`](Error::help) says what to do.
//!
//! ```
//! use lookalike::{Error, Kind};
//! let error = Error::refused(Kind::Usage, "there is no class to tell apart").advise("add pictures");
//! assert_eq!(error.kind(), Kind::Usage);
//! assert_eq!(error.help().as_deref(), Some("add pictures"));
//! ```

mod error;
mod facts;
mod lr_find;
mod network;
mod source;
pub mod text;
mod train;

pub use error::{Error, Kind, Refusal};
pub use facts::{about, recipe_facts};
pub use lr_find::{LrFindRequest, RateFound, lr_find};
pub use network::NamedNetwork;
pub use source::Source;
pub use train::{
    Event, Initial, Planned, RecipeOptions, ReportFile, Stopped, TrainRequest, Trained, train,
};

pub use ground::Stop;
pub use ground::progress::{Progress, Silent};
