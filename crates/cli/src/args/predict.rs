//! What is typed after the commands that read a classifier.

use std::path::PathBuf;

use clap::Args;
use ground::Precision;

use super::parse::{at_least_one, percentage, precision};
use super::{Foreign, Pictures};

/// What is typed after `predict`.
#[derive(Args, Debug)]
#[command(after_help = PREDICT)]
pub(crate) struct Predict {
    /// A classifier, `*.lookalike`
    pub(crate) model: PathBuf,
    /// Pictures, folders of pictures, a file with boxes in them (MegaDetector, COCO), an archive or data
    /// set (`.tar`, `.parquet`), or `-` for a list of paths on standard input
    #[arg(required = true)]
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) foreign: Foreign,
    /// Classes listed per picture, the most probable first
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = at_least_one)]
    pub(crate) top: usize,
    /// Save a heat map of each picture to DIR (new or empty), showing which areas supported the
    /// answer
    #[arg(long, value_name = "DIR")]
    pub(crate) heat_maps: Option<PathBuf>,
    /// Numeric precision. bf16 is faster on some processors; its probabilities differ in the third
    /// digit
    #[arg(long, default_value = "fp32", value_parser = precision())]
    pub(crate) precision: Precision,

    /// Always answer with the most probable class, even if unsure or not recognised
    #[arg(long, help_heading = STRICTNESS, conflicts_with = "min_probability")]
    pub(crate) always: bool,
    /// Name a class alone only if it is at least this probable, as in `90%`
    #[arg(long, value_name = "P", help_heading = STRICTNESS, value_parser = percentage)]
    pub(crate) min_probability: Option<f64>,
    /// How often the classes named should include the right one [default: 90%]
    #[arg(long, value_name = "P", help_heading = STRICTNESS, value_parser = percentage)]
    pub(crate) coverage: Option<f64>,
    /// How often a picture of a known class may be called not recognised [default: 5%]
    #[arg(long, value_name = "P", help_heading = STRICTNESS, value_parser = percentage)]
    pub(crate) false_alarms: Option<f64>,

    /// Print one JSON document
    #[arg(long, help_heading = RESULTS, conflicts_with = "csv")]
    pub(crate) json: bool,
    /// Print a CSV table with one row per picture
    #[arg(long, help_heading = RESULTS)]
    pub(crate) csv: bool,
    /// Write the answers to FILE instead; its name says how: `.csv` (opens in Excel), `.json`,
    /// `.parquet` or text
    #[arg(long, short, value_name = "FILE", help_heading = RESULTS)]
    pub(crate) output: Option<PathBuf>,
    /// Write the answers to FILE as Parquet, with a column per class, for polars, pandas and DuckDB
    #[arg(long, value_name = "FILE", help_heading = RESULTS, conflicts_with_all = ["output", "json", "csv"])]
    pub(crate) parquet: Option<PathBuf>,
    /// Write one HTML page that shows the pictures by answer, the doubtful ones first
    #[arg(long, value_name = "HTML", help_heading = RESULTS)]
    pub(crate) report: Option<PathBuf>,
    /// Write the MegaDetector file that was passed to FILE, with the answers in it as classifications
    #[arg(long, value_name = "JSON", help_heading = RESULTS)]
    pub(crate) detections: Option<PathBuf>,
    /// Copy each picture into a folder named after its answer, in DIR (new or empty). No picture is
    /// moved
    #[arg(long, value_name = "DIR", help_heading = RESULTS)]
    pub(crate) sort_into: Option<PathBuf>,
    /// With `--sort-into`: link the pictures instead of copying them
    #[arg(long, help_heading = RESULTS, requires = "sort_into")]
    pub(crate) link: bool,
}

const STRICTNESS: &str = "Strictness";
const RESULTS: &str = "Results";
const PREDICT: &str = "\
Example:
  lookalike predict birds.lookalike new/ -o answers.csv --report answers.html";

/// What is typed after `evaluate`.
#[derive(Args, Debug)]
#[command(after_help = EVALUATE)]
pub(crate) struct Evaluate {
    /// A classifier, `*.lookalike`
    pub(crate) model: PathBuf,
    #[command(flatten)]
    pub(crate) pictures: Pictures,
    /// Another classifier: compare the two on the same pictures
    #[arg(long, value_name = "MODEL")]
    pub(crate) against: Option<PathBuf>,
    /// Write the scores as one HTML page, with the confused pictures in it
    #[arg(long, value_name = "HTML")]
    pub(crate) report: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

const EVALUATE: &str = "\
Pictures that the classifier was trained on are counted apart: no score includes them.

Example:
  lookalike evaluate birds.lookalike new-season/ --report new-season.html";

/// What is typed after `next`.
#[derive(Args, Debug)]
#[command(after_help = NEXT)]
pub(crate) struct Next {
    /// A classifier, `*.lookalike`
    pub(crate) model: PathBuf,
    /// Pictures and folders of pictures without labels
    #[arg(required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// Pictures to choose
    #[arg(long, short = 'n', value_name = "N", default_value_t = 50, value_parser = at_least_one)]
    pub(crate) count: usize,
    /// Write a table of them with an empty label to fill in
    #[arg(long, short, value_name = "CSV")]
    pub(crate) output: Option<PathBuf>,
    /// Write one HTML page that shows them
    #[arg(long, value_name = "HTML")]
    pub(crate) report: Option<PathBuf>,
    /// Random seed
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub(crate) seed: u64,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

const NEXT: &str = "\
It prefers pictures that the classifier is unsure of and that are unlike one another.

Example:
  lookalike next birds.lookalike unlabelled/ -n 50 --report next.html -o next.csv";

/// What is typed after `report`.
#[derive(Args, Debug)]
pub(crate) struct Report {
    /// A classifier, `*.lookalike`
    pub(crate) model: PathBuf,
    /// Report file [default: the classifier's name with `.html`, in the current folder]
    #[arg(long, short, value_name = "HTML")]
    pub(crate) output: Option<PathBuf>,
    /// Also write the charts as SVG files to DIR, with `history.csv` and `predictions.csv`
    #[arg(long, value_name = "DIR")]
    pub(crate) figures: Option<PathBuf>,
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
