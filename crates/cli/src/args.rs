//! Step one of the command line: what was typed, and nothing decided yet.
//!
//! Step two, in each command, turns it into the plain request that the library takes.

mod apply;
mod check;
mod collect;
mod export;
mod features;
mod look;
mod pages;
mod parse;
mod predict;
mod serve;
mod train;

use std::path::PathBuf;
use std::str::FromStr;

use clap::{ArgAction, Args, Parser, Subcommand};
use ground::Precision;
use lookalike::bench::Work;
use lookalike::{CachePart, Columns, How, Initial, NamedNetwork, Source};
use network::Backbone;

pub(crate) use apply::Apply;
pub(crate) use check::Check;
pub(crate) use collect::Collect;
pub(crate) use export::Export;
pub(crate) use features::Features;
pub(crate) use look::Look;
pub(crate) use pages::{App, Page, Review, beside};
use parse::{at_least_one, batch, one_of, size};
pub(crate) use predict::{Evaluate, Next, Predict, Report, Show};
pub(crate) use serve::Serve;
pub(crate) use train::{LrFind, Train};

/// Learns to tell look-alikes apart: from a folder of labelled pictures to a classifier that you
/// can understand, trust and ship
#[derive(Debug, Parser)]
#[command(name = "lookalike", version, long_version = build(), arg_required_else_help = true, after_help = AFTER)]
pub(crate) struct Typed {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) everywhere: Everywhere,
}

const AFTER: &str = "\
Try it:
  lookalike practice practice      draw a practice set of look-alikes
  lookalike train practice         train on it: practice.lookalike and practice.html
  lookalike predict practice.lookalike practice/";

/// What every command takes.
#[derive(Args, Debug)]
pub(crate) struct Everywhere {
    /// Print no progress, only results, warnings and errors (with --json no warnings, as the document
    /// has them). Twice (-qq): results and errors alone
    #[arg(long, short, global = true, help_heading = "Everywhere", action = ArgAction::Count)]
    pub(crate) quiet: u8,
    /// Threads that compute [default: one per core]
    #[arg(long, value_name = "N", global = true, help_heading = "Everywhere", value_parser = at_least_one)]
    pub(crate) threads: Option<usize>,
    /// At the end, show where the network's time went (train, lr-find, predict, bench)
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub(crate) timings: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Train a classifier on labelled pictures, and write a report
    Train(Box<Train>),
    /// Predict what pictures show
    Predict(Predict),
    /// Evaluate a classifier on labelled pictures that it was not trained on
    Evaluate(Evaluate),
    /// Find a learning rate: try rates from far too low to far too high on a few batches
    LrFind(LrFind),
    /// Write the report of a trained classifier as one HTML file
    Report(Report),
    /// Answer over HTTP, with a page to drop pictures on
    Serve(Box<Serve>),
    /// Look through a folder of pictures in the browser, and correct its labels
    Review(Review),
    /// Make a classifier by hand in the browser: classes, pictures, training, trying
    App(App),
    /// Export a classifier to other programs: ONNX, timm, the Hugging Face hub, web pages
    Export(Export),
    /// Choose the pictures whose labels would teach a classifier most
    Next(Next),
    /// Show what a classifier is: classes, recipe, data, scores, network
    Show(Show),
    /// Collect pictures from lists of addresses, saved web pages, archives and folders
    Collect(Collect),
    /// Show the pictures of a folder as contact sheets, one per class
    Look(Look),
    /// Check pictures for copies, broken files, leaks and shortcuts
    Check(Check),
    /// Move, relabel and leave out pictures as a plan says, or undo that
    Apply(Apply),
    /// Extract features of pictures: as Parquet to train on, a NumPy array or a table
    Features(Features),
    /// Draw a small practice set of look-alikes
    Practice(Practice),
    /// Show or clear what is cached: features, downloads, decoded pictures
    Cache(Cache),
    /// Measure the speed of this machine
    Bench(Bench),
    /// Print a script that completes commands in a shell
    Completions {
        /// bash, elvish, fish, powershell or zsh
        shell: clap_complete::Shell,
    },
    /// Write the manual pages
    Man {
        /// The folder for them, such as `~/.local/share/man/man1`
        dir: PathBuf,
    },
}

impl Command {
    /// Whether standard output gets one JSON document and nothing else.
    pub(crate) fn prints_json(&self) -> bool {
        match self {
            Self::Train(typed) => typed.json,
            Self::Predict(typed) => typed.json,
            Self::Evaluate(typed) => typed.json,
            Self::LrFind(typed) => typed.json,
            Self::Report(typed) => typed.json,
            Self::Export(typed) => typed.json,
            Self::Features(typed) => typed.json,
            Self::Show(typed) => typed.json,
            Self::Next(typed) => typed.json,
            Self::Check(typed) => typed.json,
            Self::Collect(typed) => typed.json,
            _ => false,
        }
    }
}

