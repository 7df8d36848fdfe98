//! How a convolution is cut into tiles, and for which one that pays.

use crate::Padding;
use crate::conv::shape::Conv;
use crate::isa::Isa;
use ground::Precision;

/// Rows and columns of a tile's output.
pub(super) const TILE: usize = 4;
/// Rows and columns of a tile's input.
pub(super) const SIDE: usize = 6;
/// Places of a tile's input.
pub(super) const PLACES: usize = SIDE * SIDE;

/// Zeros around the input.
const PADDING: isize = 1;

/// A convolution as tiles see it: 3×3, stride 1, padding 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) channels: usize,
    pub(super) filters: usize,
    out_height: usize,
    out_width: usize,
    /// Tiles down and across a picture, and in the batch.
    rows: usize,
    columns: usize,
    pub(super) tiles: usize,
}

impl Shape {
    /// The forward pass of a convolution of such tensors, where it is done so: by the weights' shape
    /// alone, so that weights are packed once, and what a picture gives does not depend on the batch
    /// that it is in.
    pub(crate) fn forward(conv: &Conv, precision: Precision) -> Option<Self> {
        let ordinary = conv.kernel == 3 && conv.stride == 1 && conv.padding == Padding::each(1);
        // Few channels do not repay the transforms; with many, the transformed weights (four times
        // as many) take longer to read than the products that they save. Plain products of
        // bfloat16 take half the time, so that less can be saved, and those of matrices a tenth.
        let most = match precision {
            Precision::Fp32 => 256,
            Precision::Bf16 if Isa::in_use().has_matrices() => return None,
            Precision::Bf16 => 128,
        };
        let channels = (32..=most).contains(&conv.channels) && (32..=most).contains(&conv.filters);
        (ordinary && channels).then(|| Self::of(conv))
    }

    /// The gradient of the input: a convolution of the output's gradient with the filter
    /// rotated by half a turn.
    pub(crate) fn backward_data(conv: &Conv, precision: Precision) -> Option<Self> {
        let rotated = Conv {
            height: conv.out_height(),
            width: conv.out_width(),
            channels: conv.filters,
            filters: conv.channels,
            ..*conv
        };
        Self::forward(conv, precision).map(|_| Self::of(&rotated))
    }

    /// The gradient of the weights, where it is done so.
    pub(crate) fn backward_weights(conv: &Conv, precision: Precision) -> Option<Self> {
        let shape = Self::forward(conv, precision)?;
        // Sums over few tiles take longer to fetch and store than to add to.
        let enough = shape.tiles >= 128 && conv.channels.max(conv.filters) <= 256;
        (enough && precision == Precision::Fp32).then_some(shape)
    }

    fn of(conv: &Conv) -> Self {
        let (out_height, out_width) = (conv.out_height(), conv.out_width());
        let (rows, columns) = (out_height.div_ceil(TILE), out_width.div_ceil(TILE));
        Self {
            height: conv.height,
            width: conv.width,
            channels: conv.channels,
            filters: conv.filters,
            out_height,
            out_width,
            rows,
            columns,
            tiles: conv.count * rows * columns,
        }
    }

    /// Transformed weights: numbers, where panels are this wide.
    pub(crate) fn packed_len(&self, panel: usize) -> usize {
        self.filters.div_ceil(panel) * panel * PLACES * self.channels
    }

    /// The input pixels that a tile reads.
    pub(super) fn input(&self, tile: usize) -> Window<SIDE> {
        let (picture, row, column) = self.place(tile);
        let offset = |index: usize| (index * TILE) as isize - PADDING;
        Window::new(picture, (self.height, self.width), (offset(row), offset(column)))
    }

    /// The output pixels of a tile.
    pub(super) fn output(&self, tile: usize) -> Window<TILE> {
        let (picture, row, column) = self.place(tile);
        let offset = |index: usize| (index * TILE) as isize;
        Window::new(picture, (self.out_height, self.out_width), (offset(row), offset(column)))
    }

    /// Picture, row and column of a tile.
    fn place(&self, tile: usize) -> (usize, usize, usize) {
        let within = tile % (self.rows * self.columns);
        (tile / (self.rows * self.columns), within / self.columns, within % self.columns)
    }
}

/// The `N × N` pixels of a tile: those from `top` to `bottom` and `left` to `right` lie within the
/// picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window<const N: usize> {
    /// Index of pixel (0, 0), wherever that is.
    first: isize,
    /// Pixels from one row to the next.
    line: usize,
    top: usize,
    bottom: usize,
    left: usize,
    right: usize,
}

impl<const N: usize> Window<N> {
    #[inline(always)]
    fn new(picture: usize, (height, width): (usize, usize), (y, x): (isize, isize)) -> Self {
        let low = |at: isize| (-at).max(0) as usize;
        let high = |at: isize, size: usize| (size as isize - at).clamp(0, N as isize) as usize;
        let first = ((picture * height) as isize + y) * width as isize + x;
        let (top, bottom) = (low(y), high(y, height));
        Self { first, line: width, top, bottom, left: low(x), right: high(x, width) }
    }

    /// Whether all of it lies within the picture.
    #[inline(always)]
    pub(super) fn is_whole(&self) -> bool {
        (self.top, self.left, self.bottom, self.right) == (0, 0, N, N)
    }

    /// Rows within the picture; constants where the caller knows that it is `WHOLE`, so that loops
    /// can be spelled out.
    #[inline(always)]
    pub(super) fn rows<const WHOLE: bool>(&self) -> std::ops::Range<usize> {
        if WHOLE { 0..N } else { self.top..self.bottom }
    }

    /// Columns within the picture, in the same way.
    #[inline(always)]
    pub(super) fn columns<const WHOLE: bool>(&self) -> std::ops::Range<usize> {
        if WHOLE { 0..N } else { self.left..self.right }
    }

    /// A pixel's index, where it lies within the picture.
    #[inline(always)]
    pub(super) fn pixel(&self, y: usize, x: usize) -> usize {
        (self.first + (y * self.line + x) as isize) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::Shape;
    use crate::{Conv, Padding, Precision};

    #[test]
    fn is_chosen_by_the_shape_of_the_weights_alone() {
        let conv = Conv {
            count: 1,
            height: 14,
            width: 14,
            channels: 64,
            filters: 64,
            kernel: 3,
            stride: 1,
            padding: Padding::each(1),
        };
        let is = |conv: Conv, precision| Shape::forward(&conv, precision).is_some();
        for count in [1, 2, 100] {
            assert!(is(Conv { count, height: 3 * count, ..conv }, Precision::Fp32));
        }
        assert!(!is(Conv { stride: 2, ..conv }, Precision::Fp32));
        assert!(!is(Conv { kernel: 1, padding: Padding::each(0), ..conv }, Precision::Fp32));
        let wide = Conv { channels: 256, filters: 256, ..conv };
        assert!(is(wide, Precision::Fp32) && !is(wide, Precision::Bf16));
    }
}
