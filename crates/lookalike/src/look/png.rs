//! A contact sheet as one picture.

use pictures::Rgb;

/// Pictures in a row, and pixels between them.
const ACROSS: usize = 10;
const GAP: usize = 6;
/// What lies between them.
const PAPER: u8 = 250;

/// Small pictures of at most `side` pixels a side in rows, each in the middle of its place, as a
/// PNG.
pub(super) fn sheet(small: &[&Rgb], side: u32) -> Vec<u8> {
    let place = side as usize + GAP;
    let across = small.len().clamp(1, ACROSS);
    let (width, height) = (across * place + GAP, small.len().div_ceil(across).max(1) * place + GAP);
    let mut pixels = vec![PAPER; width * height * 3];
    for (at, picture) in small.iter().enumerate() {
        let [wide, high] = [picture.width, picture.height].map(|length| length as usize);
        let left = GAP + at % across * place + (side as usize - wide) / 2;
        let top = GAP + at / across * place + (side as usize - high) / 2;
        for (row, line) in picture.data.chunks_exact(wide * 3).enumerate() {
            let start = ((top + row) * width + left) * 3;
            pixels[start..start + line.len()].copy_from_slice(line);
        }
    }
    let mut bytes = vec![];
    let mut encoder = png::Encoder::new(&mut bytes, width as u32, height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&pixels));
    written.expect("a picture in memory can be a PNG in memory");
    bytes
}

#[cfg(test)]
mod tests {
    use pictures::{Limits, Rgb, decode};

    use super::{GAP, sheet};

    #[test]
    fn each_picture_lies_in_the_middle_of_its_place() {
        let of = |colour: u8, width: u32, height: u32| Rgb {
            width,
            height,
            data: vec![colour; (width * height * 3) as usize],
        };
        let small: Vec<Rgb> = (0..12).map(|i| of(10 * i, 16, 8)).collect();
        let small: Vec<&Rgb> = small.iter().collect();
        let made = decode(&sheet(&small, 16), &Limits::default()).unwrap();
        let place = 16 + GAP as u32;
        assert_eq!((made.width, made.height), (10 * place + 6, 2 * place + 6));
        let at = |x: u32, y: u32| made.data[((y * made.width + x) * 3) as usize];
        for i in 0..12u32 {
            let (x, y) = (i % 10 * place + 14, i / 10 * place + 14);
            assert_eq!(u32::from(at(x, y)), 10 * i);
            assert_eq!((at(x, y - 6), at(x, y + 6)), (250, 250), "above and below it is paper");
        }
        assert_eq!(at(5 * place, 2 * place - 10), 250);
        assert!(decode(&sheet(&[], 16), &Limits::default()).is_ok());
    }
}
