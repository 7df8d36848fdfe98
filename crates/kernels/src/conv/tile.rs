//! The micro-kernels: a tile of `MR × NR` sums that stays in registers during the K loop.

use crate::Element;
use crate::isa::{Kernel, Simd};

/// A finished tile in memory, row by row, each row a panel wide.
///
/// It serves code that indexes sums by a variable. If that read the micro-kernel's own array, the
/// compiler would keep the sums in memory during the whole K loop.
#[repr(C, align(64))]
pub(super) struct TileBuffer([f32; LINES]);

/// 32 rows of 32 columns, or 14 of 64.
const LINES: usize = 32 * 32;

impl TileBuffer {
    pub(super) fn new() -> Self {
        Self([0.0; LINES])
    }

    /// Row `r` of a tile of this instruction set.
    #[inline(always)]
    pub(super) fn row<S: Simd>(&self, r: usize) -> &[f32] {
        &self.0[r * S::PANEL..(r + 1) * S::PANEL]
    }

    /// Where a tile is to be spilled.
    pub(super) fn as_mut_ptr(&mut self) -> *mut f32 {
        self.0.as_mut_ptr()
    }
}

/// Takes a finished tile while it is in registers.
pub(super) trait Sink {
    /// # Safety
    /// The processor has the instruction set; the sink's own pointers are valid for `M` rows.
    unsafe fn take<S: Simd, const M: usize, const V: usize>(self, sums: &[[S::V; V]; M]);
}

/// Stores a tile at this address, row by row, each row a panel wide.
pub(super) struct Spill(pub(super) *mut f32);

impl Sink for Spill {
    #[inline(always)]
    unsafe fn take<S: Simd, const M: usize, const V: usize>(self, sums: &[[S::V; V]; M]) {
        for r in 0..M {
            for v in 0..V {
                S::store(self.0.add(r * S::PANEL + v * S::LANES), sums[r][v]);
            }
        }
    }
}

/// The K loop of a product, which is what it sums over: runs of numbers, all of one length.
#[derive(Debug)]
pub(super) struct KLoop {
    /// Offset of each run from a row's place.
    pub(super) offsets: Vec<usize>,
    /// Numbers in a run: whole groups.
    pub(super) run: usize,
    /// Whether the panel behind a product's own is prefetched meanwhile.
    prefetches: bool,
}

/// Bytes of panels from which on prefetching pays: fewer stay in the caches.
const FAR: usize = 1024 * 1024;
/// Most numbers that are summed up before the next prefetch.
const BLOCK: usize = 64;

impl KLoop {
    /// A K loop over runs at these offsets. If only a `few` products read each panel, and all panels
    /// take so many `bytes` that they do not stay in the caches, each panel is prefetched.
    pub(super) fn new<E: Element>(offsets: &[usize], run: usize, few: bool, bytes: usize) -> Self {
        let prefetches = few && bytes >= FAR;
        let mut part = run;
        while prefetches && part > BLOCK && part.is_multiple_of(2 * E::GROUP) {
            part /= 2;
        }
        let parts = |&offset: &usize| (offset..offset + run).step_by(part.max(1));
        Self { offsets: offsets.iter().flat_map(parts).collect(), run: part, prefetches }
    }

    /// Numbers that are summed up.
    pub(super) fn numbers(&self) -> usize {
        self.offsets.len() * self.run
    }

    /// What product `index` of `all` with a panel prefetches: its share of the next panel.
    #[inline(always)]
    pub(super) fn ahead<S: Simd, E>(&self, panel: *const E, (index, all): (usize, usize)) -> Ahead {
        if !self.prefetches {
            return Ahead { first: panel.cast(), lines: 0 };
        }
        let len = self.offsets.len() * self.run * S::PANEL;
        let share = (len * size_of::<E>() / 64).div_ceil(all);
        let first = panel.wrapping_add(len).cast::<[u8; 64]>().wrapping_add(index * share);
        Ahead { first, lines: share.div_ceil(self.offsets.len()) }
    }
}

/// Cache lines to prefetch: this many with each run, one behind the other from the first on.
#[derive(Clone, Copy)]
pub(super) struct Ahead {
    first: *const [u8; 64],
    lines: usize,
}

/// A tile of `M` rows: where its rows, its panel and its K loop lie.
pub(super) struct Operands<'a, E> {
    /// First row of each half (see `RowTile`), of which the first has `M.div_ceil(2)` rows.
    pub(super) a: [*const E; 2],
    /// Numbers between rows of a half.
    pub(super) row: usize,
    pub(super) k_loop: &'a KLoop,
    /// The panel: the K loop's numbers for each of `S::PANEL` columns, group by group.
    pub(super) panel: *const E,
    /// What to prefetch meanwhile.
    pub(super) ahead: Ahead,
}

