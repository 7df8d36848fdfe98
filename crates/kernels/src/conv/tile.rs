//! The inner loops: a tile of sums that stays in registers.

use crate::Element;
use crate::isa::{Kernel, Simd};

/// A finished tile, row by row, each row a panel wide.
///
/// Sums leave their registers through here rather than as a value: code that indexes them by a
/// variable would make the compiler keep them in memory all along.
#[repr(C, align(64))]
pub(super) struct Lines([f32; 14 * 64]);

impl Lines {
    pub(super) fn new() -> Self {
        Self([0.0; 14 * 64])
    }

    /// Row `r` of a tile of this instruction set.
    #[inline(always)]
    pub(super) fn row<S: Simd>(&self, r: usize) -> &[f32] {
        &self.0[r * S::PANEL..(r + 1) * S::PANEL]
    }

    /// Where a tile is to be left.
    pub(super) fn place(&mut self) -> *mut f32 {
        self.0.as_mut_ptr()
    }
}

/// Leaves a tile at `to`, row by row, each row a panel wide.
#[inline(always)]
unsafe fn leave<S: Simd, const M: usize, const V: usize>(sums: &[[S::V; V]; M], to: *mut f32) {
    for r in 0..M {
        for v in 0..V {
            S::store(to.add(r * S::PANEL + v * S::LANES), sums[r][v]);
        }
    }
}

/// A tile of `M` rows: where its rows, its panel and its depth lie.
pub(super) struct Operands<'a, E> {
    /// First row of each half (see `RowTile`), of which the first has `M.div_ceil(2)` rows.
    pub(super) a: [*const E; 2],
    /// Numbers between rows of a half.
    pub(super) row: usize,
    /// Offset of each run from a row's place.
    pub(super) offsets: &'a [usize],
    /// Numbers in a run: whole groups.
    pub(super) run: usize,
    /// The panel: `offsets.len() × run` numbers for each of `S::PANEL` columns, group by group.
    pub(super) panel: *const E,
}

/// Row sums Σ a·b over all runs, for `M` rows and `V` registers of columns, left at `done`.
///
/// Rows come in two halves with a pointer each, so that tiles can span two lines of a narrow map;
/// it also halves the address registers that a long tile needs.
///
/// # Safety
/// All rows and the panel are readable as `Operands` says, `done` holds `M` rows of a panel; `V` is
/// `S::VECS`.
#[inline(always)]
unsafe fn product<S: Simd, E: Element, const M: usize, const V: usize>(
    o: &Operands<'_, E>,
    done: *mut f32,
) {
    let half = M.div_ceil(2);
    let mut sums = [[S::splat(0.0); V]; M];
    let mut b = o.panel;
    for &offset in o.offsets {
        let (mut a0, mut a1) = (o.a[0].add(offset), o.a[1].add(offset));
        let end = a0.add(o.run);
        while a0 < end {
            let mut columns = [E::packed::<S>(b); V];
            for v in 1..V {
                columns[v] = E::packed::<S>(b.add(v * S::LANES * E::GROUP));
            }
            for r in 0..M {
                let from = if r < half { a0.add(r * o.row) } else { a1.add((r - half) * o.row) };
                let x = E::spread::<S>(from);
                for v in 0..V {
                    sums[r][v] = E::dot::<S>(x, columns[v], sums[r][v]);
                }
            }
            a0 = a0.add(E::GROUP);
            a1 = a1.add(E::GROUP);
            b = b.add(V * S::LANES * E::GROUP);
        }
    }
    leave::<S, M, V>(&sums, done);
}

/// Outer-product sums Σ x[m]·g[n] over the pixels of a piece, for `M` neighbouring channels and a
/// panel of the gradient. Where a group has two numbers, a "pixel" is two, one of each half of
/// the piece, their numbers side by side.
pub(super) struct Outer<E> {
    /// First channel of the first pixel.
    pub(super) x: *const E,
    /// Lines, pixels in a line, numbers between lines and between pixels.
    pub(super) lines: usize,
    pub(super) pixels: usize,
    pub(super) line: usize,
    pub(super) pixel: usize,
    /// The gradient's panel: `lines × pixels` lines of `S::PANEL` groups.
    pub(super) panel: *const E,
}

