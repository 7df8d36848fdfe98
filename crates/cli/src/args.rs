//! Step one of the command line: what was typed, and nothing decided yet.
//!
//! Step two, in each command, turns it into the plain request that the library takes.

mod apply;
mod check;
mod collect;
mod look;

use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use ground::Precision;
use lookalike::{NamedNetwork, Source};
use network::Backbone;
use pictures::GroupBy;
use training::auto::{Auto, FineTune};
use training::{Keep, Rates, RecipeName, Stage};

pub(crate) use apply::Apply;
pub(crate) use check::Check;
pub(crate) use collect::Collect;
pub(crate) use look::Look;

/// Learns to tell look-alikes apart: from a folder of labelled pictures to a classifier that you
/// can understand, trust and ship
#[derive(Debug, Parser)]
#[command(name = "lookalike", version, arg_required_else_help = true, after_help = AFTER)]
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
    /// Say nothing but results, warnings and errors
    #[arg(long, short, global = true, help_heading = "Everywhere")]
    pub(crate) quiet: bool,
    /// Threads that compute [default: one a core]
    #[arg(long, value_name = "N", global = true, help_heading = "Everywhere", value_parser = at_least_one)]
    pub(crate) threads: Option<usize>,
    /// At the end, say where the time of the network's steps went (train, lr-find, predict, bench)
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub(crate) timings: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Train a classifier on labelled pictures, and report on it
    Train(Box<Train>),
    /// Say what pictures show
    Predict(Predict),
    /// Find a learning rate: try rates from far too low to far too high on a few batches
    LrFind(LrFind),
    /// Write the report of a trained classifier as one HTML file
    Report(Report),
    /// Show what a classifier is: classes, recipe, data, scores, network
    Show(Show),
    /// Collect pictures: from lists of addresses, saved pages, archives and folders
    Collect(Collect),
    /// Show what lies in a folder: a contact sheet of each class
    Look(Look),
    /// Look pictures over: copies, wrong files, leaks, classes
    Check(Check),
    /// Move, relabel and leave out pictures as a plan says, or put everything back
    Apply(Apply),
    /// Draw a small practice set of look-alikes
    Practice(Practice),
    /// Show or clear what is kept so that it need not be made or fetched again
    Cache(Cache),
    /// Measure the speed of this machine
    Bench(Bench),
}

const CLASSIC: &str = "Recipe classic";

/// What is typed after `train`.
#[derive(Args, Debug)]
#[command(group(ArgGroup::new("pictures").required(true).args(["dir", "labels"])))]
pub(crate) struct Train {
    /// A folder with one sub-folder of pictures a class, or with `train` and `valid` in it
    pub(crate) dir: Option<PathBuf>,
    /// A table of `path,label[,split][,group]` instead; paths start where the table lies
    #[arg(long, value_name = "CSV")]
    pub(crate) labels: Option<PathBuf>,
    /// Labels that were wrong: a table of `path,label,suggested`, as training writes it; no file is
    /// changed
    #[arg(long, value_name = "CSV")]
    pub(crate) fixes: Option<PathBuf>,
    /// Keep together: pictures of one `folder` below that of their class; those in whose file names
    /// the parenthesis of a regular expression stands for the same text, as in
    /// `name=^(nest[0-9]+)_`; or a `burst`, what one camera took within seconds. May be given again
    #[arg(long, value_name = "WAY")]
    pub(crate) group_by: Vec<GroupBy>,
    /// Where the classifier goes [default: the folder's name, with `.lookalike`, here]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Where the report goes [default: beside the classifier, with `.html`]
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Write no report
    #[arg(long, conflicts_with = "report")]
    pub(crate) no_report: bool,

