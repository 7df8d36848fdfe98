//! What is typed after `features`.

use std::path::PathBuf;

use clap::Args;
use lookalike::Source;
use training::auto::Auto;

use super::parse::{size, views};
use super::{Foreign, Network, TableColumns, source};

/// What is typed after `features`.
#[derive(Args, Debug)]
#[command(after_help = FEATURES)]
pub(crate) struct Features {
    /// A folder of pictures. For a NumPy array or a table: a classifier, then pictures and folders
    #[arg(required_unless_present = "labels")]
    pub(crate) paths: Vec<PathBuf>,
    /// A table of `path,label[,split][,group][,fold]`, or labels or boxes of another program, instead of
    /// a folder
    #[arg(long, value_name = "FILE", conflicts_with = "paths")]
    pub(crate) labels: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) columns: TableColumns,
    #[command(flatten)]
    pub(crate) foreign: Foreign,
    /// A folder for Parquet files, which keeps what it has; or a file: `.npy` (names of the pictures
    /// beside it, in `.names.txt`) or `.csv`
    #[arg(long, short, value_name = "FOLDER")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) network: Network,
    /// Height and width of the network's input, in pixels
    #[arg(long, value_name = "N", help_heading = "Recipe", value_parser = size)]
    pub(crate) size: Option<usize>,
    /// Views of each picture whose features are averaged: 1, 2 (and mirrored) or 4 (and zoomed in).
    /// Time grows with their number
    #[arg(long, value_name = "N", default_value_t = Auto::VIEWS, help_heading = "Recipe", value_parser = views)]
    pub(crate) views: usize,
    /// Store features in 16 bits, which takes half the room; scores may differ a little
    #[arg(long)]
    pub(crate) half: bool,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

const FEATURES: &str = "\
Examples:
  lookalike features photos/ -o feats/
  lookalike train --features 'feats/*.parquet'
  lookalike features birds.lookalike photos/ -o features.npy";

impl Features {
    /// The pictures of a data set.
    pub(crate) fn source(&self) -> Source {
        let how = self.foreign.how(self.columns.columns());
        source(self.paths.first(), self.labels.as_ref(), how)
    }
}
