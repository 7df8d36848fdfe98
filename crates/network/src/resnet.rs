//! The ResNet family (He et al., arXiv 1512.03385), in the "v1.5" form that torchvision and timm
//! publish weights for: the bottleneck's stride sits on its 3×3.

use crate::published::same;
use crate::{Graph, NodeId, Op, Published};

/// Whose names are ours.
pub(crate) const PUBLISHED: &[Published] =
    &[Published { by: "torchvision and timm", classifier: "fc", body: same }];

/// The branch of a residual block.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Block {
    /// Two convolutions of 3×3.
    Basic,
    /// 1×1, 3×3, and 1×1 to four times the width.
    Bottleneck,
}

/// The body: fastai's children 0 to 7, which end in the map before the pool. Its groups are
/// fastai's too: 0 from the stem to layer 2, 1 layers 3 and 4.
pub(crate) fn body(blocks: [usize; 4], width: usize, block: Block, stem_kernel: usize) -> Graph {
    let mut graph = Graph::new(3);
    let stem = [width, stem_kernel, 2, stem_kernel / 2];
    let x = graph.conv("conv1", graph.input(), 0, stem);
    let x = graph.norm("bn1", x, 0, 0.0);
    let x = graph.add("relu", Op::RELU, &[x]);
    let mut x = graph.add("maxpool", Op::MaxPool { kernel: 3, stride: 2, padding: 1 }, &[x]);
    for (stage, blocks) in blocks.into_iter().enumerate() {
        for index in 0..blocks {
            let stride = if stage > 0 && index == 0 { 2 } else { 1 };
            let name = format!("layer{}.{index}", stage + 1);
            x = residual(&mut graph, &name, x, stage / 2, width << stage, stride, block);
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
    block: Block,
) -> NodeId {
    let bottleneck = block == Block::Bottleneck;
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
            x = graph.add(format!("{name}.relu{n}"), Op::RELU, &[x]);
        }
    }
    let sum = graph.add(format!("{name}.add"), Op::Add, &[x, shortcut]);
    graph.add(format!("{name}.relu"), Op::RELU, &[sum])
}
