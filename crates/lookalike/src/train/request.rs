//! What a run of training is asked to do, in plain fields with defaults.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ground::Precision;
use network::{Architecture, Backbone};
use pictures::GroupBy;
use training::auto::{Auto, FineTune};
use training::{Classic, Keep, Rates, Recipe, RecipeName};

use super::start::{Initial, Start};
use crate::{Error, Kind, Source};

/// A request to train a classifier. [`TrainRequest::new`] has every default; change what should be
/// otherwise.
///
/// ```
/// use lookalike::TrainRequest;
/// let mut request = TrainRequest::new("photos");
/// request.output = Some("birds.lookalike".into());
/// request.options.minutes = Some(30.0); // for fine-tuning
/// ```
#[derive(Clone, Debug)]
pub struct TrainRequest {
    /// The labelled pictures.
    pub source: Source,
    /// Where the classifier goes. Default: the source's name with `.lookalike`, in the current
    /// folder.
    pub output: Option<PathBuf>,
    /// Where the report goes. Default: beside the classifier.
    pub report: ReportFile,
    /// A table of corrected labels, `path,label,suggested`. Default: none.
    pub fixes: Option<PathBuf>,
    /// Ways in which pictures belong together, beside copies and the table's groups. Default: none.
    pub group_by: Vec<GroupBy>,
    /// A classifier whose recipe, network and held-out share are used again; `initial.network`,
    /// `valid` and `options` then count for nothing. Default: none.
    pub like: Option<PathBuf>,
    /// A classifier whose pictures are trained on too, with its settings: the new one knows both, and
    /// is compared with the old one. Default: none.
    pub add_to: Option<PathBuf>,
    /// What the network starts from.
    pub initial: Initial,
    /// The share of each class that is held out to measure on, 0 to 1. Default: 0.2 with the
    /// classic recipe; with the default recipe none, as it cross-validates over all pictures.
    pub valid: Option<f64>,
    /// The recipe and its settings.
    pub options: RecipeOptions,
    /// Start over, even where an interrupted run of the same request could be resumed. Default:
    /// false.
    pub fresh: bool,
    /// The time between two checkpoints. Default: a minute.
    pub checkpoint_every: Duration,
    /// Whether to measure where the network's time goes ([`super::Event::Timings`]). Default: false.
    pub timings: bool,
    /// A folder for the log of the run: `history.csv`, `run.json` and events for TensorBoard. Default:
    /// none.
    pub log: Option<PathBuf>,
    /// What was typed to ask for this, to be kept with the classifier. Default: nothing.
    pub command: Option<String>,
}

/// Where a report goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ReportFile {
    /// Beside the classifier, with `.html`.
    #[default]
    Beside,
    /// To this file.
    At(PathBuf),
    /// Nowhere: none is written.
    Nowhere,
}

/// The recipe and what is to differ from its defaults, which depend on the network where the field
/// is an `Option`.
#[derive(Clone, Debug)]
pub struct RecipeOptions {
    /// Which recipe. Default: classic where one of its own settings is given or there are no
    /// pretrained weights, else auto.
    pub recipe: Option<RecipeName>,
    /// Height and width of the square that the network is given, in pixels.
    pub size: Option<usize>,
    /// Numbers that training steps compute in. Default: bf16 where the processor multiplies it
    /// itself, else fp32.
    pub precision: Precision,
    /// Where all randomness starts from. Default: 42.
    pub seed: u64,
    /// Classic: epochs with the body frozen.
    pub frozen_epochs: Option<usize>,
    /// Classic: epochs with the whole network training.
    pub epochs: Option<usize>,
    /// Classic: learning rates of the whole network.
    pub rates: Option<Rates>,
    /// Classic: learning rates while the body is frozen.
    pub frozen_rates: Option<Rates>,
    /// Classic: pictures in a training step.
    pub batch: Option<usize>,
    /// Classic: whether pictures are augmented. Default: true.
    pub augment: bool,
    /// Classic: whether the frozen body's norms are frozen too. Default: false.
    pub freeze_norms: bool,
    /// Classic: which weights are kept. Default: the last.
    pub keep: Option<Keep>,
    /// Auto: views of each picture, 1, 2 or 4. Default: 2.
    pub views: usize,
    /// Auto: folds of the cross-validation. Default: 5.
    pub folds: usize,
    /// Auto: how often the folds are drawn anew. Default: by the number of pictures.
    pub repeats: Option<usize>,
    /// Auto: whether to fine-tune. Default: where `minutes` suffice.
    pub fine_tune: FineTune,
    /// Auto: minutes that fine-tuning may take. Default: none.
    pub minutes: Option<f64>,
}

