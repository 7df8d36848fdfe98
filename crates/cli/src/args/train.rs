//! What is typed after `train` and `lr-find`.

use std::path::PathBuf;

use clap::Args;
use ground::Precision;
use pictures::GroupBy;
use training::auto::{Auto, FineTune};
use training::{Keep, Rates, RecipeName, Stage};

use super::parse::{
    batch, folds, minutes, one_of, precision, repeats, share, size, spread, sweep, views,
};
use super::{Network, Pictures, TrainedOn};

const AUTO: &str = "Recipe auto";
const CLASSIC: &str = "Recipe classic";

/// Pictures that belong together.
#[derive(Args, Debug)]
pub(crate) struct Groups {
    /// Never split related pictures between training and evaluation. `folder`: same sub-folder of
    /// a class. `name=REGEX`: same text in the capture group, as in `name=^(nest[0-9]+)_`. `burst`:
    /// same camera within seconds. Repeatable
    #[arg(long, value_name = "WAY")]
    pub(crate) group_by: Vec<GroupBy>,
}

/// What is typed after `train`.
#[derive(Args, Debug)]
pub(crate) struct Train {
    #[command(flatten)]
    pub(crate) pictures: TrainedOn,
    /// Corrected labels: a table of `path,label,suggested`, as `train` writes it. No file is changed
    #[arg(long, value_name = "CSV")]
    pub(crate) fixes: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) groups: Groups,
    /// Classifier file [default: the folder's name with `.lookalike`, in the current folder]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Report file [default: beside the classifier, with `.html`]
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Write no report
    #[arg(long, conflicts_with = "report")]
    pub(crate) no_report: bool,

    /// Print one JSON document at the end: the report, and where the files are
    #[arg(long)]
    pub(crate) json: bool,
    /// Write what happens to FILE as it happens, a JSON object per line
    #[arg(long, value_name = "FILE")]
    pub(crate) events: Option<PathBuf>,

    /// Keep a log in this folder: `history.csv`, `run.json`, and events for TensorBoard
    #[arg(long, value_name = "DIR")]
    pub(crate) log: Option<PathBuf>,

    /// Also train on the pictures that this classifier was trained on, with its settings, and compare
    /// the two [output: `birds-2.lookalike` for `birds.lookalike`]
    #[arg(long, value_name = "MODEL", conflicts_with_all = ["like", "recipe", "backbone", "frozen_epochs", "epochs", "lr", "frozen_lr", "batch", "size", "no_augment", "freeze_norms", "keep", "valid", "views", "folds", "repeats", "fine_tune", "minutes", "seed"])]
    pub(crate) add_to: Option<PathBuf>,

    /// Reuse every setting of this classifier
    #[arg(long, value_name = "FILE", help_heading = "Recipe", conflicts_with_all = ["recipe", "backbone", "frozen_epochs", "epochs", "lr", "frozen_lr", "batch", "size", "no_augment", "freeze_norms", "keep", "valid", "views", "folds", "repeats", "fine_tune", "minutes", "precision", "seed"])]
    pub(crate) like: Option<PathBuf>,
    /// Training recipe [default: auto; classic if you pass a classic-only option or train from
    /// scratch]
    #[arg(long, help_heading = "Recipe", value_parser = one_of::<RecipeName, 2>([
        ("auto", "Extract features once, then fit a head in seconds"),
        ("classic", "Train a head, then the whole network, over many epochs, as fastai does"),
    ]))]
    pub(crate) recipe: Option<RecipeName>,
    #[command(flatten)]
    pub(crate) network: Network,
    /// Height and width of the network's input, in pixels
    #[arg(long, value_name = "N", help_heading = "Recipe", value_parser = size)]
    pub(crate) size: Option<usize>,
    /// Share of each class held out for evaluation [default: 0.2 for classic; auto uses
    /// cross-validation instead]
    #[arg(long, value_name = "F", help_heading = "Recipe", value_parser = share)]
    pub(crate) valid: Option<f64>,
    /// Numeric precision of training steps. Evaluation and predictions are always in fp32
    #[arg(long, default_value = "auto", help_heading = "Recipe", value_parser = precision())]
    pub(crate) precision: Precision,
    /// Random seed
    #[arg(long, value_name = "N", default_value_t = 42, help_heading = "Recipe")]
    pub(crate) seed: u64,

    /// Also fine-tune the backbone. `auto` does so if `--minutes` allows, and keeps the result only
    /// if it is better on held-out pictures
    #[arg(long, default_value = "auto", value_name = "WHEN", help_heading = AUTO, value_parser = one_of::<FineTune, 3>([
        ("auto", "If `--minutes` allows"),
        ("always", "In every fold, and keep the result whatever it is"),
        ("never", "Never"),
    ]))]
    pub(crate) fine_tune: FineTune,
    /// Minutes, counted from the start, in which other networks and fine-tuning may be tried
    /// [default: none, and no limit with `--fine-tune always`]
    #[arg(long, value_name = "N", help_heading = AUTO, value_parser = minutes)]
    pub(crate) minutes: Option<f64>,
    /// Views of each picture whose features are averaged: 1, 2 (and mirrored) or 4 (and zoomed in).
    /// Time grows with their number
    #[arg(long, value_name = "N", default_value_t = Auto::VIEWS, help_heading = AUTO, value_parser = views)]
    pub(crate) views: usize,
    /// Folds of the cross-validation
    #[arg(long, value_name = "N", default_value_t = Auto::FOLDS, help_heading = AUTO, value_parser = folds)]
    pub(crate) folds: usize,
    /// Repeats of the cross-validation with new folds [default: 1, and 2 to 5 if there are at most
    /// 300 pictures]
    #[arg(long, value_name = "N", help_heading = AUTO, value_parser = repeats)]
    pub(crate) repeats: Option<usize>,

    /// Epochs with a frozen backbone
    #[arg(long, value_name = "N", help_heading = CLASSIC)]
    pub(crate) frozen_epochs: Option<usize>,
    /// Epochs that train the whole network
    #[arg(long, value_name = "N", help_heading = CLASSIC)]
    pub(crate) epochs: Option<usize>,
    /// Learning rate for the whole network: `A..B` from the lowest layers to the head, or `B` for
    /// the head and a tenth of it below
    #[arg(long, value_name = "A..B", help_heading = CLASSIC)]
    pub(crate) lr: Option<Rates>,
    /// Learning rate with a frozen backbone
    #[arg(long, value_name = "X", help_heading = CLASSIC)]
    pub(crate) frozen_lr: Option<Rates>,
    /// Batch size
    #[arg(long, value_name = "N", help_heading = CLASSIC, value_parser = batch)]
    pub(crate) batch: Option<usize>,
    /// No data augmentation
    #[arg(long, help_heading = CLASSIC)]
    pub(crate) no_augment: bool,
    /// Freeze the norms of a frozen backbone too
    #[arg(long, help_heading = CLASSIC)]
    pub(crate) freeze_norms: bool,
    /// Which weights to keep [default: last]
    #[arg(long, help_heading = CLASSIC, value_parser = one_of::<Keep, 2>([
        ("last", "Those of the last epoch"),
        ("best", "Those of the epoch with the fewest errors on held-out pictures"),
    ]))]
    pub(crate) keep: Option<Keep>,

    /// Start over, even if an interrupted run of the same command could be resumed
    #[arg(long, help_heading = "Interruptions")]
    pub(crate) fresh: bool,
    /// Seconds between checkpoints, from which an interrupted run is resumed
    #[arg(long, value_name = "N", default_value_t = 60, help_heading = "Interruptions")]
    pub(crate) checkpoint_every: u64,
}

