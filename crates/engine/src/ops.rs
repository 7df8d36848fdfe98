//! The operations that the engine knows, a file each: how an operation is planned forward and
//! backward, and the steps that it plans.

mod activation;
mod add;
mod average_pool;
mod concat_pool;
mod dropout;
mod input;
mod layer;
pub(crate) mod loss;
mod max_pool;
mod norm;

use network::{Filter, Op, Padding};

use crate::operation::Operation;

/// What the engine knows of an operation: the one place that lists them all.
pub(crate) fn operation(op: &Op) -> Box<dyn Operation> {
    match *op {
        Op::Input { .. } => Box::new(input::Input),
        Op::Conv { filter, weight } => {
            let Filter { channels, kernel, stride, padding: Padding::Each(padding), groups: 1 } =
                filter
            else {
                unreachable!("no backbone has such a convolution")
            };
            let window = layer::Window { kernel, stride, padding };
            Box::new(layer::Product { channels, window: Some(window), weight, bias: None })
        }
        Op::Linear { channels, weight, bias } => {
            Box::new(layer::Product { channels, window: None, weight, bias })
        }
        Op::Norm(norm) => Box::new(norm::BatchNorm(norm)),
        Op::Activation(_) => Box::new(activation::Relu),
        Op::Add => Box::new(add::Add),
        Op::MaxPool { kernel, stride, padding } => {
            Box::new(max_pool::Max { kernel, stride, padding })
        }
        Op::AveragePool => Box::new(average_pool::Average),
        Op::ConcatPool => Box::new(concat_pool::Concat),
        Op::Dropout { rate } => Box::new(dropout::Dropout { rate }),
    }
}
