use super::Conv;
use super::job::Job;
use super::winograd::{self, Shape};
use crate::elementwise::load;
use crate::isa::{Isa, Kernel, Simd, dispatch};
use crate::threads::{Shared, parallel};
use crate::{Bf16, Element, Memory, Precision, scratch};

/// Weights as products read them, in panels: for each panel of columns, each tap and each group of
/// channels, the panel's weights side by side, zeros beyond the last column. One block of panels for
/// each job; or transformed, for Winograd's method.
#[derive(Debug, Default)]
pub struct Pack {
    memory: Memory,
    /// Where each job's panels begin, in numbers.
    starts: Vec<usize>,
    /// For which product, of which numbers and weights (whatever the size of the pictures).
    of: Option<(Direction, Precision, Conv)>,
}

/// Which product the weights are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// [`Conv::forward`].
    Forward,
    /// [`Conv::backward_data`].
    BackwardData,
}

impl Pack {
    /// For [`Conv::forward`].
    #[must_use]
    pub fn forward(conv: &Conv, weights: &[f32], precision: Precision) -> Self {
        let mut pack = Self::default();
        pack.set(conv, weights, precision, Direction::Forward);
        pack
    }

    /// For [`Conv::backward_data`].
    #[must_use]
    pub fn backward_data(conv: &Conv, weights: &[f32], precision: Precision) -> Self {
        let mut pack = Self::default();
        pack.set(conv, weights, precision, Direction::BackwardData);
        pack
    }

    /// Packs other weights, into the memory that is there.
    ///
    /// # Panics
    /// When there are not as many weights as the shape says.
    pub fn set(
        &mut self,
        conv: &Conv,
        weights: &[f32],
        precision: Precision,
        direction: Direction,
    ) {
        assert_eq!(weights.len(), conv.weight_len(), "the weights of {conv:?}");
        self.of = Some((direction, precision, any_size(conv)));
        let shape = match direction {
            Direction::Forward => Shape::forward(conv, precision),
            Direction::BackwardData => Shape::backward_data(conv, precision),
        };
        match (shape, precision) {
            (Some(shape), _) => self.transform(conv, &shape, weights, direction),
            (None, Precision::Fp32) => self.fill::<f32>(conv, weights, direction),
            (None, Precision::Bf16) => self.fill::<Bf16>(conv, weights, direction),
        }
    }

    /// Panics unless the weights were packed for this product.
    pub(super) fn check<E: Element>(&self, conv: &Conv, direction: Direction) {
        let of = (direction, E::PRECISION, any_size(conv));
        assert_eq!(self.of, Some(of), "weights packed for another product");
    }

    /// The panels of one job.
    pub(super) fn panels<E: Element>(&self, phase: usize, job: &Job) -> &[E] {
        let panel = Isa::in_use().panel();
        let len = job.out_channels.div_ceil(panel) * panel * job.depth::<E>();
        &self.memory.as_slice()[self.starts[phase]..][..len]
    }

    /// The weights as Winograd's method reads them.
    pub(super) fn transformed(&self, shape: &Shape) -> &[f32] {
        &self.memory.as_slice()[..shape.packed_len(Isa::in_use().panel())]
    }

    /// Room for so many numbers.
    fn room<E: Element>(&mut self, len: usize) -> &mut [E] {
        if self.memory.room::<E>() < len {
            self.memory = Memory::new::<E>(len);
        }
        &mut self.memory.as_mut_slice()[..len]
    }

    /// Transforms the weights for Winograd's method.
    fn transform(&mut self, conv: &Conv, shape: &Shape, weights: &[f32], direction: Direction) {
        let packed = self.room(shape.packed_len(Isa::in_use().panel()));
        match direction {
            Direction::Forward => winograd::pack(shape, weights, packed),
            Direction::BackwardData => scratch::with(weights.len(), |turned: &mut [f32]| {
                turn(conv, weights, turned);
                winograd::pack(shape, turned, packed);
            }),
        }
    }

