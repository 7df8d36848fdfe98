//! A classifier over HTTP: its answers, pages to ask it on, to look a folder through and to make a
//! classifier by hand, and a gate in front of all.
//!
//! Its three central types are [`Settings`] (what for ([`Desk`]), which classifier, where, for whom, and
//! within which [`Limits`]), [`Bound`] (sockets that listen) and [`Listen`] (where). [`serve`] answers until it is
//! asked to stop.
//!
//! A request goes one way. The accept loop (`connection`) caps connections and hands heads that came in
//! time to `service`, which names the request, asks the `gate` whether it may pass, and logs what came
//! of it. `routes` has every address. `predict` takes a place in the queue before it reads a body, `body`
//! takes pictures out of that, and `work` answers them: decoded on plain threads, computed on one that
//! owns the network. All else runs on one thread, so that a thousand idle clients cost little.
//!
//! A folder's pictures are known by numbers (`album`), and nothing that a client sends is a path. `review`
//! and `project` each keep what a page shows behind one lock; what takes long is one of their `jobs`, and
//! the `hub` tells every open page what has changed. A `phone` has a listener and a gate of its own.
//!
//! ```no_run
//! use std::sync::Arc;
//! use serve::{Bound, Settings, serve};
//! let settings = Settings::new("birds.lookalike");
//! let bound = Bound::to(&settings.listen)?;
//! let ready = |ready: &serve::Ready| println!("listening on {}", ready.addresses.join(" and "));
//! serve(settings, bound, Arc::new(|line: &str| eprintln!("{line}")), &lookalike::Stop::new(), ready)?;
//! # Ok::<(), lookalike::Error>(())
//! ```

mod album;
mod app;
mod assets;
mod body;
mod connection;
mod draw;
mod engine;
mod gate;
mod hub;
mod jobs;
mod listen;
mod loaded;
mod log;
mod metrics;
mod names;
mod outcome;
mod phone;
mod predict;
mod problem;
mod project;
mod queue;
mod review;
mod routes;
mod server;
mod service;
mod settings;
mod work;

#[doc(hidden)]
pub use body::count_pictures;
#[doc(hidden)]
pub use gate::may_ask;
pub use listen::{Bound, Listen};
pub use log::LogForm;
pub use server::{Ready, serve};
pub use settings::{Desk, Limits, Settings};
