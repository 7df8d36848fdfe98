//! The forward pass, and the gradient of the input: transform a block of tiles, multiply place by
//! place, transform back into the epilogue. A block stays in the second-level cache.

use super::tiles::{PLACES, SIDE, Shape, TILE, Window};
use super::transform;
use crate::conv::epilogue::{Epilogue, Finish, Totals, add_up};
use crate::conv::tile::{KLoop, Operands, Spill, cut, multiply};
use crate::elementwise::load;
use crate::isa::{Isa, Kernel, Simd, dispatch};
use crate::threads::{Shared, parallel};
use crate::{Element, View, scratch};

/// Bytes of transformed input that a block may take.
const BLOCK: usize = 576 * 1024;
/// Tasks wanted, so that many cores find work.
const TASKS: usize = 16;

/// Numbers from one tile's channels to the next's: cache lines, and not so many that all tiles
/// would share a few sets.
pub(super) fn pitch(channels: usize) -> usize {
    let whole = channels.next_multiple_of(16);
    whole + if whole.is_multiple_of(256) { 16 } else { 0 }
}

/// Numbers from one place to the next, where each takes this many: an odd number of cache lines, so
/// that the 36 places of a tile lie in sets of their own.
pub(super) fn apart(len: usize) -> usize {
    (len.div_ceil(16) | 1) * 16
}

/// Runs the convolution with weights as [`super::pack()`] leaves them.
pub(crate) fn run<E: Element>(
    shape: &Shape,
    packed: &[f32],
    view: View<'_, E>,
    output: &mut [E],
    epilogue: Epilogue<'_, E>,
) {
    let filters = shape.filters;
    let finish = Finish::new(&epilogue, output, filters);
    let pitch = pitch(shape.channels);
    // A multiple of the largest tile of sums keeps those full.
    let most = (BLOCK / (PLACES * pitch * size_of::<f32>()) / 14 * 14).clamp(14, 56);
    let blocks = shape.tiles.div_ceil(most);
    let panel = Isa::in_use().panel();
    let columns = filters.div_ceil(panel);
    let groups = TASKS.div_ceil(blocks.max(1)).min(columns);
    let k_loop = KLoop::new::<f32>(&[0], shape.channels, blocks < TASKS, size_of_val(packed));
    let sums_len = if epilogue.sums.is_some() { 2 * filters } else { 0 };
    scratch::with(blocks * sums_len, |partial: &mut [f32]| {
        partial.fill(0.0);
        let partials = Shared::new(partial);
        parallel(blocks * groups, |task| {
            let (block, group) = (task / groups, task % groups);
            let tiles = block * shape.tiles / blocks..(block + 1) * shape.tiles / blocks;
            let inputs = PLACES * apart(tiles.len() * pitch);
            let sums = PLACES * apart(tiles.len() * panel);
            scratch::with(inputs + sums, |room: &mut [f32]| {
                let (input, sums) = room.split_at_mut(inputs);
                let kernel = Block {
                    shape,
                    view,
                    packed,
                    tiles,
                    pitch,
                    k_loop: &k_loop,
                    columns: group * columns / groups..(group + 1) * columns / groups,
                    input: input.as_mut_ptr(),
                    sums: sums.as_mut_ptr(),
                    finish,
                    totals: (sums_len > 0).then(|| Totals {
                        at: partials.get().wrapping_add(block * sums_len),
                        channels: filters,
                    }),
                };
                // SAFETY: lengths were checked by `Conv` and `Pack`; blocks and columns are disjoint
                // in output and partial sums, and the room is this thread's own.
                unsafe { dispatch(kernel) };
            });
        });
        if let Some(sums) = epilogue.sums {
            add_up(partial, sums);
        }
    });
}

/// A block of tiles × a range of panels.
struct Block<'a, E> {
    shape: &'a Shape,
    view: View<'a, E>,
    packed: &'a [f32],
    tiles: std::ops::Range<usize>,
    pitch: usize,
    columns: std::ops::Range<usize>,
    k_loop: &'a KLoop,
    /// `place × tile × pitch`, places [`apart`].
    input: *mut f32,
    /// `place × tile × panel`, places apart, for one panel at a time.
    sums: *mut f32,
    finish: Finish<'a, E>,
    totals: Option<Totals>,
}

