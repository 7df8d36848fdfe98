use std::path::PathBuf;

use clap::Args;
use ground::Precision;

use super::parse::{at_least_one, precision};

/// What is typed after `predict`.
#[derive(Args, Debug)]
pub(crate) struct Predict {
    /// A classifier, `*.lookalike`
    pub(crate) model: PathBuf,
    /// Pictures, folders of pictures, or `-` for a list of paths on standard input
    #[arg(required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// Classes listed per picture, the most probable first
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = at_least_one)]
    pub(crate) top: usize,
    /// Always answer with the most probable class, even if unsure or not recognised
    #[arg(long)]
    pub(crate) always: bool,
    /// Save a heat map of each picture to DIR (new or empty), showing which areas supported the
    /// answer
    #[arg(long, value_name = "DIR")]
    pub(crate) heat_maps: Option<PathBuf>,
    /// Numeric precision. bf16 is faster on some processors; its probabilities differ in the third
    /// digit
    #[arg(long, default_value = "fp32", value_parser = precision())]
    pub(crate) precision: Precision,
    /// Print one JSON document
    #[arg(long, conflicts_with = "csv")]
    pub(crate) json: bool,
    /// Print a CSV table with one row per picture
    #[arg(long)]
    pub(crate) csv: bool,
}

/// What is typed after `report`.
#[derive(Args, Debug)]
pub(crate) struct Report {
    /// A classifier, `*.lookalike`
    pub(crate) model: PathBuf,
    /// Report file [default: the classifier's name with `.html`, in the current folder]
    #[arg(long, short, value_name = "HTML")]
    pub(crate) output: Option<PathBuf>,
    /// Open it in the browser
    #[arg(long, conflicts_with = "json")]
    pub(crate) open: bool,
    /// Print the report as one JSON document; no HTML file unless you pass `-o`
    #[arg(long)]
    pub(crate) json: bool,
}

/// What is typed after `show`.
#[derive(Args, Debug)]
pub(crate) struct Show {
    /// A classifier, `*.lookalike`
    pub(crate) model: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
    /// Every layer with its shape, parameters and multiply-adds
    #[arg(long)]
    pub(crate) layers: bool,
}
