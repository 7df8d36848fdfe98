//! The data doctor.
pub mod plan;
