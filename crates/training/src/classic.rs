//! The classic recipe, as fastai has it: its settings and its two stages.

use std::str::FromStr;

use engine::Trained;
use ground::Precision;
use network::{Architecture, Backbone, Head};
use serde::{Deserialize, Serialize};

use crate::Rates;
use crate::error::no_such;

/// The settings of the classic recipe: a pretrained network, first with its body frozen, then
/// whole, each stage one cycle (fastai's `fit_one_cycle`, `unfreeze`, `fit_one_cycle`).
///
/// The settings are saved in the classifier, so that a run can be repeated from its own file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Classic {
    /// The network.
    pub architecture: Architecture,
    /// Height and width of the square that the network is given.
    pub size: usize,
    /// Passes over the pictures with the body frozen.
    pub frozen_epochs: usize,
    /// Passes over the pictures with everything learning.
    pub epochs: usize,
    /// Rates of the frozen stage. They reach the body's norms too, unless those are frozen.
    pub frozen_rates: Rates,
    /// Rates of the unfrozen stage.
    pub rates: Rates,
    /// Pictures in a training step, and in a step of the measuring after each epoch.
    pub batch: usize,
    /// Whether each picture is altered anew every time it is trained on.
    pub augment: bool,
    /// Whether the frozen body's norms are frozen too, and use their running statistics. fastai
    /// trains them.
    pub freeze_norms: bool,
    /// Whether the body's norms stay as they came in the unfrozen stage. fastai trains them; the
    /// default recipe, which trains on few pictures in small batches, does not.
    pub fixed_norms: bool,
    /// Which weights are kept.
    pub keep: Keep,
    /// Where all randomness starts from.
    pub seed: u64,
    /// Decoupled weight decay of all that is neither norm nor bias.
    pub weight_decay: f32,
    /// The number format of training steps; predictions are always in `fp32`.
    pub precision: Precision,
}

/// Which of the weights of a run are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Keep {
    /// The weights after the last epoch, as fastai does.
    #[default]
    Last,
    /// The weights after the epoch with the fewest held-out errors (the lower loss decides ties). The
    /// score that the report then shows was picked, and so flatters a little.
    Best,
}

impl FromStr for Keep {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "last" => Ok(Self::Last),
            "best" => Ok(Self::Best),
            _ => Err(no_such(name, &["last", "best"])),
        }
    }
}

impl Classic {
    /// For a pretrained network, with fastai 2.8's defaults:
    ///
    /// - 4 epochs frozen, as its course does, at 1e-3 for every group: its `Learner`'s rate;
    /// - 4 epochs unfrozen at 1e-5 to 1e-3, which `fine_tune` would take there;
    /// - batches of 64 pictures of 224 × 224, augmented; decay 0.01; the last weights.
    #[must_use]
    pub fn pretrained(backbone: Backbone, classes: usize) -> Self {
        Self {
            architecture: Architecture { backbone, head: Head::Fastai { classes } },
            size: backbone.preprocessing().size,
            frozen_epochs: 4,
            epochs: 4,
            frozen_rates: Rates::same(1e-3),
            rates: Rates::Range(1e-5, 1e-3),
            batch: 64,
            augment: true,
            freeze_norms: false,
            fixed_norms: false,
            keep: Keep::Last,
            seed: 42,
            weight_decay: 0.01,
            precision: Precision::Fp32,
        }
    }

    /// For a network that starts from nothing: the small one, no frozen stage, one high rate for
    /// all of it, smaller pictures, and small batches over many epochs, because few pictures must
    /// make many steps. On the practice set (144 to train on, 540 steps) it takes some 30 s of
    /// processor time and is right on all 36 held-out pictures; 100 steps were right on 29.
    #[must_use]
    pub fn from_scratch(classes: usize) -> Self {
        Self {
            frozen_epochs: 0,
            epochs: 60,
            rates: Rates::same(5e-3),
            batch: 16,
            ..Self::pretrained(Backbone::Small, classes)
        }
    }

    /// The stages that these settings ask for, in order.
    pub(crate) fn stages(&self) -> Vec<(Stage, usize, Rates)> {
        let all = [
            (Stage::Frozen, self.frozen_epochs, self.frozen_rates),
            (Stage::Unfrozen, self.epochs, self.rates),
        ];
        all.into_iter().filter(|(_, epochs, _)| *epochs > 0).collect()
    }

    /// What learns in a stage.
    #[must_use]
    pub fn trained(&self, stage: Stage) -> Trained {
        match stage {
            Stage::Frozen if self.freeze_norms => Trained::Head,
            Stage::Frozen => Trained::HeadAndNorms,
            Stage::Unfrozen if self.fixed_norms => Trained::AllButNorms,
            Stage::Unfrozen => Trained::All,
        }
    }
}

/// A part of the recipe, with a schedule of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// The body is frozen, its norms perhaps not.
    Frozen,
    /// Everything learns.
    #[default]
    Unfrozen,
}

impl FromStr for Stage {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "frozen" => Ok(Self::Frozen),
            "unfrozen" => Ok(Self::Unfrozen),
            _ => Err(no_such(name, &["frozen", "unfrozen"])),
        }
    }
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Frozen => "frozen",
            Self::Unfrozen => "unfrozen",
        })
    }
}