/// See [`Outer`].
///
/// # Safety
/// All pixels and the panel are readable as `Outer` says, `done` holds `M` rows of a panel; `V` is
/// `S::VECS`.
#[inline(always)]
unsafe fn outer<S: Simd, E: Element, const M: usize, const V: usize>(o: &Outer<E>, done: *mut f32) {
    let mut sums = [[S::splat(0.0); V]; M];
    let mut b = o.panel;
    for line in 0..o.lines {
        let mut x = o.x.add(line * o.line);
        for _ in 0..o.pixels {
            let mut columns = [E::packed::<S>(b); V];
            for v in 1..V {
                columns[v] = E::packed::<S>(b.add(v * S::LANES * E::GROUP));
            }
            for m in 0..M {
                let value = E::spread::<S>(x.add(m * E::GROUP));
                for v in 0..V {
                    sums[m][v] = E::dot::<S>(value, columns[v], sums[m][v]);
                }
            }
            x = x.add(o.pixel);
            b = b.add(V * S::LANES * E::GROUP);
        }
    }
    leave::<S, M, V>(&sums, done);
}

/// [`product`] in a function of its own.
struct Product<'a, E, const M: usize> {
    operands: &'a Operands<'a, E>,
    done: *mut f32,
}

impl<E: Element, const M: usize> Kernel for Product<'_, E, M> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        if S::VECS == 2 {
            product::<S, E, M, 2>(self.operands, self.done);
        } else {
            product::<S, E, M, 4>(self.operands, self.done);
        }
    }
}

/// [`outer`] in a function of its own.
struct OuterProduct<'a, E, const M: usize> {
    operands: &'a Outer<E>,
    done: *mut f32,
}

impl<E: Element, const M: usize> Kernel for OuterProduct<'_, E, M> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        if S::VECS == 2 {
            outer::<S, E, M, 2>(self.operands, self.done);
        } else {
            outer::<S, E, M, 4>(self.operands, self.done);
        }
    }
}

/// Enters `$kernel` with the constant `M` equal to `$rows` (1 to 14). Cases that an instruction set
/// cannot reach are constants and vanish.
macro_rules! with_rows {
    ($S:ident, $rows:expr, $kernel:ident { $($field:ident),* }) => {{
        macro_rules! case {
            ($m:literal) => {
                if $m <= $S::ROWS {
                    $S::enter($kernel::<_, $m> { $($field),* });
                }
            };
        }
        match $rows {
            1 => case!(1), 2 => case!(2), 3 => case!(3), 4 => case!(4), 5 => case!(5), 6 => case!(6), 7 => case!(7),
            8 => case!(8), 9 => case!(9), 10 => case!(10), 11 => case!(11), 12 => case!(12), 13 => case!(13),
            14 => case!(14),
            rows => unreachable!("a tile of {rows} rows"),
        }
    }};
}

/// Row sums of `rows` rows, left at `done`.
///
/// # Safety
/// All rows and the panel are readable as `Operands` says; `done` holds as many rows of a panel.
#[inline(always)]
pub(super) unsafe fn multiply<S: Simd, E: Element>(
    operands: &Operands<'_, E>,
    rows: usize,
    done: *mut f32,
) {
    with_rows!(S, rows, Product { operands, done });
}

/// Outer-product sums of `rows` channels, left at `done`.
///
/// # Safety
/// All pixels and the panel are readable as `Outer` says; `done` holds as many rows of a panel.
#[inline(always)]
pub(super) unsafe fn multiply_outer<S: Simd, E: Element>(
    operands: &Outer<E>,
    rows: usize,
    done: *mut f32,
) {
    with_rows!(S, rows, OuterProduct { operands, done });
}
