//! How strengths are coloured, on every picture of heat alike.

/// How much of a picture the strongest place hides.
const HIDES: f32 = 0.7;

/// From weak to strong: the perceptually even colour map "inferno" (S. van der Walt, N. Smith, CC0)
/// at quarters, straight lines between.
const COLOURS: [[f32; 3]; 5] = [
    [0.0, 0.0, 4.0],
    [87.0, 16.0, 110.0],
    [188.0, 55.0, 84.0],
    [249.0, 142.0, 9.0],
    [252.0, 255.0, 164.0],
];

/// The colour of a strength of 0 to 1 (red, green, blue, 0 to 255 each), and how much of what lies
/// below it hides, 0 to 1: nothing at 0.
#[must_use]
pub fn heat_colour(strength: f32) -> ([f32; 3], f32) {
    let at = strength.clamp(0.0, 1.0) * (COLOURS.len() - 1) as f32;
    let first = (at as usize).min(COLOURS.len() - 2);
    let (from, to, share) = (COLOURS[first], COLOURS[first + 1], at - first as f32);
    let colour = [0, 1, 2].map(|channel| from[channel] + (to[channel] - from[channel]) * share);
    (colour, HIDES * strength.clamp(0.0, 1.0))
}
