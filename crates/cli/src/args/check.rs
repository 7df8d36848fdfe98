use std::path::PathBuf;

use clap::Args;

use super::Pictures;

/// What is typed after `check`.
#[derive(Args, Debug)]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) pictures: Pictures,
    /// Write a plan that mends what was found: a table to review and pass to `lookalike apply`. No
    /// picture is touched. Not with `--labels`, whose table would still name the old paths
    #[arg(long, value_name = "PLAN", conflicts_with = "labels")]
    pub(crate) fix: Option<PathBuf>,
    /// Write the findings as one HTML page, with the pictures in it
    #[arg(long, value_name = "HTML")]
    pub(crate) report: Option<PathBuf>,
    /// Fail (exit code 3) if something is wrong
    #[arg(long)]
    pub(crate) strict: bool,
    /// Fail (exit code 3) if there is a finding of one of these kinds, such as
    /// `near-leak,copies`; `docs/check.md` lists them
    #[arg(long, value_name = "KIND", value_delimiter = ',', value_parser = super::parse::finding)]
    pub(crate) fail_on: Vec<doctor::Kind>,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}
