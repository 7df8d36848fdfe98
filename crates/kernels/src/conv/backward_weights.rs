use super::forward::pieces;
use super::job::Job;
use super::local::{Layout, Piece, Prefetch, cut};
use super::tile::{Lines, Outer, outer, with_rows};
use crate::elementwise::{load, store};
use crate::isa::{Isa, Kernel, Simd, dispatch};
use crate::threads::{Shared, parallel};
use crate::{View, scratch};

/// Partial sums × column groups wanted, so that many cores find work.
const TASKS: usize = 16;

/// The gradient of the weights of a forward job.
///
/// Pieces of the grid are shared out to a fixed number of partial sums, added up in a fixed order;
/// columns (filters) are split first, since that costs no partial sums.
pub(super) fn run(job: &Job, view: View<'_>, gradient: &[f32], weight_gradient: &mut [f32]) {
    let pieces = pieces(job);
    if pieces.is_empty() {
        weight_gradient.fill(0.0);
        return;
    }
    let columns = job.out_channels.div_ceil(Isa::in_use().panel());
    // Each group copies the input anew, which a lone tap repays only with more columns.
    let width = if job.taps.len() == 1 { 4 } else { 2 };
    let groups = columns.div_ceil(width).min(TASKS);
    let partials = TASKS.div_ceil(groups).min(pieces.len());
    let layout = Layout::new(job, &view);
    let len = weight_gradient.len();
    scratch::with(if partials > 1 { partials * len } else { 0 }, |partial| {
        let shared = Shared::new(if partials > 1 { partial } else { &mut *weight_gradient });
        parallel(partials * groups, |task| {
            let (part, group) = (task / groups, task % groups);
            let own = &pieces[part * pieces.len() / partials..(part + 1) * pieces.len() / partials];
            let columns = (group * columns / groups, (group + 1) * columns / groups);
            let local_len = own.iter().map(|&piece| layout.len(piece)).max().unwrap_or(0);
            let pixels = own.iter().map(|piece| piece.pixels(job)).max().unwrap_or(0);
            let panel_len = pixels * (columns.1 - columns.0) * Isa::in_use().panel();
            scratch::with(local_len + 16 + panel_len, |buffer| {
                let (local, panels) =
                    buffer.split_at_mut(local_len.next_multiple_of(16).min(local_len + 16));
                for (index, &piece) in own.iter().enumerate() {
                    let kernel = PieceKernel {
                        job,
                        layout: &layout,
                        view: &view,
                        gradient,
                        piece,
                        next: own.get(index + 1).copied(),
                        local: local.as_mut_ptr(),
                        panels: panels.as_mut_ptr(),
                        columns,
                        sums: shared.get().wrapping_add(part * len),
                        first: index == 0,
                    };
                    // SAFETY: lengths were checked by `Conv`; partial sums and column groups are
                    // disjoint, and the buffers are this thread's own.
                    unsafe { dispatch(kernel) };
                }
            });
        });
        if partials > 1 {
            add_up(partial, weight_gradient);
        }
    });
}

/// total = the sum of its parts, in their order.
fn add_up(parts: &[f32], total: &mut [f32]) {
    const CHUNK: usize = 4096;
    let len = total.len();
    let shared = Shared::new(total);
    parallel(len.div_ceil(CHUNK), |chunk| {
        let start = chunk * CHUNK;
        let size = CHUNK.min(len - start);
        // SAFETY: chunks are disjoint.
        let total = unsafe { shared.part(start, size) };
        total.copy_from_slice(&parts[start..start + size]);
        for part in parts.chunks_exact(len).skip(1) {
            for (sum, value) in total.iter_mut().zip(&part[start..start + size]) {
                *sum += value;
            }
        }
    });
}

impl Piece {
    /// Grid pixels.
    fn pixels(self, job: &Job) -> usize {
        match self {
            Self::Flat { pixels, .. } => pixels,
            Self::Rows { pictures, rows, .. } => pictures * rows * job.grid_width,
        }
    }

    /// The stretch of a forward job's output that a piece covers: a forward grid is the output
    /// itself, so a piece's pixels follow one another.
    fn output(self, job: &Job) -> std::ops::Range<usize> {
        let first = match self {
            Self::Flat { first, .. } => first,
            Self::Rows { picture, row, .. } => (picture * job.grid_height + row) * job.grid_width,
        };
        first * job.out_channels..(first + self.pixels(job)) * job.out_channels
    }
}

