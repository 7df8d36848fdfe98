//! The instruction sets with kernels of their own that this processor has, one a line, best first:
//! what `.ci/run` tests the kernels on.
//!
//! ```sh
//! cargo run -p lookalike-kernels --example present
//! ```

fn main() {
    kernels::isa::Isa::present().iter().for_each(|isa| println!("{isa}"));
}
