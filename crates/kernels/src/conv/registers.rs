//! Products of bfloat16 in registers that hold matrices ([`amx`]): the same pieces, panels and tiles
//! as elsewhere, but tiles of 32 rows, whose sums are left in memory.

mod weights;

use super::tile::{Operands, TileBuffer};
use crate::isa::Isa;
use crate::isa::amx::{self, SIDE, Shape};
use crate::{Element, Precision};

pub(super) use crate::isa::amx::Registers;
pub(super) use weights::{Blocks, add, add_up, transpose};

/// Most rows of a tile: two registers of them.
pub(super) const ROWS: usize = 2 * SIDE;
/// Bytes of a panel's line: two registers' columns of pairs, or of sums.
const LINE: usize = 2 * SIDE * 4;

/// Whether products of such numbers are made here.
pub(super) fn serve<E: Element>() -> bool {
    E::PRECISION == Precision::Bf16 && Isa::in_use().has_matrices()
}

/// How many pairs a step takes, so that steps are few and equal.
fn step(pairs: usize) -> usize {
    let steps = (pairs.div_ceil(SIDE)..=pairs).find(|&steps| pairs.is_multiple_of(steps));
    pairs / steps.unwrap_or(1)
}

/// Row sums of a tile of at most [`ROWS`] rows, left row by row; `gap` is the number of local pixels
/// between the two lines that each half has, or 0.
///
/// # Safety
/// AMX is in use; all rows and the panel are readable as `Operands` says.
#[inline(always)]
pub(super) unsafe fn multiply<E: Element>(
    registers: &mut Registers,
    operands: &Operands<'_, E>,
    (rows, gap): (usize, usize),
    done: &mut TileBuffer,
) {
    let half = rows.div_ceil(2) + gap;
    // A register cannot be empty: the second half of a single row is that row again, and what comes
    // of it lies where nothing is read.
    let second = if rows == 1 { operands.a[0] } else { operands.a[1] };
    let pairs = step(operands.k_loop.run / 2);
    registers.set(Shape { rows: [half, (rows / 2 + gap).max(1)], columns: [SIDE; 2], pairs });
    amx::zero();
    let line = operands.row * size_of::<E>();
    let mut panel = operands.panel.cast::<u8>();
    for &offset in &operands.k_loop.offsets {
        let mut a = [operands.a[0].add(offset).cast::<u8>(), second.add(offset).cast()];
        for _ in (0..operands.k_loop.run / 2).step_by(pairs) {
            amx::step(a, line, [panel, panel.add(LINE / 2)], LINE);
            a = a.map(|a| a.add(4 * pairs));
            panel = panel.add(LINE * pairs);
        }
    }
    let place = done.as_mut_ptr();
    let of = |row: usize| [place.add(row * 2 * SIDE), place.add(row * 2 * SIDE + SIDE)];
    amx::store([of(0), of(half)], LINE);
    if gap > 0 {
        // The lines follow one another, what lay between them is dropped.
        let line = rows / 4;
        for (index, from) in [(1, line + gap), (2, half), (3, half + line + gap)] {
            std::ptr::copy(of(from)[0], of(index * line)[0], line * 2 * SIDE);
        }
    }
}
