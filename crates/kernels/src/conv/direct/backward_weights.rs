//! The gradient of the weights: outer products over the pixels of pieces, in partial sums.

use super::forward::{PIXELS, pieces};
use super::input::Input;
use super::job::Job;
use super::local::{Layout, Piece};
use super::prefetch::Prefetch;
use crate::conv::registers::{self, Blocks};
use crate::conv::tile::{Grid, Outer, Spill, TileBuffer, cut, multiply_outer};
use crate::elementwise::{load, store};
use crate::isa::{Isa, Kernel, Simd, dispatch};
use crate::threads::{Shared, parallel};
use crate::{Element, View, scratch};

/// Partial sums × column groups wanted, so that many cores find work.
const TASKS: usize = 16;
/// Bytes of input that a piece may take: every piece adds to all weights once more, so that it should
/// be large, even where it does not stay in the second-level cache.
const LOCAL: usize = 640 * 1024;
/// Numbers that all partial sums may hold together: what is more is split by columns instead.
const PARTIAL: usize = 4 << 20;

/// The gradient of the weights of a forward job.
///
/// Pieces of the grid are shared out to a fixed number of partial sums, added up in a fixed order;
/// columns (filters) are split first, since that costs no partial sums.
pub(crate) fn run<E: Element>(
    job: &Job,
    view: View<'_, E>,
    gradient: &[E],
    weight_gradient: &mut [f32],
) {
    let pieces = pieces::<E>(job, PIXELS * E::GROUP, LOCAL);
    if pieces.is_empty() {
        weight_gradient.fill(0.0);
        return;
    }
    let columns = job.out_channels.div_ceil(Isa::in_use().panel());
    // Each group copies the input anew, which a lone tap repays only with more columns.
    let matrices = registers::serve::<E>();
    let width = if matrices { 16 } else { E::GROUP * if job.taps.len() == 1 { 4 } else { 2 } };
    let layout = Layout::new(job, &view, usize::MAX);
    let blocks = Blocks::new(job.out_channels, layout.offsets.len(), layout.numbers);
    let len = if matrices { blocks.len() } else { weight_gradient.len() };
    let most = (PARTIAL / len.max(1)).clamp(1, TASKS);
    let groups = columns.div_ceil(width).max(TASKS.div_ceil(most)).min(TASKS).min(columns);
    let partials = TASKS.div_ceil(groups).min(most).min(pieces.len());
    let apart = partials > 1 || matrices;
    let input = Input::new(job, &layout, &view, &pieces);
    let panel = |&piece: &Piece| match (matrices, piece.halves::<E>()[0]) {
        (_, None) => 0,
        (true, Some(half)) => layout.grid(job, half).transposed_len(),
        (false, Some(half)) => half.pixels(job) * Isa::in_use().panel() * E::GROUP,
    };
    let panel = pieces.iter().map(panel).max().unwrap_or(0);
    input.with_all(&pieces, groups, |all| {
        scratch::with(if apart { partials * len } else { 0 }, |partial: &mut [f32]| {
            let shared = Shared::new(if apart { partial } else { &mut *weight_gradient });
            parallel(partials * groups, |task| {
                let (part, group) = (task / groups, task % groups);
                let own = part * pieces.len() / partials..(part + 1) * pieces.len() / partials;
                let columns = (group * columns / groups, (group + 1) * columns / groups);
                let panels = if matrices { panel } else { panel * (columns.1 - columns.0) };
                scratch::with(input.room() + panels, |buffer: &mut [E]| {
                    for index in own.clone() {
                        let kernel = PieceKernel {
                            input: &input,
                            gathered: all.map(|all| input.place(all, index)),
                            gradient,
                            halves: pieces[index].halves::<E>(),
                            next: pieces[..own.end].get(index + 1).copied(),
                            blocks,
                            buffer: buffer.as_mut_ptr(),
                            columns,
                            sums: shared.get().wrapping_add(part * len),
                            first: index == own.start,
                        };
                        // SAFETY: lengths were checked by `Conv`; partial sums and column groups
                        // are disjoint, and the buffer is this thread's own.
                        unsafe { dispatch(kernel) };
                    }
                });
            });
            match (matrices, apart) {
                (true, _) => registers::add_up(blocks, partial, weight_gradient),
                (false, true) => add_up(partial, weight_gradient),
                (false, false) => {}
            }
        });
    });
}

