use super::job::Job;
use super::local::{Layout, Piece, Prefetch, RowTile};
use super::tile::{Lines, Operands, product, with_rows};
use crate::elementwise::{load, store};
use crate::isa::{Isa, Kernel, Simd, dispatch};
use crate::threads::{Shared, parallel};
use crate::{Element, View, scratch};

/// What happens to a result while it is still in registers, in this order.
#[derive(Debug)]
pub struct Epilogue<'a, E = f32> {
    /// Adds to what is there instead of replacing it.
    pub accumulate: bool,
    /// Added, one a channel.
    pub bias: Option<&'a [f32]>,
    /// Added, of the output's shape.
    pub residual: Option<&'a [E]>,
    /// Negative results become 0.
    pub relu: bool,
    /// Receives each channel's sum and sum of squares of the results as they are stored, `channels`
    /// numbers each.
    pub sums: Option<&'a mut [f64]>,
}

impl<E> Default for Epilogue<'_, E> {
    fn default() -> Self {
        Self { accumulate: false, bias: None, residual: None, relu: false, sums: None }
    }
}

/// Grid pixels that one piece aims at: enough to read a panel of weights seldom, few enough for
/// the second-level cache.
const PIXELS: usize = 224;
/// Bytes of local input that one piece may take.
const LOCAL: usize = 640 * 1024;
/// Pieces wanted, so that many cores find work.
const PIECES: usize = 16;
/// Most pieces that one task works on one after the other, fetching each while at the one before.
const RUN: usize = 4;

/// The pieces of a job's grid, by shape alone.
pub(super) fn pieces<E: Element>(job: &Job) -> Vec<Piece> {
    let plane = job.grid_height * job.grid_width;
    if plane == 0 || job.count == 0 {
        return vec![];
    }
    let fit = (LOCAL / size_of::<E>() / job.channels.max(1)).max(28);
    if job.is_flat() {
        let all = job.count * plane;
        // A multiple of every tile height in use (14, 6, 4) keeps tiles full.
        let size = (PIXELS.min(fit) / 84 * 84).max(56);
        return (0..all)
            .step_by(size)
            .map(|first| Piece::Flat { first, pixels: size.min(all - first) })
            .collect();
    }
    let target = PIXELS.min(fit / (job.step * job.step));
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
pub(super) fn run<E: Element>(
    job: &Job,
    panels: &[E],
    view: View<'_, E>,
    output: &mut [E],
    epilogue: Epilogue<'_, E>,
) {
    let channels = job.out_channels;
    if let Some(bias) = epilogue.bias {
        assert_eq!(bias.len(), channels, "a bias a channel");
    }
    if let Some(residual) = epilogue.residual {
        assert_eq!(residual.len(), output.len(), "a residual of the output's shape");
    }
    let pieces = pieces::<E>(job);
    let panel = Isa::in_use().panel();
    let columns = channels.div_ceil(panel);
    // Few pieces (a small batch, deep layers): split the columns too.
    let groups = PIECES.div_ceil(pieces.len().max(1)).min(columns);
    let layout = Layout::new(job, &view);
    let sums_len = if epilogue.sums.is_some() { 2 * channels } else { 0 };
    let run = (pieces.len() / PIECES).clamp(1, RUN);
    let runs: Vec<&[Piece]> = pieces.chunks(run).collect();
    let longest = pieces.iter().map(|&piece| layout.len(piece)).max().unwrap_or(0);
    scratch::with(pieces.len() * sums_len, |partial: &mut [f32]| {
        partial.fill(0.0);
        let (shared, partials) = (Shared::new(output), Shared::new(partial));
        parallel(runs.len() * groups, |task| {
            let (index, group) = (task / groups, task % groups);
            scratch::with(longest, |local: &mut [E]| {
                for (offset, &piece) in runs[index].iter().enumerate() {
                    let kernel = PieceKernel {
                        job,
                        layout: &layout,
                        view: &view,
                        piece,
                        next: runs[index].get(offset + 1).copied(),
                        local: local.as_mut_ptr(),
                        panels,
                        columns: (group * columns / groups, (group + 1) * columns / groups),
                        output: shared.get(),
                        accumulate: epilogue.accumulate,
                        bias: epilogue.bias,
                        residual: epilogue.residual,
                        relu: epilogue.relu,
                        sums: (sums_len > 0).then(|| {
                            partials.get().wrapping_add((index * run + offset) * sums_len)
                        }),
                    };
                    // SAFETY: lengths were checked by `Conv`; pieces and column groups are disjoint
                    // in output and partial sums, and the local buffer is this thread's own.
                    unsafe { dispatch(kernel) };
                }
            });
        });
        if let Some(sums) = epilogue.sums {
            assert_eq!(sums.len(), sums_len, "two sums a channel");
            sums.fill(0.0);
            for part in partial.chunks_exact(sums_len.max(1)) {
                for (sum, &value) in sums.iter_mut().zip(part) {
                    *sum += f64::from(value);
                }
            }
        }
    });
}

/// One piece of the grid × one group of panels.
struct PieceKernel<'a, E> {
    job: &'a Job,
    layout: &'a Layout,
    view: &'a View<'a, E>,
    piece: Piece,
    /// The piece after this one, to be fetched meanwhile.
    next: Option<Piece>,
    /// Where to copy the input, unless it is read in place.
    local: *mut E,
    panels: &'a [E],
    columns: (usize, usize),
    output: *mut E,
    accumulate: bool,
    bias: Option<&'a [f32]>,
    residual: Option<&'a [E]>,
    relu: bool,
    sums: Option<*mut f32>,
}

