//! The operations that the engine knows, a file each: how an operation is planned forward and
//! backward, and the steps that it plans.

mod activation;
mod add;
mod average_pool;
mod concat_pool;
mod depthwise;
mod dropout;
mod geometry;
mod input;
mod inverted;
mod layer;
pub(crate) mod loss;
mod max_pool;
mod norm;

use network::Op;

use crate::operation::Operation;
use crate::ops::geometry::{DepthwiseConv, Form, Product};
use crate::planner::activation_of;

/// What the engine knows of an operation: the one place that lists them all.
pub(crate) fn operation(op: &Op) -> Box<dyn Operation> {
    match *op {
        Op::Input { .. } => Box::new(input::Input),
        Op::Conv { filter, weight } if filter.groups > 1 => {
            Box::new(DepthwiseConv { filter, weight })
        }
        Op::Conv { filter, weight } => {
            Box::new(Product { form: Form::Convolution(filter), weight, bias: None })
        }
        Op::Linear { channels, weight, bias } => {
            Box::new(Product { form: Form::Linear(channels), weight, bias })
        }
        Op::Norm(norm) => Box::new(norm::BatchNorm(norm)),
        Op::Activation(kind) => Box::new(activation::Activate(activation_of(kind))),
        Op::Add => Box::new(add::Add),
        Op::MaxPool { kernel, stride, padding } => {
            Box::new(max_pool::Max { kernel, stride, padding })
        }
        Op::AveragePool => Box::new(average_pool::Average),
        Op::ConcatPool => Box::new(concat_pool::Concat),
        Op::Dropout { rate } => Box::new(dropout::Dropout { rate }),
    }
}
