//! The piece of input that a piece of output needs, copied into a buffer of its own: zeros around
//! it, norm and ReLU applied, and a row length that does not put every pixel into the same cache set.

use std::ops::Range;

use super::job::Job;
use crate::elementwise::{load, store};
use crate::isa::{Isa, Simd};
use crate::{Element, View};

/// How a job's input lies in local buffers.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// Numbers from one local pixel to the next.
    pub(super) pitch: usize,
    /// Local columns.
    pub(super) columns: usize,
    /// Local rows and columns between grid neighbours.
    pub(super) step: usize,
    /// Offset of each run of taps from the grid pixel's local place.
    pub(super) offsets: Vec<usize>,
    /// Numbers in a run: one tap's channels, or those of neighbouring taps merged.
    pub(super) numbers: usize,
    /// As many as a product takes: a number more, which meets a zero, where they are odd.
    pub(super) run: usize,
    /// Smallest dy and dx of the taps.
    first: (isize, isize),
    /// Rows that taps span.
    span: usize,
    /// Input rows and columns between local ones (a lone tap skips what it does not read).
    skip: usize,
    /// Whether the input's own memory serves as the local buffer.
    pub(super) direct: bool,
}

/// A run of output pixels whose local places are evenly spaced, in two halves: with half = rows/2,
/// rounded up, row r < half lies at `a0 + r·step`, row r ≥ half at `a1 + (r − half)·step`; likewise
/// their output pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowTile {
    pub(super) rows: usize,
    /// Local offsets of the first rows of both halves, in floats.
    pub(super) a: [usize; 2],
    /// Output pixels of the first rows of both halves.
    pub(super) out: [usize; 2],
    /// Local pixels between the two lines that each half has: what lies beside a line, of which sums
    /// are made and thrown away. 0 where a half is one run.
    pub(super) gap: usize,
}

impl RowTile {
    /// The output pixel of row `r`.
    #[inline(always)]
    pub(super) fn output(&self, r: usize, step: usize) -> usize {
        let half = self.rows.div_ceil(2);
        if r < half { self.out[0] + r * step } else { self.out[1] + (r - half) * step }
    }
}

/// A piece of the grid: some rows of one picture, some whole pictures, or (flat) a range of pixels.
#[derive(Clone, Copy, Debug)]
pub(super) enum Piece {
    /// Grid pixels of the flat grid.
    Flat { first: usize, pixels: usize },
    /// The same rows of each of some pictures.
    Rows { picture: usize, pictures: usize, row: usize, rows: usize },
}

impl Layout {
    /// For work that reads at most so many rows side by side.
    pub(super) fn new<E: Element>(job: &Job, view: &View<'_, E>, rows: usize) -> Self {
        let min = |f: fn(&super::job::Tap) -> isize| job.taps.iter().map(f).min().unwrap_or(0);
        let max = |f: fn(&super::job::Tap) -> isize| job.taps.iter().map(f).max().unwrap_or(0);
        let first = (min(|t| t.dy), min(|t| t.dx));
        let span = (max(|t| t.dy) - first.0 + 1) as usize;
        let span_x = (max(|t| t.dx) - first.1 + 1) as usize;
        let lone = job.taps.len() <= 1;
        let (step, skip) = if lone { (1, job.step) } else { (job.step, 1) };
        // Pixels a multiple of 1 KiB apart share few cache sets; 64 bytes more spread them out. In
        // place that cannot be done, and at 4 KiB all pixels would share one set, which must have room
        // for a line of each row and of the panel.
        let same_grid =
            (job.height, job.width) == (job.grid_height, job.grid_width) && first == (0, 0);
        let channels = job.padded::<E>();
        let bytes = channels * size_of::<E>();
        let direct = job.is_flat()
            && view.is_plain()
            && skip == 1
            && same_grid
            && job.channels.is_multiple_of(E::GROUP)
            && (!bytes.is_multiple_of(4096) || rows < Isa::in_use().ways() - 1);
        let apart = if bytes.is_multiple_of(1024) && !direct { 64 / size_of::<E>() } else { 0 };
        let pitch = channels + apart;
        let columns = (job.grid_width.max(1) - 1) * step + span_x;
        let offset = |t: &super::job::Tap| {
            ((t.dy - first.0) as usize * columns + (t.dx - first.1) as usize) * pitch
        };
        // Taps side by side are one run if their pixels touch, which makes short runs long.
        let merged = pitch == channels && job.taps.len() == span * span_x;
        let taps = if merged { span_x } else { 1 };
        let offsets = job.taps.iter().step_by(taps).map(offset).collect();
        let numbers = taps * channels;
        let run = numbers.next_multiple_of(E::GROUP);
        Self { pitch, columns, step, offsets, numbers, run, first, span, skip, direct }
    }