impl<E: Element> Kernel for PieceKernel<'_, E> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let (job, layout) = (self.job, self.layout);
        let base = layout.bring::<S, E>(job, self.view, self.piece, self.local);
        // Taken out and put back: within a closure of `with`, code would be compiled without the
        // instruction set.
        let mut tiles = TILES.take();
        let mut done = Lines::new();
        layout.tiles(job, self.piece, S::ROWS, &mut tiles);
        let ahead = self.next.map_or(0..0, |next| layout.source(job, next));
        let steps = tiles.len() * (self.columns.1 - self.columns.0);
        let mut prefetch = Prefetch::new(self.view.data, ahead, steps);
        for column in self.columns.0..self.columns.1 {
            let panel = self.panels.as_ptr().add(column * job.depth::<E>() * S::PANEL);
            for tile in &tiles {
                prefetch.step::<S>();
                let operands = Operands {
                    a: [base.add(tile.a[0]), base.add(tile.a[1])],
                    row: layout.step * layout.pitch,
                    offsets: &layout.offsets,
                    run: layout.run,
                    panel,
                };
                with_rows!(S, E, tile.rows, product(&operands, &mut done));
                self.finish::<S>(&done, tile, column * S::PANEL);
            }
        }
        TILES.set(tiles);
    }
}

thread_local! {
    static TILES: std::cell::RefCell<Vec<RowTile>> = const { std::cell::RefCell::new(Vec::new()) };
}

impl<E: Element> PieceKernel<'_, E> {
    /// Stores one tile through the epilogue; its panel begins at channel `first`.
    #[inline(always)]
    unsafe fn finish<S: Simd>(&self, done: &Lines, tile: &RowTile, first: usize) {
        let job = self.job;
        let channels = job.out_channels;
        let valid = (channels - first).min(S::PANEL);
        let half = tile.rows.div_ceil(2);
        for column in (0..valid).step_by(S::LANES) {
            let n = S::LANES.min(valid - column);
            let channel = first + column;
            let bias = self.bias.map(|bias| load::<S, _>(bias.as_ptr().add(channel), n));
            let (mut sum, mut squares) = (S::splat(0.0), S::splat(0.0));
            for r in 0..tile.rows {
                let pixel = if r < half {
                    tile.out[0] + r * job.out_step
                } else {
                    tile.out[1] + (r - half) * job.out_step
                };
                let at = pixel * channels + channel;
                let mut value = S::load(done.row::<S>(r).as_ptr().add(column));
                if self.accumulate {
                    value = S::add(value, load::<S, _>(self.output.add(at), n));
                }
                if let Some(bias) = bias {
                    value = S::add(value, bias);
                }
                if let Some(residual) = self.residual {
                    value = S::add(value, load::<S, _>(residual.as_ptr().add(at), n));
                }
                if self.relu {
                    value = S::max(S::splat(0.0), value);
                }
                store::<S, _>(self.output.add(at), n, value);
                let value = E::round::<S>(value);
                sum = S::add(sum, value);
                squares = S::fma(value, value, squares);
            }
            if let Some(totals) = self.sums {
                let (to, to_squares) = (totals.add(channel), totals.add(channels + channel));
                store::<S, _>(to, n, S::add(load::<S, _>(to, n), sum));
                store::<S, _>(to_squares, n, S::add(load::<S, _>(to_squares, n), squares));
            }
        }
    }
}
