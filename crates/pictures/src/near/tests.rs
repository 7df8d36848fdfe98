use ground::Stop;

use super::{Turn, pairs, pairs_with};
use crate::{PerceptualHash, Rgb};

/// Broad waves that differ by `seed`.
fn picture(seed: u32) -> Rgb {
    let (width, height) = (160u32, 120u32);
    let wave = |at: u32| {
        f64::from(
            (seed * 64 + at)
                .wrapping_mul(2_654_435_761)
                .rotate_left(15)
                .wrapping_mul(2_246_822_519)
                >> 8,
        ) / f64::from(1 << 24)
    };
    let mut data = vec![];
    for y in 0..height {
        for x in 0..width {
            let (u, v) = (f64::from(x) / 160.0, f64::from(y) / 120.0);
            let value: f64 = (0..8)
                .map(|k| {
                    let (a, b) = (1.0 + 7.0 * wave(3 * k), 7.0 * wave(3 * k + 1) - 3.5);
                    (std::f64::consts::TAU * (a * u + b * v + wave(3 * k + 2))).cos()
                })
                .sum();
            data.extend([(128.0 + 15.0 * value) as u8; 3]);
        }
    }
    Rgb { width, height, data }
}

fn cut(from: &Rgb, left: u32, top: u32, width: u32, height: u32, mirror: bool) -> Rgb {
    let mut data = vec![];
    for y in 0..height {
        for x in 0..width {
            let x = left + if mirror { width - 1 - x } else { x };
            let at = ((top + y) * from.width + x) as usize * 3;
            data.extend_from_slice(&from.data[at..at + 3]);
        }
    }
    Rgb { width, height, data }
}

#[test]
fn crops_and_mirror_images_are_found_and_nothing_else() {
    let mut hashes: Vec<PerceptualHash> =
        (0..40).map(|seed| PerceptualHash::of(&picture(seed))).collect();
    hashes.push(PerceptualHash::of(&cut(&picture(3), 0, 0, 160, 120, true)));
    hashes.push(PerceptualHash::of(&cut(&picture(7), 10, 4, 142, 108, false)));
    let found = pairs(&hashes, &Stop::new());
    let on_three = || pairs(&hashes, &Stop::new());
    assert_eq!(ground::parallel::with_threads(3, on_three), found);
    let short: Vec<_> = found.iter().map(|p| (p.first, p.second, p.turn)).collect();
    assert_eq!(short, [(3, 40, Turn::Mirrored), (7, 41, Turn::AsIs)]);
}

#[test]
fn each_alteration_of_a_picture_is_found() {
    let whole = picture(5);
    let at = |x: u32, y: u32| (y * whole.width + x) as usize * 3;
    let light = |byte: &u8| ((f64::from(*byte) / 255.0).powf(1.4) * 200.0 + 30.0) as u8;
    let lighter = Rgb { data: whole.data.iter().map(light).collect(), ..whole.clone() };
    let mut marked = whole.clone();
    marked.data[at(0, 50)..at(0, 64)].iter_mut().for_each(|byte| *byte = *byte / 2 + 127);
    let mut framed = Rgb { width: 172, height: 132, data: vec![255; 172 * 132 * 3] };
    let mut turned = Rgb { width: 120, height: 160, data: vec![0; whole.data.len()] };
    let mut small = Rgb { width: 80, height: 60, data: vec![] };
    for y in 0..whole.height {
        for x in 0..whole.width {
            let pixel = &whole.data[at(x, y)..at(x, y) + 3];
            let place = ((y + 6) * 172 + x + 6) as usize * 3;
            framed.data[place..place + 3].copy_from_slice(pixel);
            let place = (x * 120 + 119 - y) as usize * 3;
            turned.data[place..place + 3].copy_from_slice(pixel);
            if x % 2 == 0 && y % 2 == 0 {
                small.data.extend_from_slice(pixel);
            }
        }
    }
    for (altered, turn) in [
        (lighter, Turn::AsIs),
        (marked, Turn::AsIs),
        (framed, Turn::AsIs),
        (turned, Turn::Right),
        (small, Turn::AsIs),
    ] {
        let found =
            pairs(&[PerceptualHash::of(&whole), PerceptualHash::of(&altered)], &Stop::new());
        let short: Vec<_> = found.iter().map(|p| (p.first, p.second, p.turn)).collect();
        assert_eq!(short, [(0, 1, turn)], "{} x {}", altered.width, altered.height);
    }
}

