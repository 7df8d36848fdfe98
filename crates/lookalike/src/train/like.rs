//! Training with the settings of another classifier, once more.

use std::path::{Path, PathBuf};

use classifier::Classifier;
use ground::progress::Progress;
use insight::Protocol;
use network::Parameters;
use training::Recipe;
use weights::Pretrained;

use super::kept::backbone_is_untouched;
use super::request::TrainRequest;
use super::start::{Start, Weights};
use crate::{Error, Kind, NamedNetwork, text};

/// What another classifier was trained with.
pub(super) struct Like {
    path: PathBuf,
    recipe: Recipe,
    backbone: network::Backbone,
    /// Name and SHA-256 of its weights.
    pretrained: Option<(String, String)>,
    /// The share that was held out at random.
    valid: Option<f64>,
    /// Its backbone's values, where they are still those of these weights.
    untouched: Option<Parameters>,
}

impl Like {
    pub(super) fn of(path: &Path) -> Result<Self, Error> {
        let old = Classifier::load(path)?;
        let untouched = backbone_is_untouched(&old).then(|| old.parameters.clone());
        let Classifier { recipe, architecture, made, record, .. } = old;
        let unknown = |error: serde_json::Error| {
            let path = path.display();
            let what = format!("the recipe in `{path}` is not one of this program's: {error}");
            Error::refused(Kind::Model, what)
        };
        let valid = match record.protocol {
            Protocol::HeldOut { share } => share,
            _ => None,
        };
        Ok(Self {
            path: path.to_owned(),
            recipe: serde_json::from_value(recipe).map_err(unknown)?,
            backbone: architecture.backbone,
            pretrained: made.pretrained,
            valid,
            untouched,
        })
    }

    /// Asks for the same network and the same part of the pictures held out.
    pub(super) fn amend(&self, request: &mut TrainRequest) {
        let row = self
            .pretrained
            .as_ref()
            .and_then(|(name, _)| weights::PRETRAINED.iter().find(|row| row.repository == name));
        let row = row.or_else(|| Pretrained::named(&self.backbone.to_string()).ok());
        let pretrained = row.filter(|_| self.pretrained.is_some());
        request.initial.network = Some(NamedNetwork { backbone: self.backbone, pretrained });
        request.valid = self.valid;
    }

    /// The backbone in its file, where it is still what its run started from: no weights need be found.
    pub(super) fn backbone(&self) -> Option<Start> {
        let (name, digest) = self.pretrained.clone()?;
        let values = self.untouched.clone()?;
        let weights = Weights::Kept { values, name, digest: digest.parse().ok()? };
        Some(Start { backbone: self.backbone, weights })
    }

    /// The recipe, for so many classes.
    pub(super) fn recipe(
        self,
        start: &Start,
        classes: usize,
        progress: &dyn Progress,
    ) -> Result<Recipe, Error> {
        let digest = start.digest()?.map(|digest| digest.to_string());
        if digest != self.pretrained.map(|(_, digest)| digest) {
            progress.warn(&format!(
                "these are not the weights that `{}` started from: the result will differ",
                text::printable(&self.path.to_string_lossy()),
            ));
        }
        let mut recipe = self.recipe;
        if let Recipe::Classic(classic) = &mut recipe {
            classic.architecture.head = classic.architecture.head.with_classes(classes);
        }
        Ok(recipe)
    }
}