    /// Every setting as this classifier was trained with
    #[arg(long, value_name = "FILE", help_heading = "Recipe", conflicts_with_all = ["recipe", "backbone", "frozen_epochs", "epochs", "lr", "frozen_lr", "batch", "size", "no_augment", "freeze_norms", "keep", "valid", "views", "folds", "repeats", "fine_tune", "minutes", "precision", "seed"])]
    pub(crate) like: Option<PathBuf>,
    /// How to teach [default: auto, and classic where an option of it is given or there are no
    /// pretrained weights]
    #[arg(long, help_heading = "Recipe", value_parser = one_of::<RecipeName, 2>([
        ("auto", "Looks at each picture once, then fits a head in a moment"),
        ("classic", "Trains a head, then the whole, over many epochs, as fastai does"),
    ]))]
    pub(crate) recipe: Option<RecipeName>,
    /// small (from nothing), resnet18, resnet34, resnet50, resnet50.tv2, resnet101, resnet152
    /// [default: resnet50 where its weights can be had, else small]
    #[arg(long, value_name = "NAME", help_heading = "Recipe", value_parser = NamedNetwork::from_str)]
    pub(crate) backbone: Option<NamedNetwork>,
    /// Pretrained weights from this safetensors file [default: cached, or downloaded]
    #[arg(long, value_name = "FILE", help_heading = "Recipe")]
    pub(crate) weights: Option<PathBuf>,
    /// Never use the network (also: LOOKALIKE_OFFLINE=1)
    #[arg(long, help_heading = "Recipe")]
    pub(crate) offline: bool,
    /// Epochs with the body frozen
    #[arg(long, value_name = "N", help_heading = CLASSIC)]
    pub(crate) frozen_epochs: Option<usize>,
    /// Epochs with everything learning
    #[arg(long, value_name = "N", help_heading = CLASSIC)]
    pub(crate) epochs: Option<usize>,
    /// Learning rate with everything learning: `A..B` from the lowest layers to the head, or `B`
    /// for the head and a tenth of it below
    #[arg(long, value_name = "A..B", help_heading = CLASSIC)]
    pub(crate) lr: Option<Rates>,
    /// Learning rate with the body frozen
    #[arg(long, value_name = "X", help_heading = CLASSIC)]
    pub(crate) frozen_lr: Option<Rates>,
    /// Pictures in a training step
    #[arg(long, value_name = "N", help_heading = CLASSIC, value_parser = batch)]
    pub(crate) batch: Option<usize>,
    /// Height and width of the square that the network sees, in pixels
    #[arg(long, value_name = "N", help_heading = "Recipe", value_parser = size)]
    pub(crate) size: Option<usize>,
    /// Do not alter pictures at random while learning
    #[arg(long, help_heading = CLASSIC)]
    pub(crate) no_augment: bool,
    /// Freeze the frozen body's norms too
    #[arg(long, help_heading = CLASSIC)]
    pub(crate) freeze_norms: bool,
    /// Which weights are kept [default: last]
    #[arg(long, help_heading = CLASSIC, value_parser = one_of::<Keep, 2>([
        ("last", "After the last epoch"),
        ("best", "After the epoch with the fewest errors on the pictures held out"),
    ]))]
    pub(crate) keep: Option<Keep>,
    /// Share of each class held out to measure [default: 0.2 for classic; auto judges every picture
    /// by heads that have not seen it]
    #[arg(long, value_name = "F", help_heading = "Recipe", value_parser = share)]
    pub(crate) valid: Option<f64>,
    /// Whether to teach the body too, from the fitted head on: `auto` where `--minutes` suffice to
    /// try, and kept if it is better on pictures that neither had seen
    #[arg(long, default_value = "auto", value_name = "WHEN", help_heading = "Recipe auto", value_parser = one_of::<FineTune, 3>([
        ("auto", "Where the minutes suffice"),
        ("always", "Tried in every fold, and kept whatever comes of it"),
        ("never", "Not tried"),
    ]))]
    pub(crate) fine_tune: FineTune,
    /// Minutes that fine-tuning may take [default: 0, and no limit with `--fine-tune always`]
    #[arg(long, value_name = "N", help_heading = "Recipe auto", value_parser = minutes)]
    pub(crate) minutes: Option<f64>,
    /// How often each picture is looked at: 1, 2 (mirrored too) or 4 (zoomed in too); the time
    /// grows with it
    #[arg(long, value_name = "N", default_value_t = Auto::VIEWS, help_heading = "Recipe auto", value_parser = views)]
    pub(crate) views: usize,
    /// Folds that pictures are judged out of
    #[arg(long, value_name = "N", default_value_t = Auto::FOLDS, help_heading = "Recipe auto", value_parser = folds)]
    pub(crate) folds: usize,
    /// How often pictures are dealt to folds anew and judged again [default: once, and 2 to 5 times
    /// where there are at most 300]
    #[arg(long, value_name = "N", help_heading = "Recipe auto", value_parser = repeats)]
    pub(crate) repeats: Option<usize>,
    /// Numbers that training steps compute in: bf16 is faster where the processor has it, fp32 is
    /// exact; what is judged and predicted is always in fp32 [default: auto]
    #[arg(long, value_enum, help_heading = "Recipe")]
    pub(crate) precision: Option<Numbers>,
    /// Where all randomness starts from
    #[arg(long, value_name = "N", default_value_t = 42, help_heading = "Recipe")]
    pub(crate) seed: u64,

    /// Begin anew, even where an interrupted run of the same command could go on
    #[arg(long, help_heading = "Interruptions")]
    pub(crate) fresh: bool,
    /// Seconds between checkpoints, from which an interrupted run goes on
    #[arg(long, value_name = "N", default_value_t = 60, help_heading = "Interruptions")]
    pub(crate) checkpoint_every: u64,
}

