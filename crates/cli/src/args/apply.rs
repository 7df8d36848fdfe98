use std::path::PathBuf;

use clap::Args;

/// What is typed after `apply`.
#[derive(Args, Debug)]
pub(crate) struct Apply {
    /// The table of `action,path,to,reason`
    #[arg(value_name = "PLAN")]
    pub(crate) plan: PathBuf,
    /// Put back everything that this plan moved
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) undo: bool,
    /// Only show what would be moved
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// List every file, not only the first 20
    #[arg(long, conflicts_with = "undo")]
    pub(crate) all: bool,
    /// The folder that paths are relative to [default: as the plan says, else the plan's own folder]
    #[arg(long, value_name = "DIR", conflicts_with = "undo")]
    pub(crate) folder: Option<PathBuf>,
}
