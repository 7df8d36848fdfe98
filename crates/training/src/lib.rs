//! Recipes: how a network is taught.
//!
//! Its three central types are [`Classic`] (the settings of fastai's recipe: a frozen stage, then
//! an unfrozen one), [`Run`] (what training makes: history, weights, held-out predictions) and
//! [`Observer`] (who hears how it goes). [`run`] does the work on any [`engine::Engine`];
//! [`OneCycle`] is the schedule, [`Movement`] says before a stage whether its rates can change
//! anything, and [`find`] looks for rates that do.
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

mod checkpoint;
mod classic;
mod error;
mod finder;
mod movement;
mod observer;
mod rates;
mod recipe;
mod run;
mod schedule;
mod smooth;

pub use checkpoint::{Checkpoints, Kept, Standing};
pub use classic::{Classic, Keep, Stage};
pub use error::{NotFinite, TrainingError};
pub use finder::{Ended, Found, Sweep, Tried, find};
pub use movement::{GroupMovement, Movement};
pub use observer::{Observer, Plan, Progress};
pub use rates::{Rates, RatesError};
pub use recipe::Recipe;
pub use run::{HeldOut, Run, run};
pub use schedule::OneCycle;
