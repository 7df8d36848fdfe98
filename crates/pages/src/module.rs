//! A page that answers by itself: the engine as a WebAssembly module, which `crates/web/build` compiles,
//! and the scripts around it.

/// The compiled module, packed by gzip.
pub const PACKED: &[u8] = include_bytes!("../module/lookalike.wasm.gz");
/// The SHA-256 of the module, not packed, in hexadecimal digits, and a line's end.
pub const SHA256: &str = include_str!("../module/sha256");
/// The script that reads a classifier and asks it.
pub const SCRIPT: &str = include_str!("../module/lookalike.mjs");
/// The types of [`SCRIPT`], for TypeScript.
pub const TYPES: &str = include_str!("../module/lookalike.d.ts");
/// An example page, for those who put a classifier into their own.
pub const EXAMPLE: &str = include_str!("../module/example.html");
/// What a page's worker runs behind [`SCRIPT`].
pub const WORKER: &str = include_str!("../module/worker.mjs");
/// In place of the script `transport.mjs` of [`SCRIPTS`](crate::SCRIPTS): asks the page's worker, and
/// not a server.
pub const TRANSPORT: &str = include_str!("../module/transport.mjs");
