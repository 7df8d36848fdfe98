//! The gradient of weights in matrix registers: rows are filters, columns the numbers of a run, and
//! a step takes up to 16 pairs of pixels that lie side by side in a line of the grid.
//!
//! Sums lie in blocks of 32 filters × 32 numbers, four registers one behind the other, so that they
//! come and go as they are; they are transposed into the order of weights once, when all is added up.

use crate::conv::tile::Grid;
use crate::element::Element;
use crate::elementwise::{load, store};
use crate::isa::amx::{self, Registers, SIDE, SUMS, Shape};
use crate::isa::{Kernel, Simd, dispatch};
use crate::threads::{Shared, parallel};

/// Filters, and numbers, of a block of sums.
const BLOCK: usize = 2 * SIDE;

/// How blocks of sums of `filters × runs × numbers` follow one another.
#[derive(Clone, Copy)]
pub(crate) struct Blocks {
    filters: usize,
    runs: usize,
    numbers: usize,
}

impl Blocks {
    pub(crate) fn new(filters: usize, runs: usize, numbers: usize) -> Self {
        Self { filters, runs, numbers }
    }

    /// Numbers of one partial sum.
    pub(crate) fn len(self) -> usize {
        self.filters.div_ceil(BLOCK) * self.runs * self.numbers.div_ceil(BLOCK) * SUMS
    }

    /// Where a block begins.
    fn place(self, panel: usize, run: usize, block: usize) -> usize {
        ((panel * self.runs + run) * self.numbers.div_ceil(BLOCK) + block) * SUMS
    }
}

impl Grid {
    /// Pixels that a step takes, and where in a line each begins. All are as long, so that a last one
    /// may take pixels again, whose gradients are then 0.
    fn steps(self) -> (usize, impl Iterator<Item = usize> + Clone) {
        let count = self.width.div_ceil(SIDE);
        let pixels = self.width.div_ceil(count.max(1));
        (pixels, (0..count).map(move |index| (index * pixels).min(self.width - pixels)))
    }

    /// Numbers that the gradient of a panel of filters takes, transposed for steps.
    pub(crate) fn transposed_len(self) -> usize {
        self.blocks * self.lines * self.width.div_ceil(SIDE) * BLOCK * SIDE * 2
    }
}

/// Transposes a panel of the gradient, filters from `first`, into rows of filters for each step: of
/// `pixels` pixels, of which `paired` have one of the `other` half of the piece beside them.
///
/// # Safety
/// Both halves are readable, and `to` takes [`Grid::transposed_len`] numbers.
#[inline(always)]
pub(crate) unsafe fn transpose<S: Simd, E: Element>(
    grid: Grid,
    [half, other]: [&[E]; 2],
    filters: usize,
    first: usize,
    mut to: *mut E,
) {
    let paired = other.len() / filters;
    let mut square = [[0u32; SIDE]; SIDE];
    let (pixels, starts) = grid.steps();
    for line in 0..grid.blocks * grid.lines {
        let mut fresh = 0;
        for start in starts.clone() {
            for column in [first, first + SIDE] {
                let n = SIDE.min(filters.saturating_sub(column));
                for p in 0..pixels {
                    let pixel = line * grid.width + start + p;
                    let at = pixel * filters + column;
                    let (a, b) = (half.as_ptr().wrapping_add(at), other.as_ptr().wrapping_add(at));
                    let to = square[p].as_mut_ptr().cast();
                    if n == SIDE && pixel < paired && start + p >= fresh {
                        E::store_beside::<S>(to, a, b);
                        continue;
                    }
                    let n = if start + p < fresh { 0 } else { n };
                    let other = if pixel < paired { n } else { 0 };
                    E::store_packed::<S>(to, load::<S, _>(a, n), load::<S, _>(b, other));
                }
                amx::transpose(&square, to.cast());
                to = to.add(2 * SIDE * SIDE);
            }
            fresh = start + pixels;
        }
    }
}

