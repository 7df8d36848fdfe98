//! Brightness, colour and sharpness of a picture in a few numbers.
//!
//! All are measured at about the resolution of a network: a photograph of 4,000 pixels that looks
//! blurred at full size may be sharp enough at 256, and only that counts.

use pictures::Rgb;

/// About the shorter side that pictures are reduced to.
const SIDE: usize = 256;

/// Numbers about a picture's light. Levels are of 255.
#[derive(Clone, Copy, Debug, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct Light {
    /// Mean red, green and blue.
    pub colour: [f32; 3],
    /// Standard deviation of brightness.
    pub contrast: f32,
    /// The level that five pixels in a hundred are darker than.
    pub shade: f32,
    /// The level that five pixels in a hundred are brighter than.
    pub glare: f32,
    /// The steepest edges (two in a hundred are steeper) over the spread of brightness.
    pub sharpness: f32,
    /// How far apart red, green and blue are in the most colourful pixels (one in a hundred is more
    /// so).
    pub tint: f32,
    /// The share of the pixels that are of the most frequent colour, in cells of 16 levels a side.
    pub ground: f32,
    /// How many of those cells hold 99 pixels in a hundred.
    pub colours: u32,
}

/// What is wrong with the light of a picture, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Blank,
    Dark,
    Placeholder,
    Bright,
    Blurred,
}

impl Light {
    /// By thresholds that were chosen on a thousand photographs (docs/check.md has the counts).
    pub(crate) fn fault(&self) -> Option<Fault> {
        if self.contrast < 3.0 {
            Some(Fault::Blank)
        } else if self.glare < 64.0 {
            Some(Fault::Dark)
        } else if self.is_placeholder() {
            Some(Fault::Placeholder)
        } else if self.shade > 192.0 {
            Some(Fault::Bright)
        } else if self.sharpness < 0.08 {
            Some(Fault::Blurred)
        } else {
            None
        }
    }

    /// A flat ground with a few thin strokes; where there is hardly anything else, the strokes are
    /// too few to count among the steepest edges.
    fn is_placeholder(&self) -> bool {
        self.ground >= 0.8 && self.colours <= 12 && (self.sharpness > 0.3 || self.ground >= 0.97)
    }

    /// Whether it has no colours.
    pub(crate) fn is_grey(&self) -> bool {
        self.tint <= 4.0
    }

    /// Measures a picture.
    #[must_use]
    pub fn of(picture: &Rgb) -> Self {
        let (width, height, pixels) = shrink(picture);
        let count = pixels.len().max(1);
        let mut sums = [0u64; 3];
        let (mut levels, mut tints) = ([0usize; 256], [0usize; 256]);
        let mut cells = vec![0u32; 4096];
        let mut grey = Vec::with_capacity(count);
        for pixel in &pixels {
            let [r, g, b] = pixel.map(u32::from);
            (0..3).for_each(|c| sums[c] += u64::from(pixel[c]));
            // ITU-R BT.601, in 256ths.
            let level = (77 * r + 150 * g + 29 * b) >> 8;
            grey.push(level as i32);
            levels[level as usize] += 1;
            tints[(r.max(g).max(b) - r.min(g).min(b)) as usize] += 1;
            cells[((r >> 4) << 8 | (g >> 4) << 4 | b >> 4) as usize] += 1;
        }
        let mean = grey.iter().map(|&level| level as f64).sum::<f64>() / count as f64;
        let spread = grey.iter().map(|&level| (level as f64 - mean).powi(2)).sum::<f64>();
        let range = (at(&levels, 0.98) - at(&levels, 0.02)).max(8.0);
        let mut edges = [0usize; 256];
        for y in 1..height.saturating_sub(1) {
            let rows: [&[i32]; 3] = [y - 1, y, y + 1].map(|y| &grey[y * width..(y + 1) * width]);
            for x in 1..width.saturating_sub(1) {
                let around = rows[0][x] + rows[2][x] + rows[1][x - 1] + rows[1][x + 1];
                edges[((4 * rows[1][x] - around).unsigned_abs() as usize).min(255)] += 1;
            }
        }
        cells.sort_unstable_by(|a, b| b.cmp(a));
        let ground = cells[0] as f32 / count as f32;
        let mut held = 0;
        let most = |cell: &&u32| {
            let before = held;
            held += **cell as usize;
            before * 100 < count * 99
        };
        let colours = cells.iter().take_while(most).count() as u32;
        Self {
            colour: sums.map(|sum| (sum as f64 / count as f64) as f32),
            contrast: (spread / count as f64).sqrt() as f32,
            shade: at(&levels, 0.05),
            glare: at(&levels, 0.95),
            sharpness: at(&edges, 0.98) / range,
            tint: at(&tints, 0.99),
            ground,
            colours,
        }
    }
}

/// The level below which this share of a histogram lies.
fn at(histogram: &[usize; 256], share: f64) -> f32 {
    let wanted = share * histogram.iter().sum::<usize>() as f64;
    let mut below = 0;
    let level = histogram.iter().position(|&count| {
        below += count;
        below as f64 > wanted
    });
    level.unwrap_or(255) as f32
}

/// Means of squares of so many pixels that the shorter side is nearest above [`SIDE`]; what is left
/// over at the right and below is ignored.
fn shrink(picture: &Rgb) -> (usize, usize, Vec<[u8; 3]>) {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let step = (width.min(height) / SIDE).max(1);
    let rows = picture.data.as_chunks::<3>().0;
    if step == 1 {
        return (width, height, rows.to_vec());
    }
    let (across, down) = (width / step, height / step);
    let mut out = Vec::with_capacity(across * down);
    let mut sums = vec![[0u32; 3]; across];
    for band in rows.chunks_exact(width * step).take(down) {
        sums.fill([0; 3]);
        for row in band.chunks_exact(width) {
            for (sum, square) in sums.iter_mut().zip(row.chunks_exact(step)) {
                for pixel in square {
                    (0..3).for_each(|c| sum[c] += u32::from(pixel[c]));
                }
            }
        }
        let count = (step * step) as u32;
        out.extend(sums.iter().map(|sum| sum.map(|sum| ((sum + count / 2) / count) as u8)));
    }
    (across, down, out)
}
