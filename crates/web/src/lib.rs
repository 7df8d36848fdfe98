//! A classifier in a web page: the engine, the decoders and the answers of `predict`, compiled to one
//! WebAssembly module.
//!
//! Its central types are [`Model`] (a classifier from the bytes of its file, which answers on the
//! bytes of pictures with the JSON of `predict --json`) and [`Ask`] (how an answer is put). `exports`
//! is what a page calls, `build` beside it compiles the module, and `module` has it compiled, since
//! the tools for that are not part of Rust everywhere.
//!
//! ```
//! let refused = web::Model::load("birds.lookalike", b"no classifier").err();
//! assert!(refused.is_some_and(|why| why.to_string().contains("is not a Lookalike classifier")));
//! ```

#[cfg(target_family = "wasm")]
mod exports;
mod model;

pub use model::{Ask, Model};
