use super::Conv;
use super::job::Job;
use crate::isa::Isa;
use crate::threads::{Shared, parallel};

/// Weights in panels, as the product reads them: for each panel of columns, each tap and each
/// channel, the panel's weights side by side, zeros beyond the last column. One block of panels
/// for each job.
#[derive(Clone, Debug, Default)]
pub struct Pack {
    data: Vec<f32>,
    starts: Vec<usize>,
    panel: usize,
}

impl Pack {
    /// For [`Conv::forward`].
    #[must_use]
    pub fn forward(conv: &Conv, weights: &[f32]) -> Self {
        let mut pack = Self::default();
        pack.set_forward(conv, weights);
        pack
    }

    /// For [`Conv::backward_data`].
    #[must_use]
    pub fn backward_data(conv: &Conv, weights: &[f32]) -> Self {
        let mut pack = Self::default();
        pack.set_backward_data(conv, weights);
        pack
    }

    /// As [`Pack::forward`], into memory that is there.
    ///
    /// # Panics
    /// When there are not as many weights as the shape says.
    pub fn set_forward(&mut self, conv: &Conv, weights: &[f32]) {
        assert_eq!(weights.len(), conv.weight_len(), "the weights of {conv:?}");
        let filters = conv.filters;
        self.fill(&[Job::forward(conv)], |panel, index, first, valid, block| {
            for (channel, row) in block.chunks_exact_mut(panel).enumerate() {
                let from = (index * conv.channels + channel) * filters + first;
                row[..valid].copy_from_slice(&weights[from..from + valid]);
                row[valid..].fill(0.0);
            }
        });
    }

    /// As [`Pack::backward_data`], into memory that is there.
    ///
    /// # Panics
    /// When there are not as many weights as the shape says.
    pub fn set_backward_data(&mut self, conv: &Conv, weights: &[f32]) {
        assert_eq!(weights.len(), conv.weight_len(), "the weights of {conv:?}");
        let filters = conv.filters;
        self.fill(&Job::backward_data(conv), |panel, index, first, valid, block| {
            // Transposed in strips of 16 filters, so that the lines written stay in the cache.
            for strip in (0..filters).step_by(16) {
                let strip_end = (strip + 16).min(filters);
                for column in 0..panel {
                    if column < valid {
                        let from = (index * conv.channels + first + column) * filters;
                        for filter in strip..strip_end {
                            block[filter * panel + column] = weights[from + filter];
                        }
                    } else {
                        for filter in strip..strip_end {
                            block[filter * panel + column] = 0.0;
                        }
                    }
                }
            }
        });
    }

    /// Lays the panels out and lets `block` fill each tap of each panel: it is given the panel's
    /// width, the tap's index, the panel's first column, how many columns it has, and the place.
    fn fill(
        &mut self,
        jobs: &[Job],
        block: impl Fn(usize, usize, usize, usize, &mut [f32]) + Sync,
    ) {
        self.panel = Isa::in_use().panel();
        self.starts.clear();
        let mut end = 0;
        for job in jobs {
            self.starts.push(end);
            end += job.out_channels.div_ceil(self.panel) * self.panel * job.depth();
        }
        self.data.resize(end, 0.0);
        let panel = self.panel;
        for (job, &start) in jobs.iter().zip(&self.starts) {
            let size = panel * job.depth();
            let panels = job.out_channels.div_ceil(panel);
            if size == 0 {
                continue;
            }
            let data = Shared::new(&mut self.data[start..start + panels * size]);
            parallel(panels, |index| {
                // SAFETY: each panel is a part of its own.
                let whole = unsafe { data.part(index * size, size) };
                let first = index * panel;
                let valid = panel.min(job.out_channels - first);
                for (tap, place) in
                    job.taps.iter().zip(whole.chunks_exact_mut(panel * job.channels))
                {
                    block(panel, tap.index, first, valid, place);
                }
            });
        }
    }

    /// The panels of one job.
    pub(super) fn of(&self, phase: usize, job: &Job) -> &[f32] {
        let start = self.starts[phase];
        &self.data[start..start + job.out_channels.div_ceil(self.panel) * self.panel * job.depth()]
    }
}
