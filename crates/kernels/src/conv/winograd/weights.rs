//! The gradient of the weights: dg = Gᵀ[Σ (A dy Aᵀ) ⊙ (Bᵀ d B)]G, the sum over all tiles. Tiles are
//! transformed in portions that fit the last-level cache; then each place is a product of its own
//! over a portion's tiles, so that nothing is added up between threads.

use super::forward::{apart, input, pitch};
use super::tiles::{PLACES, Shape, TILE};
use super::transform;
use crate::conv::tile::{Outer, Spill, TileBuffer, cut, multiply_outer};
use crate::elementwise::{load, store};
use crate::isa::{Isa, Kernel, Simd, dispatch};
use crate::threads::{Shared, parallel};
use crate::{Element, View, scratch};

/// Bytes of transformed input and gradient in a portion.
const PORTION: usize = 12 << 20;
/// Tiles that a task transforms.
const TILES: usize = 16;

/// Writes the gradient of the weights, `tap × channels × filters`.
pub(crate) fn run<E: Element>(
    shape: &Shape,
    view: View<'_, E>,
    gradient: &[E],
    weight_gradient: &mut [f32],
) {
    let (channels, filters) = (shape.channels, shape.filters);
    let panel = Isa::in_use().panel();
    let columns = filters.div_ceil(panel);
    let pitch = pitch(channels);
    let tile_len = PLACES * (pitch + columns * panel);
    let most = (PORTION / (tile_len * size_of::<f32>())).clamp(1, shape.tiles.max(1));
    let sums_len = PLACES * channels * columns * panel;
    let inputs_len = PLACES * apart(most * pitch);
    let gradients_len = PLACES * columns * apart(most * panel);
    scratch::with(inputs_len + gradients_len + sums_len, |room: &mut [f32]| {
        let (inputs, rest) = room.split_at_mut(inputs_len);
        let (gradients, sums) = rest.split_at_mut(gradients_len);
        sums.fill(0.0);
        let (inputs, gradients, sums) =
            (Shared::new(inputs), Shared::new(gradients), Shared::new(sums));
        for start in (0..shape.tiles).step_by(most) {
            let count = most.min(shape.tiles - start);
            parallel(count.div_ceil(TILES), |task| {
                let tiles = task * TILES..((task + 1) * TILES).min(count);
                let kernel = Transform {
                    shape,
                    view,
                    gradient,
                    start,
                    tiles,
                    count,
                    pitch,
                    inputs: inputs.get(),
                    gradients: gradients.get(),
                };
                // SAFETY: lengths were checked by `Conv`; each tile has places of its own.
                unsafe { dispatch(kernel) };
            });
            parallel(PLACES * columns, |task| {
                let kernel = Multiply {
                    channels,
                    count,
                    pitch,
                    input: inputs.get().wrapping_add(task / columns * apart(count * pitch)),
                    panel: gradients.get().wrapping_add(task * apart(count * panel)),
                    sums: sums.get().wrapping_add(task * channels * panel),
                };
                // SAFETY: both sides were made above; each task has sums of its own.
                unsafe { dispatch(kernel) };
            });
        }
        let to = Shared::new(weight_gradient);
        parallel(columns, |column| {
            let kernel =
                Back { shape, column, columns, sums: sums.get().cast_const(), to: to.get() };
            // SAFETY: the sums were made above; columns are disjoint in the result.
            unsafe { dispatch(kernel) };
        });
    });
}

/// Transforms some tiles' input and gradient.
struct Transform<'a, E> {
    shape: &'a Shape,
    view: View<'a, E>,
    gradient: &'a [E],
    /// The portion's first tile.
    start: usize,
    /// The tiles of the portion that this task transforms.
    tiles: std::ops::Range<usize>,
    /// All tiles of the portion.
    count: usize,
    pitch: usize,
    /// `place × tile × pitch`, places [`apart`].
    inputs: *mut f32,
    /// `place × column × tile × panel`, columns of places apart.
    gradients: *mut f32,
}

impl<E: Element> Kernel for Transform<'_, E> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let Shape { filters, .. } = *self.shape;
        let columns = filters.div_ceil(S::PANEL);
        // Those outside the picture stay 0; all channels of a tile have the same outside.
        let mut values = [S::splat(0.0); TILE * TILE];
        let mut made = [S::splat(0.0); PLACES];
        for index in self.tiles.clone() {
            let tile = self.start + index;
            let to = self.inputs.add(index * self.pitch);
            input::<S, E>(self.shape, self.view, tile, to, apart(self.count * self.pitch));
            let window = self.shape.output(tile);
            values.fill(S::splat(0.0));
            for v in 0..columns * S::VECS {
                let channel = v * S::LANES;
                let n = S::LANES.min(filters.saturating_sub(channel));
                for y in window.rows::<false>() {
                    for x in window.columns::<false>() {
                        let from = window.pixel(y, x) * filters + channel;
                        let from = self.gradient.as_ptr().wrapping_add(from);
                        values[y * TILE + x] = load::<S, _>(from, n);
                    }
                }
                transform::gradient::<S>(&values, &mut made);
                let (column, within) = (channel / S::PANEL, channel % S::PANEL);
                for at in 0..PLACES {
                    let line = (at * columns + column) * apart(self.count * S::PANEL);
                    S::store(self.gradients.add(line + index * S::PANEL + within), made[at]);
                }
            }
        }
    }
}

/// Adds one place's product over all tiles of a portion, for one panel of filters.
struct Multiply {
    channels: usize,
    count: usize,
    pitch: usize,
    input: *const f32,
    panel: *const f32,
    /// `channel × panel`.
    sums: *mut f32,
}

impl Kernel for Multiply {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let mut done = TileBuffer::new();
        for (start, rows) in cut(self.channels, S::ROWS) {
            let o = Outer {
                x: self.input.add(start),
                lines: 1,
                pixels: self.count,
                line: 0,
                pixel: self.pitch,
                panel: self.panel,
            };
            multiply_outer::<S, f32>(&o, rows, Spill(done.as_mut_ptr()));
            for row in 0..rows {
                for v in 0..S::VECS {
                    let to = self.sums.add((start + row) * S::PANEL + v * S::LANES);
                    let value = S::load(done.row::<S>(row).as_ptr().add(v * S::LANES));
                    S::store(to, S::add(value, S::load(to)));
                }
            }
        }
    }
}

/// Transforms the sums of one panel of filters back.
struct Back<'a> {
    shape: &'a Shape,
    column: usize,
    columns: usize,
    /// `place × column × channel × panel`.
    sums: *const f32,
    to: *mut f32,
}

impl Kernel for Back<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let Shape { channels, filters, .. } = *self.shape;
        let mut values = [S::splat(0.0); PLACES];
        let mut taps = [S::splat(0.0); 9];
        for channel in 0..channels {
            for v in 0..S::VECS {
                let filter = self.column * S::PANEL + v * S::LANES;
                if filter >= filters {
                    continue;
                }
                for (at, value) in values.iter_mut().enumerate() {
                    let line = (at * self.columns + self.column) * channels + channel;
                    *value = S::load(self.sums.add(line * S::PANEL + v * S::LANES));
                }
                transform::filter_gradient::<S>(&values, &mut taps);
                let n = S::LANES.min(filters - filter);
                for (tap, &value) in taps.iter().enumerate() {
                    let to = self.to.add((tap * channels + channel) * filters + filter);
                    store::<S, _>(to, n, value);
                }
            }
        }
    }
}
