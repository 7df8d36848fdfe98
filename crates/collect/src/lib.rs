//! From addresses, saved pages, archives and folders to a clean folder of labelled pictures.
//!
//! Its three central types are [`Settings`] (how politely, how patiently, within which limits), [`Guard`]
//! (which network addresses may be connected to, asked on every connection) and [`Row`] (what
//! became of each picture, and why). [`collect`] does it all: whatever a list, a server or an
//! archive holds is hostile until checked, only whole pictures get a name, and a run that is killed
//! resumes when it is called again.
//!
//! ```
//! use collect::{Settings, Status, collect};
//! use ground::{Stop, progress::Silent};
//! # let place = tempfile::tempdir()?;
//! # std::fs::create_dir_all(place.path().join("mine/fox"))?;
//! # image::RgbImage::new(40, 40).save(place.path().join("mine/fox/1.png"))?;
//! # std::fs::write(place.path().join("mine/fox/2.jpg"), "<html>")?;
//! // A folder with the folder `fox` in it, with a picture and something else.
//! let sources = [place.path().join("mine")];
//! let into = place.path().join("photos");
//! let collected = collect(&sources, &into, &Settings::default(), &Silent, &Stop::new())?;
//! assert_eq!(collected.count(Status::Kept), 1);
//! assert_eq!(collected.rows[1].reason, "a web page is not supported; look for the picture itself");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod archive;

mod address;
mod class;
mod error;
mod journal;
mod keep;
mod net;
mod pool;
mod row;
mod run;
mod settings;
mod source;

pub use error::CollectError;
pub use fetch::{Guard, Lookup};
pub use journal::rows;
pub use row::{Row, Status};
pub use run::{Collected, collect};
pub use settings::Settings;
