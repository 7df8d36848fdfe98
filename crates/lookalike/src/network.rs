use std::str::FromStr;

use network::Backbone;
use weights::{PRETRAINED, Pretrained};

/// A network by name, with the published weights that the name stands for, if any do.
#[derive(Clone, Copy, Debug)]
pub struct NamedNetwork {
    /// The network.
    pub backbone: Backbone,
    /// Its published weights.
    pub pretrained: Option<&'static Pretrained>,
}

impl FromStr for NamedNetwork {
    type Err = String;

    /// Such as `resnet50`, `resnet50.tv2` or `small`.
    fn from_str(name: &str) -> Result<Self, String> {
        let pretrained = Pretrained::named(name).ok();
        match (name.parse::<Backbone>(), pretrained) {
            (Ok(backbone), pretrained) => Ok(Self { backbone, pretrained }),
            (Err(_), Some(row)) => Ok(Self { backbone: row.backbone, pretrained }),
            (Err(_), None) => {
                Err("there are small, ".to_owned() + &PRETRAINED.map(|row| row.name).join(", "))
            }
        }
    }
}
