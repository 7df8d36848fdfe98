//! Lookalike as a library: a request in; a trained classifier, answers or a report out.
//!
//! Each thing that the `lookalike` program does is a function here: it takes a plain request with
//! documented defaults, a [`Progress`] that hears how far it is and a [`Stop`] that can end it
//! early, and returns what it found. Nothing here prints or reads the command line. The command
//! line, a server and bindings for other languages are doors to these same functions.
//!
//! ```
//! use lookalike::{Explain, Predictor, Silent, Stop, TrainRequest, practice, train};
//!
//! # let place = tempfile::tempdir()?;
//! # let photos = place.path().join("photos");
//! // Butterflies that look alike, drawn: a folder with one sub-folder a class.
//! let settings = practice::Settings { per_class: 12, ..practice::Settings::default() };
//! practice::draw(&photos, &settings, &Silent)?;
//!
//! // Every other setting of a request has a default.
//! let mut request = TrainRequest::new(photos.as_path());
//! request.output = Some(place.path().join("butterflies.lookalike"));
//! request.initial.network = Some("small".parse()?);
//! request.options.epochs = Some(2);
//! request.options.size = Some(32);
//! let trained = train(&request, &mut |_| {}, &Silent, &Stop::new())?;
//! println!("accuracy {}", trained.insight.accuracy);
//!
//! let mut predictor = Predictor::load(&trained.path)?;
//! let picture = std::fs::read(photos.join(&trained.classifier.record.held_out[0].picture))?;
//! let prediction = predictor.ask(picture, Explain::Nothing)?;
//! assert_eq!(prediction.answer.probabilities.len(), 3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Every function fails with the one [`Error`], whose [`kind`](Error::kind) says what to blame and
//! whose [`help`](Error::help) says what to do.
//!
//! ```
//! use lookalike::{Error, Kind};
//! let error = Error::refused(Kind::Usage, "there is no class to tell apart").advise("add pictures");
//! assert_eq!(error.kind(), Kind::Usage);
//! assert_eq!(error.help().as_deref(), Some("add pictures"));
//! ```

pub mod bench;
mod cache;
mod check;
mod collect;
mod compared;
mod embedder;
mod error;
mod evaluate;
mod export;
mod extract;
mod facts;
mod features;
pub mod json;
mod loaded;
mod look;
mod lr_find;
mod named;
mod network;
mod next;
mod order;
mod paths;
mod predict;
mod rename;
mod report;
mod rows;
mod show;
mod source;
mod squares;
pub mod text;
mod timings;
mod train;
mod writable;

pub use cache::{CachePart, Cached, cache_root, cached, clear_cache};
pub use check::{Checked, Shortcuts, check};
pub use collect::{collect, some_collected};
pub use compared::compared;
pub use embedder::Embedder;
pub use error::{Error, Kind, Refusal, advice};
pub use evaluate::{EvaluateRequest, Evaluated, UnknownClass, evaluate};
pub use export::export;
pub use extract::{Extracted, extract};
pub use facts::{about, recipe_facts};
pub use features::{FeaturesRequest, FeaturesWritten, feature_files, features};
pub use loaded::Loaded;
pub use look::{GroupRequest, LookRequest, Looked, group, look};
pub use lr_find::{LrFindRequest, RateFound, lr_find};
pub use named::NamedFolder;
pub use network::NamedNetwork;
pub use next::{Candidate, Next, NextRequest, ToLabel, choose, next, prove_table};
pub use paths::paths;
pub use predict::{
    Form, Output, ParquetFile, PredictRequest, Predicted, Sink, Sorting, Tally, predict,
};
pub use rename::rename_class;
pub use report::{Report, report};
pub use rows::{columns, row};
pub use show::{Shown, show};
pub use source::{Source, pictures_in};
pub use timings::timings_table;
pub use train::{
    Event, Initial, Planned, RecipeOptions, ReportFile, Stopped, TrainRequest, Trained, train,
};
pub use writable::{Page, prove_page, prove_writable};

pub use ::export::{ExportRequest, Exported, Input, Port, Resize, Target};
pub use classifier::{Classifier, Explain, Picture, Prediction, Predictor};
pub use ground::Stop;
pub use ground::progress::{Progress, Silent};
pub use labels::{DETECTED, How, MIN_CONFIDENCE};
pub use pictures::{Columns, practice};
