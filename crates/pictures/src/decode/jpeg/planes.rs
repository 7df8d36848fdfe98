//! The channels of a JPEG, each at its own resolution, and how they become RGB.

use super::anatomy::{Colours, Frame};
use crate::Rgb;

/// The pixels of one channel.
pub(super) struct Plane {
    pixels: Vec<u8>,
    /// Blocks in a row, and in a column; those at the edges may hold no part of the picture.
    grid: [usize; 2],
    /// Pixels of a block, across and down.
    size: [usize; 2],
    /// Pixels that belong to the picture, across and down.
    real: [usize; 2],
    /// Pixels of this channel for one of the picture, across and down.
    step: [f32; 2],
    /// The highest number of a coefficient that matters.
    last: usize,
}

impl Plane {
    /// For a channel of a picture that is decoded to so many eighths of its size. Where a channel
    /// is sampled more coarsely, its blocks are decoded that much larger, as far as they go.
    pub(super) fn new(frame: &Frame, channel: usize, eighths: usize) -> Self {
        let sampling = frame.channels[channel].sampling;
        let size = [0, 1].map(|way| {
            let wanted = eighths * frame.most[way] / sampling[way];
            [8, 4, 2, 1].into_iter().find(|&size| size <= wanted).unwrap_or(1)
        });
        let units = frame.units();
        let grid = [0, 1].map(|way| units[way] * sampling[way]);
        let side = [frame.width, frame.height];
        let real =
            [0, 1].map(|way| (side[way] * sampling[way] * size[way]).div_ceil(8 * frame.most[way]));
        let step = [0, 1]
            .map(|way| (sampling[way] * size[way]) as f32 / (frame.most[way] * eighths) as f32);
        let last = match size[0].max(size[1]) {
            1 => 0,
            2 => 4,
            4 => 24,
            _ => 63,
        };
        let pixels = vec![0; grid[0] * size[0] * grid[1] * size[1]];
        Self { pixels, grid, size, real, step, last }
    }

    pub(super) fn grid(&self) -> [usize; 2] {
        self.grid
    }

    pub(super) fn size(&self) -> [usize; 2] {
        self.size
    }

    pub(super) fn last(&self) -> usize {
        self.last
    }

    pub(super) fn stride(&self) -> usize {
        self.grid[0] * self.size[0]
    }

    /// From the first pixel of a block on.
    pub(super) fn block(&mut self, across: usize, down: usize) -> &mut [u8] {
        let at = down * self.size[1] * self.stride() + across * self.size[0];
        &mut self.pixels[at..]
    }

    /// Whether pixels are drawn between those of this channel. As in libjpeg, that is where it has
    /// half of the resolution at least; else each pixel is repeated.
    fn smooth(&self) -> bool {
        self.step.iter().all(|&step| step >= 0.5)
    }

    /// Pixel `at` of the picture along a side: the one of this channel at or before its centre, and
    /// the share of the next.
    fn place(&self, at: usize, way: usize) -> (usize, f32) {
        let (centre, length) = ((at as f32 + 0.5) * self.step[way], self.real[way]);
        if self.smooth() {
            let centre = (centre - 0.5).clamp(0.0, (length - 1) as f32);
            (centre as usize, centre.fract())
        } else {
            ((centre as usize).min(length - 1), 0.0)
        }
    }

    /// The row of the picture, as wide as that.
    fn row<'a>(&'a self, y: usize, columns: &[(usize, f32)], to: &'a mut [f32]) -> Row<'a> {
        let line = |y: usize| &self.pixels[y * self.stride()..][..self.real[0]];
        let (above, share) = self.place(y, 1);
        if self.step == [1.0; 2] {
            return Row::Levels(line(above));
        }
        let (first, second) = (line(above), line((above + 1).min(self.real[1] - 1)));
        let at = |x: usize| {
            let (first, second) = (f32::from(first[x]), f32::from(second[x]));
            first + share * (second - first)
        };
        for (to, &(x, share)) in to.iter_mut().zip(columns) {
            let (left, right) = (at(x), at((x + 1).min(self.real[0] - 1)));
            *to = left + share * (right - left) + 0.5;
        }
        Row::Between(to)
    }

