//! A classifier over HTTP: its answers, a page to ask it on, and a gate in front of both.
//!
//! Its three central types are [`Settings`] (which classifier, where, for whom, and within which
//! [`Limits`]), [`Bound`] (sockets that listen) and [`Listen`] (where). [`serve`] answers until it is
//! asked to stop.
//!
//! A request goes one way. The accept loop (`connection`) caps connections and hands heads that came in
//! time to `service`, which names the request, asks the `gate` whether it may pass, and logs what came
//! of it. `routes` has every address. `predict` takes a place in the queue before it reads a body, `body`
//! takes pictures out of that, and `work` answers them: decoded on plain threads, computed on one that
//! owns the network. All else runs on one thread, so that a thousand idle clients cost little.
//!
//! ```no_run
//! use std::sync::Arc;
//! use serve::{Bound, Settings, serve};
//! let settings = Settings::new("birds.lookalike");
//! let bound = Bound::to(&settings.listen)?;
//! let ready = |addresses: &[String]| println!("listening on {}", addresses.join(" and "));
//! serve(settings, bound, Arc::new(|line: &str| eprintln!("{line}")), &lookalike::Stop::new(), ready)?;
//! # Ok::<(), lookalike::Error>(())
//! ```

mod app;
mod assets;
mod body;
mod connection;
mod gate;
mod listen;
mod loaded;
mod log;
mod metrics;
mod outcome;
mod predict;
mod problem;
mod queue;
mod routes;
mod server;
mod service;
mod settings;
mod work;

#[doc(hidden)]
pub use body::count_pictures;
pub use listen::{Bound, Listen};
pub use log::LogForm;
pub use server::serve;
pub use settings::{Limits, Settings};