/// What is typed after `lr-find`.
#[derive(Args, Debug)]
#[command(group(ArgGroup::new("pictures").required(true).args(["dir", "labels"])))]
pub(crate) struct LrFind {
    /// A folder with one sub-folder of pictures a class, or with `train` and `valid` in it
    pub(crate) dir: Option<PathBuf>,
    /// A table of `path,label[,split][,group]` instead; paths start where the table lies
    #[arg(long, value_name = "CSV")]
    pub(crate) labels: Option<PathBuf>,
    /// Keep together: pictures of one `folder` below that of their class; those in whose file names
    /// the parenthesis of a regular expression stands for the same text, as in
    /// `name=^(nest[0-9]+)_`; or a `burst`, what one camera took within seconds. May be given again
    #[arg(long, value_name = "WAY")]
    pub(crate) group_by: Vec<GroupBy>,
    /// Where the plot goes [default: the folder's name, with `.lr.svg`, here]
    #[arg(long, short, value_name = "SVG")]
    pub(crate) output: Option<PathBuf>,
    /// One JSON document on standard output; no plot unless `-o` asks for it
    #[arg(long)]
    pub(crate) json: bool,
    /// Which stage the rate is for
    #[arg(long, default_value = "unfrozen", help_heading = "Recipe", value_parser = one_of::<Stage, 2>([
        ("frozen", "The head learns, on a frozen body"),
        ("unfrozen", "Everything learns"),
    ]))]
    pub(crate) stage: Stage,
    /// The lowest layers' rate over the head's, while trying and in what is suggested
    #[arg(long, value_name = "F", default_value_t = 1.0, help_heading = "Recipe", value_parser = spread)]
    pub(crate) spread: f32,
    /// Batches, each with a rate of its own
    #[arg(long, value_name = "N", default_value_t = 100, help_heading = "Recipe", value_parser = sweep)]
    pub(crate) batches: usize,
    /// Network, as for `train`
    #[arg(long, value_name = "NAME", help_heading = "Recipe", value_parser = NamedNetwork::from_str)]
    pub(crate) backbone: Option<NamedNetwork>,
    /// Pretrained weights from this safetensors file [default: cached, or downloaded]
    #[arg(long, value_name = "FILE", help_heading = "Recipe")]
    pub(crate) weights: Option<PathBuf>,
    /// Never use the network (also: LOOKALIKE_OFFLINE=1)
    #[arg(long, help_heading = "Recipe")]
    pub(crate) offline: bool,
    /// Epochs that the stage will have, for saying how far the rate can move the weights
    #[arg(long, value_name = "N", help_heading = "Recipe")]
    pub(crate) epochs: Option<usize>,
    /// Pictures in a training step
    #[arg(long, value_name = "N", help_heading = "Recipe", value_parser = batch)]
    pub(crate) batch: Option<usize>,
    /// Height and width of the square that the network sees, in pixels
    #[arg(long, value_name = "N", help_heading = "Recipe", value_parser = size)]
    pub(crate) size: Option<usize>,
    /// Do not alter pictures at random while learning
    #[arg(long, help_heading = "Recipe")]
    pub(crate) no_augment: bool,
    /// Freeze the frozen body's norms too
    #[arg(long, help_heading = "Recipe")]
    pub(crate) freeze_norms: bool,
    /// Share of each class held out, which is not tried on
    #[arg(long, value_name = "F", default_value_t = 0.2, help_heading = "Recipe", value_parser = share)]
    pub(crate) valid: f64,
    /// Where all randomness starts from
    #[arg(long, value_name = "N", default_value_t = 42, help_heading = "Recipe")]
    pub(crate) seed: u64,
}

