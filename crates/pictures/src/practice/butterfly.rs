//! Drawn butterflies of three look-alike species.

use ground::random::Draws;

use super::scene::{Colour, mix, step};

/// Which butterfly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Monarch,
    Queen,
    Viceroy,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Monarch, Self::Queen, Self::Viceroy];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Monarch => "monarch",
            Self::Queen => "queen",
            Self::Viceroy => "viceroy",
        }
    }
}

/// A wing as seen from its root: how far it reaches (half a span is about 1) at which angle (in
/// degrees, 0 outwards, 90 to the head).
struct Wing {
    outline: &'static [(f64, f64)],
    veins: &'static [f64],
    /// Where on the body it begins, towards the head.
    root: f64,
    /// How much of the sweep it takes part in.
    swept: f64,
}

const FORE: Wing = Wing {
    outline: &[
        (-16.0, 0.06),
        (-8.0, 0.56),
        (6.0, 0.70),
        (20.0, 0.82),
        (32.0, 0.99),
        (40.0, 1.08),
        (46.0, 1.04),
        (54.0, 0.82),
        (66.0, 0.44),
        (84.0, 0.08),
    ],
    veins: &[-2.0, 10.0, 22.0, 34.0, 44.0],
    root: 0.1,
    swept: 1.0,
};

const HIND: Wing = Wing {
    outline: &[
        (-100.0, 0.08),
        (-88.0, 0.46),
        (-74.0, 0.66),
        (-58.0, 0.76),
        (-42.0, 0.78),
        (-26.0, 0.75),
        (-10.0, 0.70),
        (4.0, 0.60),
        (16.0, 0.30),
    ],
    veins: &[-80.0, -66.0, -52.0, -38.0, -24.0, -10.0],
    root: 0.02,
    swept: 0.5,
};

impl Wing {
    /// How far it reaches at this angle; 0 where there is none.
    fn reach(&self, angle: f64) -> f64 {
        let found = self.outline.windows(2).find(|pair| (pair[0].0..pair[1].0).contains(&angle));
        found.map_or(0.0, |pair| {
            let [from, to] = [pair[0], pair[1]];
            let share = (angle - from.0) / (to.0 - from.0);
            from.1 + (to.1 - from.1) * step(0.0, 1.0, share).mul_add(0.4, 0.6 * share)
        })
    }

    /// The distance to the nearest vein, of a point `far` from the root.
    fn off_vein(&self, far: f64, angle: f64) -> f64 {
        let off = self.veins.iter().map(|vein| (angle - vein).abs());
        far * off.fold(90.0, f64::min).to_radians()
    }
}

/// One butterfly: its kind, and how this one looks and sits.
pub(super) struct Butterfly {
    kind: Kind,
    centre: (f64, f64),
    /// Pixels to half a span.
    scale: f64,
    /// Of the turn.
    sin_cos: (f64, f64),
    /// How wide the left and the right wings are open.
    open: [f64; 2],
    /// By how many degrees the fore wings are drawn forwards.
    sweep: f64,
    /// Where its shadow falls.
    shadow: (f64, f64),
    ground: Colour,
    dark: Colour,
    pale: Colour,
    /// How much of the dark veins is to be seen.
    veins: f64,
    /// Half the width of veins, and of the viceroy's line.
    line: f64,
    /// Where on the wing that line runs.
    across: f64,
    border: f64,
    dots: f64,
    /// Where the queen's spots lie, as angle, distance and size.
    spots: Vec<(f64, f64, f64)>,
    seed: f64,
}