    /// Local rows for so many grid rows of one picture.
    fn local_rows(&self, rows: usize) -> usize {
        (rows - 1) * self.step + self.span
    }

    /// Numbers that a piece needs; the last run may be [longer](Layout::run) by one.
    pub(super) fn len(&self, piece: Piece) -> usize {
        match piece {
            _ if self.direct => 0,
            Piece::Flat { pixels, .. } => pixels * self.pitch,
            Piece::Rows { pictures, rows, .. } => {
                pictures * self.local_rows(rows) * self.columns * self.pitch
            }
        }
    }

    /// Numbers from a piece's first to its last, wherever they lie.
    pub(super) fn spread(&self, piece: Piece) -> usize {
        match piece {
            Piece::Flat { pixels, .. } => pixels * self.pitch,
            Piece::Rows { .. } => self.len(piece),
        }
    }

    /// Where a piece's input lies: in the tensor itself, or copied to `local`.
    ///
    /// # Safety
    /// The view suits the job (see `View::check`) and `local` holds [`Layout::len`] numbers.
    #[inline(always)]
    pub(super) unsafe fn bring<S: Simd, E: Element>(
        &self,
        job: &Job,
        view: &View<'_, E>,
        piece: Piece,
        local: *mut E,
    ) -> *const E {
        match piece {
            Piece::Flat { first, .. } if self.direct => {
                view.data.as_ptr().add(first * job.channels)
            }
            _ => {
                self.gather::<S, E>(job, view, piece, local);
                local
            }
        }
    }

    /// Copies what a piece needs.
    ///
    /// # Safety
    /// As [`Layout::bring`].
    #[inline(always)]
    unsafe fn gather<S: Simd, E: Element>(
        &self,
        job: &Job,
        view: &View<'_, E>,
        piece: Piece,
        local: *mut E,
    ) {
        match piece {
            Piece::Flat { first, pixels } => {
                let plane = job.grid_height * job.grid_width;
                let mut done = 0;
                while done < pixels {
                    let (picture, within) = ((first + done) / plane, (first + done) % plane);
                    let (row, column) = (within / job.grid_width, within % job.grid_width);
                    let run = (job.grid_width - column).min(pixels - done);
                    self.row::<S, E>(
                        job,
                        view,
                        picture,
                        row as isize,
                        column,
                        run,
                        local.add(done * self.pitch),
                    );
                    done += run;
                }
            }
            Piece::Rows { picture, pictures, row, rows } => {
                let local_rows = self.local_rows(rows);
                for p in 0..pictures {
                    for r in 0..local_rows {
                        let to = local.add((p * local_rows + r) * self.columns * self.pitch);
                        self.row::<S, E>(
                            job,
                            view,
                            picture + p,
                            (row * self.step + r) as isize,
                            0,
                            self.columns,
                            to,
                        );
                    }
                }
            }
        }
    }

