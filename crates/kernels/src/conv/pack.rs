use super::Conv;
use super::job::Job;
use crate::isa::Isa;
use crate::threads::{Shared, parallel};
use crate::{Bf16, Element, Precision, elementwise, scratch};

/// A cache line, where a panel begins.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(64))]
struct Line([f32; 16]);

/// Weights in panels, as the product reads them: for each panel of columns, each tap and each
/// group of channels, the panel's weights side by side, zeros beyond the last column. One block of
/// panels for each job.
#[derive(Clone, Debug, Default)]
pub struct Pack {
    lines: Vec<Line>,
    /// In numbers.
    starts: Vec<usize>,
    panel: usize,
    precision: Precision,
}

impl Pack {
    /// For [`Conv::forward`].
    #[must_use]
    pub fn forward(conv: &Conv, weights: &[f32], precision: Precision) -> Self {
        let mut pack = Self::default();
        pack.set_forward(conv, weights, precision);
        pack
    }

    /// For [`Conv::backward_data`].
    #[must_use]
    pub fn backward_data(conv: &Conv, weights: &[f32], precision: Precision) -> Self {
        let mut pack = Self::default();
        pack.set_backward_data(conv, weights, precision);
        pack
    }

    /// As [`Pack::forward`], into memory that is there.
    ///
    /// # Panics
    /// When there are not as many weights as the shape says.
    pub fn set_forward(&mut self, conv: &Conv, weights: &[f32], precision: Precision) {
        self.set(weights, precision, conv, Direction::Forward);
    }

    /// As [`Pack::backward_data`], into memory that is there.
    ///
    /// # Panics
    /// When there are not as many weights as the shape says.
    pub fn set_backward_data(&mut self, conv: &Conv, weights: &[f32], precision: Precision) {
        self.set(weights, precision, conv, Direction::BackwardData);
    }

    fn set(&mut self, weights: &[f32], precision: Precision, conv: &Conv, direction: Direction) {
        assert_eq!(weights.len(), conv.weight_len(), "the weights of {conv:?}");
        self.precision = precision;
        match precision {
            Precision::Fp32 => self.fill(conv, weights, direction),
            Precision::Bf16 => scratch::with(weights.len(), |narrow: &mut [Bf16]| {
                elementwise::convert(weights, narrow);
                self.fill(conv, narrow, direction);
            }),
        }
    }

    /// Lays the panels out and fills them.
    fn fill<E: Element>(&mut self, conv: &Conv, weights: &[E], direction: Direction) {
        let jobs = match direction {
            Direction::Forward => vec![Job::forward(conv)],
            Direction::BackwardData => Job::backward_data(conv),
        };
        let panel = Isa::in_use().panel();
        self.panel = panel;
        self.starts.clear();
        let mut end = 0;
        for job in &jobs {
            self.starts.push(end);
            end += job.out_channels.div_ceil(panel) * panel * job.depth::<E>();
        }
        self.lines.resize((end * size_of::<E>()).div_ceil(size_of::<Line>()), Line::default());
        let all: *mut E = self.lines.as_mut_ptr().cast();
        for (job, &start) in jobs.iter().zip(&self.starts) {
            let size = panel * job.depth::<E>();
            if size == 0 {
                continue;
            }
            let shared = Shared::at(all.wrapping_add(start));
            parallel(job.out_channels.div_ceil(panel), |index| {
                // SAFETY: each panel is a part of its own of the lines, which hold `end` numbers.
                let whole = unsafe { shared.part(index * size, size) };
                let columns = index * panel..((index + 1) * panel).min(job.out_channels);
                let blocks = whole.chunks_exact_mut(panel * job.padded::<E>());
                for (tap, block) in job.taps.iter().zip(blocks) {
                    if columns.len() < panel || job.padded::<E>() > job.channels {
                        block.fill(E::default());
                    }
                    let taken = &weights[tap.index * conv.channels * conv.filters..];
                    match direction {
                        Direction::Forward => rows(taken, conv, &columns, panel, block),
                        Direction::BackwardData => transposed(taken, conv, &columns, panel, block),
                    }
                }
            });
        }
    }

    /// The panels of one job.
    pub(super) fn of<E: Element>(&self, phase: usize, job: &Job) -> &[E] {
        assert_eq!(self.precision, E::PRECISION, "weights packed for other numbers");
        let len = job.out_channels.div_ceil(self.panel) * self.panel * job.depth::<E>();
        let end = (self.starts[phase] + len) * size_of::<E>();
        assert!(end <= size_of_val(&self.lines[..]), "weights packed for another shape");
        // SAFETY: the numbers lie within the lines, any bits are an `Element`.
        unsafe {
            let start = self.lines.as_ptr().cast::<E>().add(self.starts[phase]);
            std::slice::from_raw_parts(start, len)
        }
    }
}

/// Which product the panels are for.
#[derive(Clone, Copy, Debug)]
enum Direction {
    Forward,
    BackwardData,
}

/// One tap's block for the forward pass: columns are filters, groups run over channels.
fn rows<E: Element>(
    weights: &[E],
    conv: &Conv,
    columns: &std::ops::Range<usize>,
    panel: usize,
    block: &mut [E],
) {
    for (group, to) in block.chunks_exact_mut(panel * E::GROUP).enumerate() {
        for member in 0..E::GROUP.min(conv.channels - group * E::GROUP) {
            let from = (group * E::GROUP + member) * conv.filters;
            let row = &weights[from + columns.start..from + columns.end];
            for (to, &weight) in to.chunks_exact_mut(E::GROUP).zip(row) {
                to[member] = weight;
            }
        }
    }
}

/// One tap's block for the gradient of the input: columns are channels, groups run over filters.
fn transposed<E: Element>(
    weights: &[E],
    conv: &Conv,
    columns: &std::ops::Range<usize>,
    panel: usize,
    block: &mut [E],
) {
    // In strips of 16 filters, so that the lines written stay in the cache.
    for strip in (0..conv.filters).step_by(16) {
        let end = (strip + 16).min(conv.filters);
        for (column, channel) in columns.clone().enumerate() {
            let row = &weights[channel * conv.filters..(channel + 1) * conv.filters];
            for filter in (strip..end).step_by(E::GROUP) {
                let to = &mut block[filter * panel + column * E::GROUP..][..E::GROUP];
                for member in 0..E::GROUP.min(conv.filters - filter) {
                    to[member] = row[filter + member];
                }
            }
        }
    }
}
