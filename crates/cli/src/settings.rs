//! Step two of the command line: from what was typed to the plain settings that a run takes.

use std::path::{Path, PathBuf};
use std::time::Duration;

use kernels::Precision;
use network::Backbone;
use pictures::{Folder, GroupBy, PicturesError};
use training::auto::{Auto, FineTune};
use training::{Classic, Keep, Rates, Recipe};

use crate::args;
use crate::fault::{Exit, Fault};

/// Where the labelled pictures are named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A folder of folders.
    Folder(PathBuf),
    /// A table of paths and labels.
    Table(PathBuf),
}

/// Everything that `train` was asked, with its defaults filled in where they are known already.
#[derive(Clone, Debug)]
pub(crate) struct Training {
    pub(crate) source: Source,
    pub(crate) output: PathBuf,
    pub(crate) report: Option<PathBuf>,
    /// Corrected labels.
    pub(crate) fixes: Option<PathBuf>,
    /// Ways in which pictures belong together, beside copies and the table's groups.
    pub(crate) group_by: Vec<GroupBy>,
    /// A classifier whose settings are taken.
    pub(crate) like: Option<PathBuf>,
    pub(crate) backbone: Option<args::Named>,
    pub(crate) weights: Option<PathBuf>,
    pub(crate) offline: bool,
    /// The share to hold out, where one was asked for.
    pub(crate) valid: Option<f64>,
    /// Whether the recipe is the default one, if pretrained weights can be had.
    auto: bool,
    /// Begin anew even where an interrupted run could go on.
    pub(crate) fresh: bool,
    /// The time between two checkpoints.
    pub(crate) checkpoint_every: Duration,
    changes: Changes,
}

/// What differs from a recipe's defaults, which depend on the network.
#[derive(Clone, Debug)]
struct Changes {
    frozen_epochs: Option<usize>,
    epochs: Option<usize>,
    rates: Option<Rates>,
    frozen_rates: Option<Rates>,
    batch: Option<usize>,
    size: Option<usize>,
    augment: bool,
    freeze_norms: bool,
    keep: Keep,
    views: usize,
    folds: usize,
    repeats: Option<usize>,
    fine_tune: FineTune,
    minutes: Option<f64>,
    precision: Precision,
    seed: u64,
}

impl Training {
    /// # Errors
    /// When options do not suit the recipe, or the folder has no name to give to the classifier.
    pub(crate) fn of(typed: args::Train) -> anyhow::Result<Self> {
        let auto = match (typed.recipe, typed.of_classic()) {
            (Some(args::Recipe::Auto), Some(option)) => {
                let what = format!("`{option}` says nothing to the recipe `auto`");
                let fault = Fault::new(Exit::Usage, what);
                return Err(fault.help("leave it out, or pass `--recipe classic`").into());
            }
            (recipe, option) => recipe != Some(args::Recipe::Classic) && option.is_none(),
        };
        let source = Source::of(typed.labels, typed.dir)?;
        let output = match typed.output {
            Some(output) => output,
            None => PathBuf::from(source.name()? + ".lookalike"),
        };
        let report = (!typed.no_report)
            .then(|| typed.report.unwrap_or_else(|| output.with_extension("html")));
        let changes = Changes {
            frozen_epochs: typed.frozen_epochs,
            epochs: typed.epochs,
            rates: typed.lr,
            frozen_rates: typed.frozen_lr,
            batch: typed.batch,
            size: typed.size,
            augment: !typed.no_augment,
            freeze_norms: typed.freeze_norms,
            keep: match typed.keep {
                None | Some(args::Keep::Last) => Keep::Last,
                Some(args::Keep::Best) => Keep::Best,
            },
            views: typed.views,
            folds: typed.folds,
            repeats: typed.repeats,
            fine_tune: match typed.fine_tune {
                args::FineTune::Auto => FineTune::Auto,
                args::FineTune::Always => FineTune::Always,
                args::FineTune::Never => FineTune::Never,
            },
            minutes: typed.minutes,
            precision: typed.precision.unwrap_or_default().precision(),
            seed: typed.seed,
        };
        Ok(Self {
            source,
            output,
            report,
            fixes: typed.fixes,
            group_by: typed.group_by,
            like: typed.like,
            backbone: typed.backbone,
            weights: typed.weights,
            offline: typed.offline,
            valid: typed.valid,
            auto,
            fresh: typed.fresh,
            checkpoint_every: Duration::from_secs(typed.checkpoint_every),
            changes,
        })
    }

