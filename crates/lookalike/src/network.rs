//! Names of networks, and the weights that they stand for.

use std::str::FromStr;

use network::Backbone;
use weights::{PRETRAINED, Pretrained};

/// A network by name, with the published weights that the name stands for, if any do.
#[derive(Clone, Copy, Debug)]
pub struct NamedNetwork {
    /// The network.
    pub backbone: Backbone,
    /// Its published weights.
    pub pretrained: Option<&'static Pretrained>,
}

impl NamedNetwork {
    /// What the network is called, with the weights that the name stands for.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.pretrained.map_or(self.backbone.name(), |row| row.name)
    }

    /// All names: each backbone, followed by weights for it that have names of their own.
    fn names() -> Vec<&'static str> {
        let named = |backbone: Backbone| {
            let own = PRETRAINED.iter().filter(move |row| row.backbone == backbone);
            let own = own.map(|row| row.name).filter(move |&name| name != backbone.name());
            std::iter::once(backbone.name()).chain(own)
        };
        Backbone::ALL.into_iter().flat_map(named).collect()
    }
}

impl FromStr for NamedNetwork {
    type Err = String;

    /// Such as `resnet50`, `resnet50.tv2` or `small`; `lite0` is short for `efficientnet-lite0`.
    fn from_str(name: &str) -> Result<Self, String> {
        let long = format!("efficientnet-{name}");
        let name = if long.parse::<Backbone>().is_ok() { &long } else { name };
        let pretrained = Pretrained::named(name).ok();
        match (name.parse::<Backbone>(), pretrained) {
            (Ok(backbone), pretrained) => Ok(Self { backbone, pretrained }),
            (Err(_), Some(row)) => Ok(Self { backbone: row.backbone, pretrained }),
            (Err(_), None) => Err(format!("there are {}", Self::names().join(", "))),
        }
    }
}

#[cfg(test)]
mod tests {
    use weights::Embedded;

    use super::{Backbone, NamedNetwork};

    /// Else a name would be trained from scratch without a word.
    #[test]
    fn every_backbone_that_somebody_trained_has_weights() {
        for backbone in Backbone::ALL {
            let named: NamedNetwork = backbone.name().parse().expect("a name");
            let weights = named.pretrained.is_some() || Embedded::of(backbone).is_some();
            assert_eq!(weights, !backbone.published().is_empty(), "{backbone}");
        }
    }
}