    /// Copies local columns `column .. column + run` of one local row of a picture.
    #[inline(always)]
    #[expect(clippy::too_many_arguments, reason = "a private step of `gather`")]
    unsafe fn row<S: Simd, E: Element>(
        &self,
        job: &Job,
        view: &View<'_, E>,
        picture: usize,
        row: isize,
        column: usize,
        run: usize,
        to: *mut E,
    ) {
        let (channels, padded, pitch) = (job.channels, job.padded::<E>(), self.pitch);
        let y = row * self.skip as isize + self.first.0;
        let x_of = |local: usize| ((column + local) * self.skip) as isize + self.first.1;
        if y < 0 || y >= job.height as isize {
            std::ptr::write_bytes(to, 0, run * pitch);
            return;
        }
        // Local columns `before..after` lie within the picture.
        let within = |x: isize| (x - x_of(0)).max(0).cast_unsigned().div_ceil(self.skip).min(run);
        let (before, after) = (within(0), within(job.width as isize));
        std::ptr::write_bytes(to, 0, before * pitch);
        std::ptr::write_bytes(to.add(after * pitch), 0, (run - after) * pitch);
        if before >= after {
            return;
        }
        let line = (picture * job.height + y as usize) * job.width;
        let from = |local| view.data.as_ptr().add((line + x_of(local) as usize) * channels);
        if view.is_plain() && self.skip == 1 && pitch == channels {
            let numbers = (after - before) * channels;
            std::ptr::copy_nonoverlapping(from(before), to.add(before * pitch), numbers);
            return;
        }
        for local in before..after {
            let to = to.add(local * pitch);
            pixel::<S, E>(view, channels, from(local), to);
            std::ptr::write_bytes(to.add(channels), 0, padded - channels);
        }
    }

    /// The stretch of the input's memory that a piece reads (for `Rows`, of its first picture).
    pub(super) fn source(&self, job: &Job, piece: Piece) -> Range<usize> {
        let line = job.width * job.channels;
        match piece {
            Piece::Flat { first, pixels } if self.skip == 1 => {
                first * job.channels..(first + pixels) * job.channels
            }
            // Scattered reads; the pieces are small.
            Piece::Flat { .. } => 0..0,
            Piece::Rows { picture, row, rows, .. } => {
                let clamp = |y: isize| y.clamp(0, job.height as isize) as usize;
                let top = (row * self.step * self.skip) as isize + self.first.0;
                let bottom = top + ((self.local_rows(rows) - 1) * self.skip) as isize + 1;
                let first = picture * job.height;
                (first + clamp(top)) * line..(first + clamp(bottom)) * line
            }
        }
    }

    /// Cuts a piece into row tiles of at most `S::ROWS` rows.
    pub(super) fn tiles(&self, job: &Job, piece: Piece, most: usize, tiles: &mut Vec<RowTile>) {
        tiles.clear();
        let output = |picture: usize, row: usize, column: usize| {
            (picture * job.out_height + row * job.out_step + job.out_y) * job.out_width
                + column * job.out_step
                + job.out_x
        };
        // One evenly spaced run from local pixel `a` and output pixel `out`.
        let even = |tiles: &mut Vec<RowTile>, a: usize, out: usize, rows: usize| {
            let half = rows.div_ceil(2);
            let second = (half * self.step * self.pitch, half * job.out_step);
            tiles.push(RowTile { rows, a: [a, a + second.0], out: [out, out + second.1], gap: 0 });
        };
        match piece {
            Piece::Flat { first, pixels } => {
                for (start, rows) in cut(pixels, most) {
                    even(tiles, start * self.pitch, first + start, rows);
                }
            }
            Piece::Rows { picture, pictures, row, rows } => {
                let local_rows = self.local_rows(rows);
                let line = |index: usize| {
                    let (p, r) = (index / rows, index % rows);
                    let a = (p * local_rows + r * self.step) * self.columns * self.pitch;
                    (a, output(picture + p, row + r, 0))
                };
                let lines = pictures * rows;
                if job.out_step == 1 && self.takes_four(job, most) {
                    self.four_lines(job, (pictures, rows), line, tiles);
                    return;
                }
                // The first part of a line is the shortest. If there is room, that of the next line
                // joins it: a tile of few rows waits for its sums.
                let parts = || cut(job.grid_width, most);
                let short = parts().next().map_or(0, |(_, rows)| rows);
                let joined = if 2 * short <= most { lines / 2 * 2 } else { 0 };
                for index in 0..lines {
                    let (a, out) = line(index);
                    if index < joined && index % 2 == 0 {
                        let (a1, out1) = line(index + 1);
                        tiles.push(RowTile {
                            rows: 2 * short,
                            a: [a, a1],
                            out: [out, out1],
                            gap: 0,
                        });
                    }
                    for (start, rows) in parts().skip(usize::from(index < joined)) {
                        let (right, beside) =
                            (start * self.step * self.pitch, start * job.out_step);
                        even(tiles, a + right, out + beside, rows);
                    }
                }
            }
        }
    }
}

