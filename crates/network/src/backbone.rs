//! The table of backbones: one row says all that the rest of the house knows of one.
//!
//! A new backbone is a name here, a row here and a builder in a file of its own;
//! `docs/adding-a-backbone.md` walks through it.

use std::fmt;
use std::str::FromStr;

use ground::Preprocessing;
use serde::{Deserialize, Serialize};

use crate::resnet::{self, Block};
use crate::{Graph, Published, efficientnet};

/// A body that is known by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum Backbone {
    /// A ResNet-10 of half width with a 3×3 stem, for pictures of about 64 to 128 pixels: small
    /// enough to be trained from nothing in a minute.
    Small,
    /// ResNet-18.
    ResNet18,
    /// ResNet-34.
    ResNet34,
    /// ResNet-50.
    ResNet50,
    /// ResNet-101.
    ResNet101,
    /// ResNet-152.
    ResNet152,
    /// EfficientNet-Lite0.
    EfficientNetLite0,
    /// EfficientNet-Lite2: deeper, wider, and for larger pictures.
    EfficientNetLite2,
}

/// What sets one backbone apart.
struct Row {
    backbone: Backbone,
    /// On the command line and in files.
    name: &'static str,
    /// Builds the body. It ends at the graph's cut, in a map of places × channels: its pool gives
    /// the features, its places are the cells of a heat map. Parameters of the lower half are in
    /// group 0 and those of the upper in group 1, which learn at rates of their own.
    build: fn() -> Graph,
    preprocessing: Preprocessing,
    /// Under which names others publish weights for it.
    published: &'static [Published],
}

/// Mean and deviation of ImageNet's pictures, by which most published networks were trained.
const IMAGENET: Preprocessing = Preprocessing {
    size: 224,
    crop: 0.875,
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
};

/// Google's small networks for devices: (x − 127) / 128, from 0 to 255.
const LITE: Preprocessing =
    Preprocessing { mean: [127.0 / 255.0; 3], std: [128.0 / 255.0; 3], ..IMAGENET };

static TABLE: [Row; 8] = [
    Row {
        backbone: Backbone::Small,
        name: "small",
        build: || resnet::body([1; 4], 32, Block::Basic, 3),
        preprocessing: Preprocessing { size: 96, ..IMAGENET },
        published: &[],
    },
    Row {
        backbone: Backbone::ResNet18,
        name: "resnet18",
        build: || resnet::body([2, 2, 2, 2], 64, Block::Basic, 7),
        preprocessing: IMAGENET,
        published: resnet::PUBLISHED,
    },
    Row {
        backbone: Backbone::ResNet34,
        name: "resnet34",
        build: || resnet::body([3, 4, 6, 3], 64, Block::Basic, 7),
        preprocessing: IMAGENET,
        published: resnet::PUBLISHED,
    },
    Row {
        backbone: Backbone::ResNet50,
        name: "resnet50",
        build: || resnet::body([3, 4, 6, 3], 64, Block::Bottleneck, 7),
        preprocessing: IMAGENET,
        published: resnet::PUBLISHED,
    },
    Row {
        backbone: Backbone::ResNet101,
        name: "resnet101",
        build: || resnet::body([3, 4, 23, 3], 64, Block::Bottleneck, 7),
        preprocessing: IMAGENET,
        published: resnet::PUBLISHED,
    },
    Row {
        backbone: Backbone::ResNet152,
        name: "resnet152",
        build: || resnet::body([3, 8, 36, 3], 64, Block::Bottleneck, 7),
        preprocessing: IMAGENET,
        published: resnet::PUBLISHED,
    },
    Row {
        backbone: Backbone::EfficientNetLite0,
        name: "efficientnet-lite0",
        build: efficientnet::lite0,
        preprocessing: LITE,
        published: efficientnet::PUBLISHED,
    },
    Row {
        backbone: Backbone::EfficientNetLite2,
        name: "efficientnet-lite2",
        build: efficientnet::lite2,
        preprocessing: Preprocessing { size: 260, crop: 260.0 / 292.0, ..LITE },
        published: efficientnet::PUBLISHED,
    },
];

impl Backbone {
    /// All of them, in the order in which they are listed to a user.
    pub const ALL: [Self; TABLE.len()] = {
        let mut all = [Self::Small; TABLE.len()];
        let mut index = 0;
        while index < all.len() {
            all[index] = TABLE[index].backbone;
            index += 1;
        }
        all
    };

    fn row(self) -> &'static Row {
        TABLE.iter().find(|row| row.backbone == self).expect("every backbone has a row")
    }

    /// The name on the command line and in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// How its training pictures became its input.
    #[must_use]
    pub fn preprocessing(self) -> &'static Preprocessing {
        &self.row().preprocessing
    }

    /// Who publishes weights for it, under which names.
    #[must_use]
    pub fn published(self) -> &'static [Published] {
        self.row().published
    }

    /// The body alone.
    #[must_use]
    pub fn body(self) -> Graph {
        let mut graph = (self.row().build)();
        graph.backbone = Some(self);
        graph
    }
}

impl fmt::Display for Backbone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Backbone {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|backbone| backbone.name() == name).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("no backbone is named `{}`; there are {names}", name.escape_debug())
        })
    }
}

impl From<Backbone> for &'static str {
    fn from(backbone: Backbone) -> Self {
        backbone.name()
    }
}

impl TryFrom<String> for Backbone {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        name.parse()
    }
}
