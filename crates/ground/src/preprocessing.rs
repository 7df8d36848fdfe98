/// How a network's training pictures became its input. A plain description, which rooms that know
/// networks and rooms that know pixels can both name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Preprocessing {
    /// Pixels a side.
    pub size: usize,
    /// The share of the shorter side that the centre crop kept when the network was evaluated.
    pub crop: f32,
    /// Subtracted from red, green and blue, on a scale of 0 to 1.
    pub mean: [f32; 3],
    /// What they were divided by afterwards, on the same scale.
    pub std: [f32; 3],
}

impl Preprocessing {
    /// The shorter side of a picture, in pixels, of which the centre `size` are [`Self::crop`].
    #[must_use]
    pub fn short_side(&self, size: usize) -> usize {
        (size as f32 / self.crop).round() as usize
    }
}
