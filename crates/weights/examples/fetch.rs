//! Fetches pretrained weights by name and says where they lie:
//! `cargo run -p weights --example fetch resnet18`.

use ground::{Stop, progress::Silent};
use weights::{Hub, WeightsError};

fn main() -> Result<(), WeightsError> {
    let name = std::env::args().nth(1).unwrap_or_else(|| "resnet18".into());
    let path = Hub::from_environment().find(&name, &Silent, &Stop::new())?;
    println!("{}", path.display());
    Ok(())
}
