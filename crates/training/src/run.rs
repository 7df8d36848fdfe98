use std::rc::Rc;
use std::time::Instant;

use classifier::{loss, softmax};
use engine::{Adam, Engine, Images, Step};
use ground::Stop;
use insight::Epoch;
use network::Parameters;
use pictures::{Dataset, Preprocess, Side};

use crate::classic::{Classic, Keep, Stage};
use crate::error::{NotFinite, TrainingError};
use crate::observer::{Observer, Plan, Progress};
use crate::smooth::Smooth;
use crate::{Movement, OneCycle};

/// What training made.
#[derive(Clone, Debug)]
pub struct Run {
    /// Every finished epoch, in order.
    pub history: Vec<Epoch>,
    /// The weights that were kept. The engine holds them too.
    pub parameters: Parameters,
    /// What the kept weights say of each held-out picture.
    pub held_out: Vec<HeldOut>,
    /// Whether it ended because it was asked to.
    pub stopped: bool,
    /// Training steps taken.
    pub steps: u64,
}

/// What the network says of a held-out picture.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldOut {
    /// Its index in the dataset.
    pub picture: usize,
    /// One probability a class.
    pub probabilities: Vec<f32>,
}

/// The network as it was after an epoch.
struct Snapshot {
    parameters: Parameters,
    held_out: Vec<HeldOut>,
    /// Errors on the held-out pictures, then their mean loss: what [`Keep::Best`] ranks by.
    score: (usize, f32),
}

/// Why a stage ended before its last step.
enum Cut {
    Stopped,
    Failed(TrainingError),
}

impl<E: Into<TrainingError>> From<E> for Cut {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Adam as fastai sets it, beside what the schedule and the recipe give.
const SQUARE_MOMENTUM: f32 = 0.99;
const EPS: f32 = 1e-5;

/// Trains the network that `engine` holds (pretrained weights are in it already) on a dataset, as
/// the recipe says: the frozen stage, then the unfrozen one, each with a schedule and an optimiser
/// of its own.
///
/// After each batch `stop` is looked at. A run that is stopped keeps the last finished epoch, or,
/// before there is one, the weights as they are.
///
/// # Errors
/// When there is nothing to train on or the pictures do not suit the network; when the loss is no
/// number any more, with the last weights for which it was.
pub fn run(
    engine: &mut dyn Engine,
    data: &Dataset,
    preprocess: &Preprocess,
    settings: &Classic,
    observer: &mut dyn Observer,
    stop: &Stop,
) -> Result<Run, TrainingError> {
    let classes = engine.graph().classes();
    if data.classes().len() != classes {
        return Err(TrainingError::Classes { expected: classes, found: data.classes().len() });
    }
    let stages = settings.stages();
    if stages.is_empty() || settings.batch == 0 {
        let epochs = stages.iter().map(|stage| stage.1).sum();
        return Err(TrainingError::NothingToDo { epochs, batch: settings.batch });
    }
    let learned = data.indices(Side::Train);
    let held_out = data.indices(Side::Valid);
    if learned.is_empty() {
        return Err(TrainingError::NoPictures { held_out: held_out.len() });
    }
    let mut runner = Runner {
        engine,
        data,
        preprocess,
        settings,
        observer,
        stop,
        learned,
        held_out,
        step: 0,
        history: vec![],
        last: None,
        best: None,
    };
    for (stage, epochs, rates) in stages {
        match runner.stage(stage, epochs, &rates.of_groups(runner.engine.graph().groups())) {
            Ok(()) => {}
            Err(Cut::Stopped) => return runner.finish(true),
            Err(Cut::Failed(error)) => return Err(runner.failed(error)),
        }
    }
    runner.finish(false)
}

struct Runner<'a> {
    engine: &'a mut dyn Engine,
    data: &'a Dataset,
    preprocess: &'a Preprocess,
    settings: &'a Classic,
    observer: &'a mut dyn Observer,
    stop: &'a Stop,
    learned: Vec<usize>,
    held_out: Vec<usize>,
    /// Training steps taken in the whole run.
    step: u64,
    history: Vec<Epoch>,
    last: Option<Rc<Snapshot>>,
    best: Option<Rc<Snapshot>>,
}
