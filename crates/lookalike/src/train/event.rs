//! What a run of training reports while it goes on, as plain data. The command line turns it into
//! text, another program into whatever it likes.

use std::path::Path;
use std::time::Duration;

use engine::Timing;
use insight::{BadPicture, Comparison, Epoch, Insight, Paths, Step};
use network::Backbone;
use pictures::Grouped;
use training::FineTuning;
use training::{Movement, Plan, Standing};

/// Something that happened in a run.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Labels were corrected as a table of fixes says.
    Fixed {
        /// Pictures that got another label.
        relabelled: usize,
        /// Pictures that were left out.
        left_out: usize,
    },
    /// Pictures were grouped, so that a group stays on one side and in one fold.
    Grouped(&'a Grouped),
    /// The check before training found pictures that deserve a look, in a few words.
    Suspicious(&'a str),
    /// These pictures cannot be used and are left out.
    Unusable(&'a [BadPicture]),
    /// What will be trained on what.
    Planned(Planned<'a>),
    /// On which old and new pictures a classifier grows, in a sentence or two.
    Grown(&'a str),
    /// The features of so many pictures were kept from an earlier run.
    FeaturesFound(usize),
    /// The two-layer network was not tried as a head: there are more pictures than this.
    HiddenHeadSkipped {
        /// Pictures up to which it is tried.
        most: usize,
    },
    /// Networks are going to be compared, to train the best.
    ComparingNetworks {
        /// Their names, the cheapest first.
        names: &'a [String],
        /// What extracting their features takes at most, about.
        time: Duration,
    },
    /// How fine-tuning stands.
    FineTuning(FineTuning),
    /// Fine-tuning was tried.
    FineTuned {
        /// Whether its result is kept; otherwise the fitted head stays.
        kept: bool,
        /// The fitted head and the fine-tuned network on the same pictures.
        comparison: &'a Comparison,
    },
    /// A stage of epochs begins.
    StageStarted {
        /// What the stage will do.
        plan: &'a Plan,
        /// How far its rates can move the weights.
        movement: &'a Movement,
        /// Whether the rates were found by the rate finder; otherwise they are the caller's.
        rates_found: bool,
    },
    /// A training step is done.
    BatchDone(training::Progress),
    /// An epoch is done and measured.
    EpochFinished(&'a Epoch),
    /// The run resumes from a checkpoint. The stages and epochs before it were reported again.
    Resumed(Standing),
    /// Two networks were compared, or the classifier and the one that it grew from.
    Compared(&'a Comparison),
    /// The classifier is complete: what follows from its held-out pictures.
    Scored(&'a Insight),
    /// The classifier was saved, and read back.
    Saved {
        /// Where.
        path: &'a Path,
        /// Whether there was another before.
        replaced: bool,
    },
    /// The report was written.
    Reported(&'a Path),
    /// The possible label errors were written, as a table for [`super::TrainRequest::fixes`].
    SuspectsWritten {
        /// Where.
        path: &'a Path,
        /// How many there are.
        count: usize,
    },
    /// What to do next; the last thing that a run reports.
    NextSteps {
        /// The steps, the most urgent first.
        steps: &'a [Step],
        /// What they follow from.
        insight: &'a Insight,
        /// The paths in their commands.
        paths: Paths<'a>,
    },
    /// Where the network's time went, if the request asks for it.
    Timings(&'a [Timing]),
    /// The loss left the range of numbers before an epoch was done: no classifier is saved.
    NothingToSave,
    /// The run was stopped on request.
    Stopped(Stopped),
    /// The same request would resume from here.
    Resumable(Standing),
    /// This folder still holds the checkpoints of another unfinished run.
    OtherUnfinished(&'a Path),
}

/// What will be trained on what.
#[derive(Clone, Copy, Debug)]
pub struct Planned<'a> {
    /// Classes to tell apart.
    pub classes: usize,
    /// Pictures to train on.
    pub train: usize,
    /// Pictures held out; `None` where every picture is judged by cross-validation.
    pub held_out: Option<usize>,
    /// Pictures left for a test.
    pub test: usize,
    /// Copies that are kept together: so many pictures in so many groups.
    pub copies: Option<(usize, usize)>,
    /// The network.
    pub backbone: Backbone,
    /// What its pretrained weights are called; `None` where it starts from random numbers.
    pub weights: Option<&'a str>,
    /// Height and width of the square that it is given.
    pub size: usize,
    /// Where the classifier will be saved.
    pub output: &'a Path,
}

/// What a run that was stopped on request leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// No classifier. Features that were extracted are kept for the next run.
    WhileFitting,
    /// No classifier: the first epoch was not done.
    InFirstEpoch,
    /// The classifier with the fitted head; the same request resumes fine-tuning.
    WhileFineTuning,
}
