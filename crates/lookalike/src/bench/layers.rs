//! Each kind of convolution of a network by itself: how fast each pass of each shape is.

use engine::EngineError;
use engine::bench::{self, Conv, Padding};
use ground::Precision;
use network::{Backbone, Filter, Graph, Op};
use serde::Serialize;

use super::{Job, Peak, Rounds, of_peak};
use crate::Error;

/// A convolution's shape, how often the network has it, and how fast its passes are.
#[derive(Clone, Debug, Serialize)]
pub struct Layer {
    height: usize,
    width: usize,
    channels: usize,
    filters: usize,
    kernel: usize,
    stride: usize,
    times: usize,
    precision: Precision,
    /// Billions of operations a second, as the shape states them: forward, backward for the input
    /// and backward for the weights.
    gflops: [f64; 3],
    /// The same as shares of the processor's peak; Winograd's method can pass it.
    share: [f64; 3],
}

/// The distinct convolutions of a network on so many pictures of this size, in order, each with how
/// often it occurs.
///
/// # Errors
/// When the network does not take such pictures.
pub fn convolutions(
    backbone: Backbone,
    count: usize,
    size: usize,
) -> Result<Vec<(Conv, usize)>, Error> {
    kinds(&Job::graph(backbone), count, size)
}

fn kinds(graph: &Graph, count: usize, size: usize) -> Result<Vec<(Conv, usize)>, Error> {
    let shapes = graph.shapes(size, size).map_err(EngineError::from)?;
    let mut kinds: Vec<(Conv, usize)> = vec![];
    for node in graph.nodes() {
        let Op::Conv { filter, .. } = node.op else { continue };
        // Depthwise convolutions are no products.
        let Filter { channels: filters, kernel, stride, padding, groups: 1 } = filter else {
            continue;
        };
        let input = shapes[node.inputs[0].0];
        let (height, width, channels) = (input.height, input.width, input.channels);
        let padding = Padding([height, width].map(|size| padding.around(size, kernel, stride)));
        let conv = Conv { count, height, width, channels, filters, kernel, stride, padding };
        match kinds.iter_mut().find(|(known, _)| *known == conv) {
            Some((_, times)) => *times += 1,
            None => kinds.push((conv, 1)),
        }
    }
    Ok(kinds)
}

impl Layer {
    /// Measures all three passes as in training, the best of some rounds each.
    ///
    /// # Errors
    /// Never so far.
    pub fn measure(
        conv: Conv,
        times: usize,
        precision: Precision,
        rounds: usize,
        peak: Peak,
    ) -> Result<Self, Error> {
        let best = |work: &mut dyn FnMut()| -> Result<f64, Error> {
            let all = Rounds(rounds).of(1, || {
                work();
                Ok(())
            })?;
            Ok(all.into_iter().fold(f64::INFINITY, f64::min))
        };
        let [forward, data, weights] = bench::passes(&conv, precision, best);
        let gflop = 2e-9 * conv.multiply_adds() as f64;
        let gflops =
            [forward?, data?, weights?].map(|ms| (10.0 * gflop / (ms * 1e-3)).round() / 10.0);
        let share = gflops.map(|gflops| (1e3 * gflops / peak.of(precision)).round() / 1e3);
        let Conv { height, width, channels, filters, kernel, stride, .. } = conv;
        Ok(Self {
            height,
            width,
            channels,
            filters,
            kernel,
            stride,
            times,
            precision,
            gflops,
            share,
        })
    }

    /// Whether a pass is faster than the peak; see [`super::ABOVE`].
    #[must_use]
    pub fn is_above(&self) -> bool {
        self.share.iter().any(|share| (100.0 * share).round() > 100.0)
    }

    /// One line of a table.
    #[must_use]
    pub fn row(&self) -> String {
        let Self { height, width, channels, filters, kernel, stride, times, precision, .. } = self;
        let shape = format!(
            "{height}×{width}×{channels} → {filters}, {kernel}×{kernel}/{stride}, ×{times}"
        );
        let pass = |at: usize| format!("{:>8.0} {:>5}", self.gflops[at], of_peak(self.share[at]));
        format!("{shape:<38} {precision:<5} {} {} {}", pass(0), pass(1), pass(2))
    }
}

#[cfg(test)]
mod tests {
    use super::kinds;
    use crate::bench::Job;
    use network::Backbone;

    #[test]
    fn resnet50_has_53_convolutions_of_23_kinds() {
        let graph = Job::graph(Backbone::ResNet50);
        let kinds = kinds(&graph, 2, 224).unwrap();
        assert_eq!(kinds.iter().map(|(_, times)| times).sum::<usize>(), 53);
        assert_eq!(kinds.len(), 23);
        let all: u64 = kinds.iter().map(|(conv, times)| conv.multiply_adds() * *times as u64).sum();
        let stated = network::summary::of(&graph, 224, 224).unwrap().multiply_adds;
        // What is left is the last layer's 2,048 × 1,000.
        assert_eq!(all / 2, stated - 2_048_000);
    }
}
