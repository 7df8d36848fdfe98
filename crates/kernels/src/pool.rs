//! Pooling: windows (max) and whole pictures (max, average).

use crate::elementwise::{read, store};
use crate::isa::{Kernel, Simd, dispatch};
use crate::threads::{Shared, parallel};
use crate::{Element, View};

/// The shape of a max pool over windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxPool {
    /// Pictures.
    pub count: usize,
    /// Rows of the input.
    pub height: usize,
    /// Columns of the input.
    pub width: usize,
    /// Channels.
    pub channels: usize,
    /// Rows and columns of a window, at most 15.
    pub kernel: usize,
    /// Step between windows.
    pub stride: usize,
    /// Cells of −∞ around the input.
    pub padding: usize,
}

impl MaxPool {
    fn along(&self, size: usize) -> usize {
        (size + 2 * self.padding - self.kernel) / self.stride + 1
    }

    /// Rows of the output.
    #[must_use]
    pub fn out_height(&self) -> usize {
        self.along(self.height)
    }

    /// Columns of the output.
    #[must_use]
    pub fn out_width(&self) -> usize {
        self.along(self.width)
    }

    /// Numbers in the input.
    #[must_use]
    pub fn input_len(&self) -> usize {
        self.count * self.height * self.width * self.channels
    }

    /// Numbers in the output.
    #[must_use]
    pub fn output_len(&self) -> usize {
        self.count * self.out_height() * self.out_width() * self.channels
    }

    /// The cells of the window at output (row, column): window index and pixel in the picture.
    fn window(&self, row: usize, column: usize) -> impl Iterator<Item = (u8, usize)> {
        let (k, p, height, width) = (self.kernel, self.padding, self.height, self.width);
        let (top, left) = (row * self.stride, column * self.stride);
        (0..k * k).filter_map(move |cell| {
            let (y, x) = ((top + cell / k).checked_sub(p)?, (left + cell % k).checked_sub(p)?);
            (y < height && x < width).then_some((cell as u8, y * width + x))
        })
    }

    /// The largest of each window, and if asked which cell of the window it was (the first, if
    /// several).
    ///
    /// # Panics
    /// When lengths do not suit.
    pub fn forward<E: Element>(
        &self,
        input: View<'_, E>,
        output: &mut [E],
        mut cells: Option<&mut [u8]>,
    ) {
        input.check(self.input_len(), self.channels);
        assert!(output.len() == self.output_len() && self.kernel < 16);
        assert!(cells.as_ref().is_none_or(|cells| cells.len() == self.output_len()));
        let lines = self.count * self.out_height();
        let line = self.out_width() * self.channels;
        let output = Shared::new(output);
        let cells = cells.as_mut().map(|cells| Shared::new(cells));
        parallel(lines, |index| {
            // SAFETY: lines of the output are disjoint.
            let output = unsafe { output.part(index * line, line) };
            // SAFETY: as above.
            let cells = cells.map(|cells| unsafe { cells.part(index * line, line) });
            // SAFETY: lengths were checked.
            unsafe { dispatch(ForwardLine { pool: self, input, index, output, cells }) };
        });
    }

    /// Adds each gradient to the cell that was largest. `gradient` is of the output, `cells` as
    /// [`MaxPool::forward`] left them.
    ///
    /// # Panics
    /// When lengths do not suit.
    pub fn backward<E: Element>(
        &self,
        gradient: &[E],
        cells: &[u8],
        input_gradient: &mut [E],
        accumulate: bool,
    ) {
        assert!(gradient.len() == self.output_len() && cells.len() == self.output_len());
        assert_eq!(input_gradient.len(), self.input_len());
        let plane = self.height * self.width * self.channels;
        let shared = Shared::new(input_gradient);
        parallel(self.count, |picture| {
            // SAFETY: pictures are disjoint.
            let input_gradient = unsafe { shared.part(picture * plane, plane) };
            if !accumulate {
                input_gradient.fill(E::default());
            }
            // SAFETY: a kernel without pointers of its own.
            unsafe {
                dispatch(BackwardPicture { pool: self, gradient, cells, picture, input_gradient });
            };
        });
    }
}

struct ForwardLine<'a, E> {
    pool: &'a MaxPool,
    input: View<'a, E>,
    index: usize,
    output: &'a mut [E],
    cells: Option<&'a mut [u8]>,
}

impl<E: Element> Kernel for ForwardLine<'_, E> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(mut self) {
        let (pool, channels) = (self.pool, self.pool.channels);
        let mut window = [(0.0, 0); 15 * 15];
        let (picture, row) = (self.index / pool.out_height(), self.index % pool.out_height());
        let plane = picture * pool.height * pool.width;
        for column in 0..pool.out_width() {
            // Once for all channels: where a cell lies takes longer to find than to read.
            let mut cells = 0;
            for (cell, pixel) in pool.window(row, column) {
                window[cells] = (f32::from(cell), (plane + pixel) * channels);
                cells += 1;
            }
            let place = column * channels;
            for c in (0..channels).step_by(S::LANES) {
                let n = S::LANES.min(channels - c);
                let mut best = S::splat(f32::NEG_INFINITY);
                let mut winner = S::splat(0.0);
                for &(cell, pixel) in &window[..cells] {
                    let value = read::<S, _>(self.input, pixel + c, c, n);
                    (best, winner) = S::better(best, winner, value, S::splat(cell));
                }
                store::<S, _>(self.output.as_mut_ptr().add(place + c), n, best);
                if let Some(cells) = &mut self.cells {
                    let mut lanes = [0.0f32; 16];
                    S::store(lanes.as_mut_ptr(), winner);
                    for (to, cell) in cells[place + c..][..n].iter_mut().zip(lanes) {
                        *to = cell as u8;
                    }
                }
            }
        }
    }
}

