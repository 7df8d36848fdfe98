use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb as Pixel, RgbImage};

use super::{Colour, inspect};
use crate::{Detail, Format, Limits, Reason};

fn picture() -> DynamicImage {
    let pixel = |x: u32, y: u32| {
        Pixel([(x * 3 % 251) as u8, (y * 5 % 241) as u8, ((x * y) % 97) as u8 + 60])
    };
    DynamicImage::ImageRgb8(RgbImage::from_fn(160, 120, pixel))
}

fn saved(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(vec![]);
    picture.write_to(&mut file, format).unwrap();
    file.into_inner()
}

fn golden(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/golden/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn headers_tell_format_colours_depth_and_alpha() {
    let limits = Limits::default();
    let grey = DynamicImage::ImageLuma16(picture().into_luma16());
    let clear = DynamicImage::ImageRgba8(picture().into_rgba8());
    for (bytes, format, colour, depth, alpha) in [
        (saved(&picture(), ImageFormat::Jpeg), Format::Jpeg, Colour::Rgb, 8, false),
        (saved(&grey, ImageFormat::Png), Format::Png, Colour::Grey, 16, false),
        (saved(&clear, ImageFormat::Png), Format::Png, Colour::Rgb, 8, true),
        (saved(&clear, ImageFormat::WebP), Format::WebP, Colour::Rgb, 8, true),
        (saved(&picture(), ImageFormat::WebP), Format::WebP, Colour::Rgb, 8, false),
        (saved(&picture(), ImageFormat::Gif), Format::Gif, Colour::Palette, 8, false),
        (saved(&picture(), ImageFormat::Bmp), Format::Bmp, Colour::Rgb, 8, false),
    ] {
        let seen = inspect(&bytes, &limits, Detail::Whole);
        let header = seen.header.unwrap();
        assert_eq!((header.format, header.colour), (format, colour));
        assert_eq!((header.depth, header.alpha), (depth, alpha), "{format:?}");
        assert!(!header.animated && header.exif.is_none() && seen.picture.is_ok());
    }
}

#[test]
fn what_is_no_picture_has_no_header() {
    let seen = inspect(b"<html>not found</html>", &Limits::default(), Detail::Whole);
    assert!(seen.header.is_none() && seen.present.is_none());
    assert!(matches!(seen.picture, Err(Reason::Unsupported { .. })));
}

#[test]
fn a_cut_off_picture_tells_where() {
    let limits = Limits::default();
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Bmp] {
        let bytes = saved(&picture(), format);
        for percent in [30, 50, 80] {
            let seen = inspect(&bytes[..bytes.len() * percent / 100], &limits, Detail::Whole);
            assert!(matches!(seen.picture, Err(Reason::CutOff)), "{format:?} at {percent} %");
            let share = seen.present.unwrap();
            assert!((share * 100.0 - percent as f64).abs() < 15.0, "{format:?}: {share}");
        }
        assert_eq!(inspect(&bytes, &limits, Detail::Whole).present, None);
    }
}

#[test]
fn orientation_is_told_of_every_format_that_keeps_one() {
    for name in ["orient_6.jpg", "orient_6.png", "orient_6.webp"] {
        let exif =
            inspect(&golden(name), &Limits::default(), Detail::Whole).header.unwrap().exif.unwrap();
        assert_eq!((exif.orientation, exif.broken), (Some(6), false), "{name}");
    }
}

#[test]
fn what_moves_and_what_is_printed_is_told() {
    let header = |name| inspect(&golden(name), &Limits::default(), Detail::Whole).header.unwrap();
    assert!(header("animated.gif").animated && header("animated.webp").animated);
    assert!(!header("plain.gif").animated && !header("lossy.webp").animated);
    assert_eq!(header("cmyk.jpg").colour, Colour::Cmyk);
    assert_eq!(header("grey.jpg").colour, Colour::Grey);
    assert!(header("progressive.jpg").progressive && !header("full.jpg").progressive);
    assert!(header("clear.gif").alpha && header("palette_one_clear.png").alpha);
    assert!(header("alpha.webp").alpha && !header("lossless.webp").alpha);
    assert_eq!(header("one_bit.png").depth, 1);
}
