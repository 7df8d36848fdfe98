//! The product of gathered pieces by packed panels: forward passes and gradients of the input.

use super::job::Job;
use super::local::{Layout, Piece};
use super::prefetch::Prefetch;
use super::tiles::RowTile;
use crate::conv::epilogue::{Epilogue, Finish, Totals, add_up};
use crate::conv::registers;
use crate::conv::tile::{KLoop, Operands, Sink, Spill, TileBuffer, each_row, multiply};
use crate::isa::{Isa, Kernel, Simd, dispatch};
use crate::threads::{Shared, parallel};
use crate::{Element, View, scratch};

/// Grid pixels that one piece aims at: enough to read a panel of weights seldom, few enough for
/// the second-level cache.
pub(super) const PIXELS: usize = 224;
/// Bytes of panels that matrix registers go through for each tile: few enough to stay in the
/// second-level cache, as many as that allows, so that lines of results are written one after another.
const TOGETHER: usize = 512 * 1024;
/// Pieces wanted, so that many cores find work.
const PIECES: usize = 16;
/// Most pieces that one task works on one after the other, fetching each while at the one before.
const RUN: usize = 4;

/// The pieces of a job's grid of about so many pixels, of which the input takes at most so many
/// bytes, by shape alone.
pub(super) fn pieces<E: Element>(job: &Job, pixels: usize, local: usize) -> Vec<Piece> {
    let plane = job.grid_height * job.grid_width;
    if plane == 0 || job.count == 0 {
        return vec![];
    }
    let fit = (local / size_of::<E>() / job.channels.max(1)).max(28);
    if job.is_flat() {
        let all = job.count * plane;
        // A multiple of every tile height in use keeps tiles full.
        let rows = if registers::serve::<E>() { registers::ROWS } else { 84 };
        let most = (pixels.min(fit) / rows * rows).max(56);
        // As even as that allows: a small last piece would read all weights for little.
        let size = all.div_ceil(all.div_ceil(most)).next_multiple_of(rows).min(most);
        return (0..all)
            .step_by(size)
            .map(|first| Piece::Flat { first, pixels: size.min(all - first) })
            .collect();
    }
    let target = pixels.min(fit / (job.step * job.step));
    if plane * 2 <= target {
        let pictures = (target / plane).min(job.count);
        let piece = |picture| Piece::Rows {
            picture,
            pictures: pictures.min(job.count - picture),
            row: 0,
            rows: job.grid_height,
        };
        return (0..job.count).step_by(pictures).map(piece).collect();
    }
    let rows = (target / job.grid_width).max(1);
    // Even pieces: 14 rows in pieces of at most 9 are 7 and 7, not 9 and 5.
    let rows = job.grid_height.div_ceil(job.grid_height.div_ceil(rows));
    let mut pieces = vec![];
    for picture in 0..job.count {
        for row in (0..job.grid_height).step_by(rows) {
            pieces.push(Piece::Rows {
                picture,
                pictures: 1,
                row,
                rows: rows.min(job.grid_height - row),
            });
        }
    }
    pieces
}

/// Runs a job over its whole grid.
pub(crate) fn run<E: Element>(
    job: &Job,
    panels: &[E],
    view: View<'_, E>,
    output: &mut [E],
    epilogue: Epilogue<'_, E>,
) {
    let channels = job.out_channels;
    let finish = Finish::new(&epilogue, output, channels);
    // What is left of the cache is for panels.
    let pieces = pieces::<E>(job, PIXELS, Isa::in_use().second_level() / 8 * 5);
    let panel = Isa::in_use().panel();
    let columns = channels.div_ceil(panel);
    // Few pieces (a small batch, deep layers): split the columns too.
    let groups = PIECES.div_ceil(pieces.len().max(1)).min(columns);
    let layout = Layout::new(job, &view, Isa::in_use().tile()[0]);
    // Matrix registers go through several panels for each tile instead, and ask for none.
    let few = pieces.len() < PIECES && !registers::serve::<E>();
    let k_loop = KLoop::new::<E>(&layout.offsets, layout.run, few, size_of_val(panels));
    let sums_len = if epilogue.sums.is_some() { 2 * channels } else { 0 };
    let run = (pieces.len() / PIECES).clamp(1, RUN);
    let runs: Vec<&[Piece]> = pieces.chunks(run).collect();
    let longest = pieces.iter().map(|&piece| layout.len(piece)).max().unwrap_or(0);
    scratch::with(pieces.len() * sums_len, |partial: &mut [f32]| {
        partial.fill(0.0);
        let partials = Shared::new(partial);
        parallel(runs.len() * groups, |task| {
            let (index, group) = (task / groups, task % groups);
            scratch::with(longest + E::GROUP - 1, |local: &mut [E]| {
                for (offset, &piece) in runs[index].iter().enumerate() {
                    let kernel = PieceKernel {
                        job,
                        layout: &layout,
                        k_loop: &k_loop,
                        view: &view,
                        piece,
                        next: runs[index].get(offset + 1).copied(),
                        local: local.as_mut_ptr(),
                        panels,
                        columns: (group * columns / groups, (group + 1) * columns / groups),
                        finish,
                        totals: (sums_len > 0).then(|| Totals {
                            at: partials.get().wrapping_add((index * run + offset) * sums_len),
                            channels,
                        }),
                    };
                    // SAFETY: lengths were checked by `Conv`; pieces and column groups are disjoint
                    // in output and partial sums, and the local buffer is this thread's own.
                    unsafe { dispatch(kernel) };
                }
            });
        });
        if let Some(sums) = epilogue.sums {
            add_up(partial, sums);
        }
    });
}

