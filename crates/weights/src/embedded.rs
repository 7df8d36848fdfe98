//! Pretrained weights that are part of the program, read and checked like any other file.

use std::path::Path;

use bundled::Bundled;
use ground::Digest;
use network::{Backbone, Graph, Parameters};

use crate::safetensors::{File, Limits};
use crate::{Part, WeightsError, load_from};

/// Pretrained weights that are part of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Embedded {
    /// The backbone they are for.
    pub backbone: Backbone,
    file: &'static Bundled,
}

impl Embedded {
    /// Those of a backbone, if they are part of the program.
    ///
    /// ```
    /// use network::Backbone;
    /// use weights::Embedded;
    /// assert!(Embedded::of(Backbone::EfficientNetLite0).is_some());
    /// assert!(Embedded::of(Backbone::ResNet50).is_none());
    /// ```
    #[must_use]
    pub fn of(backbone: Backbone) -> Option<Self> {
        bundled::named(backbone.name()).map(|file| Self { backbone, file })
    }

    /// What they are called in a classifier that started from them.
    #[must_use]
    pub fn name(self) -> String {
        format!("{} (embedded)", self.backbone)
    }

    /// The SHA-256 of their file.
    ///
    /// # Errors
    /// When the program is damaged.
    pub fn digest(self) -> Result<Digest, WeightsError> {
        let found = Digest::of(self.file.bytes);
        match self.file.sha256.parse::<Digest>() {
            Ok(expected) if expected == found => Ok(found),
            _ => Err(WeightsError::Damaged { name: self.file.name }),
        }
    }

    /// The body of a network of this backbone; its head starts as [`Parameters::start`] draws it.
    ///
    /// # Errors
    /// When the program is damaged, or the graph is another backbone's.
    pub fn load(self, graph: &Graph, seed: u64) -> Result<Parameters, WeightsError> {
        self.digest()?;
        let path = Path::new(self.file.name);
        let file = File::of_bytes(path, self.file.bytes, &Limits::WEIGHTS)?;
        load_from(&file, graph, Part::Body { seed }, |_| false)
    }
}
