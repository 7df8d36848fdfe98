use super::{Detail, decode, memory_of};
use crate::{Decoded, Limits, Preprocess, Rgb, decode_for, small_jpeg};

fn golden(name: &str) -> Vec<u8> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    std::fs::read(folder.join(name)).unwrap()
}

fn at(bytes: &[u8], short_side: u32) -> Decoded {
    decode_for(bytes, &Limits::default(), Detail::ShortSide(short_side)).unwrap()
}

/// Mean difference in levels.
fn difference(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    let sum: u64 = a.iter().zip(b).map(|(&a, &b)| u64::from(a.abs_diff(b))).sum();
    sum as f64 / a.len() as f64
}

/// Waves of all lengths down to fifteen pixels, edges and grain.
fn scene(width: u32, height: u32) -> Rgb {
    let pixel = |at: u32| {
        let (x, y) = ((at % width) as f32, (at / width) as f32);
        let wave = (x * x / width as f32 * 0.2).sin() + (y * 0.11 + x * 0.03).cos();
        let edge = if (x as u32 / 97 + y as u32 / 71).is_multiple_of(2) { 40.0 } else { -40.0 };
        let grain = (at.wrapping_mul(2_654_435_761) >> 29) as f32 - 4.0;
        [wave * 25.0 + edge, wave * 40.0 - edge, 30.0 * wave].map(|v| (128.0 + v + grain) as u8)
    };
    Rgb { width, height, data: (0..width * height).flat_map(pixel).collect() }
}

#[test]
fn as_few_eighths_are_decoded_as_leave_twice_the_shorter_side() {
    let jpeg = small_jpeg(&scene(640, 400));
    for (side, expected) in [
        (400, (640, 400)),
        (101, (640, 400)),
        (100, (320, 200)),
        (51, (320, 200)),
        (50, (160, 100)),
        (25, (80, 50)),
        (1, (80, 50)),
    ] {
        let Decoded { picture, size } = at(&jpeg, side);
        assert_eq!((picture.width, picture.height), expected, "{side}");
        assert_eq!(size, [640, 400]);
    }
}

#[test]
fn a_part_of_the_size_differs_from_the_whole_by_less_than_two_levels() {
    let jpeg = small_jpeg(&scene(1000, 1240));
    let network = network::Backbone::ResNet50.preprocessing();
    let whole = decode_for(&jpeg, &Limits::default(), Detail::Whole).unwrap().picture;
    for size in [250, 125, 62] {
        let preprocess = Preprocess::square(network, size);
        let part = at(&jpeg, size as u32).picture;
        assert!(part.width < 1000);
        let mean = difference(&preprocess.pixels(&part), &preprocess.pixels(&whole));
        println!("{size}: {mean:.2}");
        assert!(mean < 2.0, "{size}: {mean}");
    }
}

#[test]
fn the_order_of_coefficients_changes_no_pixel() {
    for side in [9, 4, 2] {
        assert_eq!(at(&golden("plain.jpg"), side), at(&golden("progressive.jpg"), side), "{side}");
        let restarts = at(&golden("restart.jpg"), side);
        assert_eq!(at(&golden("plain.jpg"), side), restarts, "{side}");
        for shape in ["420", "422", "440", "411", "410", "unlike"] {
            let [together, each] =
                ["", "_each"].map(|kind| at(&golden(&format!("odd_{shape}{kind}.jpg")), side));
            assert_eq!(together, each, "{shape} at {side}");
        }
    }
}

#[test]
fn all_colours_come_out_at_a_part_of_the_size() {
    for name in ["grey.jpg", "rgb.jpg", "cmyk.jpg", "ycck.jpg", "half.jpg", "odd_finer.jpg"] {
        let bytes = golden(name);
        let whole = decode_for(&bytes, &Limits::default(), Detail::Whole).unwrap().picture;
        let mean = |picture: &Rgb, channel: usize| {
            let levels = picture.data.iter().skip(channel).step_by(3);
            levels.map(|&level| f64::from(level)).sum::<f64>() * 3.0 / picture.data.len() as f64
        };
        let part = at(&bytes, 9).picture;
        assert_eq!(u64::from(part.width), u64::from(whole.width).div_ceil(2), "{name}");
        for channel in 0..3 {
            let off = mean(&part, channel) - mean(&whole, channel);
            // Blocks at the edges count a little more.
            assert!(off.abs() < 6.0, "{name}: channel {channel} is off by {off}");
        }
    }
}

#[test]
fn a_turned_picture_keeps_the_size_that_it_is_shown_in() {
    let Decoded { picture, size } = at(&golden("orient_6.jpg"), 4);
    assert_eq!((picture.width, picture.height, size), (12, 8, [48, 32]));
}

#[test]
fn what_is_cut_anywhere_is_refused_at_any_size() {
    for name in ["plain.jpg", "progressive.jpg", "odd_420_each.jpg"] {
        let bytes = golden(name);
        for end in 0..bytes.len() {
            for detail in [Detail::Whole, Detail::ShortSide(2)] {
                assert!(decode(&bytes[..end], &Limits::default(), detail).is_err(), "{name} {end}");
            }
        }
    }
}

#[test]
fn a_flipped_bit_never_panics_nor_takes_long() {
    let start = std::time::Instant::now();
    for name in ["plain.jpg", "progressive.jpg", "restart.jpg", "odd_unlike_each.jpg"] {
        let mut bytes = golden(name);
        for at in 2..bytes.len() {
            bytes[at] ^= 1 << (at % 8);
            for detail in [Detail::ShortSide(10), Detail::ShortSide(2)] {
                let limits = Limits { max_pixels: 1 << 20, ..Limits::default() };
                let _ = decode(&bytes, &limits, detail);
            }
            bytes[at] ^= 1 << (at % 8);
        }
    }
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

#[test]
fn a_large_photograph_takes_little_memory() {
    // 200 Mpx, as the header of the largest telephones' says.
    let mut bytes = golden("progressive.jpg");
    let frame = bytes.windows(2).position(|pair| pair == [0xff, 0xc2]).unwrap();
    bytes[frame + 5..frame + 9].copy_from_slice(&[0x2f, 0xd0, 0x3f, 0xc0]);
    let whole = memory_of(&bytes, Detail::Whole).unwrap();
    let part = memory_of(&bytes, Detail::ShortSide(224)).unwrap();
    assert!(whole > 1 << 30 && part < 160 << 20, "{} and {} MiB", whole >> 20, part >> 20);
}