/// One piece of the grid × one group of panels.
struct PieceKernel<'a, E> {
    job: &'a Job,
    layout: &'a Layout,
    k_loop: &'a KLoop,
    view: &'a View<'a, E>,
    piece: Piece,
    /// The piece after this one, to be fetched meanwhile.
    next: Option<Piece>,
    /// Where to copy the input, unless it is read in place.
    local: *mut E,
    panels: &'a [E],
    columns: (usize, usize),
    finish: Finish<'a, E>,
    totals: Option<Totals>,
}

impl<E: Element> Kernel for PieceKernel<'_, E> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let (job, layout) = (self.job, self.layout);
        let base = layout.gather::<S, E>(job, self.view, self.piece, self.local);
        if layout.run > layout.numbers {
            *self.local.add(layout.len(self.piece)) = E::default();
        }
        // Taken out and put back: within a closure of `with`, code would be compiled without the
        // instruction set.
        let mut tiles = TILES.take();
        let mut done = TileBuffer::new();
        let matrices = registers::serve::<E>();
        let mut in_use = registers::Registers::default();
        let most = if matrices { registers::ROWS } else { S::ROWS };
        layout.tiles(job, self.piece, most, &mut tiles);
        let ahead = self.next.map_or(0..0, |next| layout.source(job, next));
        let steps = tiles.len() * (self.columns.1 - self.columns.0);
        let mut prefetch = Prefetch::new(self.view.data, ahead, steps);
        let panel_len = job.k_len::<E>() * S::PANEL;
        let together =
            if matrices { (TOGETHER / size_of::<E>() / panel_len.max(1)).max(1) } else { 1 };
        for some in (self.columns.0..self.columns.1).step_by(together) {
            for (index, tile) in tiles.iter().enumerate() {
                for column in some..(some + together).min(self.columns.1) {
                    prefetch.step::<S>();
                    let first = column * S::PANEL;
                    self.prefetch::<S>(tile, first);
                    let panel = self.panels.as_ptr().add(column * panel_len);
                    let operands = Operands {
                        a: [base.add(tile.a[0]), base.add(tile.a[1])],
                        row: layout.step * layout.pitch,
                        k_loop: self.k_loop,
                        panel,
                        ahead: self.k_loop.ahead::<S, E>(panel, (index, tiles.len())),
                    };
                    self.tile::<S>(&operands, tile, first, &mut done, &mut in_use);
                }
            }
        }
        TILES.set(tiles);
    }
}

thread_local! {
    static TILES: std::cell::RefCell<Vec<RowTile>> = const { std::cell::RefCell::new(Vec::new()) };
}

