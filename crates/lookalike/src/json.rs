//! The JSON that every door writes, in one place; `docs/json.md` documents its fields.
//!
//! [`Predictions`] are what `predict` writes; [`check`], [`collect`], [`evaluate`], [`export`] and [`show`] what those
//! commands write; [`crate::Cached`] a part of the cache. A report's JSON is [`crate::Report::json`], and lies
//! beside the page that shows the same.

mod answer;
mod check;
mod collect;
mod evaluate;
mod export;
mod next;
mod show;
mod train;

pub use answer::{Answer, HeatMap, Named, Nearest, Predictions, Read, Style, Unread};
pub use check::check;
pub use collect::collect;
pub use evaluate::evaluate;
pub use export::export;
pub use next::next;
pub use show::show;
pub use train::{event, train};
