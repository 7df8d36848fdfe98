//! Every layout of pixels brought to RGB8; what shrinks stays in its buffer, to bound memory.

use image::ColorType;

use super::reason::Reason;

/// 16 bits to 8, rounded: 65,535 is 255.
fn narrow(low: u8, high: u8) -> u8 {
    ((u32::from(u16::from_ne_bytes([low, high])) + 128) / 257) as u8
}

/// A level over white, rounded.
fn over_white(level: u8, alpha: u8) -> u8 {
    let (level, alpha) = (u32::from(level), u32::from(alpha));
    ((level * alpha + 255 * (255 - alpha) + 127) / 255) as u8
}

/// Turns `data`, decoded as `kind`, into three bytes a pixel.
pub(super) fn to_rgb(mut data: Vec<u8>, kind: ColorType) -> Result<Vec<u8>, Reason> {
    let (deep, channels) = match kind {
        ColorType::Rgb8 => return Ok(data),
        ColorType::L8 => (false, 1),
        ColorType::La8 => (false, 2),
        ColorType::Rgba8 => (false, 4),
        ColorType::L16 => (true, 1),
        ColorType::La16 => (true, 2),
        ColorType::Rgb16 => (true, 3),
        ColorType::Rgba16 => (true, 4),
        _ => return Err(Reason::Broken(format!("pixels of the kind {kind:?}"))),
    };
    if deep {
        for at in 0..data.len() / 2 {
            data[at] = narrow(data[2 * at], data[2 * at + 1]);
        }
        data.truncate(data.len() / 2);
    }
    match channels {
        1 => return Ok(data.iter().flat_map(|&grey| [grey; 3]).collect()),
        2 => {
            let pixels = data.as_chunks::<2>().0.iter();
            return Ok(pixels.flat_map(|&[grey, alpha]| [over_white(grey, alpha); 3]).collect());
        }
        4 => {
            for at in 0..data.len() / 4 {
                let alpha = data[4 * at + 3];
                for channel in 0..3 {
                    data[3 * at + channel] = over_white(data[4 * at + channel], alpha);
                }
            }
            data.truncate(data.len() / 4 * 3);
        }
        _ => {}
    }
    data.shrink_to_fit();
    Ok(data)
}
