//! The geometry of convolutions and linear layers: what they are for a batch of some size.

use kernels::{Conv, Depthwise, Padding};
use network::{Filter, NodeId, ParameterId, Shape};

use crate::planner::Planner;
use crate::store::Layer;

/// A convolution, or a linear layer on one vector a picture.
pub(super) struct Product {
    pub(super) form: Form,
    pub(super) weight: ParameterId,
    pub(super) bias: Option<ParameterId>,
}

/// What a product multiplies.
pub(super) enum Form {
    /// The pixels of a window.
    Convolution(Filter),
    /// All values of a picture, to this many.
    Linear(usize),
}

impl Product {
    pub(super) fn layer(&self, node: NodeId, planner: &Planner<'_>) -> Layer {
        let count = planner.purpose.count;
        let Shape { height, width, channels } = planner.shapes[planner.input(node).0];
        let conv = match self.form {
            Form::Convolution(filter) => {
                let Filter { channels: filters, kernel, stride, .. } = filter;
                let padding = padding_of(filter, height, width);
                Conv { count, height, width, channels, filters, kernel, stride, padding }
            }
            Form::Linear(values) => Conv::linear(count, height * width * channels, values),
        };
        Layer { node, conv, weight: self.weight }
    }
}

/// A convolution in which each channel has a filter of its own.
pub(super) struct DepthwiseConv {
    pub(super) filter: Filter,
    pub(super) weight: ParameterId,
}

/// A depthwise convolution of a graph, for a batch of some size.
#[derive(Clone, Copy, Debug)]
pub(super) struct DepthwiseLayer {
    pub(super) node: NodeId,
    pub(super) conv: Depthwise,
    pub(super) weight: ParameterId,
}

impl DepthwiseConv {
    pub(super) fn layer(&self, node: NodeId, planner: &Planner<'_>) -> DepthwiseLayer {
        let Filter { channels: filters, kernel, stride, groups, .. } = self.filter;
        let Shape { height, width, channels } = planner.shapes[planner.input(node).0];
        assert!(groups == channels && filters == channels, "groups of one channel each");
        let padding = padding_of(self.filter, height, width);
        let count = planner.purpose.count;
        let conv = Depthwise { count, height, width, channels, kernel, stride, padding };
        DepthwiseLayer { node, conv, weight: self.weight }
    }
}

/// The zeros around a convolution's input of this size.
fn padding_of(filter: Filter, height: usize, width: usize) -> Padding {
    let Filter { kernel, stride, padding, .. } = filter;
    Padding([height, width].map(|size| padding.around(size, kernel, stride)))
}