/// What is typed after `lr-find`.
#[derive(Args, Debug)]
pub(crate) struct LrFind {
    #[command(flatten)]
    pub(crate) pictures: Pictures,
    #[command(flatten)]
    pub(crate) groups: Groups,
    /// Plot file [default: the folder's name with `.lr.svg`, in the current folder]
    #[arg(long, short, value_name = "SVG")]
    pub(crate) output: Option<PathBuf>,
    /// Print one JSON document; no plot unless you pass `-o`
    #[arg(long)]
    pub(crate) json: bool,
    /// Which stage the rate is for
    #[arg(long, default_value = "unfrozen", help_heading = "Recipe", value_parser = one_of::<Stage, 2>([
        ("frozen", "Train the head on a frozen backbone"),
        ("unfrozen", "Train the whole network"),
    ]))]
    pub(crate) stage: Stage,
    /// Learning rate of the lowest layers as a share of the head's
    #[arg(long, value_name = "F", default_value_t = 1.0, help_heading = "Recipe", value_parser = spread)]
    pub(crate) spread: f32,
    /// Batches, each with its own rate
    #[arg(long, value_name = "N", default_value_t = 100, help_heading = "Recipe", value_parser = sweep)]
    pub(crate) batches: usize,
    #[command(flatten)]
    pub(crate) network: Network,
    /// Epochs that the stage will have, to estimate how far the rate can move the weights
    #[arg(long, value_name = "N", help_heading = "Recipe")]
    pub(crate) epochs: Option<usize>,
    /// Batch size
    #[arg(long, value_name = "N", help_heading = "Recipe", value_parser = batch)]
    pub(crate) batch: Option<usize>,
    /// Height and width of the network's input, in pixels
    #[arg(long, value_name = "N", help_heading = "Recipe", value_parser = size)]
    pub(crate) size: Option<usize>,
    /// No data augmentation
    #[arg(long, help_heading = "Recipe")]
    pub(crate) no_augment: bool,
    /// Freeze the norms of a frozen backbone too
    #[arg(long, help_heading = "Recipe")]
    pub(crate) freeze_norms: bool,
    /// Share of each class held out, and not trained on
    #[arg(long, value_name = "F", default_value_t = 0.2, help_heading = "Recipe", value_parser = share)]
    pub(crate) valid: f64,
    /// Random seed
    #[arg(long, value_name = "N", default_value_t = 42, help_heading = "Recipe")]
    pub(crate) seed: u64,
}
