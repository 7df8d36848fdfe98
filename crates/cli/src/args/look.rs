use std::path::PathBuf;

use clap::Args;

use super::Pictures;
use super::parse::at_least_one;

/// What is typed after `look`.
#[derive(Args, Debug)]
pub(crate) struct Look {
    #[command(flatten)]
    pub(crate) pictures: Pictures,
    /// Group unsorted pictures by likeness, and write a plan: name groups in it, and `lookalike apply`
    /// makes classes of them
    #[arg(long, conflicts_with = "labels", help_heading = "Groups")]
    pub(crate) group: bool,
    /// So many groups [default: as many as suit the pictures]
    #[arg(long, value_name = "N", value_parser = at_least_one, requires = "group", help_heading = "Groups")]
    pub(crate) groups: Option<usize>,
    /// The plan [default: the folder's name with `.groups.csv`, in the current folder]
    #[arg(long, value_name = "CSV", requires = "group", help_heading = "Groups")]
    pub(crate) plan: Option<PathBuf>,
    /// Contact sheet file [default: the folder's name with `.look.html` or `.groups.html`, in the
    /// current folder]
    #[arg(long, short, value_name = "HTML")]
    pub(crate) output: Option<PathBuf>,
    /// Also write a PNG of each class or group to DIR (new or empty)
    #[arg(long, value_name = "DIR")]
    pub(crate) png: Option<PathBuf>,
    /// Pictures per class, drawn at random, or per group [default: 60; with more than 40 classes about
    /// 2,400 in all]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) per_class: Option<usize>,
    /// Every picture; each adds about 8 kB to the page
    #[arg(long, conflicts_with = "per_class")]
    pub(crate) all: bool,
    /// Random seed of the draw
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub(crate) seed: u64,
    /// Open it in the browser
    #[arg(long)]
    pub(crate) open: bool,
}