impl Layout {
    /// Whether each half of a tile has room for two lines and what lies between them.
    fn takes_four(&self, job: &Job, most: usize) -> bool {
        self.step == 1 && most > 16 && job.grid_width + self.columns <= most / 2
    }

    /// Cuts narrow maps into tiles of four lines, two of one picture in each half; what is left, into
    /// tiles of two. `line` says where each line begins, here and in the output.
    fn four_lines(
        &self,
        job: &Job,
        (pictures, rows): (usize, usize),
        line: impl Fn(usize) -> (usize, usize),
        tiles: &mut Vec<RowTile>,
    ) {
        let width = job.grid_width;
        let tile = |lines: usize, gap, (a0, out0): (usize, usize), (a1, out1): (usize, usize)| {
            RowTile { rows: lines * width, a: [a0, a1], out: [out0, out1], gap }
        };
        let couples = pictures * (rows / 2);
        let couple = |index: usize| line(index / (rows / 2) * rows + 2 * (index % (rows / 2)));
        for index in (1..couples).step_by(2) {
            tiles.push(tile(4, self.columns - width, couple(index - 1), couple(index)));
        }
        if couples % 2 == 1 {
            let (a, out) = couple(couples - 1);
            tiles.push(tile(2, 0, (a, out), (a + self.columns * self.pitch, out + width)));
        }
        let single = |picture: usize| line(picture * rows + rows - 1);
        let singles = if rows % 2 == 1 { pictures } else { 0 };
        for picture in (1..singles).step_by(2) {
            tiles.push(tile(2, 0, single(picture - 1), single(picture)));
        }
        if singles % 2 == 1 {
            let (half, (a, out)) = (width.div_ceil(2), single(singles - 1));
            tiles.push(RowTile {
                rows: width,
                a: [a, a + half * self.pitch],
                out: [out, out + half],
                gap: 0,
            });
        }
    }
}

/// Cuts `len` into as few parts of at most `most` as possible, as even as possible.
pub(super) fn cut(len: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let parts = len.div_ceil(most).max(1);
    (0..parts).map(move |part| {
        let (start, end) = (part * len / parts, (part + 1) * len / parts);
        (start, end - start)
    })
}

/// Copies one pixel, norm and ReLU applied.
#[inline(always)]
unsafe fn pixel<S: Simd, E: Element>(
    view: &View<'_, E>,
    channels: usize,
    from: *const E,
    to: *mut E,
) {
    if view.is_plain() {
        std::ptr::copy_nonoverlapping(from, to, channels);
        return;
    }
    let zero = S::splat(0.0);
    for c in (0..channels).step_by(S::LANES) {
        let n = S::LANES.min(channels - c);
        let mut v = load::<S, _>(from.add(c), n);
        if let Some((scale, shift)) = view.affine {
            let of = |values: &[f32]| load::<S, _>(values.as_ptr().add(c), n);
            v = S::fma(v, of(scale), of(shift));
        }
        if view.relu {
            v = S::max(zero, v);
        }
        store::<S, _>(to.add(c), n, v);
    }
}

/// Asks, a little at every step of some work, for memory that the work after it will read.
pub(super) struct Prefetch {
    next: *const f32,
    left: usize,
    share: usize,
}

impl Prefetch {
    /// Of these numbers of `tensor`, over so many steps.
    pub(super) fn new<E: Element>(tensor: &[E], numbers: Range<usize>, steps: usize) -> Self {
        let numbers = &tensor[numbers];
        let lines = size_of_val(numbers) / 64;
        Self { next: numbers.as_ptr().cast(), left: lines, share: lines.div_ceil(steps.max(1)) }
    }

    /// One step's share.
    #[inline(always)]
    pub(super) unsafe fn step<S: Simd>(&mut self) {
        for _ in 0..self.share.min(self.left) {
            S::prefetch(self.next);
            self.next = self.next.wrapping_add(16);
        }
        self.left -= self.share.min(self.left);
    }
}
