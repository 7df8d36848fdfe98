//! What forward passes and gradients of the input have in common: a sum over taps for each pixel.

use crate::conv::shape::Conv;
use crate::element::Element;
use crate::isa::Isa;

/// One tap of a filter: which input pixel it reads, beside the grid pixel's own place, and where
/// its weights lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tap {
    /// Rows down.
    pub(super) dy: isize,
    /// Columns right.
    pub(super) dx: isize,
    /// Index of its `channels × filters` block in the convolution's weights.
    pub(super) index: usize,
}

/// A sum over taps for each pixel of a grid: what forward passes and gradients of the input have
/// in common. Grid pixel (i, j) reads input pixels (i·step + dy, j·step + dx), zero outside, and
/// belongs to output pixel (i·out_step + out_y, j·out_step + out_x).
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(super) count: usize,
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) channels: usize,
    pub(super) step: usize,
    pub(super) taps: Vec<Tap>,
    pub(super) grid_height: usize,
    pub(super) grid_width: usize,
    pub(super) out_height: usize,
    pub(super) out_width: usize,
    pub(super) out_channels: usize,
    pub(super) out_step: usize,
    pub(super) out_y: usize,
    pub(super) out_x: usize,
    /// Whether the weights of taps side by side lie one behind the other, as in the forward pass.
    in_order: bool,
}

/// Numbers that lie one behind the other in the input and in panels, one tap's channels or those of
/// taps side by side, with a zero behind them in panels where a product takes two at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// Its first tap.
    pub(super) tap: Tap,
    /// How many numbers there are.
    pub(super) numbers: usize,
    /// How many with the zero.
    pub(super) padded: usize,
}

impl Job {
    /// The forward pass.
    pub(crate) fn forward(conv: &Conv) -> Self {
        let k = conv.kernel;
        let [above, left] = conv.padding.before().map(|zeros| zeros as isize);
        let taps = (0..k * k).map(|i| Tap {
            dy: (i / k) as isize - above,
            dx: (i % k) as isize - left,
            index: i,
        });
        Self {
            count: conv.count,
            height: conv.height,
            width: conv.width,
            channels: conv.channels,
            step: conv.stride,
            taps: taps.collect(),
            grid_height: conv.out_height(),
            grid_width: conv.out_width(),
            out_height: conv.out_height(),
            out_width: conv.out_width(),
            out_channels: conv.filters,
            out_step: 1,
            out_y: 0,
            out_x: 0,
            in_order: true,
        }
    }

    /// The gradient of the input. With stride s, input pixels whose row and column leave the same
    /// remainders by s see the same taps: s² jobs, each an ordinary convolution of the output's
    /// gradient with some of the taps. A job without taps writes zeros.
    pub(crate) fn backward_data(conv: &Conv) -> Vec<Self> {
        let stride = conv.stride;
        // Along one axis, an input place y = s·i + phase is read by tap k of output (y + p − k) / s.
        let along = |phase: usize, zeros: usize| -> Vec<(usize, isize)> {
            let shift = (phase + zeros) as isize;
            let exact = |&k: &usize| (shift - k as isize).rem_euclid(stride as isize) == 0;
            (0..conv.kernel)
                .filter(exact)
                .map(|k| (k, (shift - k as isize).div_euclid(stride as isize)))
                .collect()
        };
        let [above, left] = conv.padding.before();
        let mut jobs = Vec::with_capacity(stride * stride);
        for phase in 0..stride * stride {
            let (out_y, out_x) = (phase / stride, phase % stride);
            let columns = along(out_x, left);
            let taps = along(out_y, above).into_iter().flat_map(|(ky, dy)| {
                columns.iter().map(move |&(kx, dx)| Tap { dy, dx, index: ky * conv.kernel + kx })
            });
            let mut taps: Vec<Tap> = taps.collect();
            // Ascending offsets, so that neighbours can merge into one run.
            taps.sort_by_key(|tap| (tap.dy, tap.dx));
            jobs.push(Self {
                count: conv.count,
                height: conv.out_height(),
                width: conv.out_width(),
                channels: conv.filters,
                step: 1,
                taps,
                grid_height: (conv.height + stride - 1).saturating_sub(out_y) / stride,
                grid_width: (conv.width + stride - 1).saturating_sub(out_x) / stride,
                out_height: conv.height,
                out_width: conv.width,
                out_channels: conv.channels,
                out_step: stride,
                out_y,
                out_x,
                in_order: false,
            });
        }
        jobs
    }

    /// Whether its results are all zeros: no tap reaches them.
    pub(crate) fn is_empty(&self) -> bool {
        self.taps.is_empty()
    }

    /// Whether the grid can be read and written as one long row: a single tap, every output pixel.
    pub(super) fn is_flat(&self) -> bool {
        self.taps.len() == 1 && self.out_step == 1
    }

    /// Channels of a pixel in local buffers: those of the input, with a zero behind them where a
    /// product takes two at once and no run goes on behind them.
    pub(super) fn padded<E: Element>(&self) -> usize {
        if self.in_order { self.channels } else { self.channels.next_multiple_of(E::GROUP) }
    }

    /// The runs of panels. Where channels are odd and a product takes two at once, a run is a row of
    /// taps: with a zero for each tap a picture's three channels would cost as much as four.
    pub(super) fn runs<E: Element>(&self) -> impl Iterator<Item = Run> + '_ {
        let row = self.taps.iter().take_while(|tap| tap.dy == self.taps[0].dy).count();
        let odd = !self.channels.is_multiple_of(E::GROUP);
        let taps = if odd && self.in_order { row } else { 1 };
        let numbers = taps * self.channels;
        let run =
            move |&tap: &Tap| Run { tap, numbers, padded: numbers.next_multiple_of(E::GROUP) };
        self.taps.iter().step_by(taps.max(1)).map(run)
    }

    /// Numbers a column of the product sums over.
    pub(super) fn k_len<E: Element>(&self) -> usize {
        self.runs::<E>().map(|run| run.padded).sum()
    }

    /// Numbers in all panels, zeros beyond the last column included.
    pub(crate) fn packed_len<E: Element>(&self) -> usize {
        self.out_channels.next_multiple_of(Isa::in_use().panel()) * self.k_len::<E>()
    }
}
