use std::path::PathBuf;

use clap::Args;

use super::at_least_one;

/// What is typed after `look`.
#[derive(Args, Debug)]
pub(crate) struct Look {
    /// A folder with one sub-folder of pictures a class, or with `train` and `valid` in it
    #[arg(required_unless_present = "labels", conflicts_with = "labels")]
    pub(crate) dir: Option<PathBuf>,
    /// A table of `path,label` instead; paths start where the table lies
    #[arg(long, value_name = "CSV")]
    pub(crate) labels: Option<PathBuf>,
    /// Where the sheet goes [default: the folder's name, with `.look.html`, here]
    #[arg(long, short, value_name = "HTML")]
    pub(crate) output: Option<PathBuf>,
    /// Write a PNG of each class too, into this new or empty folder
    #[arg(long, value_name = "DIR")]
    pub(crate) png: Option<PathBuf>,
    /// Pictures of a class, drawn by chance [default: 60; of more than 40 classes, so many that
    /// there are about 2,400]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) per_class: Option<usize>,
    /// Every picture: about 8 kB of the page each
    #[arg(long, conflicts_with = "per_class")]
    pub(crate) all: bool,
    /// Which ones are drawn
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub(crate) seed: u64,
    /// Open it in the browser
    #[arg(long)]
    pub(crate) open: bool,
}
