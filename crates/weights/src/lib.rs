//! Weights: tensors in safetensors files, read and written safely, and pretrained ones fetched.
//!
//! Its three central types are [`safetensors::File`] (a file whose every byte has been accounted
//! for before anything is allocated), [`Part`] (how much of a network [`load`] takes from such a
//! file) and [`Hub`] (where pretrained weights come from: a cache, else a server); [`Embedded`] ones
//! are part of the program. Everything in a file or from a server is hostile until checked;
//! [`WeightsError`] says what was wrong and what to do.
//!
//! ```
//! use network::{Architecture, Backbone, Head, Parameters};
//! use weights::{Part, load, store};
//! let graph = Architecture { backbone: Backbone::Small, head: Head::Fastai { classes: 3 } }.graph();
//! let parameters = Parameters::start(&graph, 42);
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("small.safetensors");
//! store(&path, &graph, &parameters, &Default::default())?;
//! assert_eq!(load(&path, &graph, Part::Whole)?, parameters);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod compact;
mod embedded;
mod error;
#[cfg(not(target_family = "wasm"))]
mod hub;
mod parameters;
mod pretrained;
pub mod safetensors;

pub use compact::Compact;
pub use embedded::Embedded;
pub use error::WeightsError;
#[cfg(not(target_family = "wasm"))]
pub use hub::Hub;
pub use parameters::{Part, check, hand_over, load, load_from, load_with_digest, store, tensors};
pub use pretrained::{PRETRAINED, Pretrained};
