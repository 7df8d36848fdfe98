//! Recipes: how a network is trained.
//!
//! Its three central types are [`Recipe`] (the settings of one), [`auto::Fitted`] (what the default
//! recipe makes of a body's [`features`]: a [`head`], and a judgement on every picture by heads
//! that never saw it) and [`Run`] (what training makes: history, weights, held-out predictions).
//! [`run`] trains any [`engine::Engine`] by [`Classic`], fastai's recipe, and tells an
//! [`Observer`]; [`OneCycle`] is the schedule, [`Movement`] says before a stage whether its rates
//! can change anything, and [`find`] looks for rates that do.
//!
//! ```
//! use training::{OneCycle, Rates};
//! let rates: Rates = "1e-6..1e-5".parse()?;
//! let cycle = OneCycle { max_rates: rates.of_groups(3), steps: 120 };
//! assert_eq!(cycle.at(30)[2].rate, 1e-5); // the head's, at the peak
//! # Ok::<(), training::RatesError>(())
//! ```

pub mod auto;
pub mod features;
pub mod head;
pub mod shortcuts;

mod checkpoint;
mod classic;
mod error;
mod finder;
mod movement;
mod observer;
mod outcome;
mod rates;
mod reasons;
mod recipe;
mod run;
mod schedule;
mod smooth;
mod snapshot;

pub use checkpoint::{Checkpoints, CheckpointsLeft, Standing};
pub use classic::{Classic, Keep, Stage};
pub use error::{NotFinite, TrainingError};
pub use finder::{Ended, Found, Sweep, Tried, find};
pub use movement::{GroupMovement, Movement};
pub use observer::{FineTuning, Observer, Plan, Progress, TuningPlan};
pub use outcome::Run;
pub use rates::{Rates, RatesError};
pub use reasons::Reasons;
pub use recipe::{Recipe, RecipeName};
pub use run::run;
pub use schedule::OneCycle;
pub use snapshot::HeldOutLogits;