    /// Lays the panels out and fills them.
    fn fill<E: Element>(&mut self, conv: &Conv, weights: &[f32], direction: Direction) {
        let jobs = match direction {
            Direction::Forward => vec![Job::forward(conv)],
            Direction::BackwardData => Job::backward_data(conv),
        };
        let panel = Isa::in_use().panel();
        let mut end = 0;
        let place = |job: &Job| {
            let start = end;
            end += job.out_channels.div_ceil(panel) * panel * job.depth::<E>();
            start
        };
        self.starts = jobs.iter().map(place).collect();
        let starts = self.starts.clone();
        let shared = Shared::new(self.room::<E>(end));
        for (job, &start) in jobs.iter().zip(&starts) {
            parallel(job.out_channels.div_ceil(panel), |index| {
                let to = shared.get().wrapping_add(start + index * panel * job.depth::<E>());
                let kernel = Panel { conv, job, weights, direction, first: index * panel, to };
                // SAFETY: `set` has checked the weights; panels are disjoint parts of the room.
                unsafe { dispatch(kernel) };
            });
        }
    }
}

/// What weights depend on.
fn any_size(conv: &Conv) -> Conv {
    Conv { count: 0, height: 0, width: 0, ..*conv }
}

/// Fills one panel.
struct Panel<'a, E> {
    conv: &'a Conv,
    job: &'a Job,
    weights: &'a [f32],
    direction: Direction,
    /// The panel's first column.
    first: usize,
    to: *mut E,
}

impl<E: Element> Kernel for Panel<'_, E> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let tap_len = self.conv.channels * self.conv.filters;
        let mut to = self.to;
        for run in self.job.runs::<E>() {
            let from = self.weights.as_ptr().add(run.tap.index * tap_len);
            match self.direction {
                Direction::Forward => self.rows::<S>(run.numbers, from, to),
                Direction::BackwardData => self.transposed::<S>(from, to),
            }
            to = to.add(S::PANEL * run.padded);
        }
    }
}

impl<E: Element> Panel<'_, E> {
    /// One run's block for the forward pass: columns are filters, groups run over its numbers.
    #[inline(always)]
    unsafe fn rows<S: Simd>(&self, numbers: usize, from: *const f32, to: *mut E) {
        let filters = self.conv.filters;
        for number in (0..numbers).step_by(E::GROUP) {
            for v in 0..S::VECS {
                let column = self.first + v * S::LANES;
                let n = S::LANES.min(filters.saturating_sub(column));
                let other = if number + 1 < numbers { n } else { 0 };
                let from = from.wrapping_add(number * filters + column);
                let a = load::<S, _>(from, n);
                let b = load::<S, _>(from.wrapping_add(filters), other);
                E::store_packed::<S>(to.add(number * S::PANEL + v * S::LANES * E::GROUP), a, b);
            }
        }
    }

    /// One tap's block for the gradient of the input: columns are channels, groups run over
    /// filters. In strips of 16 filters, so that what is read and written stays in the cache.
    #[inline(always)]
    unsafe fn transposed<S: Simd>(&self, from: *const f32, to: *mut E) {
        const STRIP: usize = 16;
        let Conv { channels, filters, .. } = *self.conv;
        let valid = S::PANEL.min(channels - self.first);
        let mut block = [E::default(); STRIP * 64];
        let block = block.as_mut_ptr();
        for strip in (0..filters).step_by(STRIP) {
            for column in 0..valid {
                let row = from.wrapping_add((self.first + column) * filters + strip);
                for lane in (0..STRIP).step_by(S::LANES) {
                    let n = S::LANES.min((filters - strip).saturating_sub(lane));
                    let v = load::<S, _>(row.wrapping_add(lane), n);
                    E::store::<S>(block.add(column * STRIP + lane), v);
                }
            }
            for member in (0..STRIP.min(filters - strip)).step_by(E::GROUP) {
                let to = to.add((strip + member) * S::PANEL);
                for column in 0..S::PANEL {
                    let group = block.add(column * STRIP + member);
                    std::ptr::copy_nonoverlapping(group, to.add(column * E::GROUP), E::GROUP);
                }
            }
        }
    }
}

/// Weights of the gradient of the input: tap by tap in the opposite order, and filters × channels.
fn turn(conv: &Conv, weights: &[f32], turned: &mut [f32]) {
    let (channels, filters) = (conv.channels, conv.filters);
    let taps = conv.kernel * conv.kernel;
    let shared = Shared::new(turned);
    parallel(taps, |tap| {
        let size = channels * filters;
        let from = &weights[(taps - 1 - tap) * size..][..size];
        // SAFETY: taps are disjoint.
        let to = unsafe { shared.part(tap * size, size) };
        // In strips of 16 filters, so that the lines written stay in the cache.
        for strip in (0..filters).step_by(16) {
            for channel in 0..channels {
                for filter in strip..(strip + 16).min(filters) {
                    to[filter * channels + channel] = from[channel * filters + filter];
                }
            }
        }
    });
}
