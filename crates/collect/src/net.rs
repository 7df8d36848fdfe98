//! Fetching pictures politely: robots.txt, few connections a host, and time for who asks for it.

mod fetch;
mod gate;
mod headers;
mod robots;

pub(crate) use fetch::{Fetcher, Not};
pub(crate) use gate::Gate;