/// Row sums Σ a·b over all runs, for `M` rows and `V` registers of columns.
///
/// Rows come in two halves with a pointer each, so that tiles can span two lines of a narrow map;
/// it also halves the address registers that a long tile needs.
///
/// # Safety
/// All rows and the panel are readable as `Operands` says; the sink's own for `M` rows; `V` is
/// `S::VECS`.
#[inline(always)]
unsafe fn product<S: Simd, E: Element, const M: usize, const V: usize>(
    o: &Operands<'_, E>,
    sink: impl Sink,
) {
    let half = M.div_ceil(2);
    let mut sums = [[S::splat(0.0); V]; M];
    let mut b = o.panel;
    let Ahead { first: mut ahead, lines } = o.ahead;
    for &offset in &o.k_loop.offsets {
        for _ in 0..lines {
            S::prefetch_far(ahead.cast());
            ahead = ahead.wrapping_add(1);
        }
        let (mut a0, mut a1) = (o.a[0].add(offset), o.a[1].add(offset));
        let end = a0.add(o.k_loop.run);
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
    sink.take::<S, M, V>(&sums);
}

/// The pixels of a piece as they lie in local buffers: evenly spaced in lines, and the lines evenly
/// spaced in blocks, one block for each picture.
#[derive(Clone, Copy)]
pub(super) struct Grid {
    pub(super) blocks: usize,
    pub(super) lines: usize,
    /// Pixels of a line.
    pub(super) width: usize,
    /// Numbers from one pixel to the next.
    pub(super) pixel: usize,
    /// Numbers from one line to the next.
    pub(super) line: usize,
    /// Numbers from one block to the next.
    pub(super) block: usize,
}

/// Outer-product sums Σ x[m]·g[n] over the pixels of a piece, for `M` neighbouring channels and a
/// panel of the gradient. Where a group has two numbers, a "pixel" is two, one of each half of
/// the piece, their numbers side by side.
pub(super) struct Outer<E> {
    /// First channel of the first pixel.
    pub(super) x: *const E,
    /// TileBuffer, pixels in a line, numbers between lines and between pixels.
    pub(super) lines: usize,
    pub(super) pixels: usize,
    pub(super) line: usize,
    pub(super) pixel: usize,
    /// The gradient's panel: `lines × pixels` lines of `S::PANEL` groups.
    pub(super) panel: *const E,
}

/// The sums of [`Outer`], for `M` channels and `V` registers of columns.
///
/// # Safety
/// All pixels and the panel are readable as `Outer` says; the sink's own for `M` rows; `V` is
/// `S::VECS`.
#[inline(always)]
unsafe fn outer<S: Simd, E: Element, const M: usize, const V: usize>(
    o: &Outer<E>,
    sink: impl Sink,
) {
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
    sink.take::<S, M, V>(&sums);
}

/// [`product`] in a function of its own.
struct Product<'a, E, F, const M: usize> {
    operands: &'a Operands<'a, E>,
    sink: F,
}

impl<E: Element, F: Sink, const M: usize> Kernel for Product<'_, E, F, M> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        if S::VECS == 2 {
            product::<S, E, M, 2>(self.operands, self.sink);
        } else {
            product::<S, E, M, 4>(self.operands, self.sink);
        }
    }
}

/// [`outer`] in a function of its own.
struct OuterProduct<'a, E, F, const M: usize> {
    operands: &'a Outer<E>,
    sink: F,
}

impl<E: Element, F: Sink, const M: usize> Kernel for OuterProduct<'_, E, F, M> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        if S::VECS == 2 {
            outer::<S, E, M, 2>(self.operands, self.sink);
        } else {
            outer::<S, E, M, 4>(self.operands, self.sink);
        }
    }
}

/// Repeats the body for each row `$r` below `$rows` (a constant, at most 14). The repetition is written
/// out, because sums would have to be in memory in a loop that the compiler unrolls too late.
macro_rules! each_row {
    ($rows:expr, $r:ident => $body:block) => {
        each_row!($rows, $r, $body, 0 1 2 3 4 5 6 7 8 9 10 11 12 13)
    };
    ($rows:expr, $r:ident, $body:block, $($n:literal)*) => {
        $(if $n < $rows {
            let $r = $n;
            $body
        })*
    };
}
pub(super) use each_row;

/// Enters `$kernel` with the constant `M` equal to `$rows` (1 to 14). Cases that an instruction set
/// cannot reach are constants and vanish.
macro_rules! with_rows {
    ($S:ident, $rows:expr, $kernel:ident { $($field:ident),* }) => {{
        macro_rules! case {
            ($m:literal) => {
                if $m <= $S::ROWS {
                    $S::enter($kernel::<_, _, $m> { $($field),* });
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

/// Row sums of `rows` rows.
///
/// # Safety
/// All rows and the panel are readable as `Operands` says; the sink's own for as many rows.
#[inline(always)]
pub(super) unsafe fn multiply<S: Simd, E: Element>(
    operands: &Operands<'_, E>,
    rows: usize,
    sink: impl Sink,
) {
    with_rows!(S, rows, Product { operands, sink });
}

/// Outer-product sums of `rows` channels.
///
/// # Safety
/// All pixels and the panel are readable as `Outer` says; the sink's own for as many rows.
#[inline(always)]
pub(super) unsafe fn multiply_outer<S: Simd, E: Element>(
    operands: &Outer<E>,
    rows: usize,
    sink: impl Sink,
) {
    with_rows!(S, rows, OuterProduct { operands, sink });
}

/// Cuts `len` into as few parts of at most `most` as possible, as even as possible.
pub(super) fn cut(len: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let parts = len.div_ceil(most).max(1);
    (0..parts).map(move |part| {
        let (start, end) = (part * len / parts, (part + 1) * len / parts);
        (start, end - start)
    })
}