/// Adds the products of a panel of filters, [transposed](transpose), and all runs of a piece to sums (or
/// begins them).
///
/// # Safety
/// AMX is in use; pairs of numbers at `pairs` are readable as `grid` and `offsets` say; `sums` is a
/// partial sum of `blocks`.
#[inline(always)]
pub(crate) unsafe fn add<E: Element>(
    registers: &mut Registers,
    (grid, offsets): (Grid, &[usize]),
    (pairs, transposed): (*const E, *const E),
    (blocks, panel): (Blocks, usize),
    sums: *mut f32,
    write: bool,
) {
    let (pixels, starts) = grid.steps();
    let bytes = 2 * size_of::<E>();
    for (run, &offset) in offsets.iter().enumerate() {
        for (block, number) in (0..blocks.numbers).step_by(BLOCK).enumerate() {
            let left = blocks.numbers - number;
            let columns = [left.min(SIDE), left.saturating_sub(SIDE).clamp(1, SIDE)];
            // A register cannot be empty: without a second half, it is the first once more.
            let second = if left > SIDE { SIDE * bytes } else { 0 };
            registers.set(Shape { rows: [SIDE; 2], columns, pairs: pixels });
            let place = sums.wrapping_add(blocks.place(panel, run, block));
            let of = |register: usize| place.wrapping_add(register * SIDE * SIDE);
            if write {
                amx::zero();
            } else {
                amx::load([0, 2].map(|r| [of(r).cast_const(), of(r + 1).cast_const()]), 4 * SIDE);
            }
            let mut a = transposed.cast::<u8>();
            for index in 0..grid.blocks {
                for line in 0..grid.lines {
                    let from = index * grid.block + line * grid.line + offset + number;
                    for start in starts.clone() {
                        let b = pairs.cast::<u8>().add((from + start * grid.pixel) * bytes);
                        amx::step(
                            [a, a.add(SIDE * 4 * SIDE)],
                            4 * SIDE,
                            [b, b.add(second)],
                            grid.pixel * bytes,
                        );
                        a = a.add(BLOCK * 4 * SIDE);
                    }
                }
            }
            amx::store([0, 2].map(|r| [of(r), of(r + 1)]), 4 * SIDE);
        }
    }
}

/// weights' gradient = the sum of partial sums, in their order, transposed.
pub(crate) fn add_up(blocks: Blocks, parts: &[f32], weight_gradient: &mut [f32]) {
    let panels = blocks.filters.div_ceil(BLOCK);
    let shared = Shared::new(weight_gradient);
    parallel(panels * blocks.runs, |task| {
        let (panel, run) = (task / blocks.runs, task % blocks.runs);
        let kernel = AddUp { blocks, parts, panel, run, to: shared.get() };
        // SAFETY: panels and runs are disjoint in the weights' gradient.
        unsafe { dispatch(kernel) };
    });
}

/// One run of one panel.
struct AddUp<'a> {
    blocks: Blocks,
    parts: &'a [f32],
    panel: usize,
    run: usize,
    to: *mut f32,
}

impl Kernel for AddUp<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let Blocks { filters, numbers, .. } = self.blocks;
        let len = self.blocks.len();
        let (mut square, mut transposed) = ([[0u32; SIDE]; SIDE], [[0.0f32; SIDE]; SIDE]);
        for register in 0..numbers.div_ceil(BLOCK) * 4 {
            let (block, half, column) = (register / 4, register / 2 % 2, register % 2);
            let first = self.panel * BLOCK + half * SIDE;
            let number = block * BLOCK + column * SIDE;
            if first >= filters || number >= numbers {
                continue;
            }
            let at = self.blocks.place(self.panel, self.run, block) + (register % 4) * SIDE * SIDE;
            for (row, to) in square.iter_mut().enumerate() {
                let mut sum = S::splat(0.0);
                for part in self.parts.chunks_exact(len) {
                    sum = S::add(sum, S::load(part.as_ptr().add(at + row * SIDE)));
                }
                S::store(to.as_mut_ptr().cast(), sum);
            }
            amx::transpose(&square, transposed.as_mut_ptr().cast());
            let n = SIDE.min(filters - first);
            for (index, line) in transposed.iter().enumerate().take(numbers - number) {
                let to = self.to.add((self.run * numbers + number + index) * filters + first);
                store::<S, _>(to, n, S::load(line.as_ptr()));
            }
        }
    }
}
