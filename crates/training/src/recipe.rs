use std::str::FromStr;

use ground::Precision;
use network::Architecture;
use serde::{Deserialize, Serialize};

use crate::Classic;
use crate::auto::Auto;
use crate::error::no_such;

/// A recipe with all its settings, as a classifier's file stores it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "recipe", rename_all = "lowercase")]
pub enum Recipe {
    /// Features once, and a head fitted on them.
    Auto(Auto),
    /// A frozen stage, then an unfrozen one, as fastai does.
    Classic(Classic),
}

/// A recipe by name, without its settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecipeName {
    /// [`Recipe::Auto`].
    Auto,
    /// [`Recipe::Classic`].
    Classic,
}

impl FromStr for RecipeName {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "auto" => Ok(Self::Auto),
            "classic" => Ok(Self::Classic),
            _ => Err(no_such(name, &["auto", "classic"])),
        }
    }
}

impl Recipe {
    /// The network that comes of it.
    #[must_use]
    pub fn architecture(&self, classes: usize) -> Architecture {
        match self {
            Self::Auto(auto) => auto.architecture(classes),
            Self::Classic(classic) => classic.architecture,
        }
    }

    /// Height and width of the square that the network is given.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Self::Auto(auto) => auto.size,
            Self::Classic(classic) => classic.size,
        }
    }

    /// The number format of training steps.
    #[must_use]
    pub fn precision(&self) -> Precision {
        match self {
            Self::Auto(auto) => auto.precision,
            Self::Classic(classic) => classic.precision,
        }
    }

    /// The seed of all randomness.
    #[must_use]
    pub fn seed(&self) -> u64 {
        match self {
            Self::Auto(auto) => auto.seed,
            Self::Classic(classic) => classic.seed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Recipe;
    use crate::Classic;
    use crate::auto::Auto;
    use network::Backbone;

    #[test]
    fn a_recipe_is_told_there_and_back() {
        for recipe in [
            Recipe::Auto(Auto::new(Backbone::ResNet50)),
            Recipe::Classic(Classic::pretrained(Backbone::ResNet18, 3)),
        ] {
            let text = serde_json::to_string(&recipe).unwrap();
            assert_eq!(serde_json::from_str::<Recipe>(&text).unwrap(), recipe, "{text}");
            let more = text.replacen('{', "{\"new\":1,", 1);
            assert!(serde_json::from_str::<Recipe>(&more).is_err(), "{more}");
        }
    }
}