impl Butterfly {
    pub(super) fn new(kind: Kind, width: f64, height: f64, draws: &mut Draws) -> Self {
        let unit = width.min(height);
        // From orange to brown; the queen is the browner one, on the whole.
        let brown = match kind {
            Kind::Monarch => draws.range(0.0, 0.75),
            Kind::Viceroy => draws.range(0.05, 0.8),
            Kind::Queen => draws.range(0.2, 1.0),
        };
        let ground = mix([240.0, 140.0, 30.0], [165.0, 78.0, 30.0], brown);
        let veins = match kind {
            Kind::Queen => draws.range(0.0, 0.3),
            Kind::Monarch | Kind::Viceroy => draws.range(0.65, 1.0),
        };
        let scale = unit * draws.range(0.38, 0.52);
        let stray = 0.13 * unit;
        Self {
            kind,
            centre: (
                width / 2.0 + draws.range(-stray, stray),
                height / 2.0 + draws.range(-stray, stray),
            ),
            scale,
            sin_cos: draws.range(-35.0, 35.0).to_radians().sin_cos(),
            open: [draws.range(0.74, 1.0), draws.range(0.74, 1.0)],
            sweep: draws.range(-7.0, 7.0),
            shadow: (draws.range(-0.12, 0.12), draws.range(0.05, 0.16)),
            ground: ground.map(|level| level + draws.range(-12.0, 12.0)),
            dark: [30.0, 22.0, 20.0].map(|level| level + draws.range(0.0, 18.0)),
            pale: [245.0, 240.0, 228.0].map(|level| level - draws.range(0.0, 18.0)),
            veins,
            line: draws.range(0.011, 0.019),
            across: draws.range(0.52, 0.62),
            border: draws.range(0.80, 0.85),
            dots: draws.range(0.8, 1.25),
            spots: (0..6)
                .map(|_| {
                    (draws.range(2.0, 42.0), draws.range(0.45, 0.78), draws.range(0.02, 0.034))
                })
                .collect(),
            seed: draws.range(0.0, 100.0),
        }
    }

    /// A point of the picture in the butterfly's own measure: outwards, to the head; and the side.
    fn place(&self, x: f64, y: f64) -> (f64, f64, usize) {
        let (dx, dy) = ((x - self.centre.0) / self.scale, (y - self.centre.1) / self.scale);
        let (sin, cos) = self.sin_cos;
        let (across, up) = (dx * cos + dy * sin, dx * sin - dy * cos);
        (across.abs(), up, usize::from(across > 0.0))
    }

    /// The same from the root of a wing: distance, angle in degrees, and how far the wing reaches.
    fn on_wing(&self, wing: &Wing, (out, up, side): (f64, f64, usize)) -> (f64, f64, f64) {
        let (out, up) = (out / self.open[side] - 0.03, up - wing.root);
        let angle = up.atan2(out).to_degrees() - self.sweep * wing.swept;
        (out.hypot(up), angle, wing.reach(angle))
    }

    /// Whether the butterfly's shadow falls there: 0 to 1.
    pub(super) fn shadow(&self, x: f64, y: f64) -> f64 {
        let (dx, dy) = (self.shadow.0 * self.scale, self.shadow.1 * self.scale);
        let point = self.place(x - dx, y - dy);
        let within = |wing| {
            let (far, _, reach) = self.on_wing(wing, point);
            1.0 - step(0.85 * reach, 1.08 * reach + 1e-6, far)
        };
        within(&FORE).max(within(&HIND))
    }

    /// Its colour there, over what lies behind.
    pub(super) fn over(&self, behind: Colour, x: f64, y: f64) -> Colour {
        let point = self.place(x, y);
        let (out, up, _) = point;
        if let Some(colour) = self.body(out, up) {
            return colour;
        }
        for (wing, fore) in [(&FORE, true), (&HIND, false)] {
            let (far, angle, reach) = self.on_wing(wing, point);
            // Edges are not cut with scissors.
            let reach = reach * (1.0 + 0.012 * (angle * 0.5 + self.seed).sin());
            if far < reach {
                let colour = if fore {
                    self.fore_wing(far, angle, far / reach)
                } else {
                    self.hind_wing(far, angle, far / reach)
                };
                // Wings are lighter where they bulge, and one side is turned from the light.
                let shade = 0.86 + 0.2 * (far * 3.0 + angle * 0.02).sin().abs();
                return colour.map(|level| level * shade);
            }
        }
        behind
    }