    fn columns(&self, width: usize) -> Vec<(usize, f32)> {
        (0..width).map(|x| self.place(x, 0)).collect()
    }
}

/// A row of a channel.
enum Row<'a> {
    Levels(&'a [u8]),
    /// Between levels, with a half added for rounding.
    Between(&'a [f32]),
}

impl Row<'_> {
    fn copy(&self, to: &mut [u8]) {
        match self {
            Row::Levels(levels) => to.copy_from_slice(&levels[..to.len()]),
            Row::Between(levels) => {
                for (to, &level) in to.iter_mut().zip(*levels) {
                    *to = level as u8;
                }
            }
        }
    }
}

/// Puts the channels of a picture of this size together.
pub(super) fn rgb(planes: &[Plane], [width, height]: [usize; 2], colours: Colours) -> Rgb {
    let columns: Vec<_> = planes.iter().map(|plane| plane.columns(width)).collect();
    let mut between = vec![0.0; width];
    let mut rows = vec![vec![0; width]; planes.len()];
    let mut data = vec![0; width * height * 3];
    for (y, out) in data.chunks_exact_mut(width * 3).enumerate() {
        for ((plane, columns), row) in planes.iter().zip(&columns).zip(&mut rows) {
            plane.row(y, columns, &mut between).copy(row);
        }
        let pixels = out.as_chunks_mut::<3>().0;
        match (colours, rows.as_slice()) {
            (Colours::Grey, [grey]) => {
                pixels.iter_mut().zip(grey).for_each(|(pixel, &level)| *pixel = [level; 3]);
            }
            (Colours::Rgb, [red, green, blue]) => {
                let levels = red.iter().zip(green).zip(blue);
                for (pixel, ((&red, &green), &blue)) in pixels.iter_mut().zip(levels) {
                    *pixel = [red, green, blue];
                }
            }
            (Colours::YCbCr, [luma, blue, red]) => {
                let levels = luma.iter().zip(blue).zip(red);
                for (pixel, ((&luma, &blue), &red)) in pixels.iter_mut().zip(levels) {
                    *pixel = from_luma(luma, blue, red);
                }
            }
            // Adobe stores the absence of ink, and so does everybody since.
            (Colours::Cmyk, [cyan, magenta, yellow, black]) => {
                for (x, pixel) in pixels.iter_mut().enumerate() {
                    *pixel = [cyan, magenta, yellow].map(|ink| inked(ink[x], black[x]));
                }
            }
            (Colours::Ycck, [luma, blue, red, black]) => {
                for (x, pixel) in pixels.iter_mut().enumerate() {
                    let ink = from_luma(luma[x], blue[x], red[x]);
                    *pixel = ink.map(|ink| inked(255 - ink, black[x]));
                }
            }
            _ => {}
        }
    }
    let (width, height) = (width as u32, height as u32);
    Rgb { width, height, data }
}

/// ITU-R BT.601 as JFIF has it, in 65,536ths.
#[inline]
fn from_luma(luma: u8, blue: u8, red: u8) -> [u8; 3] {
    let (luma, blue, red) = (i32::from(luma) << 16, i32::from(blue) - 128, i32::from(red) - 128);
    let half = 1 << 15;
    let level = |sum: i32| ((sum + half) >> 16).clamp(0, 255) as u8;
    [
        level(luma + 91_881 * red),
        level(luma - 22_554 * blue - 46_802 * red),
        level(luma + 116_130 * blue),
    ]
}

fn inked(colour: u8, black: u8) -> u8 {
    ((u32::from(colour) * u32::from(black) + 127) / 255) as u8
}
