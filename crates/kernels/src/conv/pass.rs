//! The passes of convolutions, compiled once for each kind of number, and the choice between the
//! ways to compute one.

use super::direct::{self, Job};
use super::epilogue::{Added, Epilogue};
use super::inverted::InvertedResidual;
use super::pack::{Direction, Pack};
use super::shape::Conv;
use super::winograd;
use crate::bf16::Bf16;
use crate::depthwise::{Depthwise, DepthwisePass};
use crate::element::Element;
use crate::view::View;

/// Numbers that convolutions are compiled for.
///
/// A trait with a body for each kind of number, so that passes are compiled with this crate: as
/// generic functions they would be compiled anew in every crate that calls them, for minutes.
pub trait Convolve: Element {
    /// Runs a pass of a convolution.
    fn convolve(conv: &Conv, pass: Pass<'_, Self>);
    /// Runs a pass of a depthwise convolution.
    fn depthwise(conv: &Depthwise, pass: DepthwisePass<'_, Self>);
    /// Runs a block of convolutions.
    fn inverted(block: &InvertedResidual<'_, Self>, input: View<'_, Self>, output: &mut [Self]);
}

impl Convolve for f32 {
    fn convolve(conv: &Conv, pass: Pass<'_, Self>) {
        pass.run(conv);
    }

    fn depthwise(conv: &Depthwise, pass: DepthwisePass<'_, Self>) {
        pass.run(conv);
    }

    fn inverted(block: &InvertedResidual<'_, Self>, input: View<'_, Self>, output: &mut [Self]) {
        block.run(input, output);
    }
}

impl Convolve for Bf16 {
    fn convolve(conv: &Conv, pass: Pass<'_, Self>) {
        pass.run(conv);
    }

    fn depthwise(conv: &Depthwise, pass: DepthwisePass<'_, Self>) {
        pass.run(conv);
    }

    fn inverted(block: &InvertedResidual<'_, Self>, input: View<'_, Self>, output: &mut [Self]) {
        block.run(input, output);
    }
}

impl Conv {
    /// output = input ∗ weights, finished by `epilogue`.
    ///
    /// # Panics
    /// When lengths do not suit the shape, or weights were packed for others or for other numbers.
    pub fn forward<E: Convolve>(
        &self,
        input: View<'_, E>,
        weights: &Pack,
        output: &mut [E],
        epilogue: Epilogue<'_, E>,
    ) {
        E::convolve(self, Pass::Forward { input, weights, output, epilogue });
    }

    /// The gradient of the input from that of the output; added to `input_gradient` if
    /// `accumulate`, else written.
    ///
    /// # Panics
    /// When lengths do not suit the shape, or weights were packed for others or for other numbers.
    pub fn backward_data<E: Convolve>(
        &self,
        gradient: &[E],
        weights: &Pack,
        input_gradient: &mut [E],
        accumulate: bool,
    ) {
        E::convolve(self, Pass::BackwardData { gradient, weights, input_gradient, accumulate });
    }

    /// The gradient of the weights, written to `weight_gradient`.
    ///
    /// # Panics
    /// When lengths do not suit the shape, or weights were packed for others or for other numbers.
    pub fn backward_weights<E: Convolve>(
        &self,
        input: View<'_, E>,
        gradient: &[E],
        weight_gradient: &mut [f32],
    ) {
        E::convolve(self, Pass::BackwardWeights { input, gradient, weight_gradient });
    }
}

/// One of the three passes of a [`Conv`], whose methods say what each takes.
#[derive(Debug)]
pub enum Pass<'a, E> {
    /// See [`Conv::forward`].
    #[expect(missing_docs, reason = "the method's arguments")]
    Forward {
        input: View<'a, E>,
        weights: &'a Pack,
        output: &'a mut [E],
        epilogue: Epilogue<'a, E>,
    },
    /// See [`Conv::backward_data`].
    #[expect(missing_docs, reason = "the method's arguments")]
    BackwardData {
        gradient: &'a [E],
        weights: &'a Pack,
        input_gradient: &'a mut [E],
        accumulate: bool,
    },
    /// See [`Conv::backward_weights`].
    #[expect(missing_docs, reason = "the method's arguments")]
    BackwardWeights { input: View<'a, E>, gradient: &'a [E], weight_gradient: &'a mut [f32] },
}

impl<E: Element> Pass<'_, E> {
    /// Looks at the lengths, then goes the way that is shortest for the shape.
    fn run(self, conv: &Conv) {
        match self {
            Self::Forward { input, weights, output, epilogue } => {
                input.check(conv.input_len(), conv.channels);
                assert_eq!(output.len(), conv.output_len(), "the output of {conv:?}");
                weights.check::<E>(conv, Direction::Forward);
                if let Some(shape) = winograd::Shape::forward(conv, E::PRECISION) {
                    let weights = weights.transformed(&shape);
                    return winograd::run(&shape, weights, input, output, epilogue);
                }
                let job = Job::forward(conv);
                direct::run(&job, weights.panels(0, &job), input, output, epilogue);
            }
            Self::BackwardData { gradient, weights, input_gradient: output, accumulate } => {
                let gradient = View::plain(gradient);
                gradient.check(conv.output_len(), conv.filters);
                assert_eq!(output.len(), conv.input_len(), "the input's gradient of {conv:?}");
                weights.check::<E>(conv, Direction::BackwardData);
                let added = if accumulate { Added::Output } else { Added::Nothing };
                let epilogue = || Epilogue { added, ..Epilogue::default() };
                if let Some(shape) = winograd::Shape::backward_data(conv, E::PRECISION) {
                    let weights = weights.transformed(&shape);
                    return winograd::run(&shape, weights, gradient, output, epilogue());
                }
                for (phase, job) in Job::backward_data(conv).iter().enumerate() {
                    if accumulate && job.is_empty() {
                        continue;
                    }
                    direct::run(job, weights.panels(phase, job), gradient, output, epilogue());
                }
            }
            Self::BackwardWeights { input, gradient, weight_gradient } => {
                input.check(conv.input_len(), conv.channels);
                assert_eq!(gradient.len(), conv.output_len(), "the output's gradient of {conv:?}");
                let len = conv.weight_len();
                assert_eq!(weight_gradient.len(), len, "the weights' gradient of {conv:?}");
                if let Some(shape) = winograd::Shape::backward_weights(conv, E::PRECISION) {
                    return winograd::backward_weights(&shape, input, gradient, weight_gradient);
                }
                direct::backward_weights(&Job::forward(conv), input, gradient, weight_gradient);
            }
        }
    }
}
