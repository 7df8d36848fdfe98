//! Heat maps as PNGs with one pixel per cell, which a browser enlarges smoothly over a thumbnail.

use insight::{Heat, heat_colour};

use crate::thumbnail::data;

/// The address of a transparent PNG of `side × side` pixels; empty if the number of cells differs
/// or is too large for a map.
pub(crate) fn address(heat: &Heat, side: usize) -> String {
    if side == 0 || side > 128 || heat.cells.len() != side * side {
        return String::new();
    }
    let pixels: Vec<u8> = heat.cells.iter().flat_map(|&cell| pixel(cell)).collect();
    let mut bytes = vec![];
    let mut encoder = png::Encoder::new(&mut bytes, side as u32, side as u32);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&pixels));
    if written.is_err() {
        return String::new();
    }
    data("png", &bytes)
}

fn pixel(cell: u8) -> [u8; 4] {
    let ([red, green, blue], hidden) = heat_colour(f32::from(cell) / 255.0);
    [red, green, blue, 255.0 * hidden].map(|x| x.round() as u8)
}

#[cfg(test)]
mod tests {
    use insight::Heat;

    use super::{address, pixel};

    #[test]
    fn only_whole_maps_are_drawn() {
        let heat = Heat { class: 0, cells: vec![0, 255, 128, 64] };
        assert!(address(&heat, 2).starts_with("data:image/png;base64,iVBOR"));
        for side in [0, 1, 3, 129, usize::MAX] {
            assert_eq!(address(&heat, side), "", "{side}");
        }
        assert_eq!(pixel(0)[3], 0, "where nothing speaks for it, the picture is seen");
        assert!(pixel(255)[3] > 150 && pixel(255)[0] > 240);
    }
}
