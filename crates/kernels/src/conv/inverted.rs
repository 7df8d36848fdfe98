//! Inverted residual blocks in prediction (Sandler et al., arXiv 1801.04381): a 1×1 convolution to many
//! channels, a depthwise one, and a 1×1 convolution back to few.
//!
//! The wide tensors between the three are the most of such a network's memory, and none of them is
//! made here: a band of rows of a picture goes through the block some rows at a time, and what lies
//! between stays in the second-level cache. Lines that the next rows read too are kept. Each result
//! is the same sum in the same order as layer by layer, however a picture is cut into bands.

use std::ops::Range;

use super::direct::Job;
use super::epilogue::{Added, Epilogue, Finish};
use super::pack::{Direction, Pack};
use super::registers;
use super::shape::Conv;
use super::tile::{KLoop, Operands, Spill, TileBuffer, multiply};
use crate::depthwise::{self, Depthwise, Gather, Output, Piece, Sweep};
use crate::elementwise::{load, store};
use crate::isa::{Isa, Kernel, Simd, dispatch};
use crate::threads::{Shared, parallel};
use crate::{Activation, Convolve, Element, View, scratch};

/// A 1×1 convolution of stride 1 with its norm folded in, and what follows it.
#[derive(Clone, Copy, Debug)]
pub struct Pointwise<'a> {
    /// Its shape.
    pub conv: Conv,
    /// Its weights, packed for the forward pass.
    pub weights: &'a Pack,
    /// Added, one a filter.
    pub bias: &'a [f32],
    /// Applied last.
    pub activation: Activation,
}

/// A block: see the module's notes.
#[derive(Clone, Copy, Debug)]
pub struct InvertedResidual<'a, E> {
    /// To more channels; a block that widens nothing has none.
    pub expand: Option<Pointwise<'a>>,
    /// The depthwise convolution.
    pub depthwise: Depthwise,
    /// Its weights.
    pub weights: &'a [f32],
    /// Multiplies and is added to its results, one number a channel each.
    pub affine: (&'a [f32], &'a [f32]),
    /// Applied to them then.
    pub activation: Activation,
    /// To few channels.
    pub project: Pointwise<'a>,
    /// Added to the results before the last activation.
    pub residual: Option<&'a [E]>,
}

/// Whether a block that widens so many channels and has such a depthwise convolution is faster as one
/// than layer by layer: where its wide tensors do not stay in the cache by themselves.
#[must_use]
pub fn pays<E: Element>(narrow: usize, depthwise: &Depthwise) -> bool {
    let Depthwise { height, width, channels, .. } = *depthwise;
    let bytes = height * width * channels * size_of::<f32>();
    let (there, _) = Sweep::forward(depthwise).inside();
    let groups = [narrow, channels].iter().all(|channels| channels.is_multiple_of(E::GROUP));
    bytes > Isa::in_use().second_level() / 4 * 5
        && there == (0..width)
        && groups
        && !registers::serve::<E>()
}

impl<E: Convolve> InvertedResidual<'_, E> {
    /// output = the block's results for an input, which may only wait for a norm or an activation where
    /// the block does not widen it.
    ///
    /// # Panics
    /// When lengths or shapes do not suit each other.
    pub fn forward(&self, input: View<'_, E>, output: &mut [E]) {
        E::inverted(self, input, output);
    }
}

/// Bands of a picture's rows for each thread, so that none waits long for another.
const BANDS: usize = 2;