/// One piece of the grid × one group of panels, added to one partial sum.
struct PieceKernel<'a> {
    job: &'a Job,
    layout: &'a Layout,
    view: &'a View<'a>,
    gradient: &'a [f32],
    piece: Piece,
    /// The piece after this one, to be fetched meanwhile.
    next: Option<Piece>,
    local: *mut f32,
    panels: *mut f32,
    columns: (usize, usize),
    sums: *mut f32,
    /// Whether this is the partial sum's first piece, which writes instead of adding.
    first: bool,
}

impl Kernel for PieceKernel<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let (job, layout) = (self.job, self.layout);
        let base = layout.bring::<S>(job, self.view, self.piece, self.local);
        let pixels = self.piece.pixels(job);
        self.pack_gradient::<S>(pixels);
        // Lines of pixels: a picture's rows are evenly spaced; pictures follow one another.
        let (blocks, lines, width, line, block) = match self.piece {
            Piece::Flat { pixels, .. } => (1, 1, pixels, 0, 0),
            Piece::Rows { pictures, rows, .. } => {
                let line = layout.step * layout.columns * layout.pitch;
                let block = layout.len(Piece::Rows { picture: 0, pictures: 1, row: 0, rows });
                (pictures, rows, job.grid_width, line, block)
            }
        };
        let pixel = layout.step * layout.pitch;
        let mut done = Lines::new();
        let steps =
            (self.columns.1 - self.columns.0) * layout.offsets.len() * layout.run.div_ceil(S::ROWS);
        let ahead = self.next.map_or(0..0, |next| layout.source(job, next));
        let mut prefetch = Prefetch::new(self.view.data, ahead, steps);
        for column in self.columns.0..self.columns.1 {
            let panel = self.panels.add((column - self.columns.0) * pixels * S::PANEL);
            for (run, &offset) in layout.offsets.iter().enumerate() {
                for (start, rows) in cut(layout.run, S::ROWS) {
                    prefetch.step::<S>();
                    for index in 0..blocks {
                        let o = Outer {
                            x: base.add(index * block + offset + start),
                            lines,
                            pixels: width,
                            line,
                            pixel,
                            panel: panel.add(index * lines * width * S::PANEL),
                        };
                        let row = run * layout.run + start;
                        let write = self.first && index == 0;
                        with_rows!(S, rows, outer(&o, &mut done));
                        self.finish::<S>(&done, (row, rows), column * S::PANEL, write);
                    }
                }
            }
        }
    }
}

impl PieceKernel<'_> {
    /// Copies the piece's gradient into panels of columns.
    #[inline(always)]
    unsafe fn pack_gradient<S: Simd>(&self, pixels: usize) {
        let job = self.job;
        let from = self.gradient[self.piece.output(job)].as_ptr();
        for column in self.columns.0..self.columns.1 {
            let panel = self.panels.add((column - self.columns.0) * pixels * S::PANEL);
            let valid = S::PANEL.min(job.out_channels - column * S::PANEL);
            for pixel in 0..pixels {
                let (from, to) = (
                    from.add(pixel * job.out_channels + column * S::PANEL),
                    panel.add(pixel * S::PANEL),
                );
                if valid == S::PANEL {
                    for v in 0..S::VECS {
                        S::store(to.add(v * S::LANES), S::load(from.add(v * S::LANES)));
                    }
                } else {
                    std::ptr::copy_nonoverlapping(from, to, valid);
                    std::ptr::write_bytes(to.add(valid), 0, S::PANEL - valid);
                }
            }
        }
    }

    /// Adds one tile to the partial sum (or begins it): `rows.1` rows of weights from row `rows.0`,
    /// filters from `first`.
    #[inline(always)]
    unsafe fn finish<S: Simd>(
        &self,
        done: &Lines,
        rows: (usize, usize),
        first: usize,
        write: bool,
    ) {
        let filters = self.job.out_channels;
        let valid = (filters - first).min(S::PANEL);
        for m in 0..rows.1 {
            let to = self.sums.add((rows.0 + m) * filters + first);
            for column in (0..valid).step_by(S::LANES) {
                let n = S::LANES.min(valid - column);
                let mut value = S::load(done.row::<S>(m).as_ptr().add(column));
                if !write {
                    value = S::add(value, load::<S>(to.add(column), n));
                }
                store::<S>(to.add(column), n, value);
            }
        }
    }
}
