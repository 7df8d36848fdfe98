//! The report on a classifier as a self-contained HTML page and as JSON, and pages of a [`check`]
//! and of contact sheets.
//!
//! Its three central types are [`insight::RunRecord`] (what a saved classifier carries), [`About`]
//! (title, file and program) and the page that [`html`] draws from both: no script, no
//! network, thumbnails inside, readable on a phone, light and dark. [`json`] says the same to
//! programs, and [`contact_sheet`] shows the pictures of a folder. Names of classes and files are
//! text from outside: they are escaped, shown without hidden or direction-changing characters, and
//! cut if they are absurdly long.
//!
//! ```
//! use insight::{HeldOut, Insight, RunRecord};
//! use report::About;
//! let record = RunRecord {
//!     classes: vec!["<b>ant</b>".into(), "bee".into()],
//!     held_out: vec![HeldOut {
//!         picture: "ant/1.jpg".into(),
//!         actual: 0,
//!         logits: vec![1.5, 0.0],
//!         ..HeldOut::default()
//!     }],
//!     ..RunRecord::default()
//! };
//! let insight = Insight::of(&record);
//! let page = report::html(&record, &insight, &[], &About { title: "Ants and bees".into(), ..About::default() });
//! assert!(page.contains("1 of 1 held-out picture is classified correctly"));
//! assert!(!page.contains("<b>ant</b>"));
//! ```

pub mod answers;
pub mod check;
mod heat;
mod json;
mod names;
mod next;
mod page;
mod plot;
mod sheet;
mod svg;
mod thumbnail;

pub use json::json;
pub use page::{EXPLAINED, Figure, figures};
pub use sheet::{Sheet, SheetClass, SheetOf, Tile, contact_sheet};

use insight::{Insight, RunRecord};

/// Title, file and program of a report.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// Its title, such as the name of the data folder.
    pub title: String,
    /// The classifier's file name.
    pub file: String,
    /// The program that made it, with its version.
    pub program: String,
}

/// The report as one HTML file, from a record and the insight drawn from it; `thumbnails` are small
/// JPEGs or PNGs that the record refers to.
///
/// A record from a file should have gone through [`RunRecord::check`]; what does not fit is left
/// out, never a reason to panic.
#[must_use]
pub fn html(
    record: &RunRecord,
    insight: &Insight,
    thumbnails: &[Vec<u8>],
    about: &About,
) -> String {
    page::Page::of(record, insight, &page::names(insight), thumbnails, about).to_html()
}