impl<E: Element> InvertedResidual<'_, E> {
    /// Looks at the shapes, then runs.
    pub(super) fn run(&self, input: View<'_, E>, output: &mut [E]) {
        let Self { depthwise, project, .. } = self;
        let (sweep, channels) = (Sweep::forward(depthwise), depthwise.channels);
        self.check(&input, output);
        let epilogue = Epilogue {
            bias: Some(project.bias),
            added: self.residual.map_or(Added::Nothing, Added::Residual),
            activation: project.activation,
            sums: None,
        };
        let finish = Finish::new(&epilogue, output, project.conv.filters);
        let k_loop = |numbers: usize| KLoop::new::<E>(&[0], numbers, false, 0);
        let k_loops = [self.expand.map_or(0, |expand| expand.conv.channels), channels].map(k_loop);
        let step = self.step(&sweep);
        let wanted = (BANDS * ground::parallel::threads()).div_ceil(depthwise.count.max(1));
        // Each band makes the lines between it and the next once more.
        let rows = sweep.rows.to.div_ceil(wanted).next_multiple_of(step);
        let bands = sweep.rows.to.div_ceil(rows);
        let lines = depthwise::Pass::new(sweep);
        depthwise::with_weights(&sweep, self.weights, |weights| {
            parallel(depthwise.count * bands, |index| {
                let (picture, first) = (index / bands, index % bands * rows);
                let rows = first..(first + rows).min(sweep.rows.to);
                let wide = step * sweep.columns.to * sweep.pitch;
                scratch::with(self.local_len(&sweep, step), |local: &mut [f32]| {
                    scratch::with(wide, |results: &mut [E]| {
                        let band = Band {
                            block: self,
                            lines: &lines,
                            k_loops: &k_loops,
                            weights,
                            finish,
                            input,
                            picture,
                            rows,
                            step,
                            local,
                            results,
                        };
                        // SAFETY: lengths were checked; bands write rows of their own, and the
                        // buffers are this thread's.
                        unsafe { dispatch(band) };
                    });
                });
            });
        });
    }

    fn check(&self, input: &View<'_, E>, output: &[E]) {
        let Self { expand, depthwise, weights, affine: (scale, shift), project, .. } = self;
        let channels = depthwise.channels;
        let pointwise = |conv: &Conv| conv.kernel == 1 && conv.stride == 1;
        let into = expand.map_or(depthwise.input_len(), |expand| {
            let Pointwise { conv, weights, bias, .. } = expand;
            assert!(pointwise(&conv) && conv.output_len() == depthwise.input_len(), "{conv:?}");
            assert!(conv.filters == channels && bias.len() == channels, "the bias of {conv:?}");
            assert!(input.is_plain(), "an input that is to be widened");
            assert!(conv.channels.is_multiple_of(E::GROUP), "whole groups of channels");
            weights.check::<E>(&conv, Direction::Forward);
            conv.input_len()
        });
        input.check(into, expand.map_or(channels, |expand| expand.conv.channels));
        assert_eq!(weights.len(), depthwise.weight_len(), "the weights of {depthwise:?}");
        assert!(scale.len() == channels && shift.len() == channels, "an affine");
        let conv = &project.conv;
        assert!(pointwise(conv) && conv.input_len() == depthwise.output_len(), "{conv:?}");
        assert_eq!(output.len(), conv.output_len(), "the output of {conv:?}");
        assert!(channels.is_multiple_of(E::GROUP) && !registers::serve::<E>(), "such a block");
        assert!(Sweep::forward(depthwise).inside().0 == (0..depthwise.width), "all columns");
        project.weights.check::<E>(conv, Direction::Forward);
    }

    fn local_len(&self, sweep: &Sweep, rows: usize) -> usize {
        sweep.rows.covered(&(0..rows)) * sweep.row_len() + sweep.slack()
    }

    /// Rows that go through the block at a time: as many as stay in the second-level cache.
    fn step(&self, sweep: &Sweep) -> usize {
        let most = Isa::in_use().second_level() / 8 * 5 / size_of::<f32>();
        let len = |rows: usize| self.local_len(sweep, rows) + rows * sweep.columns.to * sweep.pitch;
        (2..=sweep.rows.to).take_while(|&rows| len(rows) <= most).last().unwrap_or(1)
    }
}

/// A band of rows of one picture.
struct Band<'a, 'b, E> {
    block: &'a InvertedResidual<'a, E>,
    lines: &'a depthwise::Pass,
    /// What expansion and projection sum over.
    k_loops: &'a [KLoop; 2],
    /// The weights of the depthwise convolution, as its sweep reads them.
    weights: &'a [f32],
    finish: Finish<'a, E>,
    input: View<'a, E>,
    picture: usize,
    rows: Range<usize>,
    step: usize,
    /// What the depthwise convolution reads.
    local: &'b mut [f32],
    /// What it makes.
    results: &'b mut [E],
}

