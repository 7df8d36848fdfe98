//! One address over HTTP, politely and without trust.

mod body;
mod fetch;
mod gate;
mod guard;
mod headers;
mod robots;

pub(crate) use fetch::{Fetcher, Not};
pub(crate) use gate::Gate;
pub use guard::{Guard, Lookup};
