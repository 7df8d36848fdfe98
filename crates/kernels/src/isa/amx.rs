//! x86-64 with AMX: beside AVX-512, eight registers that hold matrices of 16 rows of 64 bytes each.
//!
//! One instruction multiplies 16 rows of 16 pairs of bfloat16 by 16 pairs of 16 columns, which takes
//! AVX-512's products 256 instructions. The registers are named in assembly, as compilers have no
//! names for them yet: 0 to 3 hold sums (two halves of rows × two halves of columns), 4 and 5 rows,
//! 6 and 7 columns. Nothing else in the program touches them.

use std::arch::asm;
use std::arch::x86_64::*;
use std::sync::OnceLock;

/// Rows of a register, and pairs or sums in one of its rows.
pub(crate) const SIDE: usize = 16;
/// Sums that four registers hold.
pub(crate) const SUMS: usize = 4 * SIDE * SIDE;

/// Whether the processor has AMX with bfloat16, and the system lets this process use it.
pub(super) fn is_present() -> bool {
    static PRESENT: OnceLock<bool> = OnceLock::new();
    *PRESENT.get_or_init(|| {
        const BF16_AND_TILES: u32 = 1 << 22 | 1 << 24;
        __cpuid(0).eax >= 7
            && __cpuid_count(7, 0).edx & BF16_AND_TILES == BF16_AND_TILES
            && is_permitted()
    })
}

/// Asks for the registers, which each thread otherwise has no room to be interrupted with.
#[cfg(target_os = "linux")]
fn is_permitted() -> bool {
    const ARCH_REQ_XCOMP_PERM: libc::c_long = 0x1023;
    const TILE_DATA: libc::c_long = 18;
    // SAFETY: the call takes no pointer and changes nothing but this permission; where the system
    // does not know it, it says so.
    unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, TILE_DATA) == 0 }
}

/// Other systems were not at hand to try.
#[cfg(not(target_os = "linux"))]
fn is_permitted() -> bool {
    false
}

/// The parts of the registers that are in use, each from 1 to [`SIDE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Rows of both halves.
    pub(crate) rows: [usize; 2],
    /// Columns of both halves.
    pub(crate) columns: [usize; 2],
    /// Pairs that one step takes.
    pub(crate) pairs: usize,
}

/// The registers of this thread, from the first shape to the end of its life.
#[derive(Debug, Default)]
pub(crate) struct Registers(Option<Shape>);