impl<E: Element> Kernel for Band<'_, '_, E> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(mut self) {
        let sweep = self.lines.sweep;
        let row_len = sweep.row_len();
        let mut there = sweep.rows.start(self.rows.start)..sweep.rows.start(self.rows.start);
        for row in self.rows.clone().step_by(self.step) {
            let rows = row..(row + self.step).min(self.rows.end);
            let needed = sweep.rows.source(&rows);
            let kept = (there.end - needed.start).max(0) as usize;
            if kept > 0 {
                let from = (needed.start - there.start) as usize * row_len;
                self.local.copy_within(from..from + kept * row_len, 0);
            }
            self.fill::<S>(needed.start + kept as isize..needed.end, kept * row_len);
            there = needed;
            self.sweep::<S>(&rows);
            self.project::<S>(&rows);
        }
    }
}

impl<E: Element> Band<'_, '_, E> {
    /// Makes some lines of what the depthwise convolution reads, the first at index `at` of the buffer.
    #[inline(always)]
    unsafe fn fill<S: Simd>(&mut self, lines: Range<isize>, at: usize) {
        let (sweep, picture) = (&self.lines.sweep, self.picture);
        let local = &mut self.local[at..];
        let Some(expand) = self.block.expand else {
            let (source, rows) = (self.input, lines);
            return Gather { sweep, source, picture, rows, local }.run::<S>();
        };
        let (row_len, pitch) = (sweep.row_len(), sweep.pitch);
        let (height, width) = (sweep.rows.from, sweep.columns.from);
        let (_, before) = sweep.inside();
        let inside = lines.start.clamp(0, height as isize)..lines.end.clamp(0, height as isize);
        for (row, line) in lines.clone().zip(local.chunks_exact_mut(row_len)) {
            if inside.contains(&row) {
                line[..before * pitch].fill(0.0);
                line[(before + width) * pitch..].fill(0.0);
            } else {
                line.fill(0.0);
            }
        }
        let mut places = PLACES.take();
        places.clear();
        for row in inside.clone() {
            let line = (row - lines.start) as usize * row_len + before * pitch;
            places.extend((0..width).map(|column| line + column * pitch));
        }
        let first = (picture * height + inside.start as usize) * width;
        let Pointwise { conv, weights, bias, activation } = expand;
        let job = Job::forward(&conv);
        let product = Product {
            a: self.input.data.as_ptr().wrapping_add(first * conv.channels),
            row: conv.channels,
            k_loop: &self.k_loops[0],
            panels: weights.panels::<E>(0, &job).as_ptr(),
            filters: conv.filters,
            pixels: places.len(),
        };
        let (bounds, to) = (activation.bounds(), local.as_mut_ptr());
        product.run::<S>(&Widened { bias: bias.as_ptr(), bounds, places: &places, to });
        PLACES.set(places);
    }

    /// The depthwise convolution for some rows.
    #[inline(always)]
    unsafe fn sweep<S: Simd>(&mut self, rows: &Range<usize>) {
        let sweep = &self.lines.sweep;
        // Rows count from the first of these.
        let skipped = rows.start * sweep.columns.to * sweep.pitch;
        let output = Output {
            to: Shared::new_const(self.results.as_ptr().wrapping_sub(skipped)),
            pixel: sweep.pitch,
            affine: Some(self.block.affine),
            activation: self.block.activation,
            accumulate: false,
            totals: None,
        };
        let (pass, local, weights) = (self.lines, self.local.as_ptr(), self.weights.as_ptr());
        Piece { pass, rows: rows.clone(), local, weights, output }.run::<S>();
    }