/// In which numbers to compute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Numbers {
    /// bf16 on processors that multiply it themselves, else fp32
    #[default]
    Auto,
    /// 32-bit floats
    Fp32,
    /// bfloat16, with sums, norms and weights in 32-bit floats
    Bf16,
}

impl Numbers {
    /// What it comes to on this processor.
    pub(crate) fn precision(self) -> Precision {
        match self {
            Self::Auto => engine::fastest_precision(),
            Self::Fp32 => Precision::Fp32,
            Self::Bf16 => Precision::Bf16,
        }
    }
}

/// What is typed after `predict`.
#[derive(Args, Debug)]
pub(crate) struct Predict {
    /// A classifier, `*.lookalike`
    pub(crate) model: PathBuf,
    /// Pictures, folders of pictures, or `-` for a list of paths on standard input
    #[arg(required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// Classes named for each picture, the likeliest first
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = at_least_one)]
    pub(crate) top: usize,
    /// Name the likeliest class of every picture, however unsure or unfamiliar
    #[arg(long)]
    pub(crate) always: bool,
    /// Write a picture of each into this new or empty folder: where the network found what speaks
    /// for the class
    #[arg(long, value_name = "DIR")]
    pub(crate) heat_maps: Option<PathBuf>,
    /// Numbers that the network computes in; bf16 is faster on some processors, and its
    /// probabilities differ in the third digit
    #[arg(long, value_enum, default_value_t = Numbers::Fp32)]
    pub(crate) precision: Numbers,
    /// One JSON document on standard output
    #[arg(long, conflicts_with = "csv")]
    pub(crate) json: bool,
    /// A table with one line a picture on standard output
    #[arg(long)]
    pub(crate) csv: bool,
}

/// What is typed after `report`.
#[derive(Args, Debug)]
pub(crate) struct Report {
    /// A classifier, `*.lookalike`
    pub(crate) model: PathBuf,
    /// Where the report goes [default: the classifier's name, with `.html`, here]
    #[arg(long, short, value_name = "HTML")]
    pub(crate) output: Option<PathBuf>,
    /// Open it in the browser
    #[arg(long, conflicts_with = "json")]
    pub(crate) open: bool,
    /// The same as one JSON document on standard output; no HTML unless `-o` asks for it
    #[arg(long)]
    pub(crate) json: bool,
}

/// What is typed after `show`.
#[derive(Args, Debug)]
pub(crate) struct Show {
    /// A classifier, `*.lookalike`
    pub(crate) model: PathBuf,
    /// One JSON document on standard output
    #[arg(long)]
    pub(crate) json: bool,
    /// Every layer with its shape, parameters and multiply-adds
    #[arg(long)]
    pub(crate) layers: bool,
}

/// What is typed after `practice`.
#[derive(Args, Debug)]
pub(crate) struct Practice {
    /// A new folder
    pub(crate) dir: PathBuf,
    /// Pictures of each class
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = at_least_one)]
    pub(crate) per_class: usize,
    /// Where all randomness starts from
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub(crate) seed: u64,
}

