use super::map::Map;
use crate::Preprocess;

/// Factor and offset that take a level (0 to 255) to a network's input.
fn scaling(preprocess: &Preprocess) -> ([f32; 3], [f32; 3]) {
    let offset = std::array::from_fn(|c| -preprocess.mean[c] / preprocess.std[c]);
    (preprocess.std.map(|std| 1.0 / (255.0 * std)), offset)
}

/// Lights and scales every pixel where it is.
pub(super) fn each(
    pixels: &[u8],
    preprocess: &Preprocess,
    light: impl Fn(u8) -> f32,
    out: &mut [f32],
) {
    let lit: Vec<f32> = (0..=255).map(light).collect();
    let (scale, offset) = scaling(preprocess);
    for (out, pixel) in out.as_chunks_mut::<3>().0.iter_mut().zip(pixels.as_chunks::<3>().0) {
        for c in 0..3 {
            out[c] = lit[usize::from(pixel[c])] * scale[c] + offset[c];
        }
    }
}

/// Where a pixel comes from: the upper left of four neighbours, and the weights of the others.
#[derive(Clone, Copy, Default)]
struct Source {
    /// Of its first byte.
    place: u32,
    right: f32,
    below: f32,
}

/// Samples the picture through the map, then lights and scales what was found.
pub(super) fn through(
    map: &Map,
    pixels: &[u8],
    size: usize,
    preprocess: &Preprocess,
    light: impl Fn(f32) -> f32,
    out: &mut [f32],
) {
    let (scale, offset) = scaling(preprocess);
    let row_bytes = size * 3;
    let mut sources = vec![Source::default(); size];
    for (y, row) in out.chunks_exact_mut(row_bytes).enumerate() {
        locate(map, y, &mut sources);
        for (out, source) in row.as_chunks_mut::<3>().0.iter_mut().zip(&sources) {
            let place = source.place as usize;
            let upper = &pixels[place..place + 6];
            let lower = &pixels[place + row_bytes..place + row_bytes + 6];
            for c in 0..3 {
                let [a, b] = [upper[c], upper[c + 3]].map(f32::from);
                let [d, e] = [lower[c], lower[c + 3]].map(f32::from);
                let (top, bottom) = (a + source.right * (b - a), d + source.right * (e - d));
                let level = top + source.below * (bottom - top);
                out[c] = light(level) * scale[c] + offset[c];
            }
        }
    }
}

/// The sources of row `y`. A loop of its own without branches, which compilers vectorise.
fn locate(map: &Map, y: usize, sources: &mut [Source]) {
    let size = sources.len();
    let [along, start]: [[f32; 3]; 2] =
        [map.0.map(|row| row[0] as f32), map.0.map(|row| (row[1] * y as f64 + row[2]) as f32)];
    let last = (size - 1) as f32;
    let mirrored = |x: f32| {
        // A triangle wave: mirrored at both ends, as often as it takes. `max` also catches NaN.
        let x = x.abs();
        let x = x - 2.0 * last * ((x / (2.0 * last)) as i32 as f32);
        x.min(2.0 * last - x).max(0.0).min(last)
    };
    for (x, source) in sources.iter_mut().enumerate() {
        let x = x as f32;
        let depth = 1.0 / (along[2] * x + start[2]);
        let across = mirrored((along[0] * x + start[0]) * depth);
        let down = mirrored((along[1] * x + start[1]) * depth);
        // The last column and row are the right and lower neighbours of those before them.
        let (left, top) =
            ((across as u32).min(size as u32 - 2), (down as u32).min(size as u32 - 2));
        *source = Source {
            place: (top * size as u32 + left) * 3,
            right: across - left as f32,
            below: down - top as f32,
        };
    }
}
