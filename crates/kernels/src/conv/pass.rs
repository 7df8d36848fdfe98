use super::job::Job;
use super::{Added, Conv, Direction, Epilogue, Pack, backward_weights, forward, winograd};
use crate::{Element, View};

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
    pub(crate) fn run(self, conv: &Conv) {
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
                forward::run(&job, weights.panels(0, &job), input, output, epilogue);
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
                    if accumulate && job.taps.is_empty() {
                        continue;
                    }
                    forward::run(job, weights.panels(phase, job), gradient, output, epilogue());
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
                backward_weights::run(&Job::forward(conv), input, gradient, weight_gradient);
            }
        }
    }
}