    /// For finding a rate: as for training, with the plot as its output.
    ///
    /// # Errors
    /// When the folder has no name to give to the plot.
    pub(crate) fn of_lr_find(typed: &args::LrFind) -> anyhow::Result<Self> {
        let source = Source::of(typed.labels.clone(), typed.dir.clone())?;
        let output = match &typed.output {
            Some(output) => output.clone(),
            None => PathBuf::from(source.name()? + ".lr.svg"),
        };
        let changes = Changes {
            frozen_epochs: typed.epochs,
            epochs: typed.epochs,
            rates: None,
            frozen_rates: None,
            batch: typed.batch,
            size: typed.size,
            augment: !typed.no_augment,
            freeze_norms: typed.freeze_norms,
            keep: Keep::Last,
            views: Auto::VIEWS,
            folds: Auto::FOLDS,
            repeats: None,
            fine_tune: FineTune::Never,
            minutes: None,
            precision: Precision::fastest(),
            seed: typed.seed,
        };
        Ok(Self {
            source,
            output,
            report: None,
            fixes: None,
            group_by: typed.group_by.clone(),
            like: None,
            backbone: typed.backbone,
            weights: typed.weights.clone(),
            offline: typed.offline,
            valid: Some(typed.valid),
            auto: false,
            fresh: false,
            checkpoint_every: Duration::MAX,
            changes,
        })
    }

    /// The recipe for this network, which starts from pretrained weights or from nothing. Only the
    /// former has features worth fitting a head on.
    pub(crate) fn recipe(&self, backbone: Backbone, pretrained: bool, classes: usize) -> Recipe {
        if !(self.auto && pretrained) {
            return Recipe::Classic(self.classic(backbone, pretrained, classes));
        }
        let Changes { size, views, folds, repeats, fine_tune, minutes, precision, seed, .. } =
            self.changes;
        let defaults = Auto::new(backbone);
        let size = size.unwrap_or(defaults.size);
        Recipe::Auto(Auto {
            size,
            views,
            folds,
            repeats,
            fine_tune,
            minutes,
            precision,
            seed,
            ..defaults
        })
    }

    /// The classic recipe for it.
    pub(crate) fn classic(&self, backbone: Backbone, pretrained: bool, classes: usize) -> Classic {
        let defaults = if pretrained {
            Classic::pretrained(backbone, classes)
        } else {
            let scratch = Classic::from_scratch(classes);
            let architecture = network::Architecture { backbone, ..scratch.architecture };
            Classic { architecture, ..scratch }
        };
        let c = &self.changes;
        Classic {
            size: c.size.unwrap_or(defaults.size),
            frozen_epochs: c.frozen_epochs.unwrap_or(defaults.frozen_epochs),
            epochs: c.epochs.unwrap_or(defaults.epochs),
            frozen_rates: c.frozen_rates.unwrap_or(defaults.frozen_rates),
            rates: c.rates.unwrap_or(defaults.rates),
            batch: c.batch.unwrap_or(defaults.batch),
            augment: c.augment,
            freeze_norms: c.freeze_norms,
            keep: c.keep,
            precision: c.precision,
            seed: c.seed,
            ..defaults
        }
    }
}

impl Source {
    pub(crate) fn of(labels: Option<PathBuf>, dir: Option<PathBuf>) -> anyhow::Result<Self> {
        match (labels, dir) {
            (Some(table), _) => Ok(Self::Table(table)),
            (None, Some(dir)) => Ok(Self::Folder(dir)),
            (None, None) => anyhow::bail!("a folder or `--labels` is needed"),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Folder(path) | Self::Table(path) => path,
        }
    }

    /// The pictures that it names.
    pub(crate) fn pictures(&self) -> Result<Folder, PicturesError> {
        match self {
            Self::Folder(dir) => Folder::scan(dir),
            Self::Table(table) => Folder::from_csv(table),
        }
    }

