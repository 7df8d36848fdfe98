//! The JSON that every door writes, in one place; `docs/json.md` documents its fields.
//!
//! [`Predictions`] are what `predict` writes, from the floor below, which a web page reaches too; [`check`], [`collect`], [`evaluate`], [`export`] and [`show`] what those
//! commands write; [`crate::Cached`] a part of the cache. A report's JSON is [`crate::Report::json`], and lies
//! beside the page that shows the same.

mod check;
mod collect;
mod evaluate;
mod export;
mod features;
mod next;
mod show;
mod train;

pub use check::check;
pub use classifier::json::{Answer, HeatMap, Named, Nearest, Predictions, Read, Style, Unread};
pub use collect::collect;
pub use evaluate::evaluate;
pub use export::export;
pub use features::{extracted, features};
pub use next::next;
pub use show::show;
pub use train::{event, train};
