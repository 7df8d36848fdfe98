//! The ResNet family (He et al., arXiv 1512.03385), in the "v1.5" form that torchvision and timm
//! publish weights for: the bottleneck's stride sits on its 3×3.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Graph, NodeId, Op};

/// A body that is known by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
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
}

/// What sets one member of the family apart.
struct Plan {
    blocks: [usize; 4],
    width: usize,
    bottleneck: bool,
    stem_kernel: usize,
}

impl Backbone {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Small,
        Self::ResNet18,
        Self::ResNet34,
        Self::ResNet50,
        Self::ResNet101,
        Self::ResNet152,
    ];

    fn plan(self) -> Plan {
        let standard = |blocks, bottleneck| Plan { blocks, width: 64, bottleneck, stem_kernel: 7 };
        match self {
            Self::Small => Plan { blocks: [1; 4], width: 32, bottleneck: false, stem_kernel: 3 },
            Self::ResNet18 => standard([2, 2, 2, 2], false),
            Self::ResNet34 => standard([3, 4, 6, 3], false),
            Self::ResNet50 => standard([3, 4, 6, 3], true),
            Self::ResNet101 => standard([3, 4, 23, 3], true),
            Self::ResNet152 => standard([3, 8, 36, 3], true),
        }
    }

    /// The name on the command line and in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::ResNet18 => "resnet18",
            Self::ResNet34 => "resnet34",
            Self::ResNet50 => "resnet50",
            Self::ResNet101 => "resnet101",
            Self::ResNet152 => "resnet152",
        }
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
            let names: Vec<_> = Self::ALL.iter().map(|b| b.name()).collect();
            format!("no backbone is named `{name}`; there are {}", names.join(", "))
        })
    }
}

/// The body: fastai's children 0 to 7, which end in the map before the pool. Its groups are
/// fastai's too: 0 from the stem to layer 2, 1 layers 3 and 4.
pub(crate) fn body(backbone: Backbone) -> Graph {
    let plan = backbone.plan();
    let mut graph = Graph::new(3);
    let stem = [plan.width, plan.stem_kernel, 2, plan.stem_kernel / 2];
    let x = graph.conv("conv1", graph.input(), 0, stem);
    let x = graph.norm("bn1", x, 0, 0.0);
    let x = graph.add("relu", Op::Relu, &[x]);
    let mut x = graph.add("maxpool", Op::MaxPool { kernel: 3, stride: 2, padding: 1 }, &[x]);
    for (stage, &blocks) in plan.blocks.iter().enumerate() {
        for block in 0..blocks {
            let stride = if stage > 0 && block == 0 { 2 } else { 1 };
            let name = format!("layer{}.{block}", stage + 1);
            x = residual(
                &mut graph,
                &name,
                x,
                stage / 2,
                plan.width << stage,
                stride,
                plan.bottleneck,
            );
        }
    }
    graph.cut_here();
    graph
}

/// One residual block: a branch of two or three convolutions, added to the input or to its 1×1
/// projection where the shape changes.
fn residual(
    graph: &mut Graph,
    name: &str,
    input: NodeId,
    group: usize,
    width: usize,
    stride: usize,
    bottleneck: bool,
) -> NodeId {
    let out = if bottleneck { 4 * width } else { width };
    // channels, kernel, stride, padding of each convolution on the branch
    let convolutions: &[[usize; 4]] = if bottleneck {
        &[[width, 1, 1, 0], [width, 3, stride, 1], [out, 1, 1, 0]]
    } else {
        &[[width, 3, stride, 1], [out, 3, 1, 1]]
    };
    // The shortcut comes first: backward, its scattered gradient is then added to a dense one, and
    // in prediction the branch's last convolution finds it ready to be added.
    let shortcut = if stride != 1 || graph.channels(input) != out {
        let y = graph.conv(&format!("{name}.downsample.0"), input, group, [out, 1, stride, 0]);
        graph.norm(&format!("{name}.downsample.1"), y, group, 0.0)
    } else {
        input
    };
    let mut x = input;
    for (index, &convolution) in convolutions.iter().enumerate() {
        let n = index + 1;
        x = graph.conv(&format!("{name}.conv{n}"), x, group, convolution);
        x = graph.norm(&format!("{name}.bn{n}"), x, group, 0.0);
        if n < convolutions.len() {
            x = graph.add(format!("{name}.relu{n}"), Op::Relu, &[x]);
        }
    }
    let sum = graph.add(format!("{name}.add"), Op::Add, &[x, shortcut]);
    graph.add(format!("{name}.relu"), Op::Relu, &[sum])
}
