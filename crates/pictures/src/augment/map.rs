use super::Drawn;

/// A projective map from pixels of the result to pixels of the source: 3×3, row by row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Map(pub(super) [[f64; 3]; 3]);

impl Map {
    /// All of a draw's geometry at once. fastai works on coordinates from −1 to 1 (the centres of
    /// the outermost pixels), applies zoom, turn and mirroring in this order, and then the tilt.
    pub(super) fn new(drawn: &Drawn, size: usize) -> Self {
        let map = warp(drawn.warp) * orientation(drawn.orientation);
        let map = map * rotation(drawn.degrees) * zoom(drawn.zoom, drawn.centre);
        let half = size.saturating_sub(1).max(1) as f64 / 2.0;
        let to_pixels = Self([[half, 0.0, half], [0.0, half, half], [0.0, 0.0, 1.0]]);
        let from_pixels = Self([[1.0 / half, 0.0, -1.0], [0.0, 1.0 / half, -1.0], [0.0, 0.0, 1.0]]);
        to_pixels * map * from_pixels
    }

    /// Whether it leaves every pixel where it is.
    pub(super) fn is_identity(&self) -> bool {
        let scale = self.0[2][2];
        (0..3).all(|i| {
            (0..3).all(|j| (self.0[i][j] / scale - f64::from(u8::from(i == j))).abs() < 1e-9)
        })
    }
}

impl std::ops::Mul for Map {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        let entry = |i: usize, j: usize| (0..3).map(|k| self.0[i][k] * other.0[k][j]).sum();
        Self(std::array::from_fn(|i| std::array::from_fn(|j| entry(i, j))))
    }
}

/// The `index`-th turn or mirroring of a square in fastai's order: signs of x and y, and whether
/// they are exchanged.
fn orientation(index: u8) -> Map {
    let (x, y, exchanged) = [
        (1.0, 1.0, false),
        (-1.0, 1.0, false),
        (1.0, -1.0, false),
        (-1.0, 1.0, true),
        (-1.0, -1.0, false),
        (1.0, -1.0, true),
        (1.0, 1.0, true),
        (-1.0, -1.0, true),
    ][usize::from(index % 8)];
    if exchanged {
        Map([[0.0, x, 0.0], [y, 0.0, 0.0], [0.0, 0.0, 1.0]])
    } else {
        Map([[x, 0.0, 0.0], [0.0, y, 0.0], [0.0, 0.0, 1.0]])
    }
}

fn rotation(degrees: f64) -> Map {
    let (sin, cos) = degrees.to_radians().sin_cos();
    Map([[cos, sin, 0.0], [-sin, cos, 0.0], [0.0, 0.0, 1.0]])
}

fn zoom(factor: f64, centre: [f64; 2]) -> Map {
    let scale = 1.0 / factor;
    let [x, y] = centre.map(|share| (1.0 - scale) * (2.0 * share - 1.0));
    Map([[scale, 0.0, x], [0.0, scale, y], [0.0, 0.0, 1.0]])
}

/// The tilt that takes the points (±1 (1 ∓ v), ±1 (1 ∓ u)) to the corners (±1, ±1).
///
/// fastai solves eight equations for it. The other way, from the corners, asking that the terms
/// in x·y vanish gives [[1−v², −uv, u], [−uv, 1−u², v], [u, v, 1]]; this is its inverse, of which
/// the scale is of no concern.
fn warp([u, v]: [f64; 2]) -> Map {
    let d = 1.0 - u * u - v * v;
    let (p, q) = (-u * (1.0 - u * u + v * v), -v * (1.0 - v * v + u * u));
    Map([[d, 2.0 * u * v, p], [2.0 * u * v, d, q], [p, q, d]])
}