    fn body(&self, out: f64, up: f64) -> Option<Colour> {
        let within = |y: f64, wide: f64, long: f64| (out / wide).hypot((up - y) / long) < 1.0;
        if within(0.31, 0.05, 0.06) || within(0.14, 0.065, 0.15) || within(-0.17, 0.045, 0.26) {
            let dotted = up > 0.05 && (out * 60.0).sin() * (up * 55.0).sin() > 0.75;
            return Some(if dotted { self.pale } else { mix(self.dark, [90.0, 70.0, 60.0], 0.25) });
        }
        // Feelers, with a knob at the end.
        let bend = 0.02 + 0.55 * (up - 0.34) + 0.5 * (up - 0.34).powi(2);
        let feeler = (0.34..0.62).contains(&up) && (out - bend).abs() < 0.012;
        let knob = (out - 0.21).hypot(up - 0.62) < 0.026;
        (feeler || knob).then_some(self.dark)
    }

    fn fore_wing(&self, far: f64, angle: f64, share: f64) -> Colour {
        let mut colour = mix(self.ground, self.dark, 0.25 * step(0.5, 1.0, share));
        colour = self.veined(&FORE, colour, far, angle);
        let tip = match self.kind {
            Kind::Queen => 0.9,
            Kind::Monarch | Kind::Viceroy => 0.64,
        };
        // The dark tip, the dark border and the dark leading edge.
        let dark = (share > tip && angle > 27.0) || share > self.border || angle > 49.0;
        if dark {
            colour = self.dark;
        }
        let spot = |at: f64, distance: f64, size: f64| {
            let off = (far * (angle - at).to_radians()).hypot(far - distance);
            off < size * self.dots
        };
        let spotted = match self.kind {
            Kind::Queen => self.spots.iter().any(|&(at, far, size)| spot(at, far, size)),
            Kind::Monarch | Kind::Viceroy => {
                spot(31.0, 0.74, 0.034) || spot(38.0, 0.79, 0.04) || spot(45.0, 0.74, 0.034)
            }
        };
        if spotted || self.dotted(angle, share, 8.0) { self.pale } else { colour }
    }

    fn hind_wing(&self, far: f64, angle: f64, share: f64) -> Colour {
        let mut colour = mix(self.ground, [255.0, 190.0, 90.0], 0.15 * (1.0 - share));
        colour = self.veined(&HIND, colour, far, angle);
        // What tells the viceroy: a line across the veins.
        let bow = self.across + 0.05 * (angle * 0.06).cos();
        if self.kind == Kind::Viceroy && (share - bow).abs() < 1.7 * self.line / 0.75 {
            colour = self.dark;
        }
        if share > self.border {
            colour = self.dark;
        }
        if self.dotted(angle, share, 9.0) { self.pale } else { colour }
    }

    fn veined(&self, wing: &Wing, colour: Colour, far: f64, angle: f64) -> Colour {
        let vein = 1.0 - step(0.6 * self.line, 1.2 * self.line, wing.off_vein(far, angle));
        mix(colour, self.dark, vein * self.veins)
    }

    /// White dots in the border: two rows, of the viceroy one.
    fn dotted(&self, angle: f64, share: f64, apart: f64) -> bool {
        let row = |middle: f64, shift: f64| {
            let along = ((angle / apart + shift).rem_euclid(1.0) - 0.5) * apart.to_radians() * 0.8;
            along.hypot(share - middle) < 0.019 * self.dots
        };
        match self.kind {
            Kind::Viceroy => row(0.925, 0.0),
            Kind::Monarch | Kind::Queen => row(0.955, 0.0) || row(0.893, 0.5),
        }
    }
}
