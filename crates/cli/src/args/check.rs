use std::path::PathBuf;

use clap::Args;

/// What is typed after `check`.
#[derive(Args, Debug)]
pub(crate) struct Check {
    /// A folder with one sub-folder of pictures a class, or with `train` and `valid` in it
    #[arg(required_unless_present = "labels", conflicts_with = "labels")]
    pub(crate) dir: Option<PathBuf>,
    /// A table of `path,label[,split][,group]` instead; paths start where the table lies
    #[arg(long, value_name = "CSV")]
    pub(crate) labels: Option<PathBuf>,
    /// Write what to do about it as a table to look through and pass to `lookalike apply`; no
    /// picture is touched. Not with a table, which would still name what is moved
    #[arg(long, value_name = "PLAN", conflicts_with = "labels")]
    pub(crate) fix: Option<PathBuf>,
    /// Write what was found as one HTML page, with the pictures in it
    #[arg(long, value_name = "HTML")]
    pub(crate) report: Option<PathBuf>,
    /// Fail (exit code 3) where something is wrong
    #[arg(long)]
    pub(crate) strict: bool,
    /// One JSON document on standard output
    #[arg(long)]
    pub(crate) json: bool,
}
