//! The real server on a port of its own, and clients of every kind: those that ask as they should, and
//! those that do not.
#![allow(clippy::unwrap_used, reason = "a test may fail wherever it stands")]

mod answers;
mod client;
mod desk;
mod every;
mod gate;
mod life;
mod limits;
mod phone;
mod project;
mod random;
mod review;
mod smuggling;
mod uploads;
