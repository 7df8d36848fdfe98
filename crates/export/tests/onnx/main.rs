//! What is exported, by what it says and by what runtimes make of it.
#![allow(clippy::unwrap_used, reason = "a test may fail wherever it stands")]

mod fixture;
mod graph;
mod refused;
mod runtimes;
