//! A name for what a classifier computes.

use ground::{Digest, Hash};
use weights::safetensors::content_digest;

use crate::Classifier;

/// Hexadecimal digits of an identifier: 64 bits, enough to tell one person's classifiers apart.
const DIGITS: usize = 16;

impl Classifier {
    /// The same for classifiers that answer alike: a digest of network, weights, classes,
    /// preprocessing and calibration. When and how long it was trained is no part of it, as it is of
    /// the file's own digest.
    ///
    /// # Errors
    /// Never, as all of it can be written as JSON.
    pub fn id(&self) -> serde_json::Result<String> {
        let graph = self.graph();
        let tensors = weights::tensors(&graph, &self.parameters);
        let digests = tensors.iter().map(|t| (t.name, t.dtype(), t.digest(Hash::Blake3)));
        let weights = content_digest(Hash::Blake3, digests).to_string();
        let Self { architecture, classes, preprocess, views, calibration, .. } = self;
        let all = (architecture, classes, preprocess, views, calibration, weights);
        let whole = Digest::by(Hash::Blake3, &serde_json::to_vec(&all)?).to_string();
        Ok(whole.chars().take(DIGITS).collect())
    }
}
