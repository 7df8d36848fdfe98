use resample::resample_square;

use super::CropMargin;
use crate::{Preprocess, Rgb};

/// Red grows along the width, green along the height, blue is a pattern of both.
fn picture(width: u32, height: u32) -> Rgb {
    let pixel = |x: u32, y: u32| {
        let share = |at: u32, of: u32| (255 * at / of) as u8;
        [share(x, width), share(y, height), (x * 7 + y * 13) as u8]
    };
    let rows = (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(x, y)));
    Rgb { width, height, data: rows.collect() }
}

fn squares(picture: &Rgb, size: usize) -> Vec<Vec<u8>> {
    let preprocess = Preprocess::square(network::Backbone::ResNet50.preprocessing(), size);
    let margin = CropMargin::of(&preprocess, picture.width, picture.height);
    let crop = margin.long_crop(&preprocess, picture);
    assert_eq!(crop.len(), margin.bytes());
    let cut = |place| {
        let mut square = vec![0; size * size * 3];
        margin.cut(&crop, place, &mut square);
        square
    };
    let mut middle = vec![0; size * size * 3];
    margin.middle(&crop, &mut middle);
    assert_eq!(middle, preprocess.pixels(picture), "{} × {}", picture.width, picture.height);
    (0..margin.places()).map(cut).collect()
}

/// Mean distance of two squares in levels, of red and green alone: the pattern changes faster than
/// the places of a small crop do.
fn distance(a: &[u8], b: &[u8]) -> f64 {
    let of = |(at, (a, b)): (usize, (&u8, &u8))| (at % 3 != 2).then(|| f64::from(a.abs_diff(*b)));
    let levels: Vec<f64> = a.iter().zip(b).enumerate().filter_map(of).collect();
    levels.iter().sum::<f64>() / levels.len() as f64
}

#[test]
fn every_place_shows_what_is_there() {
    for (width, height, size) in [(90, 60, 30), (60, 91, 30), (40, 30, 64), (31, 45, 20)] {
        let picture = picture(width, height);
        let squares = squares(&picture, size);
        let before = CropMargin::of(
            &Preprocess::square(network::Backbone::ResNet50.preprocessing(), size),
            width,
            height,
        )
        .before;
        let (short, long) = (width.min(height), width.max(height));
        let expected = ((long - short) as usize * size / short as usize) + 1;
        assert!(squares.len().abs_diff(expected) <= 1, "{} places", squares.len());
        for (place, square) in squares.iter().enumerate() {
            // The nearest whole pixel of the picture, where fastai cuts.
            let scale = f64::from(short) / size as f64;
            let at = f64::from((long - short) / 2) + (place as f64 - before as f64) * scale;
            let at = (at.round() as u32).min(long - short);
            let corner = if width > height { (at, 0) } else { (0, at) };
            let direct = resample_square(&picture, corner, short, size);
            let levels = distance(square, &direct);
            assert!(levels < 2.0, "{width} × {height}, place {place}: {levels}");
        }
        let far = distance(&squares[0], squares.last().unwrap());
        assert!(far > 20.0, "the ends are {far} apart");
    }
}

#[test]
fn a_square_has_one_place_and_a_panorama_not_too_many() {
    assert_eq!(squares(&picture(50, 50), 20).len(), 1);
    assert_eq!(squares(&picture(50, 51), 200).len(), 5);
    let size = 20;
    for (width, height) in [(400, 20), (20, 400), (1, 90)] {
        let squares = squares(&picture(width, height), size);
        assert_eq!(squares.len(), size * (CropMargin::LONGEST - 1) + 1);
    }
}

/// Where sizes do not divide, rounding must not carry the crop's ends out of the picture.
#[test]
fn strips_of_all_proportions_lie_within_the_picture() {
    let all = (1..40).flat_map(|long| (1..=long).map(move |short| (long, short)));
    // With the last two, an end lies 1e-14 pixels outside before it is put right.
    for (long, short) in all.chain([(74, 55), (84, 55)]) {
        for size in [1, 7, 33] {
            squares(&picture(long, short), size);
            squares(&picture(short, long), size);
        }
    }
}

#[test]
fn a_square_smaller_than_the_shorter_side_stands_alone() {
    let preprocess = Preprocess {
        short_side: 32,
        ..Preprocess::square(network::Backbone::ResNet50.preprocessing(), 28)
    };
    assert_eq!(CropMargin::of(&preprocess, 90, 60), CropMargin::none(28));
}
