//! The most that the processor can multiply and add: what other figures are a share of.

use std::hint::black_box;
use std::time::Instant;

use ground::parallel;

use crate::isa::{Isa, Kernel, Simd, amx, dispatch};
use crate::{Bf16, Element, Precision, threads};

/// Sums on their way at once: more than a product's latency takes up.
const SUMS: usize = 12;
/// Products a sum, in one measurement.
const ROUNDS: usize = 4_000_000;

/// Multiply-adds of registers that never leave them.
struct Products<E> {
    numbers: [E; 64],
}

impl<E: Element> Kernel for Products<E> {
    /// Multiply-adds of numbers.
    type Output = f64;

    #[inline(always)]
    unsafe fn run<S: Simd>(self) -> f64 {
        if E::PRECISION == Precision::Bf16 && Isa::in_use().has_matrices() {
            return amx::products(ROUNDS / 4);
        }
        let numbers = black_box(self.numbers);
        let (a, b) = (E::packed::<S>(numbers.as_ptr()), E::packed::<S>(numbers.as_ptr().add(1)));
        let mut sums = [S::splat(0.0); SUMS];
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = E::dot::<S>(a, b, *sum);
            }
        }
        let mut lanes = [0.0f32; 16];
        for sum in sums {
            S::store(lanes.as_mut_ptr(), sum);
            black_box(lanes);
        }
        (ROUNDS * SUMS * S::LANES * E::GROUP) as f64
    }
}

/// Floating-point operations a second, two for each multiply-add, on all threads: the best of a few
/// tries of some ten milliseconds.
#[must_use]
pub fn flops(precision: Precision) -> f64 {
    match precision {
        Precision::Fp32 => best::<f32>(),
        Precision::Bf16 => best::<Bf16>(),
    }
}

fn best<E: Element>() -> f64 {
    let once = || {
        let start = Instant::now();
        threads::parallel(parallel::threads(), |_| {
            let numbers = [E::narrow(1e-3); 64];
            // SAFETY: a kernel without pointers of its own; a register holds fewer numbers than 63.
            black_box(unsafe { dispatch(Products { numbers }) });
        });
        start.elapsed().as_secs_f64()
    };
    // SAFETY: as above.
    let one = unsafe { dispatch(Products { numbers: [E::narrow(1e-3); 64] }) };
    let fastest = (0..5).map(|_| once()).fold(f64::INFINITY, f64::min);
    2.0 * one * parallel::threads() as f64 / fastest
}
