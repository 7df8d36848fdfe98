//! The geometry of a sum over taps for each pixel of the result: what forward passes and gradients of
//! the input have in common.

use std::ops::Range;

use super::Depthwise;

/// How places of the result and of the source belong together along one axis.
///
/// The sum for place `d` of the result covers `reach` places of the source from
/// ⌊(d·times + shift) / per⌋ − back on; the remainder of that division, its phase, decides which tap
/// of the filter stands at each of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Axis {
    /// Places of the source.
    pub(crate) from: usize,
    /// Places of the result.
    pub(crate) to: usize,
    pub(crate) times: usize,
    pub(crate) per: usize,
    shift: usize,
    back: usize,
    reach: usize,
    /// Whether the taps stand in reverse order.
    mirrored: bool,
}

impl Axis {
    /// Forward: tap k of result d reads source d·stride − before + k.
    fn forward(from: usize, to: usize, conv: &Depthwise, before: usize) -> Self {
        let Depthwise { kernel: reach, stride: times, .. } = *conv;
        Self { from, to, times, per: 1, shift: 0, back: before, reach, mirrored: false }
    }

    /// Backward: input place d was read by tap k of output (d + before − k) / stride, where that is
    /// a whole number.
    fn backward(from: usize, to: usize, conv: &Depthwise, before: usize) -> Self {
        let (per, back) = (conv.stride, (conv.kernel - 1) / conv.stride);
        Self { from, to, times: 1, per, shift: before, back, reach: back + 1, mirrored: true }
    }

    /// Where in the source the sum for a place begins, counted from the source's first place.
    pub(crate) fn start(&self, place: usize) -> isize {
        ((place * self.times + self.shift) / self.per) as isize - self.back as isize
    }

    /// Places of the source that the sums for these places cover.
    pub(crate) fn source(&self, places: &Range<usize>) -> Range<isize> {
        self.start(places.start)..self.start(places.end - 1) + self.reach as isize
    }

    /// How many those are.
    pub(crate) fn covered(&self, places: &Range<usize>) -> usize {
        self.source(places).end.abs_diff(self.start(places.start))
    }

    pub(super) fn phase(&self, place: usize) -> usize {
        (place * self.times + self.shift) % self.per
    }

    /// The taps of a phase, neighbours in the source: where each stands, and its index along the
    /// filter's axis.
    fn taps(self, phase: usize, kernel: usize) -> impl Iterator<Item = (usize, usize)> {
        let tap = move |at: usize| {
            if self.mirrored { phase + self.per * (self.back - at) } else { at }
        };
        (0..self.reach).map(move |at| (at, tap(at))).filter(move |&(_, tap)| tap < kernel)
    }
}

/// A tap, or a row of them: how far into the local buffer it reads, beside the sum's start, and where
/// its weights lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tap {
    pub(super) offset: usize,
    pub(super) weights: usize,
}

/// All sums of a pass.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sweep {
    count: usize,
    pub(crate) channels: usize,
    /// Numbers from one pixel to the next in the local buffer, and from one tap's weights to the
    /// next: whole cache lines, and an odd number of them, so that pixels do not share a few sets.
    pub(crate) pitch: usize,
    pub(super) kernel: usize,
    pub(crate) rows: Axis,
    pub(crate) columns: Axis,
}

/// Floats that a piece's copy of its source and its results take at most, where a row takes no more:
/// three quarters of a second-level cache.
const PIECE: usize = 96 * 1024;
/// Results of a row that are summed at a time, so that they share weights and source.
pub(super) const TILE: usize = 7;
/// Floats in a cache line.
pub(super) const LINE: usize = 16;

impl Sweep {
    pub(crate) fn forward(conv: &Depthwise) -> Self {
        let &Depthwise { height, width, .. } = conv;
        let [above, left] = conv.padding.before();
        let rows = Axis::forward(height, conv.out_height(), conv, above);
        let columns = Axis::forward(width, conv.out_width(), conv, left);
        Self::of(conv, rows, columns)
    }

    pub(super) fn backward(conv: &Depthwise) -> Self {
        let &Depthwise { height, width, .. } = conv;
        let [above, left] = conv.padding.before();
        let rows = Axis::backward(conv.out_height(), height, conv, above);
        let columns = Axis::backward(conv.out_width(), width, conv, left);
        Self::of(conv, rows, columns)
    }

    fn of(conv: &Depthwise, rows: Axis, columns: Axis) -> Self {
        let &Depthwise { count, channels, kernel, .. } = conv;
        let pitch = (channels.div_ceil(LINE) | 1) * LINE;
        Self { count, channels, pitch, kernel, rows, columns }
    }

    /// Rows of the result that are one piece of work; the shape alone decides.
    fn piece_rows(&self) -> usize {
        let results = self.columns.to * self.channels;
        let fits = |rows: &usize| self.local_len(&(0..*rows)) + rows * results <= PIECE;
        (2..=self.rows.to).take_while(fits).last().unwrap_or(1)
    }

    /// How many pieces there are.
    pub(super) fn pieces(&self) -> usize {
        self.count * self.rows.to.div_ceil(self.piece_rows())
    }

    /// The picture of a piece, and its rows of the result.
    pub(super) fn piece(&self, index: usize) -> (usize, Range<usize>) {
        let size = self.piece_rows();
        let each = self.rows.to.div_ceil(size);
        let first = index % each * size;
        (index / each, first..(first + size).min(self.rows.to))
    }

    /// Pixels of a row of the local buffer.
    pub(crate) fn width(&self) -> usize {
        self.columns.covered(&(0..self.columns.to))
    }

    /// Numbers in a row of the local buffer.
    pub(crate) fn row_len(&self) -> usize {
        self.width() * self.pitch
    }

    /// Numbers that are readable behind the last row, of whatever value: the last tile of a row is
    /// computed whole, and what is too much thrown away.
    pub(crate) fn slack(&self) -> usize {
        TILE * self.columns.times * self.pitch
    }

    /// Numbers in the local buffer of a piece.
    pub(super) fn local_len(&self, rows: &Range<usize>) -> usize {
        self.rows.covered(rows) * self.row_len() + self.slack()
    }

    /// Columns of the source that are there, and columns of padding before them.
    pub(crate) fn inside(&self) -> (Range<usize>, usize) {
        let covered = self.columns.source(&(0..self.columns.to));
        let there =
            covered.start.max(0) as usize..(covered.end.max(0) as usize).min(self.columns.from);
        (there, (-covered.start).max(0) as usize)
    }

    /// The rows of taps of each phase of rows.
    pub(super) fn row_taps(&self) -> Vec<Vec<Tap>> {
        let tap = |(y, ky): (usize, usize)| Tap {
            offset: y * self.row_len(),
            weights: ky * self.kernel * self.pitch,
        };
        let of = |phase| self.rows.taps(phase, self.kernel).map(tap).collect();
        (0..self.rows.per).map(of).collect()
    }

    /// The taps along a row of the phase of columns that begins at this column.
    pub(super) fn column_taps(&self, column: usize) -> Vec<Tap> {
        let tap =
            |(x, kx): (usize, usize)| Tap { offset: x * self.pitch, weights: kx * self.pitch };
        self.columns.taps(self.columns.phase(column), self.kernel).map(tap).collect()
    }
}
