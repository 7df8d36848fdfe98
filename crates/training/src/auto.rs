//! The default recipe: features once, a head fitted on them in a moment, and every picture held out
//! by heads that never saw it.

mod cross_validation;
mod curve;
mod fine_tune;
mod head_spec;
mod map;
mod selection;
mod shortcuts;

use classifier::{Learned, Views};
use ground::Precision;
use ground::Stop;
use ground::files::FileError;
use ground::progress::Progress;
use insight::{Protocol, RunRecord};
use network::{Architecture, Backbone, Head, Parameters};
use pictures::{Dataset, PicturesError};
use serde::{Deserialize, Serialize};

use crate::TrainingError;
use crate::features::{Features, FeaturesError};
use crate::head::Layers;
use cross_validation::CrossValidation;
pub use fine_tune::{FineTune, FineTuned, Tuner, TuningResult, plan};
pub use head_spec::{HeadKind, HeadSpec};
use selection::Selection;

/// The settings of the default recipe. They are saved in the classifier, so that a run can be
/// repeated from its own file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auto {
    /// The pretrained network whose body extracts the features.
    pub backbone: Backbone,
    /// Height and width of the square that the network is given.
    pub size: usize,
    /// Views of a picture: 1, 2 (mirrored too) or 4 (zoomed in too).
    pub views: usize,
    /// Folds of the cross-validation, where nobody says which pictures are held out.
    pub folds: usize,
    /// How many times; `None` for as many as the number of pictures asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<usize>,
    /// Whether the body is trained too.
    pub fine_tune: FineTune,
    /// Minutes that this may take; `None` for none, or with [`FineTune::Always`] as many as it
    /// takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes: Option<f64>,
    /// Where all randomness starts from.
    pub seed: u64,
    /// The number format of fine-tuning's training steps; features and all predictions are in `fp32`.
    pub precision: Precision,
}

impl Auto {
    /// The backbone, where nobody asks for another (`docs/auto-recipe.md` has the figures).
    pub const BACKBONE: Backbone = Backbone::EfficientNetLite0;
    /// Folds, where nobody asks for others.
    pub const FOLDS: usize = 5;
    /// Views, where nobody asks for others: what the second brings for its time is four times what
    /// the third and fourth bring (`docs/auto-recipe.md` has the figures).
    pub const VIEWS: usize = 2;

    /// Five folds of pictures of the size that the backbone was trained on.
    #[must_use]
    pub fn new(backbone: Backbone) -> Self {
        Self {
            backbone,
            size: backbone.preprocessing().size,
            views: Self::VIEWS,
            folds: Self::FOLDS,
            repeats: None,
            fine_tune: FineTune::Auto,
            minutes: None,
            seed: 42,
            precision: Precision::Fp32,
        }
    }

    /// The views, of a number that makes no sense as of one.
    #[must_use]
    pub fn looks(&self) -> Views {
        Views::of(self.views).unwrap_or_default()
    }

    /// The network that extracts the features; the selected head may be another.
    #[must_use]
    pub fn architecture(&self, classes: usize) -> Architecture {
        Architecture { backbone: self.backbone, head: Head::Linear { classes } }
    }
}

/// What the default recipe makes of features.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// The selected head, fitted on all pictures that it may be trained on.
    pub head: Layers,
    /// The values of the network that made the features, of which the body's count.
    pub body: Parameters,
    /// What it was fitted with.
    pub chosen: HeadSpec,
    /// The heads of the first round of folds, by fold; none where the head above predicted the
    /// held-out pictures.
    pub fold_heads: Vec<Layers>,
    /// What new pictures are to be compared with.
    pub reference: Learned,
    /// The record of the run: held-out pictures in the order of the dataset, candidates, learning
    /// curve, shortcuts and map.
    pub record: RunRecord,
    /// The index in the dataset of each of the record's held-out pictures.
    pub held_out: Vec<usize>,
    /// The fold that each picture of the dataset is held out in, whether or not it is predicted; `None`
    /// where it is in none.
    pub fold_of: Vec<Option<usize>>,
}