/// What the processor is told, as Intel's manual lays it out.
#[repr(C, align(64))]
struct Configuration {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

impl Registers {
    /// Gives the registers a shape; if it is another one, their contents are lost.
    ///
    /// # Safety
    /// AMX is present, and this thread has no other `Registers`.
    #[inline]
    pub(crate) unsafe fn set(&mut self, shape: Shape) {
        if self.0 == Some(shape) {
            return;
        }
        let Shape { rows, columns, pairs } = shape;
        let of = |rows: usize, words: usize| (rows as u8, 4 * words as u16);
        let registers = [
            of(rows[0], columns[0]),
            of(rows[0], columns[1]),
            of(rows[1], columns[0]),
            of(rows[1], columns[1]),
            of(rows[0], pairs),
            of(rows[1], pairs),
            of(pairs, columns[0]),
            of(pairs, columns[1]),
        ];
        let mut to = Configuration {
            palette: 1,
            start_row: 0,
            reserved: [0; 14],
            row_bytes: [0; 16],
            rows: [0; 16],
        };
        for (index, (rows, bytes)) in registers.into_iter().enumerate() {
            (to.rows[index], to.row_bytes[index]) = (rows, bytes);
        }
        asm!("ldtilecfg [{}]", in(reg) &raw const to, options(nostack, readonly));
        self.0 = Some(shape);
    }
}

impl Drop for Registers {
    fn drop(&mut self) {
        if self.0.is_some() {
            // SAFETY: `set` was called, so that there is AMX. What is not in use need not be kept
            // when the system takes the thread off its processor.
            unsafe { asm!("tilerelease", options(nostack, nomem)) };
        }
    }
}

/// All sums are 0.
///
/// # Safety
/// The registers have a shape.
#[inline(always)]
pub(crate) unsafe fn zero() {
    asm!(
        "tilezero tmm0",
        "tilezero tmm1",
        "tilezero tmm2",
        "tilezero tmm3",
        options(nostack, nomem)
    );
}

/// sums += rows · columns, one step of pairs: the halves of rows begin at `a`, `a_line` bytes apart
/// from one row to the next; pairs of the halves of columns at `b`, `b_line` bytes apart.
///
/// # Safety
/// The registers have a shape, and all of it can be read.
#[inline(always)]
pub(crate) unsafe fn step(a: [*const u8; 2], a_line: usize, b: [*const u8; 2], b_line: usize) {
    asm!(
        "tileloadd tmm6, [{b0} + {b_line}]",
        "tileloadd tmm4, [{a0} + {a_line}]",
        "tileloadd tmm7, [{b1} + {b_line}]",
        "tdpbf16ps tmm0, tmm4, tmm6",
        "tileloadd tmm5, [{a1} + {a_line}]",
        "tdpbf16ps tmm1, tmm4, tmm7",
        "tdpbf16ps tmm2, tmm5, tmm6",
        "tdpbf16ps tmm3, tmm5, tmm7",
        a0 = in(reg) a[0],
        a1 = in(reg) a[1],
        a_line = in(reg) a_line,
        b0 = in(reg) b[0],
        b1 = in(reg) b[1],
        b_line = in(reg) b_line,
        options(nostack, readonly),
    );
}

/// Sums from memory: for each half of rows, the halves of columns, whose rows are `line` bytes apart.
///
/// # Safety
/// The registers have a shape, and all of it can be read.
#[inline(always)]
pub(crate) unsafe fn load(from: [[*const f32; 2]; 2], line: usize) {
    asm!(
        "tileloadd tmm0, [{} + {line}]",
        "tileloadd tmm1, [{} + {line}]",
        "tileloadd tmm2, [{} + {line}]",
        "tileloadd tmm3, [{} + {line}]",
        in(reg) from[0][0],
        in(reg) from[0][1],
        in(reg) from[1][0],
        in(reg) from[1][1],
        line = in(reg) line,
        options(nostack, readonly),
    );
}

/// Sums to memory, as [`load`] takes them.
///
/// # Safety
/// The registers have a shape, and all of it can be written.
#[inline(always)]
pub(crate) unsafe fn store(to: [[*mut f32; 2]; 2], line: usize) {
    asm!(
        "tilestored [{} + {line}], tmm0",
        "tilestored [{} + {line}], tmm1",
        "tilestored [{} + {line}], tmm2",
        "tilestored [{} + {line}], tmm3",
        in(reg) to[0][0],
        in(reg) to[0][1],
        in(reg) to[1][0],
        in(reg) to[1][1],
        line = in(reg) line,
        options(nostack),
    );
}

/// So many rounds of products that leave sums as they are: how many numbers were multiplied and
/// added.
///
/// # Safety
/// AMX is present, and this thread has no [`Registers`].
pub(crate) unsafe fn products(rounds: usize) -> f64 {
    let mut registers = Registers::default();
    registers.set(Shape { rows: [SIDE; 2], columns: [SIDE; 2], pairs: SIDE });
    zero();
    let nothing = [0.0f32; SIDE * SIDE];
    let from = nothing.as_ptr().cast();
    step([from; 2], 4 * SIDE, [from; 2], 4 * SIDE);
    for _ in 0..rounds {
        asm!(
            "tdpbf16ps tmm0, tmm4, tmm6",
            "tdpbf16ps tmm1, tmm4, tmm7",
            "tdpbf16ps tmm2, tmm5, tmm6",
            "tdpbf16ps tmm3, tmm5, tmm7",
            options(nostack, nomem),
        );
    }
    (rounds * SUMS * 2 * SIDE) as f64
}

/// Columns of 16 rows of 16 words as rows one behind the other.
///
/// # Safety
/// The processor has AVX-512 F, and `to` takes as many words.
#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) unsafe fn transpose(from: &[[u32; SIDE]; SIDE], to: *mut u32) {
    let mut rows = [_mm512_setzero_si512(); SIDE];
    for (to, from) in rows.iter_mut().zip(from) {
        *to = _mm512_loadu_si512(from.as_ptr().cast());
    }
    // Words, then pairs of them, change places within four rows and a quarter of a register.
    for i in (0..SIDE).step_by(4) {
        let [a, b, c, d] = [rows[i], rows[i + 1], rows[i + 2], rows[i + 3]];
        let (ab, cd) = (_mm512_unpacklo_epi32(a, b), _mm512_unpacklo_epi32(c, d));
        let (ab2, cd2) = (_mm512_unpackhi_epi32(a, b), _mm512_unpackhi_epi32(c, d));
        rows[i] = _mm512_unpacklo_epi64(ab, cd);
        rows[i + 1] = _mm512_unpackhi_epi64(ab, cd);
        rows[i + 2] = _mm512_unpacklo_epi64(ab2, cd2);
        rows[i + 3] = _mm512_unpackhi_epi64(ab2, cd2);
    }
    // Now rows[4i + j] holds, in each quarter q, column 4q + j of rows 4i to 4i + 3.
    for j in 0..4 {
        let [a, b, c, d] = [rows[j], rows[4 + j], rows[8 + j], rows[12 + j]];
        let even = [_mm512_shuffle_i32x4::<0x88>(a, b), _mm512_shuffle_i32x4::<0x88>(c, d)];
        let odd = [_mm512_shuffle_i32x4::<0xdd>(a, b), _mm512_shuffle_i32x4::<0xdd>(c, d)];
        rows[j] = _mm512_shuffle_i32x4::<0x88>(even[0], even[1]);
        rows[4 + j] = _mm512_shuffle_i32x4::<0x88>(odd[0], odd[1]);
        rows[8 + j] = _mm512_shuffle_i32x4::<0xdd>(even[0], even[1]);
        rows[12 + j] = _mm512_shuffle_i32x4::<0xdd>(odd[0], odd[1]);
    }
    for (index, row) in rows.into_iter().enumerate() {
        _mm512_storeu_si512(to.add(index * SIDE).cast(), row);
    }
}

#[cfg(test)]
mod tests {
    use super::SIDE;
    use crate::isa::Isa;

    #[test]
    fn columns_become_rows() {
        if !Isa::present().contains(&Isa::Avx512) {
            return eprintln!("not tested: no AVX-512");
        }
        let from: [[u32; SIDE]; SIDE] =
            std::array::from_fn(|row| std::array::from_fn(|column| (100 * row + column) as u32));
        let mut to = [[0; SIDE]; SIDE];
        // SAFETY: the processor has AVX-512, and `to` is as large.
        unsafe { super::transpose(&from, to.as_mut_ptr().cast()) };
        for (row, column) in (0..SIDE).flat_map(|row| (0..SIDE).map(move |column| (row, column))) {
            assert_eq!(to[column][row], from[row][column]);
        }
    }
}