impl<E: Element> Kernel for Block<'_, E> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let (channels, count) = (self.shape.channels, self.tiles.len());
        let (place, sums) = (apart(count * self.pitch), apart(count * S::PANEL));
        for (index, tile) in self.tiles.clone().enumerate() {
            let to = self.input.add(index * self.pitch);
            input::<S, E>(self.shape, self.view, tile, to, place);
        }
        let parts = count.div_ceil(S::ROWS);
        for column in self.columns.clone() {
            let panel = self.packed.as_ptr().add(column * PLACES * channels * S::PANEL);
            for at in 0..PLACES {
                for (part, (start, rows)) in cut(count, S::ROWS).enumerate() {
                    let a = self.input.add(at * place + start * self.pitch).cast_const();
                    let panel = panel.add(at * channels * S::PANEL);
                    let operands = Operands {
                        a: [a, a.add(rows.div_ceil(2) * self.pitch)],
                        row: self.pitch,
                        k_loop: self.k_loop,
                        panel,
                        ahead: self.k_loop.ahead::<S, f32>(panel, (part, parts)),
                    };
                    let to = self.sums.add(at * sums + start * S::PANEL);
                    multiply::<S, f32>(&operands, rows, Spill(to));
                }
            }
            for v in 0..S::VECS {
                self.finish::<S>(column * S::PANEL, v);
            }
        }
    }
}

impl<E: Element> Block<'_, E> {
    /// Transforms one register of channels of all tiles back and stores them; the panel begins at
    /// channel `first`.
    #[inline(always)]
    unsafe fn finish<S: Simd>(&self, first: usize, v: usize) {
        let filters = self.shape.filters;
        let channel = first + v * S::LANES;
        if channel >= filters {
            return;
        }
        let n = S::LANES.min(filters - channel);
        let stride = apart(self.tiles.len() * S::PANEL);
        let bias = self.finish.bias::<S>(channel, n);
        let (mut sum, mut squares) = (S::splat(0.0), S::splat(0.0));
        let mut places = [S::splat(0.0); PLACES];
        let mut results = [S::splat(0.0); TILE * TILE];
        for (index, tile) in self.tiles.clone().enumerate() {
            for (at, place) in places.iter_mut().enumerate() {
                let from = at * stride + index * S::PANEL + v * S::LANES;
                *place = S::load(self.sums.add(from).cast_const());
            }
            transform::output::<S>(&places, &mut results);
            let window = self.shape.output(tile);
            let at = (channel, n, bias);
            if window.is_whole() {
                self.store::<S, true>(window, at, &results, &mut sum, &mut squares);
            } else {
                self.store::<S, false>(window, at, &results, &mut sum, &mut squares);
            }
        }
        if let Some(totals) = self.totals {
            totals.add::<S>(channel, n, sum, squares);
        }
    }
}

impl<E: Element> Block<'_, E> {
    /// Stores one register of channels of a tile.
    #[inline(always)]
    unsafe fn store<S: Simd, const WHOLE: bool>(
        &self,
        window: Window<TILE>,
        (channel, n, bias): (usize, usize, S::V),
        results: &[S::V; TILE * TILE],
        sum: &mut S::V,
        squares: &mut S::V,
    ) {
        for y in window.rows::<WHOLE>() {
            for x in window.columns::<WHOLE>() {
                let at = window.pixel(y, x) * self.shape.filters + channel;
                let value = self.finish.store::<S>(at, n, bias, results[y * TILE + x]);
                *sum = S::add(*sum, value);
                *squares = S::fma(value, value, *squares);
            }
        }
    }
}

/// Transforms one tile of the input, norm and ReLU applied: each place's channels to `to + place`.
#[inline(always)]
pub(super) unsafe fn input<S: Simd, E: Element>(
    shape: &Shape,
    view: View<'_, E>,
    tile: usize,
    to: *mut f32,
    place: usize,
) {
    let channels = shape.channels;
    let window = shape.input(tile);
    let zero = S::splat(0.0);
    // Those outside the picture stay 0; all channels of a tile have the same outside.
    let mut values = [zero; PLACES];
    let mut made = [zero; PLACES];
    for c in (0..channels).step_by(S::LANES) {
        let n = S::LANES.min(channels - c);
        if window.is_whole() {
            read::<S, E, true>(window, view, (c, n, channels), &mut values);
        } else {
            read::<S, E, false>(window, view, (c, n, channels), &mut values);
        }
        transform::input::<S>(&values, &mut made);
        for at in 0..PLACES {
            S::store(to.add(at * place + c), made[at]);
        }
    }
}

/// Reads one register of channels of a tile, norm and ReLU applied.
#[inline(always)]
unsafe fn read<S: Simd, E: Element, const WHOLE: bool>(
    window: Window<SIDE>,
    view: View<'_, E>,
    (c, n, channels): (usize, usize, usize),
    values: &mut [S::V; PLACES],
) {
    let (mut scale, mut shift) = (S::splat(1.0), S::splat(0.0));
    if let Some((scales, shifts)) = view.affine {
        scale = load::<S, _>(scales.as_ptr().add(c), n);
        shift = load::<S, _>(shifts.as_ptr().add(c), n);
    }
    for y in window.rows::<WHOLE>() {
        for x in window.columns::<WHOLE>() {
            let from = view.data.as_ptr().add(window.pixel(y, x) * channels + c);
            let mut v = load::<S, _>(from, n);
            if view.affine.is_some() {
                v = S::fma(v, scale, shift);
            }
            values[y * SIDE + x] = view.activation.apply::<S>(v);
        }
    }
}
