use network::Parameters;

/// What the network says of a held-out picture.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldOutLogits {
    /// Its index in the dataset.
    pub picture: usize,
    /// One logit a class.
    pub logits: Vec<f32>,
}

/// The network as it was after an epoch.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    pub(crate) parameters: Parameters,
    pub(crate) held_out: Vec<HeldOutLogits>,
    /// Errors on the held-out pictures, then their mean loss: what [`crate::Keep::Best`] ranks by.
    pub(crate) score: (usize, f32),
}
