//! Recipes: how a network is taught

mod movement;
mod rates;
mod schedule;

pub use movement::{GroupMovement, Movement};
pub use rates::{Rates, RatesError};
pub use schedule::OneCycle;
