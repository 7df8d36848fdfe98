//! Resizing against Pillow; `tests/golden/make.py` says how each picture came about.

use std::fs;
use std::path::Path;

use pictures::{Limits, Preprocess, Rgb, read};

#[test]
fn resizing_is_pillows() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/resize");
    let open = |name: &str| read(&folder.join(name), &Limits::default()).unwrap().0;
    let mut compared = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let parts: Vec<_> = name.trim_end_matches(".png").split('_').collect();
        let [source, short, size] = parts[..] else { continue };
        let (short_side, size) = (short.parse().unwrap(), size.parse().unwrap());
        let preprocess = Preprocess {
            short_side,
            size,
            ..Preprocess::square(network::Backbone::ResNet50.preprocessing(), 0)
        };
        let pixels = preprocess.pixels(&open(&format!("{source}.png")));
        let expected = open(&name).data;
        assert_eq!(pixels.len(), expected.len());
        let differences = pixels.iter().zip(&expected).map(|(&a, &b)| a.abs_diff(b));
        let sum: u64 = differences.clone().map(u64::from).sum();
        let mean = sum as f64 / expected.len() as f64;
        let most = differences.max().unwrap();
        println!("{name}: mean {mean:.4}, most {most}");
        // Both round to whole levels between the two passes; where they differ, it is by that.
        assert!(mean <= 0.1 && most <= 1, "{name}: mean {mean}, most {most}");
        compared += 1;
    }
    assert_eq!(compared, 12);
}

#[test]
fn any_shape_gives_the_asked_size() {
    for (width, height) in [(1, 1), (1, 16_384), (16_384, 1), (3, 2), (223, 225)] {
        let data = vec![90; (width * height * 3) as usize];
        let picture = Rgb { width, height, data };
        for (short_side, size) in [(1, 1), (224, 224), (256, 224), (3, 1), (5, 9)] {
            let preprocess = Preprocess {
                short_side,
                size,
                ..Preprocess::square(network::Backbone::ResNet50.preprocessing(), 0)
            };
            assert_eq!(preprocess.pixels(&picture), vec![90; size * size * 3], "{width} {height}");
        }
    }
}

#[test]
fn scaling_is_the_formula() {
    let preprocess = Preprocess::square(network::Backbone::ResNet50.preprocessing(), 1);
    let mut out = [0.0; 6];
    preprocess.normalise(&[0, 128, 255, 255, 0, 1], &mut out);
    for (i, (value, pixel)) in out.into_iter().zip([0.0, 128.0, 255.0, 255.0, 0.0, 1.0]).enumerate()
    {
        let c = i % 3;
        let formula = (pixel / 255.0 - preprocess.mean[c]) / preprocess.std[c];
        assert!((value - formula).abs() < 1e-6, "{value} {formula}");
    }
}

#[test]
fn an_unknown_setting_is_refused() {
    let known = r#"{"short_side":8,"size":8,"mean":[0,0,0],"std":[1,1,1]}"#;
    let read = |text: &str| serde_json::from_str::<Preprocess>(text);
    assert_eq!(read(known).unwrap().size, 8);
    assert!(read(&known.replace("\"size\"", "\"zoom\":2,\"size\"")).is_err());
}

#[test]
fn a_picture_within_a_square_keeps_its_shape() {
    for ((width, height), expected) in [
        ((400, 300), (128, 96)),
        ((300, 400), (96, 128)),
        ((128, 20), (128, 20)),
        ((5000, 3), (128, 1)),
        ((129, 129), (128, 128)),
    ] {
        let half = |i: usize| if i % width < width / 2 { 200 } else { 40 };
        let data = (0..width * height).flat_map(|i| [half(i); 3]).collect();
        let picture = Rgb { width: width as u32, height: height as u32, data };
        let small = pictures::within(&picture, 128);
        assert_eq!((small.width, small.height), expected);
        assert_eq!(small.data.len(), (small.width * small.height * 3) as usize);
        let last = small.width as usize * 3 - 1;
        assert!(small.data[0] == 200 && small.data[last] == 40, "{width} × {height}");
    }
}