/// The version, and what this program was built for and computes with here.
fn build() -> String {
    let (system, processor) = (std::env::consts::OS, std::env::consts::ARCH);
    let debug = if cfg!(debug_assertions) { ", a debug build" } else { "" };
    format!(
        "{}\nbuilt for {system} on {processor}{debug}\ncomputes with {}",
        env!("CARGO_PKG_VERSION"),
        engine::instruction_set()
    )
}

/// Labelled pictures, named one way or the other.
#[derive(Args, Debug)]
pub(crate) struct Pictures {
    #[command(flatten)]
    named: Named,
    #[command(flatten)]
    columns: TableColumns,
    #[command(flatten)]
    foreign: Foreign,
}

/// The folder or table of pictures.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
struct Named {
    /// A folder with one sub-folder per class, or with `train` and `valid` in it; or a file of labels
    dir: Option<PathBuf>,
    /// A table of `path,label[,split][,group][,fold]` instead, separated by commas, semicolons or
    /// tabs; its paths are relative to the table. Or labels or boxes of another program: COCO,
    /// MegaDetector, Label Studio, YOLO, WebDataset and more (`docs/labels.md`)
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
}

/// What to train on.
#[derive(Args, Debug)]
pub(crate) struct TrainedOn {
    #[command(flatten)]
    named: NamedToTrain,
    #[command(flatten)]
    columns: TableColumns,
    #[command(flatten)]
    foreign: Foreign,
}

/// The folder or table of pictures, or their features.
#[derive(Args, Debug)]
#[group(required = true, multiple = true)]
struct NamedToTrain {
    /// A folder with one sub-folder per class, or with `train` and `valid` in it; or a file of labels
    #[arg(conflicts_with_all = ["labels", "features"])]
    dir: Option<PathBuf>,
    /// A table of `path,label[,split][,group][,fold]` instead, separated by commas, semicolons or
    /// tabs; its paths are relative to the table. Or labels or boxes of another program: COCO,
    /// MegaDetector, Label Studio, YOLO, WebDataset and more (`docs/labels.md`)
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// Features that `lookalike features` extracted, instead of pictures: Parquet files, a pattern
    /// such as `feats/*.parquet`, or a folder of them. Labels are theirs, or those of `--labels`
    #[arg(long, value_name = "FILE", num_args = 1..)]
    features: Vec<PathBuf>,
}

impl TrainedOn {
    /// # Errors
    /// When a pattern makes no sense, or names no file.
    pub(crate) fn source(&self) -> Result<Source, lookalike::Error> {
        let NamedToTrain { dir, labels, features } = &self.named;
        let how = self.foreign.how(self.columns.columns());
        if features.is_empty() {
            return Ok(source(dir.as_ref(), labels.as_ref(), how));
        }
        let table = labels.clone().map(|table| (table, how.columns));
        Ok(Source::Features(lookalike::feature_files(features)?, table))
    }
}

/// Names of a table's columns.
#[derive(Args, Clone, Debug)]
pub(crate) struct TableColumns {
    /// Column of the table with the paths [default: path]
    #[arg(long, value_name = "NAME")]
    path_column: Option<String>,
    /// Column of the table with the classes [default: label]
    #[arg(long, value_name = "NAME")]
    label_column: Option<String>,
    /// Column of the table with the fold in which each picture is held out [default: fold, if there
    /// is one]
    #[arg(long, value_name = "NAME")]
    fold_column: Option<String>,
    /// Columns of the table with a box in each picture, in pixels from its upper left corner
    /// [default: x,y,width,height, if all four are there]
    #[arg(long, value_name = "NAMES")]
    box_columns: Option<String>,
}

/// How files of other programs are read.
#[derive(Args, Debug)]
pub(crate) struct Foreign {
    /// The folder that the paths in a file of labels or boxes are relative to [default: its own]
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    /// Leave out a detector's boxes of a lower confidence [default: 0.2]
    #[arg(long, value_name = "SHARE", value_parser = parse::percentage)]
    min_confidence: Option<f64>,
    /// Which boxes of a detector to use: `animal`, another of its names, or `all` [default: animal]
    #[arg(long, value_name = "NAME")]
    detected: Option<String>,
}

impl Foreign {
    pub(crate) fn how(&self, columns: Columns) -> How {
        let Self { root, min_confidence, detected } = self;
        How {
            columns,
            root: root.clone(),
            min_confidence: *min_confidence,
            detected: detected.clone(),
        }
    }
}

impl TableColumns {
    pub(crate) fn columns(&self) -> Columns {
        let Self { path_column, label_column, fold_column, box_columns } = self.clone();
        Columns { path: path_column, label: label_column, fold: fold_column, boxes: box_columns }
    }
}