    /// The convolution back to few channels, for some rows.
    #[inline(always)]
    unsafe fn project<S: Simd>(&self, rows: &Range<usize>) {
        let sweep = &self.lines.sweep;
        let Pointwise { conv, weights, bias, .. } = self.block.project;
        let filters = conv.filters;
        let job = Job::forward(&conv);
        let width = sweep.columns.to;
        let product = Product {
            a: self.results.as_ptr(),
            row: sweep.pitch,
            k_loop: &self.k_loops[1],
            panels: weights.panels::<E>(0, &job).as_ptr(),
            filters,
            pixels: rows.len() * width,
        };
        let first = (self.picture * sweep.rows.to + rows.start) * width;
        product.run::<S>(&Narrowed { finish: self.finish, bias: bias.as_ptr(), first, filters });
    }
}

thread_local! {
    /// Where the pixels of an expansion go.
    static PLACES: std::cell::RefCell<Vec<usize>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// The product of evenly spaced pixels by packed panels.
struct Product<'a, E> {
    a: *const E,
    /// Numbers from one pixel to the next.
    row: usize,
    k_loop: &'a KLoop,
    panels: *const E,
    filters: usize,
    pixels: usize,
}

impl<E: Element> Product<'_, E> {
    /// Hands all sums on, register by register.
    #[inline(always)]
    unsafe fn run<S: Simd>(&self, to: &impl Put) {
        let mut done = TileBuffer::new();
        let len = self.k_loop.numbers() * S::PANEL;
        for column in 0..self.filters.div_ceil(S::PANEL) {
            let (panel, first) = (self.panels.add(column * len), column * S::PANEL);
            for pixel in (0..self.pixels).step_by(S::ROWS) {
                let rows = S::ROWS.min(self.pixels - pixel);
                let a =
                    [pixel, pixel + rows.div_ceil(2)].map(|p| self.a.wrapping_add(p * self.row));
                let ahead = self.k_loop.ahead::<S, E>(panel, (0, 1));
                let operands = Operands { a, row: self.row, k_loop: self.k_loop, panel, ahead };
                multiply::<S, E>(&operands, rows, Spill(done.as_mut_ptr()));
                for v in 0..S::VECS {
                    let channel = first + v * S::LANES;
                    let n = S::LANES.min(self.filters.saturating_sub(channel));
                    if n == 0 {
                        break;
                    }
                    let mut from = done.row::<S>(0).as_ptr().add(v * S::LANES);
                    for r in 0..rows {
                        to.put::<S>(pixel + r, channel, n, S::load(from));
                        from = from.add(S::PANEL);
                    }
                }
            }
        }
    }
}

/// Takes finished sums.
trait Put {
    /// Takes those of `n` filters from this one for one pixel.
    ///
    /// # Safety
    /// The processor has the instruction set; pixel and filters are the product's.
    unsafe fn put<S: Simd>(&self, pixel: usize, filter: usize, n: usize, value: S::V);
}

/// Puts the results of an expansion where the depthwise convolution reads them.
struct Widened<'a> {
    bias: *const f32,
    bounds: [f32; 2],
    /// Where each pixel begins.
    places: &'a [usize],
    to: *mut f32,
}

impl Put for Widened<'_> {
    #[inline(always)]
    unsafe fn put<S: Simd>(&self, pixel: usize, filter: usize, n: usize, value: S::V) {
        let [least, largest] = self.bounds;
        let value = S::add(value, load::<S, f32>(self.bias.add(filter), n));
        let value = S::min(S::splat(largest), S::max(S::splat(least), value));
        let place = *self.places.get_unchecked(pixel);
        store::<S, f32>(self.to.add(place + filter), n, value);
    }
}

/// Stores the results of a projection through the epilogue, the first pixel at this one.
struct Narrowed<'a, E> {
    finish: Finish<'a, E>,
    bias: *const f32,
    first: usize,
    filters: usize,
}

impl<E: Element> Put for Narrowed<'_, E> {
    #[inline(always)]
    unsafe fn put<S: Simd>(&self, pixel: usize, filter: usize, n: usize, value: S::V) {
        let at = (self.first + pixel) * self.filters + filter;
        self.finish.store::<S>(at, n, load::<S, f32>(self.bias.add(filter), n), value);
    }
}

#[cfg(test)]
mod tests;
