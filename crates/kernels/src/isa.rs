//! Instruction sets: what a kernel asks of one ([`Simd`]), and the choice at run time.
//!
//! A kernel is a struct that implements [`Kernel`]; [`dispatch`] runs it with the best set that
//! the processor has, or the one that `LOOKALIKE_ISA` names (`amx`, `avx512bf16`, `avx512`, `avx2`,
//! `neon`, `portable`). WebAssembly has `simd128`, chosen when it is compiled.

use std::fmt;
use std::sync::OnceLock;

use ground::Precision;

#[cfg_attr(not(target_arch = "x86_64"), path = "isa/no_amx.rs")]
pub(crate) mod amx;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
mod simd;
#[cfg(all(target_family = "wasm", target_feature = "simd128"))]
mod simd128;
#[cfg(test)]
mod tests;

pub use simd::{Kernel, Simd};

/// The instruction sets with kernels of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// [`Isa::Avx512Bf16`] with registers that hold matrices of bfloat16.
    Amx,
    /// x86-64 with AVX-512 and its products of bfloat16.
    Avx512Bf16,
    /// x86-64 with AVX-512.
    Avx512,
    /// x86-64 with AVX2 and FMA.
    Avx2,
    /// 64-bit Arm.
    Neon,
    /// WebAssembly with vectors of 128 bits.
    Simd128,
    /// Plain Rust, for any processor.
    Portable,
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Amx => "amx",
            Self::Avx512Bf16 => "avx512bf16",
            Self::Avx512 => "avx512",
            Self::Avx2 => "avx2",
            Self::Neon => "neon",
            Self::Simd128 => "simd128",
            Self::Portable => "portable",
        })
    }
}

impl Isa {
    /// The instruction sets that this processor has, best first.
    #[must_use]
    pub fn present() -> Vec<Self> {
        let all = [
            Self::Amx,
            Self::Avx512Bf16,
            Self::Avx512,
            Self::Avx2,
            Self::Neon,
            Self::Simd128,
            Self::Portable,
        ];
        all.into_iter().filter(|isa| isa.is_present()).collect()
    }

    fn is_present(self) -> bool {
        match self {
            Self::Amx => Self::Avx512Bf16.is_present() && amx::is_present(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Bf16 => Self::Avx512.is_present() && is_x86_feature_detected!("avx512bf16"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "aarch64")]
            Self::Neon => true,
            #[cfg(all(target_family = "wasm", target_feature = "simd128"))]
            Self::Simd128 => true,
            Self::Portable => true,
            _ => false,
        }
    }

    /// The one in use: `LOOKALIKE_ISA` where it names one that is present, else the best.
    #[must_use]
    pub fn in_use() -> Self {
        static CHOSEN: OnceLock<Isa> = OnceLock::new();
        *CHOSEN.get_or_init(|| {
            let present = Self::present();
            let wanted = std::env::var("LOOKALIKE_ISA").unwrap_or_default();
            present.iter().copied().find(|isa| isa.to_string() == wanted).unwrap_or(present[0])
        })
    }

    /// Whether products of bfloat16 are faster than those of `f32`. Intel's processors have them in
    /// AVX-512 at half the speed of `f32`, and made for speed in AMX.
    #[must_use]
    pub fn has_bf16(self) -> bool {
        self.has_bf16_by(is_intel())
    }

    /// The faster one with this set: bfloat16 only where the processor multiplies them itself.
    #[must_use]
    pub fn precision(self) -> Precision {
        if self.has_bf16() { Precision::Bf16 } else { Precision::Fp32 }
    }

    /// Like [`Isa::has_bf16`], for a processor that Intel made or not.
    fn has_bf16_by(self, intel: bool) -> bool {
        self == Self::Amx || (self == Self::Avx512Bf16 && !intel)
    }

    /// Whether products of bfloat16 are those of whole matrices.
    #[must_use]
    pub(crate) fn has_matrices(self) -> bool {
        self == Self::Amx
    }

    /// Bytes that the second-level cache of a processor with this set has at the least, as a rule. By
    /// the set, not as the processor says: how work is cut decides in which order sums are added, and
    /// runs on one set are to give the same bits.
    pub(crate) fn second_level(self) -> usize {
        match self {
            Self::Avx2 | Self::Simd128 | Self::Portable => 512 * 1024,
            _ => 1024 * 1024,
        }
    }

    /// Lines that a set of such a processor's first-level cache holds at the least.
    pub(crate) fn ways(self) -> usize {
        match self {
            Self::Neon | Self::Simd128 | Self::Portable => 4,
            _ => 8,
        }
    }

    /// Columns of a panel of the matrix product.
    #[must_use]
    pub fn panel(self) -> usize {
        self.tile()[1]
    }

    /// Rows and columns of a tile, but for those of matrix registers.
    pub(crate) fn tile(self) -> [usize; 2] {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Amx | Self::Avx512Bf16 | Self::Avx512 => avx512::Avx512::<false>::TILE,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => avx2::Avx2::TILE,
            #[cfg(target_arch = "aarch64")]
            Self::Neon => neon::Neon::TILE,
            #[cfg(all(target_family = "wasm", target_feature = "simd128"))]
            Self::Simd128 => simd128::Simd128::TILE,
            _ => portable::Portable::TILE,
        }
    }
}

/// Whether Intel made the processor.
fn is_intel() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        let id = std::arch::x86_64::__cpuid(0);
        [id.ebx, id.edx, id.ecx].map(u32::to_le_bytes).as_flattened() == b"GenuineIntel"
    }
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// Runs a kernel with the instruction set in use.
///
/// # Safety
/// The kernel's own pointers are valid.
#[inline]
pub unsafe fn dispatch<K: Kernel>(kernel: K) -> K::Output {
    match Isa::in_use() {
        #[cfg(target_arch = "x86_64")]
        Isa::Amx | Isa::Avx512Bf16 => avx512::enter_bf16(kernel),
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => avx512::enter(kernel),
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => avx2::enter(kernel),
        #[cfg(target_arch = "aarch64")]
        Isa::Neon => neon::enter(kernel),
        #[cfg(all(target_family = "wasm", target_feature = "simd128"))]
        Isa::Simd128 => simd128::enter(kernel),
        _ => portable::enter(kernel),
    }
}