impl Pictures {
    pub(crate) fn source(&self) -> Source {
        let how = self.foreign.how(self.columns.columns());
        source(self.named.dir.as_ref(), self.named.labels.as_ref(), how)
    }

    /// Whether the pictures are those of a table.
    pub(crate) fn in_table(&self) -> bool {
        matches!(self.source(), Source::Table(..))
    }
}

fn source(dir: Option<&PathBuf>, labels: Option<&PathBuf>, how: How) -> Source {
    match (labels, dir) {
        (Some(file), _) => Source::Table(file.clone(), how),
        // What options say of a file is not said of a folder of folders.
        (None, Some(path)) if path.is_file() || how != How::default() => {
            Source::Table(path.clone(), how)
        }
        (None, dir) => Source::Folder(dir.cloned().unwrap_or_default()),
    }
}

/// What a network starts from.
#[derive(Args, Debug)]
#[command(next_help_heading = "Recipe")]
pub(crate) struct Network {
    /// Part of this program: efficientnet-lite0, efficientnet-lite2 (or lite0, lite2). Downloaded:
    /// resnet18, resnet34, resnet50, resnet50.tv2, resnet101, resnet152. Trained from scratch:
    /// small. `train` compares several, separated by commas, and takes a slower one only if it is
    /// better beyond chance [default: efficientnet-lite0]
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = NamedNetwork::from_str)]
    pub(crate) backbone: Vec<NamedNetwork>,
    /// Pretrained weights from this safetensors file
    #[arg(long, value_name = "FILE")]
    pub(crate) weights: Option<PathBuf>,
    /// Never use the internet (also: LOOKALIKE_OFFLINE=1)
    #[arg(long)]
    pub(crate) offline: bool,
}

impl Network {
    pub(crate) fn initial(&self) -> Initial {
        Initial {
            network: self.backbone.first().copied(),
            others: self.backbone.iter().skip(1).copied().collect(),
            weights: self.weights.clone(),
            offline: self.offline,
        }
    }
}

/// What is typed after `practice`.
#[derive(Args, Debug)]
pub(crate) struct Practice {
    /// A new folder
    pub(crate) dir: PathBuf,
    /// Pictures per class
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = at_least_one)]
    pub(crate) per_class: usize,
    /// Random seed
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub(crate) seed: u64,
}

/// What is typed after `cache`.
#[derive(Args, Debug)]
pub(crate) struct Cache {
    /// Only this part [default: all; to clear: all except the weights]
    #[arg(value_parser = one_of::<CachePart, 4>([
        ("features", "Features that networks extracted from pictures"),
        ("pixels", "Sets of decoded pictures too large for memory"),
        ("surveys", "What `check` saw in pictures"),
        ("weights", "Downloaded networks"),
    ]))]
    pub(crate) part: Option<CachePart>,
    /// Remove it; nothing is lost but time
    #[arg(long)]
    pub(crate) clear: bool,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

/// What is typed after `bench`.
#[derive(Args, Debug)]
pub(crate) struct Bench {
    /// Pictures to decode [default: drawn ones]
    pub(crate) pictures: Vec<PathBuf>,
    /// Networks
    #[arg(long, value_name = "NAME", value_delimiter = ',', default_value = "resnet50")]
    pub(crate) backbone: Vec<Backbone>,
    /// Pictures in a batch
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "1,16,64", value_parser = batch)]
    pub(crate) batch: Vec<usize>,
    /// What to measure: a prediction, a full training step, one with the backbone frozen, or
    /// decoding and resizing a picture
    #[arg(long, value_delimiter = ',', default_value = "forward,step,decode", value_parser = one_of::<Work, 4>([
        ("forward", "A prediction"),
        ("step", "A training step"),
        ("frozen_step", "A training step with a frozen backbone"),
        ("decode", "Read, decode and resize a picture"),
    ]))]
    pub(crate) work: Vec<Work>,
    /// Numbers that the network computes in
    #[arg(long, value_name = "NAME", value_delimiter = ',', default_value = "fp32")]
    pub(crate) precision: Vec<Precision>,
    /// Instead, measure each kind of convolution by itself, forward and backward, with the first
    /// batch size
    #[arg(long)]
    pub(crate) layers: bool,
    /// Instead, show how to measure other programs beside this one
    #[arg(long, conflicts_with = "layers")]
    pub(crate) compare: bool,
    /// Height and width of the pictures, in pixels
    #[arg(long, value_name = "N", default_value_t = 224, value_parser = size)]
    pub(crate) size: usize,
    /// Rounds measured, after one that does not count
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = at_least_one)]
    pub(crate) rounds: usize,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
    /// Measure one configuration in this very process (how `bench` calls itself, so that each
    /// has a peak of memory of its own)
    #[arg(long, hide = true)]
    pub(crate) alone: bool,
}
