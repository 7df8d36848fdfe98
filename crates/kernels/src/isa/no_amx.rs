//! Other processors have no registers for matrices, or none that this program knows: the names of
//! what is never called.
#![allow(dead_code, reason = "nothing is read where nothing runs")]

/// Rows of a register, and pairs or sums in one of its rows.
pub(crate) const SIDE: usize = 16;
/// Sums that four registers hold.
pub(crate) const SUMS: usize = 4 * SIDE * SIDE;

/// Always false: there are no such registers.
pub(super) fn is_present() -> bool {
    false
}

/// The parts of the registers that are in use.
pub(crate) struct Shape {
    pub(crate) rows: [usize; 2],
    pub(crate) columns: [usize; 2],
    pub(crate) pairs: usize,
}

/// No registers.
#[derive(Debug, Default)]
pub(crate) struct Registers(());

impl Registers {
    pub(crate) unsafe fn set(&mut self, Shape { .. }: Shape) {
        unreachable!()
    }
}

pub(crate) unsafe fn zero() {
    unreachable!()
}

pub(crate) unsafe fn step(_: [*const u8; 2], _: usize, _: [*const u8; 2], _: usize) {
    unreachable!()
}

pub(crate) unsafe fn load(_: [[*const f32; 2]; 2], _: usize) {
    unreachable!()
}

pub(crate) unsafe fn store(_: [[*mut f32; 2]; 2], _: usize) {
    unreachable!()
}

pub(crate) unsafe fn products(_: usize) -> f64 {
    unreachable!()
}

pub(crate) unsafe fn transpose(_: &[[u32; SIDE]; SIDE], _: *mut u32) {
    unreachable!()
}
