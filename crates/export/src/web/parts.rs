/// The compiled module, in gzip.
pub(super) const MODULE: &[u8] = include_bytes!("../../../web/module/lookalike.wasm.gz");
/// The script that reads a classifier and asks it.
pub(super) const SCRIPT: &str = include_str!("../../../web/js/lookalike.mjs");