/// A crop that leaves less than the search by hashes looks for.
#[test]
fn a_closer_look_finds_what_is_suspected_rightly_and_nothing_else() {
    let mut hashes: Vec<PerceptualHash> =
        (0..40).map(|seed| PerceptualHash::of(&picture(seed))).collect();
    hashes.push(PerceptualHash::of(&cut(&picture(5), 20, 12, 124, 96, true)));
    let stop = Stop::new();
    assert_eq!(pairs(&hashes, &stop), []);
    // Rightly, and wrongly of the same picture, of others, and of one and itself.
    let suspected = [(40, 5), (5, 40), (40, 6), (3, 4), (7, 7)];
    let found = pairs_with(&hashes, &suspected, &stop);
    let short: Vec<_> = found.iter().map(|p| (p.first, p.second, p.turn)).collect();
    assert_eq!(short, [(5, 40, Turn::Mirrored)]);
}

/// A picture with more and more of another laid over it: what is suspected may differ more than what
/// is not, and yet not by much.
#[test]
fn what_is_suspected_may_differ_by_a_little_more() {
    let (below, above) = (picture(5), picture(6));
    let blend = |percent: u32| {
        let mix = |(&a, &b): (&u8, &u8)| {
            ((u32::from(a) * (100 - percent) + u32::from(b) * percent) / 100) as u8
        };
        Rgb { data: below.data.iter().zip(&above.data).map(mix).collect(), ..below.clone() }
    };
    let others = (7..40).map(|seed| PerceptualHash::of(&picture(seed)));
    let mut hashes: Vec<PerceptualHash> =
        [PerceptualHash::of(&below)].into_iter().chain(others).collect();
    let mut most = |suspected: &[(usize, usize)]| {
        let found = |percent: &u32| {
            hashes.truncate(34);
            hashes.push(PerceptualHash::of(&blend(*percent)));
            !pairs_with(&hashes, suspected, &Stop::new()).is_empty()
        };
        (0..=50).take_while(found).last()
    };
    // In percent.
    let (alone, suspected) = (most(&[]).unwrap(), most(&[(0, 34)]).unwrap());
    assert!((20..=26).contains(&alone), "{alone}");
    assert!((27..=34).contains(&suspected), "{suspected}");
}

/// A picture of its own on white, so wide in a square of 200 pixels.
fn on_white(seed: u32, wide: u32) -> Rgb {
    let whole = picture(seed);
    let mut out = Rgb { width: 200, height: 200, data: vec![255; 200 * 200 * 3] };
    let high = wide * 3 / 4;
    for y in 0..high {
        for x in 0..wide {
            let from = ((y * 120 / high) * 160 + x * 160 / wide) as usize * 3;
            let to = ((100 - high / 2 + y) * 200 + 100 - wide / 2 + x) as usize * 3;
            out.data[to..to + 3].copy_from_slice(&whole.data[from..from + 3]);
        }
    }
    out
}

#[test]
fn ground_that_two_pictures_share_makes_no_pair() {
    for wide in [50, 84, 120] {
        let mut hashes: Vec<PerceptualHash> =
            (0..40).map(|seed| PerceptualHash::of(&on_white(seed, wide))).collect();
        assert_eq!(pairs(&hashes, &Stop::new()), [], "{wide}");
        hashes.push(PerceptualHash::of(&cut(&on_white(3, wide), 0, 0, 200, 200, true)));
        hashes.push(PerceptualHash::of(&cut(&on_white(7, wide), 12, 8, 180, 180, false)));
        let found = pairs(&hashes, &Stop::new());
        let short: Vec<_> = found.iter().map(|p| (p.first, p.second)).collect();
        assert_eq!(short, [(3, 40), (7, 41)], "{wide}");
    }
}
