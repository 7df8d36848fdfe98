use std::sync::LazyLock;

/// How many knots of the curve lie in a level (of 255).
const FINE: usize = 4;
const KNOTS: usize = 255 * FINE + 1;

/// Logits of the knots, with fastai's clamp, which keeps black and white finite.
static LOGITS: LazyLock<Vec<f32>> = LazyLock::new(|| {
    let level = |knot: usize| knot as f64 / (KNOTS - 1) as f64;
    (0..KNOTS).map(|knot| logit(level(knot).clamp(1e-7, 1.0 - 1e-7)) as f32).collect()
});

fn logit(x: f64) -> f64 {
    -(1.0 / x - 1.0).ln()
}

/// Brightness and contrast as a table over levels, with straight lines between its knots.
///
/// It is steepest at black, where a contrast below 1 makes it x^contrast; even there the lines
/// miss it by no more than an eighth of a level.
pub(super) struct Curve(Vec<f32>);

impl Curve {
    /// sigmoid((logit(x) + logit(brightness)) · contrast)
    pub(super) fn new(brightness: f64, contrast: f64) -> Self {
        let (shift, scale) = (logit(brightness) as f32, contrast as f32);
        let light = |x: &f32| 255.0 / (1.0 + (-(x + shift) * scale).exp());
        Self(LOGITS.iter().map(light).collect())
    }

    /// The level (0 to 255) that `level` becomes.
    #[inline(always)]
    pub(super) fn at(&self, level: f32) -> f32 {
        let place = level * FINE as f32;
        let knot = (place as usize).min(KNOTS - 2);
        let share = place - knot as f32;
        let (low, high) = (self.0[knot], self.0[knot + 1]);
        low + share * (high - low)
    }
}