impl TrainRequest {
    /// To train on a folder or table with every default.
    #[must_use]
    pub fn new(source: impl Into<Source>) -> Self {
        Self {
            source: source.into(),
            output: None,
            report: ReportFile::Beside,
            fixes: None,
            group_by: vec![],
            like: None,
            add_to: None,
            initial: Initial::default(),
            valid: None,
            options: RecipeOptions::default(),
            fresh: false,
            checkpoint_every: Duration::from_secs(60),
            timings: false,
            log: None,
            command: None,
        }
    }

    /// Where the classifier goes.
    ///
    /// # Errors
    /// When nothing is said and the source has no name.
    pub fn output(&self) -> Result<PathBuf, Error> {
        match (&self.output, &self.add_to) {
            (Some(output), _) => Ok(output.clone()),
            (None, Some(old)) => Ok(grown(old)),
            (None, None) => Ok(PathBuf::from(self.source.name()? + ".lookalike")),
        }
    }

    /// Where the report on a classifier in `output` goes, if one is wanted.
    pub(crate) fn page(&self, output: &Path) -> Option<PathBuf> {
        match &self.report {
            ReportFile::Beside => Some(output.with_extension("html")),
            ReportFile::At(page) => Some(page.clone()),
            ReportFile::Nowhere => None,
        }
    }
}

/// `birds-2.lookalike` for `birds.lookalike`, and `birds-3.lookalike` for that: the old one stays.
fn grown(old: &Path) -> PathBuf {
    let stem = old.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let (name, number) = stem
        .rsplit_once('-')
        .and_then(|(name, number)| Some((name.to_owned(), number.parse::<u32>().ok()?)))
        .unwrap_or((stem.clone(), 1));
    PathBuf::from(format!("{name}-{}.lookalike", number.saturating_add(1)))
}

impl Default for RecipeOptions {
    fn default() -> Self {
        Self {
            recipe: None,
            size: None,
            precision: engine::fastest_precision(),
            seed: 42,
            frozen_epochs: None,
            epochs: None,
            rates: None,
            frozen_rates: None,
            batch: None,
            augment: true,
            freeze_norms: false,
            keep: None,
            views: Auto::VIEWS,
            folds: Auto::FOLDS,
            repeats: None,
            fine_tune: FineTune::Auto,
            minutes: None,
        }
    }
}

