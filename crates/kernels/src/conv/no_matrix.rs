//! Other processors have no registers for matrices, or none that this program knows.

use super::job::Job;
use super::tile::{Lines, Operands};
use crate::{Element, View};

/// Most rows of a tile.
pub(super) const ROWS: usize = 0;

/// Nothing to hold.
#[derive(Default)]
pub(super) struct Registers;

/// Whether products of such numbers are made here.
pub(super) fn serve<E: Element>() -> bool {
    false
}

/// Never called.
pub(super) unsafe fn multiply<E: Element>(
    _: &mut Registers,
    _: &Operands<'_, E>,
    _: usize,
    _: &mut Lines,
) {
    unreachable!("there are no matrix registers")
}

/// Never called.
pub(super) fn backward_weights<E: Element>(_: &Job, _: View<'_, E>, _: &[E], _: &mut [f32]) {
    unreachable!("there are no matrix registers")
}