/// Why nothing was fitted.
#[derive(Debug, thiserror::Error)]
pub enum AutoError {
    /// Features could not be read back.
    #[error(transparent)]
    File(#[from] FileError),
    /// Asked to stop.
    #[error(transparent)]
    Pictures(#[from] PicturesError),
    /// Fine-tuning failed.
    #[error(transparent)]
    Training(#[from] TrainingError),
    /// Features could not be computed.
    #[error(transparent)]
    Features(#[from] FeaturesError),
    /// Fewer than two classes have a picture to train on.
    #[error("{0} of the classes have pictures to learn from, and at least 2 are needed")]
    Classes(usize),
    /// All pictures stay together, so that none can be held out.
    #[error("all pictures are copies of one another or of one group, so none can be held out")]
    Related,
}

impl AutoError {
    /// What the user can do about it, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::File(_) => None,
            Self::Pictures(error) => error.help(),
            Self::Training(error) => error.help(),
            Self::Features(error) => error.help(),
            Self::Classes(_) => Some("add pictures, or hold out fewer".into()),
            Self::Related => Some(
                "add pictures of other things or from another time; where the groups of a table or of \
                 `--group-by` are too large, name smaller ones"
                    .into(),
            ),
        }
    }
}

/// Fits the default recipe's head on the features of a dataset and measures it.
///
/// Where the dataset has a test side, it is measured on that; else on its held-out side; else every
/// picture is predicted out of fold, and the head that is returned is fitted on all.
/// `bytes` are the lengths of their files, among which shortcuts are looked for; `None` where they or
/// what else the pictures are is not known.
///
/// # Errors
/// When features cannot be read, there is nothing to tell apart, or on request.
pub fn fit(
    settings: &Auto,
    data: &Dataset,
    features: &Features,
    body: Parameters,
    bytes: Option<&[u64]>,
    progress: &dyn Progress,
    stop: &Stop,
) -> Result<Fitted, AutoError> {
    let room = classifier::room(data.classes.len(), data.names());
    let cross = CrossValidation::new(settings, data, &features.table, room)?;
    let selection = selection::of(&cross, progress, stop)?;
    let Selection { chosen, mut record, pictures: held_out, first } = selection;
    record.classes.clone_from(&data.classes);
    let train = cross.train();
    let reference = cross.reference(&train)?;
    cross.compare(&mut record.held_out, &held_out, &reference)?;
    let chosen = cross.spec(chosen, &cross.space(&train, &[])?, &train)?;
    let head = chosen.fit(cross.samples(&train))?;
    // Without folds the head itself predicts the held-out pictures.
    let fold_heads = match record.protocol {
        Protocol::OutOfFold { .. } => selection::heads(first, &cross)?,
        _ => vec![],
    };
    record.map = map::of(&mut record.held_out, &held_out, features, settings.seed)?;
    record.curve = curve::of(&cross, chosen, progress, stop)?;
    if let Some(bytes) = bytes {
        record.shortcuts = shortcuts::of(&cross, &features.about, bytes)?;
    }
    let fold_of = cross.fold_of;
    Ok(Fitted { head, body, chosen, fold_heads, reference, record, held_out, fold_of })
}

impl Fitted {
    /// How many folds held out the pictures that it was judged by.
    #[must_use]
    pub fn folds(&self) -> usize {
        match self.record.protocol {
            Protocol::OutOfFold { folds, .. } => folds,
            _ => 1,
        }
    }

    /// The network that comes of it.
    #[must_use]
    pub fn architecture(&self, settings: &Auto) -> Architecture {
        Architecture { backbone: settings.backbone, head: self.head.head }
    }

    /// The values of the whole network.
    ///
    /// # Panics
    /// When the settings' backbone is not the one that made the features.
    #[must_use]
    pub fn parameters(&self, settings: &Auto) -> Parameters {
        with_head(settings.backbone, &self.body, &self.head)
    }
}

/// A head on the body among the values of a network with any head.
pub(crate) fn with_head(backbone: Backbone, body: &Parameters, head: &Layers) -> Parameters {
    let graph = Architecture { backbone, head: head.head }.graph();
    let own = head.parameters.tensors();
    let count = graph.parameters().len() - own.len();
    let tensors = [&body.tensors()[..count], own].concat();
    Parameters::new(&graph, tensors).expect("a body of the same backbone")
}

fn stopped(stop: &Stop) -> Result<(), AutoError> {
    if stop.asked() { Err(PicturesError::Stopped.into()) } else { Ok(()) }
}
