//! EfficientNet-Lite (Tan, Le, arXiv 1905.11946; "Lite" is Google's form of 2020 for small devices:
//! ReLU6, no squeeze-and-excitation), as its TensorFlow weights expect it: convolutions of stride 2
//! padded as TensorFlow does, norms with an eps of 1e-3. Layers are named as timm names them.

use crate::published::same;
use crate::{Activation, Filter, Graph, NodeId, NormConstants, Op, Padding, Published};

/// Whose weights are known. timm's files are conversions of the same checkpoints.
pub(crate) const PUBLISHED: &[Published] = &[
    Published { by: "timm", classifier: "classifier", body: same },
    Published { by: "efficientnet_lite_pytorch", classifier: "_fc", body: package },
];

/// Blocks of one width: how many, the first one's stride, and of all the kernel and channels.
struct Stage {
    blocks: usize,
    kernel: usize,
    stride: usize,
    channels: usize,
}

const fn stage(blocks: usize, kernel: usize, stride: usize, channels: usize) -> Stage {
    Stage { blocks, kernel, stride, channels }
}

type Stages = [Stage; 7];

/// Lite0, which the larger ones scale.
const LITE0: Stages = [
    stage(1, 3, 1, 16),
    stage(2, 3, 2, 24),
    stage(2, 5, 2, 40),
    stage(3, 3, 2, 80),
    stage(3, 5, 1, 112),
    stage(4, 5, 2, 192),
    stage(1, 3, 1, 320),
];

/// Lite2: 1.1 times as wide, to the nearest multiple of 8, and 1.2 times as many blocks, rounded up,
/// in all stages but the first and the last.
const LITE2: Stages = [
    stage(1, 3, 1, 16),
    stage(3, 3, 2, 24),
    stage(3, 5, 2, 48),
    stage(4, 3, 2, 88),
    stage(4, 5, 1, 120),
    stage(5, 5, 2, 208),
    stage(1, 3, 1, 352),
];

/// How many times a block widens its input; the first stage's does not.
const EXPANSION: usize = 6;

/// The upper half begins where a cell is 16 pixels wide, as in the ResNets.
const UPPER: usize = 3;

/// The body of EfficientNet-Lite0.
pub(crate) fn lite0() -> Graph {
    body(&LITE0)
}

/// The body of EfficientNet-Lite2.
pub(crate) fn lite2() -> Graph {
    body(&LITE2)
}

/// A body of these stages. Its stem is of the same width in all, and so is its last convolution, to
/// 1,280 channels, which belongs to it.
fn body(stages: &Stages) -> Graph {
    let mut graph = Graph::new(3);
    let input = graph.input();
    let mut x = Layers { graph: &mut graph, group: 0 }.activated(
        "conv_stem",
        "bn1",
        input,
        filter(32, 3, 2),
    );
    for (index, stage) in stages.iter().enumerate() {
        let mut layers = Layers { graph: &mut graph, group: usize::from(index >= UPPER) };
        for block in 0..stage.blocks {
            let stride = if block == 0 { stage.stride } else { 1 };
            let expansion = if index == 0 { 1 } else { EXPANSION };
            let name = format!("blocks.{index}.{block}");
            x = layers.block(&name, x, expansion, filter(stage.channels, stage.kernel, stride));
        }
    }
    Layers { graph: &mut graph, group: 1 }.activated("conv_head", "bn2", x, filter(1280, 1, 1));
    graph.cut_here();
    graph
}

/// At a stride of 1 TensorFlow's padding is the same on every side.
fn filter(channels: usize, kernel: usize, stride: usize) -> Filter {
    let padding = if stride == 1 { Padding::Each(kernel / 2) } else { Padding::Same };
    Filter { channels, kernel, stride, padding, groups: 1 }
}

/// Adds layers to one parameter group of a graph.
struct Layers<'a> {
    graph: &'a mut Graph,
    group: usize,
}

impl Layers<'_> {
    /// A convolution and its norm.
    fn normed(&mut self, conv: &str, norm: &str, input: NodeId, filter: Filter) -> NodeId {
        let x = self.graph.conv(conv, input, self.group, filter);
        // TensorFlow's momentum of 0.99 is 0.01 as PyTorch counts.
        let constants = NormConstants { eps: 1e-3, momentum: 0.01, shift: 0.0 };
        self.graph.norm_with(norm, x, self.group, constants)
    }

    /// The same, then ReLU6.
    fn activated(&mut self, conv: &str, norm: &str, input: NodeId, filter: Filter) -> NodeId {
        let x = self.normed(conv, norm, input, filter);
        self.graph.add(format!("{norm}.act"), Op::Activation(Activation::Relu6), &[x])
    }

    /// An inverted residual block: to more channels, a filter for each, and back to few; added to
    /// its input where that has the same shape. `last` has the channels out, and the depthwise
    /// filter's kernel and stride.
    fn block(&mut self, name: &str, input: NodeId, expansion: usize, last: Filter) -> NodeId {
        let from = self.graph.channels(input);
        let wide = from * expansion;
        let of = |layer: &str| format!("{name}.{layer}");
        // timm numbers the norms in order, and calls the last convolution `pwl` where it is the second of 1×1.
        let (mut x, norms, project) = (input, ["bn1", "bn2", "bn3"], ["conv_pw", "conv_pwl"]);
        let widens = usize::from(expansion > 1);
        if widens == 1 {
            x = self.activated(&of("conv_pw"), &of(norms[0]), x, filter(wide, 1, 1));
        }
        let depthwise = Filter { channels: wide, groups: wide, ..last };
        x = self.activated(&of("conv_dw"), &of(norms[widens]), x, depthwise);
        let narrow = filter(last.channels, 1, 1);
        x = self.normed(&of(project[widens]), &of(norms[widens + 1]), x, narrow);
        if last.stride != 1 || from != last.channels {
            return x;
        }
        self.graph.add(of("add"), Op::Add, &[x, input])
    }
}

/// Names of the Python package `efficientnet_lite_pytorch`, layer by layer.
fn package(ours: &Graph) -> Vec<String> {
    const BLOCK: [&str; 6] =
        ["_expand_conv", "_bn0", "_depthwise_conv", "_bn1", "_project_conv", "_bn2"];
    let stems =
        ours.body_parameters().iter().filter_map(|p| p.name.strip_suffix(".conv_dw.weight"));
    let blocks = (0..stems.count()).flat_map(|index| {
        let layers = &BLOCK[if index == 0 { 2 } else { 0 }..];
        layers.iter().map(move |layer| format!("_blocks.{index}.{layer}"))
    });
    let mut layers = ["_conv_stem", "_bn0"]
        .map(String::from)
        .into_iter()
        .chain(blocks)
        .chain(["_conv_head", "_bn1"].map(String::from));
    let (mut our_layer, mut layer) = ("", String::new());
    let names = ours.body_parameters().iter().map(|parameter| {
        let (stem, suffix) = parameter.name.rsplit_once('.').expect("a layer and its parameter");
        if stem != our_layer {
            our_layer = stem;
            layer = layers.next().expect("as many layers");
        }
        format!("{layer}.{suffix}")
    });
    names.collect()
}
