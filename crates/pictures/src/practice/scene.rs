//! Backgrounds and light of the practice set.

use ground::random::Draws;

/// Red, green and blue, 0 to 255.
pub(super) type Colour = [f64; 3];

/// `share` of the way from one colour to another.
pub(super) fn mix(from: Colour, to: Colour, share: f64) -> Colour {
    std::array::from_fn(|c| from[c] + share * (to[c] - from[c]))
}

/// 0 below `low`, 1 above `high`, smooth in between.
pub(super) fn step(low: f64, high: f64, x: f64) -> f64 {
    let t = ((x - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Above and below, and what grows there.
const PLACES: [[Colour; 3]; 6] = [
    [[150.0, 190.0, 110.0], [70.0, 120.0, 50.0], [110.0, 165.0, 70.0]], // meadow
    [[185.0, 205.0, 225.0], [120.0, 150.0, 95.0], [95.0, 140.0, 70.0]], // sky over grass
    [[205.0, 190.0, 160.0], [165.0, 145.0, 115.0], [140.0, 150.0, 90.0]], // sand
    [[60.0, 90.0, 65.0], [30.0, 55.0, 35.0], [70.0, 120.0, 60.0]],      // wood
    [[175.0, 160.0, 190.0], [110.0, 115.0, 90.0], [125.0, 105.0, 150.0]], // heath
    [[160.0, 155.0, 150.0], [110.0, 105.0, 105.0], [120.0, 140.0, 95.0]], // stone
];

const PETALS: [Colour; 5] = [
    [240.0, 235.0, 240.0],
    [225.0, 120.0, 170.0],
    [245.0, 205.0, 70.0],
    [165.0, 120.0, 215.0],
    [230.0, 110.0, 60.0],
];

/// Where a butterfly sits: colours out of focus, flowers, blades of grass, some light.
pub(super) struct Scene {
    size: (f64, f64),
    place: [Colour; 3],
    blots: Vec<Blot>,
    flowers: Vec<Flower>,
    blades: Vec<Blade>,
    light: Colour,
}

/// Something out of focus.
struct Blot {
    centre: (f64, f64),
    radius: f64,
    colour: Colour,
}

struct Flower {
    centre: (f64, f64),
    radius: f64,
    petals: f64,
    turn: f64,
    colour: Colour,
}

/// A bent line from the lower edge upwards, thinner towards its tip.
struct Blade {
    foot: f64,
    lean: f64,
    height: f64,
    width: f64,
    colour: Colour,
    before: bool,
}

impl Scene {
    pub(super) fn new(width: f64, height: f64, draws: &mut Draws) -> Self {
        let unit = width.min(height);
        let place = PLACES[draws.below(PLACES.len())];
        let vary = |colour: Colour, by: f64, draws: &mut Draws| {
            let tone = draws.range(-by, by);
            colour.map(|level| (level + tone + draws.range(-by, by) / 2.0).clamp(0.0, 255.0))
        };
        let anywhere = |draws: &mut Draws| (draws.range(0.0, width), draws.range(0.0, height));
        let blots = (0..12)
            .map(|_| Blot {
                centre: anywhere(draws),
                radius: unit * draws.range(0.08, 0.3),
                colour: vary(place[draws.below(3)], 40.0, draws),
            })
            .collect();
        let petals = PETALS[draws.below(PETALS.len())];
        let flowers = (0..draws.below(5))
            .map(|_| Flower {
                centre: anywhere(draws),
                radius: unit * draws.range(0.07, 0.15),
                petals: 5.0 + draws.below(4) as f64,
                turn: draws.range(0.0, 6.3),
                colour: vary(petals, 15.0, draws),
            })
            .collect();
        let blades = (0..draws.below(9))
            .map(|index| Blade {
                foot: draws.range(-0.1, 1.1) * width,
                lean: draws.range(-0.35, 0.35) * width,
                height: draws.range(0.25, 0.95) * height,
                width: unit * draws.range(0.012, 0.03),
                colour: vary(place[2], 35.0, draws),
                before: index == 0 && draws.chance(0.35),
            })
            .collect();
        let strength = draws.range(0.72, 1.15);
        let warmth = draws.range(-0.07, 0.07);
        let light = [strength * (1.0 + warmth), strength, strength * (1.0 - warmth)];
        let place = place.map(|colour| vary(colour, 15.0, draws));
        Self { size: (width, height), place, blots, flowers, blades, light }
    }

    /// What lies behind the butterfly.
    pub(super) fn behind(&self, x: f64, y: f64) -> Colour {
        let mut colour = mix(self.place[0], self.place[1], step(0.0, self.size.1, y));
        for Blot { centre, radius, colour: blot } in &self.blots {
            let distance = ((x - centre.0).powi(2) + (y - centre.1).powi(2)).sqrt();
            if distance < *radius {
                colour = mix(colour, *blot, 0.7 * (1.0 - step(0.2 * radius, *radius, distance)));
            }
        }
        colour = self.blades(colour, x, y, false);
        self.flowers.iter().fold(colour, |colour, flower| flower.over(colour, x, y))
    }

    /// What lies before it: now and then a blade of grass.
    pub(super) fn before(&self, colour: Colour, x: f64, y: f64) -> Colour {
        self.blades(colour, x, y, true)
    }

    /// The light that falls on everything.
    pub(super) fn light(&self, colour: Colour) -> Colour {
        std::array::from_fn(|c| colour[c] * self.light[c])
    }

    fn blades(&self, colour: Colour, x: f64, y: f64, before: bool) -> Colour {
        self.blades.iter().filter(|blade| blade.before == before).fold(colour, |colour, blade| {
            let up = (self.size.1 - y) / blade.height;
            let off = (x - blade.foot - blade.lean * up * up).abs();
            let inside = up < 1.0 && off < blade.width * (1.0 - up);
            if inside { mix(colour, blade.colour, 0.9) } else { colour }
        })
    }
}

impl Flower {
    fn over(&self, colour: Colour, x: f64, y: f64) -> Colour {
        let (dx, dy) = (x - self.centre.0, y - self.centre.1);
        if dx.abs().max(dy.abs()) > self.radius {
            return colour;
        }
        let (distance, angle) = (dx.hypot(dy) / self.radius, dy.atan2(dx) + self.turn);
        let reach = 0.62 + 0.38 * (angle * self.petals).cos();
        if distance < 0.28 {
            [215.0, 165.0, 50.0]
        } else if distance < reach {
            mix(self.colour, [90.0, 60.0, 70.0], 0.25 * (1.0 - distance))
        } else {
            colour
        }
    }
}