/// What is typed after `cache`.
#[derive(Args, Debug)]
pub(crate) struct Cache {
    /// Only this part [default: all; to clear: all but the weights]
    #[arg(value_enum)]
    pub(crate) part: Option<CachePart>,
    /// Remove it; nothing is lost but time
    #[arg(long)]
    pub(crate) clear: bool,
    /// One JSON document on standard output
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CachePart {
    /// What networks see in pictures they have looked at
    Features,
    /// Sets of decoded pictures too large for memory
    Pixels,
    /// What `check` saw in pictures it has looked at
    Surveys,
    /// Downloaded networks
    Weights,
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
    /// What to measure: a prediction, a full training step, one with the body frozen, decoding
    /// and resizing a picture
    #[arg(long, value_enum, value_delimiter = ',', default_value = "forward,step,decode")]
    pub(crate) work: Vec<Work>,
    /// Numbers that the network computes in
    #[arg(long, value_name = "NAME", value_delimiter = ',', default_value = "fp32")]
    pub(crate) precision: Vec<Precision>,
    /// Instead, measure each kind of convolution of the networks by itself, forward and backward, in
    /// the first batch size
    #[arg(long)]
    pub(crate) layers: bool,
    /// Instead, say how other programs are measured beside this one
    #[arg(long, conflicts_with = "layers")]
    pub(crate) compare: bool,
    /// Height and width of the pictures, in pixels
    #[arg(long, value_name = "N", default_value_t = 224, value_parser = size)]
    pub(crate) size: usize,
    /// How often each is measured, after one round that does not count
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = at_least_one)]
    pub(crate) rounds: usize,
    /// One JSON document on standard output
    #[arg(long)]
    pub(crate) json: bool,
    /// Measure one configuration in this very process (how `bench` calls itself, so that each
    /// has a peak of memory of its own)
    #[arg(long, hide = true)]
    pub(crate) alone: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Work {
    Forward,
    Step,
    FrozenStep,
    Decode,
}

/// Names with what they stand for, which their type reads.
fn one_of<T, const N: usize>(
    names: [(&'static str, &'static str); N],
) -> impl TypedValueParser<Value = T>
where
    T: FromStr<Err = String> + Clone + Send + Sync + 'static,
{
    let values = names.map(|(name, help)| PossibleValue::new(name).help(help));
    PossibleValuesParser::new(values).try_map(|name| name.parse::<T>())
}

/// The pictures that were named one way or the other, of which clap asks for one.
pub(crate) fn source(labels: Option<&PathBuf>, dir: Option<&PathBuf>) -> Source {
    match (labels, dir) {
        (Some(table), _) => Source::Table(table.clone()),
        (None, dir) => Source::Folder(dir.cloned().unwrap_or_default()),
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    within(text, 1, usize::MAX)
}

fn batch(text: &str) -> Result<usize, String> {
    within(text, 1, 4096)
}

/// ImageNet's networks shrink a picture 32 times, so less than that leaves nothing to pool.
fn size(text: &str) -> Result<usize, String> {
    within(text, 32, 1024)
}

fn within(text: &str, least: usize, most: usize) -> Result<usize, String> {
    let range = || match most {
        usize::MAX => format!("a whole number from {least} is needed"),
        _ => format!("a whole number from {least} to {most} is needed"),
    };
    let number = text.parse::<usize>().map_err(|_| range())?;
    if (least..=most).contains(&number) { Ok(number) } else { Err(range()) }
}

fn minutes(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(minutes) if minutes > 0.0 && minutes <= 1e5 => Ok(minutes),
        _ => Err("a number of minutes above 0 is needed".into()),
    }
}

fn folds(text: &str) -> Result<usize, String> {
    within(text, 2, 100)
}

fn repeats(text: &str) -> Result<usize, String> {
    within(text, 1, 100)
}

fn views(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|&count| classifier::Views::of(count).is_some());
    count.ok_or_else(|| "there are 1, 2 or 4 views".into())
}

/// fastai's finder takes at least 6 batches.
fn sweep(text: &str) -> Result<usize, String> {
    within(text, 6, 100_000)
}

fn spread(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(spread) if spread > 0.0 && spread <= 1.0 => Ok(spread),
        _ => Err("a number above 0 and at most 1 is needed, such as `0.01`".into()),
    }
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if share > 0.0 && share < 1.0 => Ok(share),
        _ => Err("a number between 0 and 1 is needed, such as `0.2`".into()),
    }
}
