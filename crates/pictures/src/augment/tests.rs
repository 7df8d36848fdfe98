use std::path::Path;

use super::{Augment, Drawn};
use crate::Preprocess;

const SIZE: usize = 32;

/// Leaves levels as shares of 255.
fn plain(size: usize) -> Preprocess {
    Preprocess { short_side: size, size, mean: [0.0; 3], std: [1.0; 3] }
}

fn golden(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/augment_golden");
    std::fs::read(folder.join(name)).unwrap()
}

fn cases() -> Vec<Drawn> {
    let text = String::from_utf8(golden("cases.txt")).unwrap();
    let case = |line: &str| {
        let n: Vec<f64> = line.split(' ').map(|number| number.parse().unwrap()).collect();
        Drawn {
            orientation: n[0] as u8,
            warp: [n[1], n[2]],
            degrees: n[3],
            zoom: n[4],
            centre: [n[5], n[6]],
            brightness: n[7],
            contrast: n[8],
            ..Drawn::default()
        }
    };
    text.lines().map(case).collect()
}

#[test]
fn pictures_are_altered_as_fastai_does() {
    let picture = golden("picture.bin");
    let expected: Vec<f32> = golden("expected.bin")
        .as_chunks::<4>()
        .0
        .iter()
        .map(|&bytes| f32::from_le_bytes(bytes))
        .collect();
    let cases = cases();
    assert_eq!(expected.len(), cases.len() * picture.len());
    let mut out = vec![0.0; picture.len()];
    for (case, expected) in cases.iter().zip(expected.chunks_exact(picture.len())) {
        case.apply(&picture, SIZE, &plain(SIZE), &mut out);
        let off = out.iter().zip(expected).map(|(a, b)| (a - b).abs() * 255.0);
        let (worst, sum) = off.fold((0f32, 0f32), |(worst, sum), x| (worst.max(x), sum + x));
        let mean = sum / expected.len() as f32;
        assert!(mean <= 0.01 && worst <= 0.25, "{case:?}: mean {mean}, worst {worst} levels");
    }
}

#[test]
fn nothing_drawn_is_normalising_to_the_bit() {
    let picture = golden("picture.bin");
    let preprocess = Preprocess::square(network::Backbone::ResNet50.preprocessing(), SIZE);
    let (mut a, mut b) = (vec![0.0; picture.len()], vec![1.0; picture.len()]);
    preprocess.normalise(&picture, &mut a);
    Drawn::default().apply(&picture, SIZE, &preprocess, &mut b);
    assert_eq!(a, b);
    // What never happens is not drawn either.
    let never = Augment { flip: false, p_affine: 0.0, p_lighting: 0.0, ..Augment::default() };
    for picture in 0..50 {
        let drawn = never.draw(1, 2, picture);
        assert_eq!(Drawn { centre: [0.5; 2], along: 0.5, ..drawn }, Drawn::default());
    }
}

#[test]
fn distributions_are_those_of_fastai() {
    let n = 40_000;
    let drawn: Vec<Drawn> = (0..n).map(|i| Augment::default().draw(3, i / 200, i % 200)).collect();
    // Share that is not neutral; mean and variance of a uniform draw among those.
    let check = |what: &str, value: &dyn Fn(&Drawn) -> f64, neutral: f64, p: f64, low, high| {
        let moved: Vec<f64> = drawn.iter().map(value).filter(|&x| x != neutral).collect();
        let (count, all) = (moved.len() as f64, drawn.len() as f64);
        assert!((count / all - p).abs() < 0.01, "{what}: {}", count / all);
        assert!(moved.iter().all(|x| (low..=high).contains(x)), "{what}");
        let mean = moved.iter().sum::<f64>() / count;
        let deviation = (moved.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt();
        let width: f64 = high - low;
        assert!((mean - (low + high) / 2.0).abs() < 0.01 * width, "{what}: {mean}");
        assert!((deviation - width / 12f64.sqrt()).abs() < 0.01 * width, "{what}: {deviation}");
    };
    check("warp x", &|d| d.warp[0], 0.0, 0.75, -0.2, 0.2);
    check("warp y", &|d| d.warp[1], 0.0, 0.75, -0.2, 0.2);
    check("degrees", &|d| d.degrees, 0.0, 0.75, -10.0, 10.0);
    check("zoom", &|d| d.zoom, 1.0, 0.75, 1.0, 1.1);
    check("centre x", &|d| d.centre[0], -1.0, 1.0, 0.0, 1.0);
    check("centre y", &|d| d.centre[1], -1.0, 1.0, 0.0, 1.0);
    check("along", &|d| d.along, -1.0, 1.0, 0.0, 1.0);
    check("brightness", &|d| d.brightness, 0.5, 0.75, 0.4, 0.6);
    check("contrast", &|d| d.contrast.ln(), 0.0, 0.75, 0.8f64.ln(), -0.8f64.ln());
    let flips = drawn.iter().filter(|d| d.orientation == 1).count() as f64 / n as f64;
    assert!((flips - 0.5).abs() < 0.01, "{flips}");
    // The two tilts come about independently.
    let both = drawn.iter().filter(|d| d.warp[0] != 0.0 && d.warp[1] != 0.0).count() as f64;
    assert!((both / n as f64 - 0.5625).abs() < 0.01, "{both}");
}

#[test]
fn turns_and_mirrorings_are_eight() {
    let square = Augment { flip_vertical: true, ..Augment::default() };
    let mut counts = [0u32; 8];
    for i in 0..16_000 {
        counts[usize::from(square.draw(5, 0, i).orientation)] += 1;
    }
    // Half of the time none is drawn, and an eighth of the other half is none as well.
    assert!((8_700..9_300).contains(&counts[0]), "{counts:?}");
    assert!(counts[1..].iter().all(|count| (850..1150).contains(count)), "{counts:?}");
}

#[test]
fn strange_settings_stay_within_the_picture() {
    let picture: Vec<u8> = (0..3 * 2 * 2).map(|i| i * 20).collect();
    let mut out = vec![f32::NAN; 12];
    for warp in [[1.0, 1.0], [5.0, -3.0], [0.8, 0.6], [f64::NAN, 0.0]] {
        let drawn = Drawn { warp, degrees: 77.0, zoom: 0.01, contrast: 9.0, ..Drawn::default() };
        drawn.apply(&picture, 2, &plain(2), &mut out);
        assert!(out.iter().all(|x| (0.0..=1.0).contains(x)), "{warp:?}: {out:?}");
    }
    let mut one = [0.0; 3];
    cases()[9].apply(&[255, 0, 255], 1, &plain(1), &mut one);
    assert!(one[0] > 0.99 && one[1] < 0.01);
}