    /// What the pictures' names start from.
    pub(crate) fn folder(&self) -> &Path {
        match self {
            Self::Folder(dir) => dir,
            Self::Table(table) => table.parent().unwrap_or(Path::new("")),
        }
    }

    /// What a classifier of these pictures is called: `photos` for `photos/`, `birds` for
    /// `birds.csv`, and the folder's own name for `.`.
    pub(crate) fn name(&self) -> anyhow::Result<String> {
        let named = |path: &Path| match self {
            Self::Folder(_) => path.file_name().map(|name| name.to_string_lossy().into_owned()),
            Self::Table(_) => path.file_stem().map(|name| name.to_string_lossy().into_owned()),
        };
        let path = self.path();
        let name = named(path).or_else(|| named(&path.canonicalize().ok()?));
        name.ok_or_else(|| {
            anyhow::anyhow!(
                "`{}` has no name to call the classifier by; pass `-o FILE`",
                path.display()
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Training;
    use crate::args::{Command, Typed};
    use clap::Parser;
    use network::Backbone;
    use std::path::Path;
    use training::Recipe;

    fn training(typed: &str) -> Training {
        match Typed::try_parse_from(typed.split(' ')).unwrap().command {
            Command::Train(train) => Training::of(*train).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_storys_command_says_all_that_it_says() {
        let settings = training(
            "lookalike train photos/ --backbone resnet50 --frozen-epochs 20 --epochs 20 \
             --lr 1e-6..1e-5 --valid 0.25 --seed 7 --size 192 -o birds.lookalike",
        );
        let Recipe::Classic(recipe) = settings.recipe(Backbone::ResNet50, true, 3) else {
            panic!()
        };
        assert_eq!((recipe.frozen_epochs, recipe.epochs), (20, 20));
        assert_eq!(recipe.rates.to_string(), "1e-6..1e-5");
        assert_eq!((recipe.seed, recipe.size, settings.valid), (7, 192, Some(0.25)));
        assert_eq!(settings.output, Path::new("birds.lookalike"));
        assert_eq!(settings.report.as_deref(), Some(Path::new("birds.html")));
    }

    #[test]
    fn names_come_from_the_folder_or_the_table() {
        assert_eq!(training("lookalike train a/photos/").output, Path::new("photos.lookalike"));
        assert_eq!(
            training("lookalike train --labels a/birds.csv").output,
            Path::new("birds.lookalike")
        );
        let here = std::env::current_dir().unwrap();
        let here = here.file_name().unwrap().to_str().unwrap();
        assert_eq!(training("lookalike train .").output, Path::new(&format!("{here}.lookalike")));
    }

    #[test]
    fn what_is_not_typed_depends_on_the_network() {
        let settings = training("lookalike train photos");
        let auto = settings.recipe(Backbone::ResNet50, true, 2);
        assert!(matches!(auto, Recipe::Auto(_)) && auto.size() == 224, "{auto:?}");
        let Recipe::Classic(scratch) = settings.recipe(Backbone::Small, false, 2) else { panic!() };
        assert_eq!((scratch.frozen_epochs, scratch.architecture.backbone), (0, Backbone::Small));
        assert!(scratch.size < 224);
    }

    #[test]
    fn options_of_a_recipe_choose_it_or_are_refused() {
        let recipe = |typed| training(typed).recipe(Backbone::ResNet50, true, 2);
        assert!(matches!(recipe("lookalike train photos --epochs 3"), Recipe::Classic(_)));
        assert!(
            matches!(recipe("lookalike train photos --folds 10"), Recipe::Auto(auto) if auto.folds == 10)
        );
        let looks = recipe("lookalike train photos --views 4 --repeats 3");
        assert!(matches!(looks, Recipe::Auto(auto) if (auto.views, auto.repeats) == (4, Some(3))));
        assert!(matches!(recipe("lookalike train photos --recipe classic"), Recipe::Classic(_)));
        let both = "lookalike train photos --recipe auto --keep best".split(' ');
        let Command::Train(typed) = Typed::try_parse_from(both).unwrap().command else { panic!() };
        let error = Training::of(*typed).unwrap_err().to_string();
        assert!(error.contains("`--keep`"), "{error}");
    }
}