impl<E: Element> PieceKernel<'_, E> {
    /// One tile of the panel that begins at channel `first`.
    #[inline(always)]
    unsafe fn tile<S: Simd>(
        &self,
        operands: &Operands<'_, E>,
        tile: &RowTile,
        first: usize,
        done: &mut TileBuffer,
        in_use: &mut registers::Registers,
    ) {
        let whole = first + S::PANEL <= self.job.out_channels;
        if registers::serve::<E>() {
            registers::multiply(in_use, operands, (tile.rows, tile.gap), done);
            return self.put::<S>(done, tile, first, whole);
        }
        match (whole && self.totals.is_none(), self.finish.adds()) {
            (true, false) => {
                let sink = EpilogueSink::<_, false> { piece: self, tile, first };
                multiply::<S, E>(operands, tile.rows, sink);
            }
            (true, true) => {
                let sink = EpilogueSink::<_, true> { piece: self, tile, first };
                multiply::<S, E>(operands, tile.rows, sink);
            }
            // With sums there is more to do than registers are left for.
            (false, _) => {
                multiply::<S, E>(operands, tile.rows, Spill(done.as_mut_ptr()));
                self.put::<S>(done, tile, first, whole);
            }
        }
    }

    /// Asks for the memory that a tile's results go to, and for the residual, while their sums are
    /// made: they lie scattered, a panel's columns of every pixel.
    #[inline(always)]
    unsafe fn prefetch<S: Simd>(&self, tile: &RowTile, first: usize) {
        for r in 0..tile.rows {
            self.finish
                .prefetch::<S>(tile.output(r, self.job.out_step) * self.job.out_channels + first);
        }
    }

    /// Stores a tile that was left; its panel begins at channel `first` and may be `whole`.
    #[inline(always)]
    unsafe fn put<S: Simd>(&self, done: &TileBuffer, tile: &RowTile, first: usize, whole: bool) {
        match (whole, self.totals.is_none() && S::VECS == 2, self.finish.adds()) {
            (true, true, false) => self.rows::<S, false>(done, tile, first),
            (true, true, true) => self.rows::<S, true>(done, tile, first),
            (true, false, _) => self.finish::<S, true>(done, tile, first),
            (false, ..) => self.finish::<S, false>(done, tile, first),
        }
    }

    /// Stores a tile of a whole panel that was left through the epilogue; `ADDS` says whether
    /// something is added. There are no totals, and two registers make a panel.
    #[inline(always)]
    unsafe fn rows<S: Simd, const ADDS: bool>(
        &self,
        done: &TileBuffer,
        tile: &RowTile,
        first: usize,
    ) {
        let bias = [0, 1].map(|v| self.finish.bias::<S>(first + v * S::LANES, S::LANES));
        let mut row = done.row::<S>(0).as_ptr();
        for r in 0..tile.rows {
            let at = tile.output(r, self.job.out_step) * self.job.out_channels + first;
            let sums = [S::load(row), S::load(row.add(S::LANES))];
            self.finish.store_row::<S, 2, ADDS>(at, &bias, &sums);
            row = row.add(S::PANEL);
        }
    }

    /// Stores a tile that was left through the epilogue, and adds to the totals if there are any.
    /// Its panel begins at channel `first` and is `WHOLE` if it has all columns.
    #[inline(always)]
    unsafe fn finish<S: Simd, const WHOLE: bool>(
        &self,
        done: &TileBuffer,
        tile: &RowTile,
        first: usize,
    ) {
        let job = self.job;
        let lanes = |v: usize| {
            let left = job.out_channels.saturating_sub(first + v * S::LANES);
            if WHOLE { S::LANES } else { S::LANES.min(left) }
        };
        let zero = S::splat(0.0);
        let (mut bias, mut sums, mut squares) = ([zero; 4], [zero; 4], [zero; 4]);
        for v in 0..S::VECS {
            bias[v] = self.finish.bias::<S>(first + v * S::LANES, lanes(v));
        }
        let mut row = done.row::<S>(0).as_ptr();
        for r in 0..tile.rows {
            let at = tile.output(r, job.out_step) * job.out_channels + first;
            for v in 0..S::VECS {
                let n = lanes(v);
                if n == 0 {
                    continue;
                }
                let value = S::load(row.add(v * S::LANES));
                let value = self.finish.store::<S>(at + v * S::LANES, n, bias[v], value);
                sums[v] = S::add(sums[v], value);
                squares[v] = S::fma(value, value, squares[v]);
            }
            row = row.add(S::PANEL);
        }
        if let Some(totals) = self.totals {
            for v in 0..S::VECS {
                totals.add::<S>(first + v * S::LANES, lanes(v), sums[v], squares[v]);
            }
        }
    }
}

/// A tile of a whole panel, which begins at channel `first`, goes through the epilogue on its way
/// from registers to the output; `ADDS` says whether something is added.
struct EpilogueSink<'a, E, const ADDS: bool> {
    piece: &'a PieceKernel<'a, E>,
    tile: &'a RowTile,
    first: usize,
}

impl<E: Element, const ADDS: bool> Sink for EpilogueSink<'_, E, ADDS> {
    #[inline(always)]
    unsafe fn take<S: Simd, const M: usize, const V: usize>(self, sums: &[[S::V; V]; M]) {
        let Self { piece: PieceKernel { finish, job, .. }, tile, first } = self;
        let mut bias = [S::splat(0.0); V];
        for v in 0..V {
            bias[v] = finish.bias::<S>(first + v * S::LANES, S::LANES);
        }
        // As `RowTile::output`, of constants: nothing is compared at run time.
        let half = M.div_ceil(2);
        let step = job.out_step * job.out_channels;
        let [upper, lower] = tile.out.map(|pixel| pixel * job.out_channels + first);
        each_row!(M, r => {
            let at = if r < half { upper + r * step } else { lower + (r - half) * step };
            finish.store_row::<S, V, ADDS>(at, &bias, &sums[r]);
        });
    }
}
