//! The `lookalike` binary.
fn main() {}