struct BackwardPicture<'a, E> {
    pool: &'a MaxPool,
    gradient: &'a [E],
    cells: &'a [u8],
    picture: usize,
    input_gradient: &'a mut [E],
}

impl<E: Element> Kernel for BackwardPicture<'_, E> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let (pool, channels) = (self.pool, self.pool.channels);
        for row in 0..pool.out_height() {
            for column in 0..pool.out_width() {
                let from = ((self.picture * pool.out_height() + row) * pool.out_width() + column)
                    * channels;
                let (gradient, cells) =
                    (&self.gradient[from..from + channels], &self.cells[from..from + channels]);
                for (cell, pixel) in pool.window(row, column) {
                    let to = &mut self.input_gradient[pixel * channels..(pixel + 1) * channels];
                    for c in 0..channels {
                        let share = if cells[c] == cell { gradient[c].wide() } else { 0.0 };
                        to[c] = E::narrow(to[c].wide() + share);
                    }
                }
            }
        }
    }
}

/// The average over each picture: `count × pixels × channels` to `count × channels`.
///
/// # Panics
/// When lengths do not suit.
pub fn average<E: Element>(x: &[E], channels: usize, out: &mut [f32]) {
    let pixels = x.len() / out.len().max(1);
    assert_eq!(x.len(), pixels * out.len());
    for (picture, out) in x.chunks_exact(pixels * channels).zip(out.chunks_exact_mut(channels)) {
        average_one(picture, out);
    }
}

fn average_one<E: Element>(picture: &[E], out: &mut [f32]) {
    let channels = out.len();
    let share = channels as f32 / picture.len() as f32;
    out.fill(0.0);
    for pixel in picture.chunks_exact(channels) {
        out.iter_mut().zip(pixel).for_each(|(sum, x)| *sum += x.wide());
    }
    out.iter_mut().for_each(|sum| *sum *= share);
}

/// The backward pass of [`average`]: every pixel has an equal share.
///
/// # Panics
/// When lengths do not suit.
pub fn average_backward<E: Element>(gradient: &[f32], channels: usize, input_gradient: &mut [E]) {
    let pixels = input_gradient.len() / gradient.len().max(1);
    assert_eq!(input_gradient.len(), pixels * gradient.len());
    for (picture, gradient) in
        input_gradient.chunks_exact_mut(pixels * channels).zip(gradient.chunks_exact(channels))
    {
        for pixel in picture.chunks_exact_mut(channels) {
            pixel.iter_mut().zip(gradient).for_each(|(to, g)| *to = E::narrow(g / pixels as f32));
        }
    }
}

/// fastai's concat pool: the largest over each picture, then the average. `largest` receives the
/// pixel of each largest value (the first, if several).
///
/// # Panics
/// When lengths do not suit.
pub fn concat<E: Element>(x: &[E], channels: usize, out: &mut [f32], largest: &mut [u32]) {
    let count = out.len() / (2 * channels);
    assert!(out.len() == 2 * channels * count && largest.len() == channels * count);
    let plane = x.len() / count.max(1);
    assert!(x.len() == plane * count && plane.is_multiple_of(channels));
    for n in 0..count {
        let picture = &x[n * plane..(n + 1) * plane];
        let (max, mean) = out[n * 2 * channels..(n + 1) * 2 * channels].split_at_mut(channels);
        let largest = &mut largest[n * channels..(n + 1) * channels];
        max.fill(f32::NEG_INFINITY);
        largest.fill(0);
        for (pixel, values) in picture.chunks_exact(channels).enumerate() {
            for c in 0..channels {
                let value = values[c].wide();
                let better = value > max[c] || value.is_nan();
                max[c] = if better { value } else { max[c] };
                largest[c] = if better { pixel as u32 } else { largest[c] };
            }
        }
        average_one(picture, mean);
    }
}

/// The backward pass of [`concat()`].
///
/// # Panics
/// When lengths do not suit.
pub fn concat_backward<E: Element>(
    gradient: &[f32],
    largest: &[u32],
    channels: usize,
    input_gradient: &mut [E],
) {
    let count = largest.len() / channels;
    assert!(gradient.len() == 2 * channels * count);
    let plane = input_gradient.len() / count.max(1);
    assert!(input_gradient.len() == plane * count);
    let share = channels as f32 / plane as f32;
    for n in 0..count {
        let picture = &mut input_gradient[n * plane..(n + 1) * plane];
        let (max, mean) = gradient[n * 2 * channels..(n + 1) * 2 * channels].split_at(channels);
        for pixel in picture.chunks_exact_mut(channels) {
            pixel.iter_mut().zip(mean).for_each(|(to, g)| *to = E::narrow(g * share));
        }
        for (c, &pixel) in largest[n * channels..(n + 1) * channels].iter().enumerate() {
            let to = &mut picture[pixel as usize * channels + c];
            *to = E::narrow(to.wide() + max[c]);
        }
    }
}
