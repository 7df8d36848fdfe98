//! Which pretrained weights there are, as data.

use network::{Architecture, Backbone, Graph, Head};

use crate::WeightsError;

/// Weights that somebody trained on ImageNet-1k and published.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pretrained {
    /// What the user calls them.
    pub name: &'static str,
    /// The body they are for.
    pub backbone: Backbone,
    /// Classes of the linear layer that they end in.
    pub classes: usize,
    /// The hub's repository, which also names the file in the cache.
    pub repository: &'static str,
    /// The file in the repository.
    pub file: &'static str,
    /// As the publisher states it.
    pub licence: &'static str,
    /// Percent of ImageNet's validation pictures, as torchvision states it.
    pub top1: f32,
}

/// A row of torchvision's, republished by timm with the same names and values.
const fn torchvision(
    name: &'static str,
    backbone: Backbone,
    repository: &'static str,
    top1: f32,
) -> Pretrained {
    Pretrained {
        name,
        backbone,
        classes: 1000,
        repository,
        file: "model.safetensors",
        licence: "BSD-3-Clause",
        top1,
    }
}

/// All that are known by name.
///
/// Which weights "a pretrained ResNet-50" means has changed elsewhere under users' feet: for years
/// it was torchvision's first (`tv_in1k`), now it is often the second (`tv2_in1k`, trained with
/// label smoothing, mixup and averaging). The second is better at ImageNet and not always a better
/// start for other pictures (Kornblith et al., arXiv 1805.08974). So a plain name always means the
/// first, the second has a name of its own, and a saved classifier names the file it grew from.
pub const PRETRAINED: [Pretrained; 6] = [
    torchvision("resnet18", Backbone::ResNet18, "timm/resnet18.tv_in1k", 69.76),
    torchvision("resnet34", Backbone::ResNet34, "timm/resnet34.tv_in1k", 73.31),
    torchvision("resnet50", Backbone::ResNet50, "timm/resnet50.tv_in1k", 76.13),
    torchvision("resnet50.tv2", Backbone::ResNet50, "timm/resnet50.tv2_in1k", 80.86),
    torchvision("resnet101", Backbone::ResNet101, "timm/resnet101.tv_in1k", 77.37),
    torchvision("resnet152", Backbone::ResNet152, "timm/resnet152.tv_in1k", 78.31),
];

impl Pretrained {
    /// The weights of this name.
    ///
    /// # Errors
    /// Lists the names there are.
    pub fn named(name: &str) -> Result<&'static Self, WeightsError> {
        PRETRAINED.iter().find(|row| row.name == name).ok_or_else(|| WeightsError::NoSuchName {
            name: name.to_owned(),
            known: PRETRAINED.map(|row| row.name).join(", "),
        })
    }

    /// The whole network that the file must fit.
    #[must_use]
    pub fn graph(&self) -> Graph {
        Architecture { backbone: self.backbone, head: Head::Linear { classes: self.classes } }
            .graph()
    }

    /// The repository without its owner: unique, and fit to be a file's name.
    #[must_use]
    pub fn stem(&self) -> &'static str {
        self.repository.rsplit('/').next().unwrap_or(self.repository)
    }
}
