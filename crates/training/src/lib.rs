//! Recipes: how a network is taught

mod classic;
mod movement;
mod rates;
mod schedule;

pub use classic::{Classic, Keep, Stage};
pub use movement::{GroupMovement, Movement};
pub use rates::{Rates, RatesError};
pub use schedule::OneCycle;