/// total = the sum of its parts, in their order.
fn add_up(parts: &[f32], total: &mut [f32]) {
    const CHUNK: usize = 4096;
    let len = total.len();
    let shared = Shared::new(total);
    parallel(len.div_ceil(CHUNK), |chunk| {
        let start = chunk * CHUNK;
        // SAFETY: chunks are disjoint.
        let total = unsafe { shared.part(start, CHUNK.min(len - start)) };
        // SAFETY: a kernel without pointers of its own.
        unsafe { dispatch(AddUp { parts, len, start, total }) };
    });
}

/// A chunk of a total, from `start`; each part has `len` numbers.
struct AddUp<'a> {
    parts: &'a [f32],
    len: usize,
    start: usize,
    total: &'a mut [f32],
}

impl Kernel for AddUp<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let size = self.total.len();
        for at in (0..size).step_by(S::LANES) {
            let n = S::LANES.min(size - at);
            let mut sum = S::splat(0.0);
            for part in self.parts.chunks_exact(self.len) {
                sum = S::add(sum, load::<S, _>(part.as_ptr().add(self.start + at), n));
            }
            store::<S, _>(self.total.as_mut_ptr().add(at), n, sum);
        }
    }
}

/// One piece of the grid × one group of panels, added to one partial sum.
struct PieceKernel<'a, E> {
    input: &'a Input<'a, E>,
    /// Where the input is, unless it is still to be gathered.
    gathered: Option<*const E>,
    gradient: &'a [E],
    halves: [Option<Piece>; 2],
    /// The piece after this one, to be fetched meanwhile.
    next: Option<Piece>,
    blocks: Blocks,
    /// [`Input::room`] numbers, then the gradient's panels.
    buffer: *mut E,
    columns: (usize, usize),
    sums: *mut f32,
    /// Whether this is the partial sum's first piece, which writes instead of adding.
    first: bool,
}

impl<E: Element> Kernel for PieceKernel<'_, E> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let (job, layout) = (self.input.job, self.input.layout);
        let [Some(piece), _] = self.halves else { return };
        let base = match self.gathered {
            Some(gathered) => gathered,
            None => self.input.gather::<S>(self.halves, self.buffer),
        };
        let panels = self.buffer.add(self.input.room());
        let grid = layout.grid(job, piece);
        if registers::serve::<E>() {
            return self.in_matrices::<S>(grid, base, panels);
        }
        let pixels = piece.pixels(job);
        self.pack_gradient::<S>(pixels, panels);
        let mut done = TileBuffer::new();
        let steps = (self.columns.1 - self.columns.0)
            * layout.offsets.len()
            * layout.numbers.div_ceil(S::ROWS);
        let next = self.next.filter(|_| self.gathered.is_none());
        let ahead = next.map_or(0..0, |next| layout.source(job, next));
        let mut prefetch = Prefetch::new(self.input.view.data, ahead, steps);
        for column in self.columns.0..self.columns.1 {
            let panel = panels.add((column - self.columns.0) * pixels * S::PANEL * E::GROUP);
            for (run, &offset) in layout.offsets.iter().enumerate() {
                for (start, rows) in cut(layout.numbers, S::ROWS) {
                    prefetch.step::<S>();
                    for index in 0..grid.blocks {
                        let o = Outer {
                            x: base.add((index * grid.block + offset + start) * E::GROUP),
                            lines: grid.lines,
                            pixels: grid.width,
                            line: grid.line * E::GROUP,
                            pixel: grid.pixel * E::GROUP,
                            panel: panel.add(index * grid.lines * grid.width * S::PANEL * E::GROUP),
                        };
                        let row = run * layout.numbers + start;
                        let write = self.first && index == 0;
                        multiply_outer::<S, E>(&o, rows, Spill(done.as_mut_ptr()));
                        let first = column * S::PANEL;
                        if first + S::PANEL <= job.out_channels {
                            self.finish::<S, true>(&done, (row, rows), first, write);
                        } else {
                            self.finish::<S, false>(&done, (row, rows), first, write);
                        }
                    }
                }
            }
        }
    }
}

