//! Pieces of the grid cut into tiles of rows, as many as registers hold sums of.

use super::job::Job;
use super::local::{Layout, Piece};
use crate::conv::tile::cut;

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

impl Layout {
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
