/// The operations that kernels need of an instruction set. All methods are inlined into the kernel.
///
/// # Safety
/// Calling any method needs a processor with the instruction set; pointers must be valid for
/// `LANES` floats (or the stated number).
#[expect(clippy::missing_safety_doc, reason = "the trait's own section holds for every method")]
pub unsafe trait Simd: Copy {
    /// A register of floats.
    type V: Copy;
    /// A register of pairs of bfloat16, one pair for each float of a [`Simd::V`].
    type P: Copy;
    /// Floats in a register.
    const LANES: usize;
    /// Registers that make a panel of the matrix product.
    const VECS: usize;
    /// Most rows of a tile, so that `ROWS × VECS` sums stay in registers.
    const ROWS: usize;
    /// Columns of a panel.
    const PANEL: usize = Self::LANES * Self::VECS;
    /// Rows and columns of a tile.
    const TILE: [usize; 2] = [Self::ROWS, Self::PANEL];

    /// All lanes `x`.
    unsafe fn splat(x: f32) -> Self::V;
    /// From memory, any alignment.
    unsafe fn load(from: *const f32) -> Self::V;
    /// To memory, any alignment.
    unsafe fn store(to: *mut f32, v: Self::V);
    /// a·b + c, rounded once where the set can.
    unsafe fn fma(a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// a + b.
    unsafe fn add(a: Self::V, b: Self::V) -> Self::V;
    /// a · b.
    unsafe fn mul(a: Self::V, b: Self::V) -> Self::V;
    /// The larger of each pair; `b` where either is NaN (so `max(0, x)` keeps NaN alive).
    unsafe fn max(a: Self::V, b: Self::V) -> Self::V;
    /// The smaller of each pair; `b` where either is NaN.
    unsafe fn min(a: Self::V, b: Self::V) -> Self::V;
    /// `v` where `sign` is above 0, else 0.
    unsafe fn where_positive(sign: Self::V, v: Self::V) -> Self::V;

    /// Lane by lane, `(value, mark)` where `value` is above `best` or NaN, else `(best, best_mark)`.
    unsafe fn better(
        best: Self::V,
        best_mark: Self::V,
        value: Self::V,
        mark: Self::V,
    ) -> (Self::V, Self::V);

    /// `LANES` bfloat16 numbers from memory, any alignment.
    unsafe fn load_halves(from: *const u16) -> Self::V;
    /// `LANES` numbers to memory, rounded to bfloat16 (to the nearest, ties to even); returns them
    /// rounded.
    unsafe fn store_halves(to: *mut u16, v: Self::V) -> Self::V;
    /// Two registers of neighbours to memory, rounded to bfloat16.
    #[inline(always)]
    unsafe fn store_two_halves(to: *mut u16, a: Self::V, b: Self::V) {
        Self::store_halves(to, a);
        Self::store_halves(to.add(Self::LANES), b);
    }
    /// `LANES` pairs from memory, any alignment.
    unsafe fn load_pairs(from: *const u16) -> Self::P;
    /// `LANES` pairs to memory, any alignment.
    unsafe fn store_pairs(to: *mut u16, pairs: Self::P);
    /// All lanes the pair at `from`.
    unsafe fn splat_pair(from: *const u16) -> Self::P;
    /// Pairs of rounded numbers, `first` in the lower half of each lane.
    unsafe fn pair(first: Self::V, second: Self::V) -> Self::P;
    /// Pairs of `LANES` bfloat16 numbers from memory each, those at `first` in the lower halves.
    #[inline(always)]
    unsafe fn pair_halves(first: *const u16, second: *const u16) -> Self::P {
        Self::pair(Self::load_halves(first), Self::load_halves(second))
    }
    /// The first number of each pair.
    unsafe fn low(pairs: Self::P) -> Self::V;
    /// The second number of each pair.
    unsafe fn high(pairs: Self::P) -> Self::V;
    /// sum + a₁·b₁ + a₂·b₂ for each pair.
    #[inline(always)]
    unsafe fn dot(a: Self::P, b: Self::P, sum: Self::V) -> Self::V {
        let sum = Self::fma(Self::low(a), Self::low(b), sum);
        Self::fma(Self::high(a), Self::high(b), sum)
    }

    /// Runs a kernel in a function of its own, compiled for this set: what is inlined into a larger
    /// one competes with it for registers.
    unsafe fn enter<K: Kernel>(kernel: K) -> K::Output;

    /// Prefetches a cache line that will be read soon; does nothing on sets that cannot.
    #[inline(always)]
    unsafe fn prefetch(_line: *const f32) {}

    /// Prefetches a cache line that will be read later, into the second-level cache at the nearest.
    #[inline(always)]
    unsafe fn prefetch_far(_line: *const f32) {}

    /// The first `n` lanes from memory, the rest 0.
    #[inline(always)]
    unsafe fn load_part(from: *const f32, n: usize) -> Self::V {
        let mut lanes = [0.0f32; 16];
        std::ptr::copy_nonoverlapping(from, lanes.as_mut_ptr(), n);
        Self::load(lanes.as_ptr())
    }

    /// The first `n` lanes to memory.
    #[inline(always)]
    unsafe fn store_part(to: *mut f32, n: usize, v: Self::V) {
        let mut lanes = [0.0f32; 16];
        Self::store(lanes.as_mut_ptr(), v);
        std::ptr::copy_nonoverlapping(lanes.as_ptr(), to, n);
    }
}

/// Work that can be compiled for any instruction set.
pub trait Kernel {
    /// What comes out.
    type Output;

    /// Does the work. Must be `#[inline(always)]`, so that it is compiled with the set's features.
    ///
    /// # Safety
    /// The processor has the instruction set `S`, and the kernel's own pointers are valid.
    unsafe fn run<S: Simd>(self) -> Self::Output;
}