impl<E: Element> PieceKernel<'_, E> {
    /// All of it in matrix registers: the pairs at `pairs`, and `transposed` to take the gradient.
    #[inline(always)]
    unsafe fn in_matrices<S: Simd>(&self, grid: Grid, pairs: *const E, transposed: *mut E) {
        let filters = self.input.job.out_channels;
        let halves = self.halves.map(|half| half.map_or(0..0, |half| half.output(self.input.job)));
        let halves = halves.map(|half| &self.gradient[half]);
        let mut in_use = registers::Registers::default();
        for panel in self.columns.0..self.columns.1 {
            registers::transpose::<S, E>(grid, halves, filters, panel * S::PANEL, transposed);
            let (of, to) = ((self.blocks, panel), self.sums);
            registers::add(
                &mut in_use,
                (grid, &self.input.layout.offsets),
                (pairs, transposed),
                of,
                to,
                self.first,
            );
        }
    }

    /// Copies the piece's gradient into panels of columns.
    #[inline(always)]
    unsafe fn pack_gradient<S: Simd>(&self, pixels: usize, panels: *mut E) {
        let job = self.input.job;
        let [first, second] = self.halves.map(|half| half.map_or(0..0, |half| half.output(job)));
        let (from, other) = (self.gradient[first].as_ptr(), self.gradient[second.clone()].as_ptr());
        for column in self.columns.0..self.columns.1 {
            let panel = panels.add((column - self.columns.0) * pixels * S::PANEL * E::GROUP);
            let valid = S::PANEL.min(job.out_channels - column * S::PANEL);
            // Pixels of which both halves have all columns; then the rest.
            let there = second.len() / job.out_channels;
            let whole = match (valid == S::PANEL, E::GROUP) {
                (false, _) => 0,
                (true, 1) => pixels,
                (true, _) => there,
            };
            for pixel in 0..whole {
                let at = pixel * job.out_channels + column * S::PANEL;
                let to = panel.add(pixel * S::PANEL * E::GROUP);
                for v in 0..S::VECS {
                    let (at, to) = (at + v * S::LANES, to.add(v * S::LANES * E::GROUP));
                    E::store_beside::<S>(to, from.add(at), other.wrapping_add(at));
                }
            }
            for pixel in whole..pixels {
                let at = pixel * job.out_channels + column * S::PANEL;
                let to = panel.add(pixel * S::PANEL * E::GROUP);
                for v in 0..S::VECS {
                    let n = S::LANES.min(valid.saturating_sub(v * S::LANES));
                    let a = load::<S, _>(from.wrapping_add(at + v * S::LANES), n);
                    let n = if pixel < there { n } else { 0 };
                    let b = load::<S, _>(other.wrapping_add(at + v * S::LANES), n);
                    E::store_packed::<S>(to.add(v * S::LANES * E::GROUP), a, b);
                }
            }
        }
    }

    /// Adds one tile to the partial sum (or begins it): `rows.1` numbers of the runs from number
    /// `rows.0`, filters from `first`, a `WHOLE` panel of them or what is left.
    #[inline(always)]
    unsafe fn finish<S: Simd, const WHOLE: bool>(
        &self,
        done: &TileBuffer,
        rows: (usize, usize),
        first: usize,
        write: bool,
    ) {
        let filters = self.input.job.out_channels;
        let mut row = done.row::<S>(0).as_ptr();
        for number in rows.0..rows.0 + rows.1 {
            let to = self.sums.wrapping_add(number * filters + first);
            for v in 0..S::VECS {
                let left = filters.saturating_sub(first + v * S::LANES);
                let n = if WHOLE { S::LANES } else { S::LANES.min(left) };
                if n == 0 {
                    continue;
                }
                let to = to.add(v * S::LANES);
                let mut value = S::load(row.add(v * S::LANES));
                if !write {
                    value = S::add(value, load::<S, _>(to, n));
                }
                store::<S, _>(to, n, value);
            }
            row = row.add(S::PANEL);
        }
    }
}
