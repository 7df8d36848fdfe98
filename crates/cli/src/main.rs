//! The `lookalike` binary.

use std::process::ExitCode;

/// Large pictures and weights come and go: in huge pages, and without a page fault every 4 KiB.
#[global_allocator]
static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let program = std::env::current_exe().map_or_else(|_| "lookalike".into(), Into::into);
    ExitCode::from(cli::run(&[program], std::env::args_os()))
}