impl RecipeOptions {
    /// The first option given that only the classic recipe has, as the command line spells it.
    fn of_classic(&self) -> Option<&'static str> {
        let given = [
            (self.frozen_epochs.is_some(), "--frozen-epochs"),
            (self.epochs.is_some(), "--epochs"),
            (self.rates.is_some(), "--lr"),
            (self.frozen_rates.is_some(), "--frozen-lr"),
            (self.batch.is_some(), "--batch"),
            (!self.augment, "--no-augment"),
            (self.freeze_norms, "--freeze-norms"),
            (self.keep.is_some(), "--keep"),
        ];
        given.into_iter().find(|(given, _)| *given).map(|(_, name)| name)
    }

    /// Whether all options suit the recipe that is named.
    ///
    /// # Errors
    /// When one of the classic recipe's is given for the other one.
    pub fn check(&self) -> Result<(), Error> {
        match (self.recipe, self.of_classic()) {
            (Some(RecipeName::Auto), Some(option)) => {
                let what = format!("`{option}` says nothing to the recipe `auto`");
                let error = Error::refused(Kind::Usage, what);
                Err(error.advise("leave it out, or pass `--recipe classic`"))
            }
            _ => Ok(()),
        }
    }

    /// The recipe for what the network starts from. Only pretrained weights have features worth
    /// fitting a head on.
    pub(crate) fn recipe(&self, start: &Start, classes: usize) -> Recipe {
        let pretrained = start.is_pretrained();
        let auto = self.recipe != Some(RecipeName::Classic) && self.of_classic().is_none();
        if auto && pretrained {
            Recipe::Auto(self.auto(start.backbone))
        } else {
            Recipe::Classic(self.classic(start.backbone, pretrained, classes))
        }
    }

    fn auto(&self, backbone: Backbone) -> Auto {
        let defaults = Auto::new(backbone);
        Auto {
            size: self.size.unwrap_or(defaults.size),
            views: self.views,
            folds: self.folds,
            repeats: self.repeats,
            fine_tune: self.fine_tune,
            minutes: self.minutes,
            precision: self.precision,
            seed: self.seed,
            ..defaults
        }
    }

    pub(crate) fn classic(&self, backbone: Backbone, pretrained: bool, classes: usize) -> Classic {
        let defaults = if pretrained {
            Classic::pretrained(backbone, classes)
        } else {
            let scratch = Classic::from_scratch(classes);
            let architecture = Architecture { backbone, ..scratch.architecture };
            Classic { architecture, ..scratch }
        };
        Classic {
            size: self.size.unwrap_or(defaults.size),
            frozen_epochs: self.frozen_epochs.unwrap_or(defaults.frozen_epochs),
            epochs: self.epochs.unwrap_or(defaults.epochs),
            frozen_rates: self.frozen_rates.unwrap_or(defaults.frozen_rates),
            rates: self.rates.unwrap_or(defaults.rates),
            batch: self.batch.unwrap_or(defaults.batch),
            augment: self.augment,
            freeze_norms: self.freeze_norms,
            keep: self.keep.unwrap_or_default(),
            precision: self.precision,
            seed: self.seed,
            ..defaults
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use network::Backbone;
    use training::{Keep, Recipe, RecipeName};

    use super::{RecipeOptions, Source, TrainRequest};
    use crate::train::start::{Start, Weights};

    fn start(backbone: Backbone, weights: Option<&str>) -> Start {
        let weights = weights.map_or(Weights::Random, |path| Weights::File(path.into(), None));
        Start { backbone, weights }
    }

    fn pretrained(options: &RecipeOptions) -> Recipe {
        options.recipe(&start(Backbone::ResNet50, Some("a.safetensors")), 2)
    }

    #[test]
    fn the_output_is_named_after_the_folder_or_the_table() {
        let output = |source: Source| TrainRequest::new(source).output().unwrap();
        assert_eq!(output("a/photos/".into()), Path::new("photos.lookalike"));
        assert_eq!(output(Source::table("a/birds.csv")), Path::new("birds.lookalike"));
        let grown = |old: &str| {
            let request = TrainRequest { add_to: Some(old.into()), ..TrainRequest::new("more") };
            request.output().unwrap()
        };
        assert_eq!(grown("a/birds.lookalike"), Path::new("birds-2.lookalike"));
        assert_eq!(grown("birds-2.lookalike"), Path::new("birds-3.lookalike"));
        assert_eq!(grown("ant-bee.lookalike"), Path::new("ant-bee-2.lookalike"));
    }

    #[test]
    fn what_is_not_asked_for_depends_on_the_network() {
        let options = RecipeOptions::default();
        let auto = pretrained(&options);
        assert!(matches!(auto, Recipe::Auto(_)) && auto.size() == 224, "{auto:?}");
        let scratch = options.recipe(&start(Backbone::Small, None), 2);
        let Recipe::Classic(scratch) = scratch else { panic!("{scratch:?}") };
        assert_eq!((scratch.frozen_epochs, scratch.architecture.backbone), (0, Backbone::Small));
        assert!(scratch.size < 224);
    }

    #[test]
    fn options_of_a_recipe_choose_it_or_are_refused() {
        let options = || RecipeOptions::default();
        let epochs = RecipeOptions { epochs: Some(3), ..options() };
        assert!(matches!(pretrained(&epochs), Recipe::Classic(classic) if classic.epochs == 3));
        let folds = RecipeOptions { folds: 10, views: 4, repeats: Some(3), ..options() };
        let Recipe::Auto(auto) = pretrained(&folds) else { panic!() };
        assert_eq!((auto.folds, auto.views, auto.repeats), (10, 4, Some(3)));
        let classic = RecipeOptions { recipe: Some(RecipeName::Classic), ..options() };
        assert!(matches!(pretrained(&classic), Recipe::Classic(_)));
        let both =
            RecipeOptions { recipe: Some(RecipeName::Auto), keep: Some(Keep::Best), ..options() };
        let error = both.check().unwrap_err().to_string();
        assert!(error.contains("`--keep`"), "{error}");
    }
}
