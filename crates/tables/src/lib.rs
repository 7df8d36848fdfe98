//! Rows in Parquet files: read without trust, written whole.
//!
//! Its three central types are [`Parquet`] (a file whose footer was read and found within
//! [`Limits`]), [`features::Row`] (what is known of a picture, with its features) and
//! [`answers::Row`] (what a classifier says of one). The library behind it panics on some damaged
//! files and trusts lengths that a file states, so every length is checked before it is believed, and
//! a panic is an error here.
//!
//! ```
//! use ground::files::Disk;
//! use tables::features::{Row, Settings, Writer};
//! use tables::{Limits, Parquet};
//! # let place = tempfile::tempdir()?;
//! # let folder = place.path();
//! let settings = Settings { backbone: "small".into(), dim: 2, ..Settings::default() };
//! let mut writer = Writer::begin(&Disk, folder, &settings)?;
//! let row = Row { id: "wren/1.jpg".into(), features: Some(vec![0.5, -1.0]), ..Row::default() };
//! writer.add(row)?;
//! let written = writer.finish()?;
//!
//! let mut ids = vec![];
//! let file = Parquet::open(&written[0].path, Limits::default())?;
//! tables::features::read(&file, &mut |row| {
//!     ids.push(row.id);
//!     Ok(())
//! })?;
//! assert_eq!(ids, ["wren/1.jpg"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod answers;
pub mod features;
#[cfg(feature = "parquet")]
pub mod images;

#[cfg(feature = "parquet")]
mod columns;
mod error;
mod limits;
#[cfg(feature = "parquet")]
mod pages;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(feature = "parquet")]
mod sink;
#[cfg(feature = "parquet")]
mod thrift;
#[cfg(not(feature = "parquet"))]
mod without;

pub use error::TablesError;
pub use limits::Limits;
#[cfg(feature = "parquet")]
pub use parquet::Parquet;
#[cfg(not(feature = "parquet"))]
pub use without::Parquet;
