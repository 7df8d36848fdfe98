//! What every room of the house stands on, and nothing that knows about pictures or networks.
//!
//! Its central types are [`files::Files`] (the one way anything is written: whole or not at all),
//! [`random::Draws`] (randomness keyed by what it is for, so that results depend on neither order
//! nor thread count) and [`progress::Progress`] (how a room says how far it is without printing).
//! [`parallel`](mod@parallel) owns the threads that compute, [`records`] keeps on disk what is known of some
//! content, [`Stop`] carries a polite request to end, and [`Digest`] names content by its SHA-256
//! (or [`Hash::Blake3`], where a hundred megabytes are to be checked before an answer). [`quietly`] makes
//! an error of a panic in a library that reads untrusted bytes.
//!
//! ```
//! use ground::random::{Purpose, Draws};
//! let mut a = Draws::new(42, Purpose::Augment, &[3, 17]); // epoch 3, picture 17
//! let mut b = Draws::new(42, Purpose::Augment, &[3, 17]);
//! assert_eq!(a.uniform(), b.uniform()); // the same key gives the same draw, whoever asks, whenever
//! ```

pub mod files;
pub mod parallel;
pub mod progress;
pub mod random;
pub mod records;
pub mod words;

mod digest;
mod precision;
mod preprocessing;
mod quiet;
mod stop;

pub use digest::{Digest, Digester, Hash};
pub use precision::Precision;
pub use preprocessing::Preprocessing;
pub use quiet::quietly;
pub use stop::Stop;
