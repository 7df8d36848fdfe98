//! The piece of input that a piece of output needs, copied into a buffer of its own: zeros around
//! it, norm and ReLU applied, and a row length that does not put every pixel into the same cache set.

use std::ops::Range;

use super::job::{Job, Tap};
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
    /// How many numbers a product takes. If they are odd and it takes two at once, that is one more,
    /// which is multiplied by a zero.
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

/// A piece of the grid: some rows of one picture, some whole pictures, or (flat) a range of pixels.
#[derive(Clone, Copy, Debug)]
pub(super) enum Piece {
    /// Grid pixels of the flat grid.
    Flat { first: usize, pixels: usize },
    /// The same rows of each of some pictures.
    Rows { picture: usize, pictures: usize, row: usize, rows: usize },
}

impl Layout {
    /// The layout for work that reads at most this many rows side by side.
    pub(super) fn new<E: Element>(job: &Job, view: &View<'_, E>, rows: usize) -> Self {
        let min = |f: fn(&Tap) -> isize| job.taps.iter().map(f).min().unwrap_or(0);
        let max = |f: fn(&Tap) -> isize| job.taps.iter().map(f).max().unwrap_or(0);
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
        let offset =
            |t: &Tap| ((t.dy - first.0) as usize * columns + (t.dx - first.1) as usize) * pitch;
        // Taps side by side are one run if their pixels touch, which makes short runs long.
        let merged = pitch == channels && job.taps.len() == span * span_x;
        let taps = if merged { span_x } else { 1 };
        let offsets = job.taps.iter().step_by(taps).map(offset).collect();
        let numbers = taps * channels;
        let run = numbers.next_multiple_of(E::GROUP);
        Self { pitch, columns, step, offsets, numbers, run, first, span, skip, direct }
    }

    /// Local rows for so many grid rows of one picture.
    pub(super) fn local_rows(&self, rows: usize) -> usize {
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
    pub(super) unsafe fn gather<S: Simd, E: Element>(
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
                self.copy::<S, E>(job, view, piece, local);
                local
            }
        }
    }

    /// Copies what a piece needs.
    ///
    /// # Safety
    /// The same as for [`Layout::gather`].
    #[inline(always)]
    unsafe fn copy<S: Simd, E: Element>(
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
    #[expect(clippy::too_many_arguments, reason = "a private step of `copy`")]
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
    for c in (0..channels).step_by(S::LANES) {
        let n = S::LANES.min(channels - c);
        let mut v = load::<S, _>(from.add(c), n);
        if let Some((scale, shift)) = view.affine {
            let of = |values: &[f32]| load::<S, _>(values.as_ptr().add(c), n);
            v = S::fma(v, of(scale), of(shift));
        }
        store::<S, _>(to.add(c), n, view.activation.apply::<S>(v));
    }
}
