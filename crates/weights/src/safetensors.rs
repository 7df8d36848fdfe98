//! Tensors in a file, in the safetensors format: eight bytes of header length, a header in JSON,
//! the numbers.
//!
//! A file is hostile until checked, so this reader is stricter than the format's own library,
//! which takes duplicate names, empty tensors that share an offset, names like `../../x`, ranks of
//! 100,001 and a million tensors. Nothing is allocated before [`Limits`] allow it.
//!
//! Files are read by ordinary reads, never mapped into memory: a file that another program cuts
//! short while it is mapped ends the process, and one that it rewrites changes under the checks.

mod content;
mod dtype;
mod half;
mod header;
mod layout;
mod read;
mod write;

pub use content::content_digest;
pub use dtype::Dtype;
pub use half::as_bf16;
pub(crate) use layout::SCALE;
pub use layout::{Entry, Layout, Limits, Malformed};
pub use read::{File, Source};
pub use write::{TensorRef, Values, write, write_on, write_sealed};

/// The tensor that seals a file; no name of ours sorts behind it.
const SEAL: &str = "zz.sha256";
/// Its bytes: a SHA-256 of all before it.
const SEALED: usize = 32;
